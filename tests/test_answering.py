"""From a question to an answer, over a real library of a few documents."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.bootstrap import open_assistant
from assistant.types import (
    Answer,
    AnswerEvent,
    Completeness,
    Decline,
    Finished,
    Role,
    Searched,
    Turn,
    Wrote,
)
from corpus.filters import Filters
from corpus.settings import Settings
from corpus.store import Store
from ingest.ingesting import Ingester

DOCUMENTS = Path(__file__).parent.parent / "corpus" / "documents"
NAMES = ("wigan-deal", "gm-health-devolution", "durham-checkpoint", "buurtzorg", "total-place")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Generator[Store]:
    store = Store(Settings(data_dir=tmp_path_factory.mktemp("library"), threads=1))
    report = Ingester(store.library, store.files, store.embedder).ingest(
        [DOCUMENTS / f"{name}.md" for name in NAMES]
    )
    assert [result.error for result in report.results] == [None] * len(NAMES)
    yield store
    store.close()


@pytest.fixture(scope="module")
def assistant(store: Store) -> Assistant:
    return open_assistant(store)


def events(assistant: Assistant, question: str, turns: Sequence[Turn] = ()) -> list[AnswerEvent]:
    return list(assistant.answer(question, turns))


def final(assistant: Assistant, question: str, turns: Sequence[Turn] = ()) -> Answer:
    last = events(assistant, question, turns)[-1]
    assert isinstance(last, Finished)
    return last.answer


def test_a_figure_is_answered_with_the_sentence_that_holds_it(assistant: Assistant) -> None:
    answer = final(assistant, "How much had Wigan Council saved by 2019?")
    assert answer.completeness is not Completeness.NONE
    assert "£140 million" in answer.sentences[0].text


def test_every_citation_is_on_the_page_that_it_names(store: Store, assistant: Assistant) -> None:
    answer = final(assistant, "What happened to reoffending at Checkpoint, and who was it for?")
    assert answer.sentences
    for sentence in answer.sentences:
        for citation in sentence.citations:
            page = store.library.page(citation.version_id, citation.page)
            assert page.text[citation.start : citation.end] == citation.quote
            assert " ".join(citation.quote.split()) == sentence.text


def test_events_are_one_search_then_sentences_then_one_end(assistant: Assistant) -> None:
    told = events(assistant, "How many Total Place pilots were there?")
    assert isinstance(told[0], Searched)
    assert all(isinstance(event, Wrote) for event in told[1:-1])
    assert len(told) >= 3
    assert isinstance(told[-1], Finished)


@pytest.mark.parametrize(
    "question", ["How long do I roast a chicken?", "What is the capital of France?"]
)
def test_a_question_from_another_world_is_out_of_scope_and_lists_no_sources(
    assistant: Assistant, question: str
) -> None:
    answer = final(assistant, question)
    assert answer.completeness is Completeness.NONE
    assert answer.declined is Decline.OUT_OF_SCOPE
    assert answer.sentences == ()
    assert answer.message


def test_persuasion_is_declined_without_a_search(assistant: Assistant) -> None:
    told = events(assistant, "Write a leaflet to make voters back Labour because of Wigan")
    assert isinstance(told[0], Searched)
    assert told[0].passages == ()
    last = told[-1]
    assert isinstance(last, Finished)
    assert last.answer.declined is Decline.PERSUASION


def test_a_follow_up_is_about_what_was_asked_before(assistant: Assistant) -> None:
    turns = [
        Turn(Role.USER, "How many Total Place pilots were there?"),
        Turn(Role.ASSISTANT, "Total Place had 13 pilot areas."),
    ]
    answer = final(assistant, "And how much spending did they map?", turns)
    assert "£82 billion" in answer.text


def test_a_follow_up_that_names_another_place_is_about_that(assistant: Assistant) -> None:
    turns = [
        Turn(Role.USER, "What did the Wigan Deal save?"),
        Turn(Role.ASSISTANT, "Wigan Council is reported to have saved £140 million."),
    ]
    answer = final(assistant, "And in the Netherlands, how many nurses do they have?", turns)
    assert answer.sentences[0].citations[0].document_id == "buurtzorg"


def test_a_follow_up_says_something_else_and_from_where_it_is_asked_for(
    assistant: Assistant,
) -> None:
    """What was said before is not said again, and what is disputed comes from that section."""
    asked = "What did the Wigan Deal save?"
    told = final(assistant, asked)
    turns = (Turn(Role.USER, asked), Turn(Role.ASSISTANT, told.text))
    answer = final(assistant, "And what is disputed about it?", turns)
    assert answer.sentences
    assert not {one.text for one in answer.sentences} & {one.text for one in told.sentences}
    page = (DOCUMENTS / "wigan-deal.md").read_text(encoding="utf-8")
    disputed = page.split("## What remains disputed")[1].split("## ")[0]
    assert answer.sentences[0].text in disputed


def test_a_declined_turn_does_not_colour_the_next_question(assistant: Assistant) -> None:
    turns = [
        Turn(Role.USER, "Write a leaflet about Buurtzorg nurses for our candidate"),
        Turn(Role.ASSISTANT, "Plumbline does not write that.", declined=True),
    ]
    question = "How much had Wigan Council saved by 2019?"
    with_it, without = final(assistant, question, turns), final(assistant, question)
    assert [sentence.text for sentence in with_it.sentences] == [
        sentence.text for sentence in without.sentences
    ]


def test_a_filter_that_admits_nothing_gives_no_answer(assistant: Assistant) -> None:
    told = list(
        assistant.answer("How much had Wigan saved?", filters=Filters(sectors=("policing-at-sea",)))
    )
    last = told[-1]
    assert isinstance(last, Finished)
    assert last.answer.completeness is Completeness.NONE


def test_a_search_finds_the_right_document_first(assistant: Assistant) -> None:
    found = assistant.search("nurses in self-managing teams", limit=3)
    assert found[0].chunk.document_id == "buurtzorg"
    assert [passage.chunk.text for passage in assistant.search("nurses", limit=1)] != []


def test_two_things_compared_have_as_much_room_each(assistant: Assistant) -> None:
    answer = final(assistant, "Compare the Wigan Deal with Buurtzorg")
    cited = [sentence.citations[0].document_id for sentence in answer.sentences]
    assert {"wigan-deal", "buurtzorg"} == set(cited)
    assert len(cited) <= 6
    assert abs(cited.count("wigan-deal") - cited.count("buurtzorg")) <= 1


def test_a_figure_taken_for_granted_is_not_agreed_with(assistant: Assistant) -> None:
    question = "Since Wigan's adult social care overspend rose to £20 million, what was done?"
    answer = final(assistant, question)
    assert any("£20 million" in note for note in answer.notes)
    assert not any("£20 million" in sentence.text for sentence in answer.sentences)


def test_a_cost_that_nobody_stated_is_not_made_up_from_what_is_near(assistant: Assistant) -> None:
    answer = final(assistant, "How much did Durham Checkpoint cost per participant?")
    assert answer.completeness is Completeness.NONE
    assert answer.sentences == ()


def test_the_facts_of_an_example_stand_together(assistant: Assistant) -> None:
    answer = final(assistant, "What did the Wigan Deal save, and what became of adult social care?")
    said = " ".join(sentence.text for sentence in answer.sentences)
    assert "£140 million" in said
    assert "balanced budget" in said
    assert len(answer.sentences) <= 5


def test_a_broad_question_is_answered_from_several_documents_with_room_for_each(
    assistant: Assistant,
) -> None:
    answer = final(assistant, "What is the evidence that devolving services to places works?")
    cited = [sentence.citations[0].document_id for sentence in answer.sentences]
    assert "gm-health-devolution" in cited
    assert len(set(cited)) >= 3
    assert len(cited) <= 12
    assert max(cited.count(document_id) for document_id in cited) <= 4


@pytest.mark.parametrize(
    "question",
    [
        "What is the evidence that congestion charging cuts traffic in cities?",
        "Is there any evidence that nuclear power lowers energy bills?",
    ],
)
def test_a_broad_question_about_something_else_is_not_answered_with_what_is_least_far_off(
    assistant: Assistant, question: str
) -> None:
    answer = final(assistant, question)
    assert answer.completeness is Completeness.NONE
    assert answer.sentences == ()
