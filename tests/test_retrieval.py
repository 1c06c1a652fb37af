"""Finding passages: the right one first, copies folded, filters kept, nothing crowded out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Generator
from datetime import date
from pathlib import Path

import pytest
from storing import chunks_of, page_of

from assistant.conversation import understand
from assistant.retrieval import Retriever, spread
from assistant.types import Role, Turn
from corpus.embedding import Embedder, Vector
from corpus.filters import Filters
from corpus.library import Incoming
from corpus.settings import Settings
from corpus.store import Store
from corpus.types import Chunk, Details, Passage, Standing
from ingest.chunking import embedded_text


def store_document(
    store: Store, name: str, *paragraphs: str, collection: str = "public", **details: object
) -> None:
    """Store a document as ingesting does: each paragraph a chunk, embedded with its title."""
    page = page_of(paragraphs)
    chunks = chunks_of(page)
    known = Details(title=name, **details)  # pyright: ignore[reportArgumentType]
    vectors, sentences = store.embedder.embed_spans(
        [embedded_text(chunk, known.title) for chunk in chunks]
    )
    store.library.add(
        Incoming(
            collection=collection,
            key=f"id:{name}",
            preferred_id=name,
            sha256=hashlib.sha256("".join(paragraphs).encode()).hexdigest(),
            file_name=f"{name}.md",
            path=f"/inbox/{name}.md",
            size=1,
            row_sha256="",
            details=known,
            pages=(page,),
            warnings=(),
            hidden=(),
        ),
        chunks,
        vectors,
        sentences,
        fingerprint=store.embedder.fingerprint,
    )


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    store = Store(Settings(data_dir=tmp_path, threads=1))
    yield store
    store.close()


def find(
    store: Store, question: str, *, limit: int = 10, filters: Filters | None = None
) -> list[Passage]:
    store.catch_up()
    query = understand(question, (), store.embedder, store.lexical)
    return Retriever(store).retrieve(query, limit=limit, filters=filters)


def names(passages: list[Passage]) -> list[str]:
    return [passage.chunk.document_id for passage in passages]


def test_a_question_in_other_words_still_finds_the_right_passage(store: Store) -> None:
    store_document(store, "housing", "Rent increases are capped at inflation for sitting tenants.")
    store_document(store, "transport", "Buses will run every ten minutes on main routes.")
    assert names(find(store, "Can my landlord charge me more each year?"))[0] == "housing"


def test_a_copy_that_differs_in_little_is_folded(store: Store) -> None:
    text = (
        "The council froze its share of the council tax for six years, and residents were asked "
        "to recycle more, look after their health and look out for their neighbours."
    )
    store_document(store, "brief", text)
    store_document(store, "same-as-pdf", text.replace(", and", " –\nand").replace("The", "THE"))
    store_document(store, "other", "Residents of another town were asked to volunteer.")
    found = names(find(store, "What were residents asked to do while council tax was frozen?"))
    assert len({"brief", "same-as-pdf"} & set(found)) == 1
    assert "other" in found


def test_two_years_of_one_report_are_not_copies(store: Store) -> None:
    row = "In {year} the service helped {count} families stay together and out of care."
    store_document(store, "first", row.format(year=2019, count=412))
    store_document(store, "second", row.format(year=2020, count=398))
    assert set(names(find(store, "How many families stayed together?"))) == {"first", "second"}


def test_one_document_does_not_crowd_out_the_others() -> None:
    def passage(document: str, text: str, score: float) -> Passage:
        return Passage(Chunk(f"{document}.v1", document, 1, 0, 1, text), score, Details())

    topics = ("rents", "repairs", "deposits", "evictions")
    long = [
        passage("long", f"A chapter on {topic}.", 0.9 - rank / 100)
        for rank, topic in enumerate(topics)
    ]
    short = passage("short", "A paper on homelessness.", 0.85)
    far = passage("far", "A note on allotments.", 0.2)
    assert names(spread([*long, short, far], 4)) == ["long", "long", "short", "long"]


@pytest.fixture
def tagged(store: Store) -> Store:
    """Two documents that say the same sort of thing and differ in every tag."""
    store_document(
        store,
        "wales",
        "Early help kept children in Cardiff out of care.",
        published=date(2018, 5, 1),
        standing=Standing.EVALUATION,
        place="Cardiff, Wales",
        sectors=("children",),
        principles=((4, "supports"),),
    )
    store_document(
        store,
        "england",
        "Early help kept older people in Leeds out of care homes.",
        collection="team",
        published=date(2022, 5, 1),
        standing=Standing.OPINION,
        place="Leeds, England",
        sectors=("adult-social-care",),
        principles=((2, "supports"),),
    )
    return store


@pytest.mark.parametrize(
    "filters",
    [
        Filters(collection="public"),
        Filters(documents=("wales",)),
        Filters(sectors=("children", "policing")),
        Filters(principles=(4,)),
        Filters(standings=("evaluation",)),
        Filters(published_to=date(2020, 1, 1)),
        Filters(published_from=date(2018, 1, 1), published_to=date(2019, 1, 1)),
        Filters(place="cardiff"),
    ],
)
def test_a_search_keeps_to_its_filter(tagged: Store, filters: Filters) -> None:
    question = "Who was kept out of care in Leeds?"
    assert names(find(tagged, question))[0] == "england"
    assert names(find(tagged, question, filters=filters)) == ["wales"]


def test_a_filter_that_nothing_meets_finds_nothing(tagged: Store) -> None:
    assert find(tagged, "early help", filters=Filters(sectors=("fishing",))) == []


def test_a_filter_hears_of_a_document_that_came_later(tagged: Store) -> None:
    only = Filters(sectors=("prisons",))
    retriever = Retriever(tagged)
    tagged.catch_up()
    query = understand("early help", (), tagged.embedder, tagged.lexical)
    assert retriever.retrieve(query, limit=5, filters=only) == []
    store_document(tagged, "new", "Early help in prisons.", sectors=("prisons",))
    assert names(retriever.retrieve(query, limit=5, filters=only)) == ["new"]


def test_a_follow_up_is_understood_from_the_turns_before_it(store: Store) -> None:
    store_document(store, "wigan", "The Wigan Deal saved the council £140 million by 2019.")
    store_document(store, "leeds", "The Leeds plan saved the council £20 million by 2017.")
    turns = (
        Turn(Role.USER, "What was the Wigan Deal?"),
        Turn(Role.ASSISTANT, "An informal agreement between Wigan Council and its residents."),
    )
    store.catch_up()
    query = understand("How much did it save?", turns, store.embedder, store.lexical)
    assert names(Retriever(store).retrieve(query, limit=2))[0] == "wigan"


class Counting(Embedder):
    """An embedder that counts what its model is given."""

    def __init__(self) -> None:
        super().__init__(threads=1)
        self.given: Counter[str] = Counter()

    def _embed_query(self, text: str) -> Vector:
        self.given[text] += 1
        return super()._embed_query(text)


def test_a_long_conversation_gives_each_of_its_turns_to_the_model_once(store: Store) -> None:
    embedder = Counting()
    turns: list[Turn] = []
    for number in range(1, 6):
        question = f"And what did the council do in year {number}?"
        understand(question, turns, embedder, store.lexical)
        understand(question, turns, embedder, store.lexical)  # as one of several parts does
        turns += [Turn(Role.USER, question), Turn(Role.ASSISTANT, f"It saved £{number} million.")]
    assert {turn.text for turn in turns[:-1]} <= set(embedder.given)
    assert set(embedder.given.values()) == {1}


def test_an_empty_library_finds_nothing(store: Store) -> None:
    assert find(store, "anything at all") == []
