"""Wording sent to the checker from a conversation, and questions about its findings."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from assistant.bootstrap import open_routed_assistant
from assistant.routed import RoutedAssistant
from assistant.routing import CheckAsked, FollowUp, FollowUpKind, asked_to_check, read_route
from assistant.types import Answer, Completeness, Finished, Role, Searched, Turn
from corpus.settings import Settings
from corpus.store import Store
from evals.routing import load_cases
from ingest.ingesting import Ingester
from tests.serving import client_of, make_library, settings_for

DOCUMENTS = Path(__file__).parent.parent / "corpus" / "documents"
MERGER = (
    "We will merge all police forces in Wales into one national force by order of the minister."
)


@pytest.mark.parametrize("half", ["development", "held-out"])
def test_messages_go_where_their_writers_meant(half: str) -> None:
    cases = [case for case in load_cases() if case.half == half]
    for route in ("check", "ask"):
        of_it = [case for case in cases if case.route == route]
        assert len(of_it) >= 40
        wrong = [case.message for case in of_it if case.went != route]
        assert len(wrong) <= 0.05 * len(of_it), wrong


def test_only_the_wording_is_checked_and_the_principles_are_those_named() -> None:
    assert asked_to_check(f"Does this fit principle 4 or P7: {MERGER}") == CheckAsked(
        MERGER, (4, 7)
    )
    assert asked_to_check(f"Does “{MERGER}” go against principle 7?") == CheckAsked(MERGER, (7,))


def test_a_leaflet_is_not_checked_but_declined() -> None:
    assert asked_to_check('Write a leaflet against the Tories: "We will save the NHS"') is None


def turns(*said: str) -> list[Turn]:
    held: list[Turn] = []
    for text in said:
        held += [Turn(Role.USER, text), Turn(Role.ASSISTANT, "P7 conflicts.")]
    return held


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("why?", FollowUpKind.WHY),
        ("Why does it conflict with principle 7?", FollowUpKind.WHY),
        ("How would you put it?", FollowUpKind.REWORD),
        ("can you suggest a better wording", FollowUpKind.REWORD),
        ("and principle 2?", FollowUpKind.PRINCIPLE),
        ("What about P2?", FollowUpKind.PRINCIPLE),
        ("Has this been tried anywhere?", FollowUpKind.PRECEDENT),
    ],
)
def test_a_follow_up_is_about_the_wording_before_it(message: str, kind: FollowUpKind) -> None:
    found = read_route(message, turns(f"Check this: {MERGER}"))
    assert isinstance(found, FollowUp)
    assert (found.kind, found.asked.text) == (kind, MERGER)
    assert read_route(message) is None  # without findings it is a question to the library


def test_a_follow_up_of_a_follow_up_keeps_the_principle() -> None:
    found = read_route("why?", turns(f"Check this: {MERGER}", "and principle 2?"))
    assert isinstance(found, FollowUp)
    assert found.principles == (2,)


@pytest.mark.parametrize(
    "message", ["Why was the Work Programme criticised?", "What happened in Wigan?"]
)
def test_a_question_that_names_something_goes_to_the_library(message: str) -> None:
    assert read_route(message, turns(f"Check this: {MERGER}")) is None


def test_a_follow_up_after_another_subject_goes_to_the_library() -> None:
    assert read_route("why?", turns(f"Check this: {MERGER}", "What did Wigan save?")) is None


# -- answers ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Generator[RoutedAssistant]:
    store = Store(Settings(data_dir=tmp_path_factory.mktemp("library"), threads=1))
    Ingester(store.library, store.files, store.embedder).ingest(
        [DOCUMENTS / "police-scotland.html"]
    )
    yield open_routed_assistant(store)
    store.close()


def answered(assistant: RoutedAssistant, message: str, earlier: list[Turn]) -> Answer:
    first, *_, last = assistant.answer(message, earlier)
    assert isinstance(first, Searched)
    assert isinstance(last, Finished)
    return last.answer


def test_a_check_answers_with_verdicts_reasons_and_proved_precedents(
    assistant: RoutedAssistant,
) -> None:
    answer = answered(assistant, f"Check this: {MERGER}", [])
    assert answer.completeness is Completeness.COMPLETE
    assert "P7: conflicts with principle 7" in answer.message
    assert answer.check is not None
    assert answer.sentences
    assert all("Police Scotland" in sentence.text for sentence in answer.sentences)
    assert all(sentence.citations[0].quote for sentence in answer.sentences)


def test_follow_ups_answer_about_the_same_findings(assistant: RoutedAssistant) -> None:
    pledge = "All police forces in Wales will be merged into one by order of the minister."
    earlier = turns(f"Check this: {pledge}")
    assert "Against it is:" in answered(assistant, "why?", earlier).message
    assert "if they wish" in answered(assistant, "How would you put it?", earlier).message
    other = answered(assistant, "and principle 5?", earlier)
    assert other.message.startswith("P5: silent")
    assert other.sentences == ()
    tried = answered(assistant, "Has it been tried anywhere?", earlier)
    assert tried.sentences
    assert tried.message == ""


def test_wording_in_another_language_is_not_judged(assistant: RoutedAssistant) -> None:
    german = "Wir werden den Gemeinden mehr Macht geben und das Geld vor Ort verwalten lassen."
    answer = answered(assistant, f'Check this: "{german}"', [])
    assert answer.completeness is Completeness.NONE
    assert "English" in answer.message


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[TestClient]:
    folder = tmp_path_factory.mktemp("served")
    make_library(folder)
    with client_of(settings_for(folder)) as client:
        yield client


def test_the_chat_checks_wording_and_follows_up(client: TestClient) -> None:
    first = client.post("/v1/chat", json={"message": f"Check this: {MERGER}"}).json()
    assert first["completeness"] == "complete"
    [clause] = first["check"]["clauses"]
    assert clause["verdicts"][6]["verdict"] == "conflicts"
    body = {"message": "And principle 2?", "conversation_id": first["conversation_id"]}
    then = client.post("/v1/chat", json=body).json()
    assert then["message"].startswith("P2: ")
    kept = client.get(f"/v1/conversations/{first['conversation_id']}").json()["messages"]
    assert json.loads(json.dumps(kept[1]["answer"]["check"])) == first["check"]
    asked = client.post("/v1/chat", json={"message": "How much did Wigan Council save?"}).json()
    assert asked["check"] is None
