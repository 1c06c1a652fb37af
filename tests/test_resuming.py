"""An answer outlives its connection: it is heard on, stopped, kept when the server ends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from chat_server import chat_server, quotes_when_let
from serving import make_library, running, settings_for

QUESTION = "How much had Wigan Council saved?"
STREAM = {"Accept": "text/event-stream"}


@dataclass(frozen=True, slots=True)
class Slow:
    """A server whose chat model says its next sentence when told to."""

    url: str
    gate: threading.Semaphore
    folder: Path

    def release(self, sentences: int) -> None:
        for _ in range(sentences):
            self.gate.release()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slow")
    make_library(folder)
    return folder


@pytest.fixture
def slow(folder: Path) -> Generator[Slow]:
    gate = threading.Semaphore(0)
    with chat_server(quotes_when_let(gate)) as (address, _):
        settings = settings_for(
            folder, chat_model="openai:test", chat_base_url=address, chat_timeout=30
        )
        with running(settings) as url:
            yield Slow(url, gate, folder)
            gate.release(100)


def told(lines: Iterator[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The id, name and data of each event as it comes."""
    held: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            held[name] = value
        elif held:
            yield held.get("id", ""), held["event"], json.loads(held["data"])
            held = {}


def hear(url: str, message: str, last: str = "") -> list[tuple[str, str, dict[str, Any]]]:
    headers = {**STREAM, **({"Last-Event-ID": last} if last else {})}
    with httpx.stream("GET", f"{url}/v1/messages/{message}/events", headers=headers) as response:
        assert response.status_code == 200
        return list(told(response.iter_lines()))


def begin(slow: Slow, heard: int, **asked: Any) -> tuple[str, str, list[dict[str, Any]]]:
    """Ask, hear some events, and lose the connection: the last id, the message, what was said."""
    slow.release(heard - 1)
    asked = {"message": QUESTION, **asked}
    with httpx.stream(
        "POST", f"{slow.url}/v1/chat", json=asked, headers=STREAM, timeout=30
    ) as response:
        assert response.status_code == 200, response.read()
        events = told(response.iter_lines())
        got = [next(events) for _ in range(heard)]
    assert [name for _, name, _ in got] == ["searched"] + ["sentence"] * (heard - 1)
    return got[-1][0], got[0][2]["message_id"], [data for _, _, data in got[1:]]


def test_a_lost_connection_is_taken_up_where_it_broke_off(slow: Slow) -> None:
    last, message, said = begin(slow, 2)
    slow.release(100)
    rest = hear(slow.url, message, last)
    assert [name for _, name, _ in rest] == ["sentence"] * (len(rest) - 1) + ["answer"]
    said += [data for _, name, data in rest if name == "sentence"]
    whole = rest[-1][2]
    assert said == whole["sentences"]
    kept = httpx.get(f"{slow.url}/v1/conversations/{whole['conversation_id']}").json()
    assert kept["messages"][1]["answer"]["sentences"] == said


def test_an_answer_is_heard_from_its_start_when_no_event_is_named(slow: Slow) -> None:
    slow.release(100)
    _, message, _ = begin(slow, 2)
    for last in ("", "nonsense", f"{message}:x", f"{'0' * 32}:2"):
        events = hear(slow.url, message, last)
        assert events[0][1] == "searched"
        assert events[-1][1] == "answer"


def test_an_answer_that_nobody_hears_is_finished_and_kept(slow: Slow) -> None:
    _, message, _ = begin(slow, 2, message_id="a" * 32)
    assert message == "a" * 32
    slow.release(100)
    deadline = time.monotonic() + 20
    while (found := httpx.post(f"{slow.url}/v1/messages/{message}/feedback", json={})).is_error:
        assert time.monotonic() < deadline, found.text
        time.sleep(0.05)


def test_a_stopped_answer_keeps_what_it_has_said(slow: Slow) -> None:
    last, message, said = begin(slow, 3)
    assert httpx.post(f"{slow.url}/v1/messages/{message}/stop").status_code == 204
    [(_, name, answer)] = hear(slow.url, message, last)
    assert name == "answer"
    assert answer["sentences"] == said
    assert answer["completeness"] == "partial"
    assert "stopped" in answer["notes"][0]
    slow.release(100)  # what the model says now is not heard any more
    assert httpx.post(f"{slow.url}/v1/messages/{message}/stop").status_code == 204
    assert len(hear(slow.url, message, last)) == 1


def test_the_same_message_sent_twice_is_asked_once(slow: Slow) -> None:
    slow.release(100)
    begin(slow, 2, message_id="b" * 32)
    again = {"message": QUESTION, "message_id": "b" * 32}
    response = httpx.post(f"{slow.url}/v1/chat", json=again)
    assert response.status_code == 409
    assert "b" * 32 in response.json()["fix"]


def test_nothing_is_told_of_an_unknown_answer(slow: Slow) -> None:
    for act, address in (("GET", "events"), ("POST", "stop")):
        response = httpx.request(act, f"{slow.url}/v1/messages/{'c' * 32}/{address}")
        assert response.status_code == 404


def test_what_was_said_survives_the_end_of_the_server(folder: Path) -> None:
    gate = threading.Semaphore(0)
    with chat_server(quotes_when_let(gate)) as (address, _):
        settings = settings_for(
            folder, chat_model="openai:test", chat_base_url=address, chat_timeout=30
        )
        with running(settings) as url:
            _, message, said = begin(Slow(url, gate, folder), 2)
        with running(settings) as url:
            [(_, name, answer)] = hear(url, message)
            assert name == "answer"
            assert answer["sentences"] == said
            assert "server was stopped" in answer["notes"][0]
        gate.release(100)


def test_a_question_asked_again_is_understood_as_the_first_time(slow: Slow) -> None:
    slow.release(1000)
    first = httpx.post(f"{slow.url}/v1/chat", json={"message": QUESTION}, timeout=30).json()
    asked = {"message": "What happened there?", "conversation_id": first["conversation_id"]}
    follow_up = httpx.post(f"{slow.url}/v1/chat", json=asked, timeout=30).json()
    again = {**asked, "instead_of": follow_up["message_id"]}
    assert (
        httpx.post(f"{slow.url}/v1/chat", json=again, timeout=30).json()["question"]
        == (follow_up["question"])
    )
    wrong = {**asked, "instead_of": "d" * 32}
    assert httpx.post(f"{slow.url}/v1/chat", json=wrong, timeout=30).status_code == 404
