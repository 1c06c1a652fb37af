"""Which documents a question names, points at or asks for by principle and sector."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from assistant.features import About
from assistant.measures import nothing_measured
from assistant.subjects import Subjects
from corpus.settings import Settings
from corpus.store import Store
from corpus.types import Chunk, Details, Passage
from ingest.ingesting import Ingester

DOCUMENTS = Path(__file__).parent.parent / "corpus" / "documents"
NAMES = (
    "wigan-deal",
    "housing-first-finland",
    "lansley-act-2012",
    "compassionate-frome",
    "durham-checkpoint",
    "education-endowment-foundation",
)


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Generator[Subjects]:
    store = Store(Settings(data_dir=tmp_path_factory.mktemp("library"), threads=1))
    Ingester(store.library, store.files, store.embedder).ingest(
        [DOCUMENTS / f"{name}.md" for name in NAMES]
    )
    store.catch_up()
    yield Subjects(store)
    store.close()


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("What did the Wigan Deal save?", "wigan-deal"),
        ("Is Housing First in Finland working?", "housing-first-finland"),
        ("who was durham checkpoint for", "durham-checkpoint"),
    ],
)
def test_a_title_in_a_question_names_its_document(
    subjects: Subjects, question: str, document: str
) -> None:
    assert document in [subject.document.id for subject in subjects.named_in(question)]


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("What happened to admissions in Frome?", "compassionate-frome"),
        ("How many bodies did the Lansley shake-up close?", "lansley-act-2012"),
    ],
)
def test_a_word_that_one_example_alone_uses_points_at_it(
    subjects: Subjects, question: str, document: str
) -> None:
    assert document in [subject.document.id for subject in subjects.pointed_at(question)]


def test_a_word_points_elsewhere_once_another_document_uses_it(tmp_path: Path) -> None:
    store = Store(Settings(data_dir=tmp_path, threads=1))
    ingester = Ingester(store.library, store.files, store.embedder)
    subjects = Subjects(store)
    question = "What was done in Frome?"
    ingester.ingest([DOCUMENTS / "wigan-deal.md"])
    store.catch_up()
    assert subjects.pointed_at(question) == []
    ingester.ingest([DOCUMENTS / "compassionate-frome.md"])
    store.catch_up()
    assert [found.document.id for found in subjects.pointed_at(question)] == ["compassionate-frome"]
    store.library.remove("compassionate-frome")
    store.catch_up()
    assert subjects.pointed_at(question) == []
    store.close()


def test_a_question_about_something_else_names_nothing(subjects: Subjects) -> None:
    assert subjects.named_in("What is the capital of France?") == []


@pytest.mark.parametrize(
    ("question", "principles"),
    [
        ("What would principle 4 mean for prisons?", {4}),
        ("How could the R&D principle be used in early years?", {5}),
        ("Explain organic structural change", {7}),
        ("How much did Wigan save?", set[int]()),
    ],
)
def test_a_principle_is_named_by_number_title_or_short_name(
    subjects: Subjects, question: str, principles: set[int]
) -> None:
    terms = question.lower().split()
    assert set(subjects.principles_in(question, terms)) >= principles
    assert bool(subjects.principles_in(question, terms)) == bool(principles)


def test_a_sector_is_named_in_the_words_that_people_use(subjects: Subjects) -> None:
    assert subjects.sectors_in("what does it imply for the nhs") == {"health"}
    assert subjects.sectors_in("How would a council that buys homecare use it?") == {
        "adult-social-care"
    }
    assert subjects.sectors_in("Does the evidence support it in its early form?") == set()


def test_a_place_names_the_documents_about_it(subjects: Subjects) -> None:
    assert subjects.placed_in("What about Finland, is it done there?") == {"housing-first-finland"}
    assert subjects.placed_in("What about Norway?") == set()


def passage(text: str, document_id: str = "eef") -> Passage:
    chunk = Chunk(f"{document_id}.v1", document_id, 1, 0, len(text), text, "", ((0, len(text)),))
    return Passage(chunk, 1.0, Details(title="A foundation", place="England"))


@pytest.mark.parametrize(
    ("question", "nothing"),
    [
        ("How much did it cost to run?", False),
        ("How many staff work for it?", True),
        ("What was staff turnover at it?", True),
        ("How many trials were there in Wrexham?", True),
        ("How many trials were there in England?", False),
        ("How many trials were there by March 2016?", False),
    ],
)
def test_a_measure_or_place_that_nothing_found_has_is_noticed(question: str, nothing: bool) -> None:
    found = [passage("It had a £125 million grant and paid for more than 100 trials.")]
    assert nothing_measured(question, found, About(named=frozenset({"eef"}))) is nothing


def test_a_measure_is_looked_for_only_in_a_document_that_the_question_names() -> None:
    found = [passage("It paid for more than 100 trials.")]
    assert not nothing_measured("How many staff work there?", found, About())
