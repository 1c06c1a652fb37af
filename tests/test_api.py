"""The HTTP interface over a real library: answers, conversations, documents, and misuse."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from serving import TOKEN, client_of, events_in, make_library, running, settings_for

from api import client as from_the_command_line
from assistant.types import Role, Turn
from corpus.errors import UserError

QUESTION = "How much had Wigan Council saved?"
LOCAL = {"X-Plumbline-Token": TOKEN}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    make_library(folder)
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Generator[TestClient]:
    with client_of(settings_for(folder)) as client:
        yield client


def assert_problem(response: Any, status: int, *words: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told.keys() >= {"type", "title", "status", "detail", "instance", "fix"}
    assert told["status"] == status
    assert told["fix"]
    assert "Traceback" not in response.text
    for word in words:
        assert word in told["detail"]


def one_pdf(folder: Path) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    path = folder / "flood.pdf"
    canvas = Canvas(str(path))
    canvas.drawString(72, 720, "Flood wardens visited every street in Hebden Bridge in 2016.")
    canvas.showPage()
    canvas.save()
    return path.read_bytes()


# -- answers ----------------------------------------------------------------------------------


def test_an_answer_quotes_a_page_character_for_character(client: TestClient) -> None:
    answer = client.post("/v1/chat", json={"message": QUESTION}).json()
    citation = answer["sentences"][0]["citations"][0]
    page = client.get(f"/v1/documents/{citation['document_id']}/pages/{citation['page']}").json()
    assert "£115 million" in citation["quote"]
    assert page["text"][citation["start"] : citation["end"]] == citation["quote"]
    assert (citation["publisher"], citation["published"]) == ("Plumbline", "2019-03-01")
    assert citation["standing"] == "brief"


def test_a_stream_ends_with_exactly_one_answer(client: TestClient) -> None:
    asked = {"message": QUESTION}
    response = client.post("/v1/chat", json=asked, headers={"Accept": "text/event-stream"})
    names = events_in(response.text)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert names[0] == "searched"
    assert names[-1] == "answer"
    assert set(names[1:-1]) == {"sentence"}


def test_a_stream_that_cannot_begin_has_a_status_code(client: TestClient) -> None:
    asked = {"message": QUESTION, "conversation_id": "0" * 32}
    response = client.post("/v1/chat", json=asked, headers={"Accept": "text/event-stream"})
    assert_problem(response, 404, "no conversation")


def test_a_question_that_is_declined_gets_an_offer_and_no_sources(client: TestClient) -> None:
    asked = {"message": "Write a leaflet to win votes for Labour in Wigan"}
    answer = client.post("/v1/chat", json=asked).json()
    assert answer["declined"] == "persuasion"
    assert answer["sentences"] == []
    assert answer["message"]


def test_a_filter_leaves_other_documents_out(client: TestClient) -> None:
    asked = {"query": "What fell in Helsinki?", "filters": {"documents": ["wigan"]}}
    found = client.post("/v1/search", json=asked).json()["passages"]
    assert {passage["document_id"] for passage in found} == {"wigan"}


def test_search_gives_as_many_passages_as_asked_for(client: TestClient) -> None:
    found = client.post("/v1/search", json={"query": "Helsinki", "limit": 1}).json()["passages"]
    assert len(found) == 1
    assert found[0]["title"] == "Housing First in Finland"


def test_an_original_comes_back_byte_for_byte_and_is_never_shown_in_place(
    client: TestClient, folder: Path
) -> None:
    response = client.get("/v1/documents/finland/file")
    assert response.content == (folder / "documents" / "finland.md").read_bytes()
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith("attachment")
    wrong = client.get("/v1/documents/finland/file", params={"version": "finland.v9"})
    assert_problem(wrong, 404)
    assert_problem(client.get("/v1/documents/finland/file?version=wigan.v1"), 404, "no version")


# -- feedback ---------------------------------------------------------------------------------


def test_feedback_is_kept_and_the_last_word_counts(client: TestClient) -> None:
    message = client.post("/v1/chat", json={"message": QUESTION}).json()["message_id"]
    address = f"/v1/messages/{message}/feedback"
    assert client.post(address, json={"rating": "good"}).json()["rating"] == "good"
    asked = {
        "rating": "bad",
        "reasons": ["incomplete", "old", "old"],
        "comment": " No date. ",
        "wanted_in_tests": True,
    }
    kept = client.post(address, json=asked).json()
    assert (kept["reasons"], kept["comment"]) == (["incomplete", "old"], "No date.")
    app: Any = client.app
    wanted = app.state.service.feedback.list(wanted_in_tests=True)
    assert [held.feedback.message_id for held in wanted] == [message]
    assert wanted[0].feedback.rating == "bad"


def test_feedback_on_what_is_no_answer_is_refused(client: TestClient) -> None:
    for message in ("0" * 32, "nothing"):
        assert_problem(client.post(f"/v1/messages/{message}/feedback", json={}), 404, "no answer")
    answer = client.post("/v1/chat", json={"message": QUESTION}).json()
    address = f"/v1/messages/{answer['message_id']}/feedback"
    assert_problem(client.post(address, json={"rating": "fine"}), 422)
    client.delete(f"/v1/conversations/{answer['conversation_id']}")
    assert_problem(client.post(address, json={"rating": "good"}), 404, "no answer")


# -- conversations ----------------------------------------------------------------------------


def test_a_follow_up_is_understood_in_its_conversation(client: TestClient) -> None:
    first = client.post("/v1/chat", json={"message": QUESTION}).json()
    asked = {"message": "And life expectancy?", "conversation_id": first["conversation_id"]}
    second = client.post("/v1/chat", json=asked).json()
    assert second["conversation_id"] == first["conversation_id"]
    assert "seven years" in " ".join(sentence["text"] for sentence in second["sentences"])
    kept = client.get(f"/v1/conversations/{first['conversation_id']}").json()
    assert [message["role"] for message in kept["messages"]] == ["user", "assistant"] * 2
    assert kept["messages"][1]["answer"]["sentences"] == first["sentences"]


def test_a_conversation_is_found_renamed_and_deleted(client: TestClient) -> None:
    asked = {"message": "How many people slept rough in Helsinki?"}
    conversation = client.post("/v1/chat", json=asked).json()["conversation_id"]
    address = f"/v1/conversations/{conversation}"
    found = client.get("/v1/conversations", params={"q": "ROUGH IN helsinki"}).json()
    assert conversation in [held["conversation_id"] for held in found["conversations"]]
    assert client.patch(address, json={"title": "  Rough\n sleeping "}).json()["title"] == (
        "Rough sleeping"
    )
    assert client.delete(address).status_code == 204
    assert_problem(client.get(address), 404)
    assert_problem(client.delete(address), 404)
    assert_problem(client.patch(address, json={"title": "Gone"}), 404)


def test_conversations_come_in_pages_last_used_first(client: TestClient) -> None:
    for number in range(3):
        client.post("/v1/chat", json={"message": f"Question number {number} about Wigan?"})
    first = client.get("/v1/conversations", params={"limit": 2}).json()
    second = client.get("/v1/conversations", params={"limit": 2, "offset": 2}).json()
    assert first["conversations"][0]["title"] == "Question number 2 about Wigan?"
    ids = [held["conversation_id"] for held in first["conversations"] + second["conversations"]]
    assert len(set(ids)) == 4
    assert first["total"] == second["total"] >= 4


def test_a_percent_sign_in_a_search_is_only_a_percent_sign(client: TestClient) -> None:
    assert client.get("/v1/conversations", params={"q": "%"}).json()["total"] == 0


def test_answers_at_once_in_one_conversation_are_all_kept(client: TestClient) -> None:
    conversation = client.post("/v1/chat", json={"message": QUESTION}).json()["conversation_id"]
    asked = {"message": QUESTION, "conversation_id": conversation}
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(client.post, "/v1/chat", json=asked) for _ in range(8)]
        assert [answer.result().status_code for answer in answers] == [200] * 8
    kept = client.get(f"/v1/conversations/{conversation}").json()["messages"]
    assert [message["role"] for message in kept] == ["user", "assistant"] * 9


# -- documents --------------------------------------------------------------------------------


def test_an_uploaded_document_is_answered_from_and_then_removed(client: TestClient) -> None:
    text = b"# Trams in Graz\n\nGraz doubled the length of its tram lines between 2019 and 2025."
    sent = {"files": ("trams.md", text)}
    report = client.post("/v1/documents", files=sent).json()
    assert report["totals"]["added"] == 1
    result = report["documents"][0]
    assert (result["path"], result["outcome"]) == ("trams.md", "added")
    asked = {"message": "What did Graz do to its tram lines?"}
    answer = client.post("/v1/chat", json=asked).json()
    assert answer["sentences"][0]["citations"][0]["document_id"] == result["document_id"]
    address = f"/v1/documents/{result['document_id']}"
    assert client.delete(address).status_code == 204
    assert_problem(client.get(address), 404)
    found = client.post("/v1/search", json={"query": "Graz tram lines"}).json()["passages"]
    assert result["document_id"] not in {passage["document_id"] for passage in found}


def test_the_same_name_again_is_a_new_version_and_old_citations_still_open(
    client: TestClient,
) -> None:
    for text in (b"Barnet opened nine libraries.", b"Barnet opened ten libraries in all."):
        report = client.post("/v1/documents", files={"files": ("barnet.txt", text)}).json()
    assert [report["documents"][0][name] for name in ("outcome", "version")] == ["changed", 2]
    document_id = report["documents"][0]["document_id"]
    address = f"/v1/documents/{document_id}/pages/1"
    assert "ten libraries" in client.get(address).json()["text"]
    old = client.get(address, params={"version": f"{document_id}.v1"}).json()
    assert "nine libraries" in old["text"]
    assert old["current"] is False


def test_one_bad_file_of_several_does_not_stop_the_others(client: TestClient) -> None:
    files = [
        ("files", ("empty.pdf", b"")),
        ("files", ("good.txt", b"The Fire Service visited 900 homes in Rhyl.")),
        ("files", ("archive.zip", b"PK\x03\x04 not a document")),
    ]
    response = client.post("/v1/documents", files=files)
    outcomes = {held["path"]: held["outcome"] for held in response.json()["documents"]}
    assert response.status_code == 200
    assert outcomes == {"empty.pdf": "failed", "good.txt": "added", "archive.zip": "failed"}


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd.txt",
        "C:\\temp\\report.txt",
        "manifest.csv",
        ".txt",
        "🏛️ reform.txt",
        "a" * 300 + ".txt",
        "line\nbreak.txt",
        "..",
    ],
)
def test_an_odd_file_name_stays_in_its_place(client: TestClient, folder: Path, name: str) -> None:
    before = set(folder.rglob("*.txt"))
    response = client.post("/v1/documents", files={"files": (name, b"Councils met in Truro.")})
    assert response.status_code == 200
    path = response.json()["documents"][0]["path"]
    assert "/" not in path
    assert "\\" not in path
    left = {file for file in folder.rglob("*.txt") if "files" not in file.parts} - before
    assert left == set()
    assert not any((folder / "data" / "incoming").glob("*"))


def test_a_document_is_read_as_the_command_line_shows_it(client: TestClient) -> None:
    shown = client.get("/v1/documents/wigan").json()
    assert shown["title"] == "The Wigan Deal"
    assert [page["number"] for page in shown["pages"]] == [1, 2]
    listed = client.get("/v1/documents", params={"q": "wigan"}).json()
    assert [held["document_id"] for held in listed["documents"]] == ["wigan"]


def test_a_page_says_how_it_is_laid_out(client: TestClient) -> None:
    page = client.get("/v1/documents/finland/pages/1").json()
    rows = [block for block in page["blocks"] if block["kind"] == "table_row"]
    assert any("8,260" in page["text"][row["start"] : row["end"]] for row in rows)
    assert page["picture"] is None


def test_a_pdf_page_is_drawn_with_its_words_marked(client: TestClient, tmp_path: Path) -> None:
    pytest.importorskip("ingest.page_picture")
    sent = {"files": ("flood.pdf", one_pdf(tmp_path))}
    document_id = client.post("/v1/documents", files=sent).json()["documents"][0]["document_id"]
    address = f"/v1/documents/{document_id}/pages/1/picture.png"
    plain = client.get(address)
    marked = client.get(address, params={"quote": "Hebden Bridge"})
    assert plain.headers["content-type"] == "image/png"
    assert plain.content.startswith(b"\x89PNG")
    assert marked.content != plain.content
    assert_problem(client.get(f"/v1/documents/{document_id}/pages/2/picture.png"), 404)


def test_what_is_not_a_pdf_has_no_picture(client: TestClient) -> None:
    assert_problem(client.get("/v1/documents/wigan/pages/1/picture.png"), 404, "not a PDF")


# -- misuse -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"{", 400, "JSON"),
        (b"", 422, "body"),
        (b"\xff\xfe", 400, ""),
        (b"[" * 100_000, 400, ""),
        (b"null", 422, ""),
        (b"[]", 422, ""),
        (b"{}", 422, "message"),
        (b'{"message": ""}', 422, "empty"),
        (b'{"message": " \\n\\t "}', 422, "empty"),
        (b'{"message": 12}', 422, "message"),
        (b'{"message": null}', 422, "message"),
        (b'{"message": ["a"]}', 422, "message"),
        (b'{"message": NaN}', 422, "message"),
        (b'{"message": "a\\u0000b"}', 422, "message"),
        (b'{"message": "\\ud800"}', 422, "message"),
        (b'{"message": "a", "\\ud800": 1}', 422, ""),
        (b'{"message": "a", "mesage": "b"}', 422, "mesage"),
        (b'{"message": "a", "filters": {"principles": [1e400]}}', 422, "principles"),
        (b'{"message": "a", "filters": {"principles": ["one"]}}', 422, "principles"),
        (b'{"message": "a", "filters": {"standings": ["gossip"]}}', 422, "standings"),
        (b'{"message": "a", "filters": {"published_from": "yesterday"}}', 422, "published_from"),
        (b'{"message": "a", "conversation_id": 7}', 422, "conversation_id"),
        (b'{"message": "a", "conversation_id": "nobody"}', 404, "nobody"),
        (b'{"message": "a", "conversation_id": "\\u0000"}', 422, "conversation_id"),
        (b'{"message": "a", "conversation_id": ""}', 404, ""),
    ],
)
def test_a_wrong_body_is_a_problem(client: TestClient, body: bytes, status: int, word: str) -> None:
    response = client.post("/v1/chat", content=body, headers={"Content-Type": "application/json"})
    assert_problem(response, status, word)


def test_a_question_of_100_000_characters_is_told_the_limit(client: TestClient) -> None:
    response = client.post("/v1/chat", json={"message": "why " * 25_000})
    assert_problem(response, 422, "4,000")


@pytest.mark.parametrize("question", ["🏛️🚌🩺", "؟ما هي", "a", "%_'\";--", "why " * 999, "<b>?</b>"])
def test_an_odd_question_gets_an_answer(client: TestClient, question: str) -> None:
    response = client.post("/v1/chat", json={"message": question})
    assert response.status_code == 200
    assert response.json()["completeness"] in ("complete", "partial", "none")


def test_a_body_that_is_not_marked_as_json_is_told_so(client: TestClient) -> None:
    response = client.post(
        "/v1/chat", content=b'{"message": "a"}', headers={"Content-Type": "text/plain"}
    )
    assert_problem(response, 415, "JSON")


def test_a_json_body_over_a_megabyte_is_refused(client: TestClient) -> None:
    assert_problem(client.post("/v1/chat", json={"message": "a" * 1_100_000}), 413, "1 MB")


def test_a_body_that_does_not_say_its_length_is_counted_as_it_comes(client: TestClient) -> None:
    def parts() -> Generator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    response = client.post(
        "/v1/chat", content=parts(), headers={"Content-Type": "application/json"}
    )
    assert_problem(response, 413)


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/../../etc/passwd", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/%2e%2e/%2e%2e/app.py", 404),
        ("PUT", "/v1/chat", 405),
        ("GET", "/v1/chat", 405),
        ("GET", "/v1/documents/nobody", 404),
        ("GET", "/v1/documents/%00", 404),
        ("GET", "/v1/documents/%ED%A0%80", 404),
        ("GET", "/v1/documents/wigan/pages/0", 404),
        ("GET", "/v1/documents/wigan/pages/99", 404),
        ("GET", "/v1/documents/wigan/pages/99999999999999999999999", 404),
        ("GET", "/v1/documents/wigan/pages/one", 422),
        ("GET", "/v1/documents/wigan/pages/1?version=finland.v1", 404),
        ("GET", "/v1/documents/wigan/pages/1?version=wigan.v9", 404),
        ("GET", "/v1/documents/wigan/pages/1?version=%00", 404),
        ("GET", "/v1/documents?limit=0", 422),
        ("GET", "/v1/documents?offset=99999999999999999999999", 422),
        ("GET", "/v1/conversations?limit=101", 422),
        ("GET", "/v1/conversations?offset=-1", 422),
        ("GET", "/v1/conversations?q=%00", 422),
        ("GET", "/v1/conversations/nobody", 404),
        ("GET", "/v1/conversations/%00", 404),
        ("DELETE", "/v1/documents/nobody", 404),
        ("DELETE", "/v1/conversations/" + "0" * 32, 404),
        ("GET", "/v1/documents/wigan/pages/1/picture.png?scale=nan", 422),
        ("POST", "/v1/documents", 422),
        ("POST", "/v1/local/ingest", 403),
    ],
)
def test_a_wrong_address_is_a_problem(
    client: TestClient, method: str, address: str, status: int
) -> None:
    assert_problem(client.request(method, address), status)


def test_a_wrong_method_is_told_the_right_ones(client: TestClient) -> None:
    assert "POST" in client.put("/v1/chat").headers["allow"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data"),
        (b"files=a.txt", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
    ],
)
def test_a_malformed_upload_is_a_problem(client: TestClient, content: bytes, kind: str) -> None:
    response = client.post("/v1/documents", content=content, headers={"Content-Type": kind})
    assert response.status_code in (400, 422)
    assert_problem(response, response.status_code)


def test_an_upload_needs_a_sensible_collection(client: TestClient) -> None:
    sent = {"files": ("a.txt", b"Text of a kind.")}
    response = client.post("/v1/documents", files=sent, data={"collection": "../up"})
    assert_problem(response, 422, "collection")


def test_two_files_of_one_name_are_refused_together(client: TestClient) -> None:
    files = [("files", ("a.txt", b"One text.")), ("files", ("x/a.txt", b"Another text."))]
    assert_problem(client.post("/v1/documents", files=files), 422, "2 files", "1 name")


def test_an_upload_over_the_limit_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with client_of(settings_for(tmp_path, max_upload_mb=2)) as client:
        sent = {"files": ("long.txt", b"words " * 400_000)}
        assert_problem(client.post("/v1/documents", files=sent), 413, "2 MB")
        assert client.get("/v1/documents").json()["total"] == 0


def test_a_fault_of_ours_is_a_problem_that_tells_nothing(tmp_path: Path) -> None:
    with client_of(settings_for(tmp_path)) as client:
        client.app.state.service.conversations = None  # type: ignore[attr-defined]
        response = client.get("/v1/conversations")
        assert_problem(response, 500, "log")
        assert "NoneType" not in response.text


def test_an_empty_library_answers_that_it_has_nothing(tmp_path: Path) -> None:
    with client_of(settings_for(tmp_path)) as client:
        answer = client.post("/v1/chat", json={"message": QUESTION}).json()
        assert answer["completeness"] == "none"
        assert answer["sentences"] == []
        assert "library is empty" in client.get("/").text


# -- who may ask ------------------------------------------------------------------------------


def test_a_name_that_was_rebound_to_this_machine_gets_nothing(client: TestClient) -> None:
    for host in ("attacker.example", "127.0.0.1.attacker.example", "localhost.example:8000", "["):
        response = client.get("/v1/conversations", headers={"Host": host})
        assert_problem(response, 421)
    for host in ("localhost:8000", "[::1]:8000", "127.0.0.1"):
        assert client.get("/v1/conversations", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://attacker.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null"},
        {"Origin": "http://[::"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_may_not_post(client: TestClient, headers: dict[str, str]) -> None:
    assert_problem(client.post("/v1/chat", json={"message": QUESTION}, headers=headers), 403)
    assert_problem(client.delete("/v1/documents/wigan", headers=headers), 403)


def test_our_own_page_may_post(client: TestClient) -> None:
    headers = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    answer = client.post("/v1/chat", json={"message": QUESTION}, headers=headers)
    assert answer.status_code == 200


def test_with_a_key_every_route_of_the_interface_asks_for_it(folder: Path) -> None:
    settings = settings_for(folder, api_key="correct hôrse")
    with client_of(settings) as client:
        for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
            assert_problem(client.get("/v1/documents", headers=wrong), 401, "key")
            assert_problem(client.get("/documents", headers=wrong), 401, "key")
            assert_problem(client.get("/v1/nothing", headers=wrong), 401)
        right = {b"Authorization": "Bearer correct hôrse".encode()}
        assert client.get("/v1/documents", headers=right).status_code == 200
        assert client.get("/v1/documents", headers=LOCAL).status_code == 200
        assert client.get("/healthz").status_code == 200
        assert client.get("/metrics").status_code == 200


def test_a_browser_signs_in_with_the_key(folder: Path) -> None:
    with client_of(settings_for(folder, api_key="correct hôrse")) as client:
        first = client.get("/", headers={"Accept": "text/html"})
        assert first.url.path == "/sign-in"
        wrong = client.post("/sign-in", data={"key": "guess"})
        assert wrong.status_code == 401
        assert "not the key" in wrong.text
        right = client.post("/sign-in", data={"key": "correct hôrse"})
        assert right.status_code == 200
        assert client.get("/v1/documents").status_code == 200
        cookie = right.history[0].headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "rse" not in cookie.partition(";")[0]


def test_every_response_has_the_security_headers(client: TestClient) -> None:
    for address in ("/", "/v1/documents", "/v1/nothing", "/static/ask.js", "/docs"):
        headers = client.get(address).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] in ("no-referrer", "same-origin")


def test_local_addresses_need_the_token(client: TestClient, folder: Path) -> None:
    body = {"paths": [str(folder / "documents")]}
    for headers in ({}, {"X-Plumbline-Token": "guess"}, {"X-Plumbline-Token": "ü"}):
        raw = {name.encode(): value.encode() for name, value in headers.items()}
        assert_problem(client.post("/v1/local/ingest", json=body, headers=raw), 403)


# -- running it -------------------------------------------------------------------------------


def test_counts_are_kept_for_prometheus(client: TestClient) -> None:
    client.post("/v1/chat", json={"message": QUESTION})
    client.get("/v1/no-such-thing-as-this")
    text = client.get("/metrics").text
    assert 'plumbline_requests_total{method="POST",route="/v1/chat",status="200"}' in text
    assert 'plumbline_request_seconds_bucket{route="/v1/chat",le="+Inf"}' in text
    assert "plumbline_answers_total{completeness=" in text
    assert "plumbline_ready 1" in text
    assert "no-such-thing" not in text


def test_a_server_that_is_still_loading_says_so(tmp_path: Path) -> None:
    from api.app import create_app

    with TestClient(create_app(settings_for(tmp_path)), base_url="http://127.0.0.1") as client:
        early = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
        if early.status_code != 200:
            assert_problem(early, 503, "loading")
        # A question waits for the library instead of failing.
        assert client.post("/v1/chat", json={"message": QUESTION}).status_code == 200
        assert client.get("/readyz").status_code == 200


def test_the_interface_describes_itself(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert {"/v1/chat", "/v1/search", "/v1/documents"} <= schema["paths"].keys()
    assert "/v1/local/ingest" not in schema["paths"]
    page = client.get("/docs").text
    assert "/v1/chat" in page
    assert "https://" not in page


# -- from the command line --------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(folder: Path) -> Generator[from_the_command_line.ServerAddress]:
    settings = settings_for(folder)
    with running(settings) as url:
        file = settings.data_dir / "server.json"
        file.write_text(json.dumps({"url": url, "pid": os.getpid(), "token": TOKEN}))
        found = from_the_command_line.running_server(settings.data_dir)
        assert found is not None
        yield found
        file.unlink()


def test_the_command_line_asks_a_running_server(
    server: from_the_command_line.ServerAddress,
) -> None:
    turns = [Turn(Role.USER, QUESTION), Turn(Role.ASSISTANT, "It saved £115 million.")]
    answer = from_the_command_line.ask(server, "And life expectancy?", turns, collection=None)
    assert "seven years" in " ".join(sentence["text"] for sentence in answer["sentences"])
    assert "conversation_id" not in answer
    found = from_the_command_line.search(server, "Helsinki", limit=2, collection="public")
    assert found["passages"][0]["document_id"] == "finland"
    assert from_the_command_line.show(server, "wigan")["title"] == "The Wigan Deal"


def test_the_command_line_ingests_through_a_running_server(
    server: from_the_command_line.ServerAddress, tmp_path: Path
) -> None:
    for number in range(3):
        text = f"# Note {number}\n\nTruro opened {number + 2} clinics."
        (tmp_path / f"note{number}.md").write_text(text)
    told: list[tuple[int, int, str]] = []
    report = from_the_command_line.ingest(
        server,
        paths=[str(tmp_path)],
        collection="notes",
        prune=False,
        rebuild=False,
        sources=[],
        progress=lambda done, total, name: told.append((done, total, name)),
    )
    assert report["totals"]["added"] == 3
    assert told[0] == (0, 3, "note0.md")
    assert told[-1] == (3, 3, "")
    for document in report["documents"]:
        from_the_command_line.remove(server, document["document_id"])
    with pytest.raises(UserError, match="no document"):
        from_the_command_line.remove(server, report["documents"][0]["document_id"])


def test_an_error_of_the_server_is_told_as_our_own(
    server: from_the_command_line.ServerAddress, tmp_path: Path
) -> None:
    (tmp_path / "manifest.csv").write_text("no,columns\n")
    (tmp_path / "a.txt").write_text("Words of some kind.")
    with pytest.raises(UserError, match="path"):
        from_the_command_line.ingest(
            server,
            paths=[str(tmp_path)],
            collection="notes",
            prune=False,
            rebuild=False,
            sources=[],
        )


def test_no_server_is_found_where_none_runs(tmp_path: Path) -> None:
    assert from_the_command_line.running_server(tmp_path) is None
    (tmp_path / "server.json").write_text('{"url": "http://127.0.0.1:1", "pid": 999999999}')
    assert from_the_command_line.running_server(tmp_path) is None
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        told = {"url": url, "pid": os.getpid(), "token": "x"}
        (tmp_path / "server.json").write_text(json.dumps(told))
        assert from_the_command_line.running_server(tmp_path) is None


def test_a_caller_of_too_much_hears_why_over_a_real_connection(
    server: from_the_command_line.ServerAddress,
) -> None:
    address = urlsplit(server.url)
    assert address.port is not None
    with socket.create_connection(("127.0.0.1", address.port), timeout=20) as connection:
        connection.sendall(
            b"POST /v1/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 5000000\r\n\r\n"
        )
        for _ in range(50):
            connection.sendall(b" " * 100_000)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413")


def test_questions_and_uploads_at_once_disturb_nobody(
    server: from_the_command_line.ServerAddress,
) -> None:
    import httpx

    statuses: list[int] = []
    ended = threading.Event()

    def keep_asking() -> None:
        with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
            while not ended.is_set():
                response = client.post("/v1/chat", json={"message": QUESTION})
                statuses.append(response.status_code)

    askers = [threading.Thread(target=keep_asking) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
            for number in range(8):
                text = f"Leith planted {number + 3} orchards.".encode()
                sent = {"files": (f"orchard{number}.txt", text)}
                assert client.post("/v1/documents", files=sent).json()["totals"]["added"] == 1
    finally:
        ended.set()
        for asker in askers:
            asker.join()
    assert set(statuses) == {200}
