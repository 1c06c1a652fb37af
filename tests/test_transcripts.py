"""A conversation is taken away with its sources: as Word, as Markdown, as JSON."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Generator
from importlib import import_module
from typing import Any
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient
from serving import client_of, make_library, settings_for

QUESTION = "How much had Wigan Council saved?"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[TestClient]:
    folder = tmp_path_factory.mktemp("transcripts")
    make_library(folder)
    with client_of(settings_for(folder)) as client:
        yield client


@pytest.fixture(scope="module")
def answers(client: TestClient) -> list[dict[str, Any]]:
    first = client.post("/v1/chat", json={"message": QUESTION}).json()
    asked = {
        "message": "How many people slept rough in *Helsinki* after 2008?",
        "conversation_id": first["conversation_id"],
    }
    return [first, client.post("/v1/chat", json=asked).json()]


def exported(client: TestClient, answers: list[dict[str, Any]], **asked: str) -> Any:
    address = f"/v1/conversations/{answers[0]['conversation_id']}/export"
    return client.get(address, params=asked)


def notes_of(content: bytes) -> dict[str, str]:
    """The footnotes of a .docx by number, without the two that only draw a line."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        root = ElementTree.fromstring(package.read("word/footnotes.xml"))
    return {
        str(note.get(f"{W}id")): "".join(text.text or "" for text in note.iter(f"{W}t"))
        for note in root
        if note.get(f"{W}type") is None
    }


def test_the_word_file_has_a_footnote_at_each_citation(
    client: TestClient, answers: list[dict[str, Any]]
) -> None:
    response = exported(client, answers, form="docx")
    assert (
        'filename="how-much-had-wigan-council-saved.docx"'
        in (response.headers["content-disposition"])
    )
    docx: Any = import_module("docx")
    document = docx.Document(io.BytesIO(response.content))
    said = [paragraph.text for paragraph in document.paragraphs]
    cited = [
        citation
        for answer in answers
        for sentence in answer["sentences"]
        for citation in sentence["citations"]
    ]
    for answer in answers:
        for sentence in answer["sentences"]:
            assert sentence["text"] in said
    referred = [mark.get(f"{W}id") for mark in document.element.body.iter(f"{W}footnoteReference")]
    notes = notes_of(response.content)
    assert referred == list(notes) == [str(number + 1) for number in range(len(cited))]
    for note, citation in zip(notes.values(), cited, strict=True):
        assert " ".join(citation["quote"].split()) in note
        assert f"{citation['title']}, page {citation['page']}" in note
    assert said[said.index("Sources") + 1].startswith(
        "The Wigan Deal. Plumbline, March 2019, brief"
    )
    links = [part.target_ref for part in document.part.rels.values() if part.is_external]
    assert any(cited[0]["link"] in link for link in links)


def test_one_answer_is_taken_alone(client: TestClient, answers: list[dict[str, Any]]) -> None:
    second = exported(client, answers, form="md", message=answers[1]["message_id"]).text
    assert "Helsinki" in second
    assert "£115 million" not in second
    for wrong in ("0" * 32, "nothing"):
        assert exported(client, answers, form="md", message=wrong).status_code == 404
    questions = client.get(f"/v1/conversations/{answers[0]['conversation_id']}").json()["messages"]
    wrong = exported(client, answers, message=questions[0]["message_id"])
    assert wrong.status_code == 404


def test_markdown_has_footnotes_and_its_words_stay_words(
    client: TestClient, answers: list[dict[str, Any]]
) -> None:
    text = exported(client, answers, form="md").text
    marks = re.findall(r"[^\n]\[\^(\d+)\]", text)
    assert marks == re.findall(r"^\[\^(\d+)\]:", text, re.MULTILINE)
    assert r"\*Helsinki\*" in text
    from markdown_it import MarkdownIt

    rendered = MarkdownIt().render(text)
    assert "<script" not in rendered
    assert rendered.count("<h2>") == 3  # two questions, and the sources


def test_json_is_the_conversation_as_the_interface_gives_it(
    client: TestClient, answers: list[dict[str, Any]]
) -> None:
    held = exported(client, answers, form="json").json()
    assert [message["role"] for message in held["messages"]] == ["user", "assistant"] * 2
    assert held["messages"][1]["answer"]["sentences"] == answers[0]["sentences"]


def test_characters_that_a_file_cannot_hold_are_left_out(client: TestClient) -> None:
    asked = {"message": "How much\x0b had Wigan\ufffe Council saved?\x1b"}
    answer = client.post("/v1/chat", json=asked).json()
    docx: Any = import_module("docx")
    content = exported(client, [answer], form="docx").content
    assert "saved?" in docx.Document(io.BytesIO(content)).paragraphs[0].text


def test_a_form_that_there_is_not_is_refused(
    client: TestClient, answers: list[dict[str, Any]]
) -> None:
    assert exported(client, answers, form="pdf").status_code == 422
    assert client.get(f"/v1/conversations/{'0' * 32}/export").status_code == 404
