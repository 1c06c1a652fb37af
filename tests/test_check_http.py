"""Drafts checked over HTTP and by the command line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import docx
import pytest
from fastapi.testclient import TestClient

from tests.serving import client_of, make_library, settings_for

ROOT = Path(__file__).parent.parent
DRAFT = (
    "We will:\n\n- merge all fire services into one national body by order\n"
    "- give councils the money and let them decide how to spend it\n"
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[TestClient]:
    folder = tmp_path_factory.mktemp("served")
    make_library(folder)
    with client_of(settings_for(folder)) as client:
        yield client


def a_docx() -> bytes:
    document = docx.Document()
    document.add_paragraph("We will merge all fire services into one national body by order.")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_pasted_text_gets_a_report_that_can_be_had_in_every_form(client: TestClient) -> None:
    report = client.post("/v1/checks", data={"text": DRAFT, "supports": "true"}).json()
    assert [clause["text"][:5] for clause in report["clauses"]] == ["merge", "give "]
    assert any(found["principle"] == "P7" for found in report["findings"])
    for form, word in (("html", "<mark>"), ("csv", "principle"), ("sarif", "2.1.0"), ("md", "#")):
        got = client.get(f"/v1/checks/{report['id']}", params={"form": form})
        assert got.status_code == 200
        assert word in got.text
    assert client.get(f"/v1/checks/{report['id']}").json() == report
    assert client.get(f"/v1/checks/{report['id']}.md").text.startswith("# Check of Pasted text")
    assert client.get(f"/v1/checks/{report['id']}.docx").status_code == 404
    assert client.get(f"/v1/checks/{report['id']}.pdf").status_code == 404


def test_a_draft_can_be_sent_as_json_and_its_pages_read_again(client: TestClient) -> None:
    report = client.post("/v1/checks", json={"text": DRAFT, "name": "Fire plan"}).json()
    assert report["name"] == "Fire plan"
    [page] = client.get(f"/v1/checks/{report['id']}/pages").json()["pages"]
    for clause in report["clauses"]:
        assert page["text"][clause["start"] : clause["end"]] == clause["text"]
    wrong = client.post("/v1/checks", json={"text": DRAFT, "colour": "red"})
    assert (wrong.status_code, "colour" in wrong.json()["detail"]) == (422, True)


def test_checks_are_listed_and_outlive_the_server(tmp_path: Path) -> None:
    make_library(tmp_path)
    with client_of(settings_for(tmp_path)) as client:
        check_id = client.post("/v1/checks", json={"text": DRAFT, "name": "Fire plan"}).json()["id"]
    with client_of(settings_for(tmp_path)) as client:
        held = client.get("/v1/checks").json()
        assert (held["total"], held["checks"][0]["id"]) == (1, check_id)
        assert held["checks"][0]["conflicts"] >= 1
        assert client.get(f"/v1/checks/{check_id}.json").json()["name"] == "Fire plan"


def test_a_draft_is_compared_with_an_earlier_one_and_keeps_its_waivers(client: TestClient) -> None:
    first = client.post("/v1/checks", json={"text": DRAFT}).json()
    print_ = next(found["fingerprint"] for found in first["findings"])
    waiver = {
        "fingerprint": print_, "name": "Ann", "reason": "agreed", "expires": "2099-01-31"
    }  # fmt: skip
    put = client.put(f"/v1/checks/{first['id']}/waivers", json={"waivers": [waiver]}).json()
    assert [found["waiver"] is not None for found in put["findings"]].count(True) == 1
    second = client.post(
        "/v1/checks", json={"text": f"# Plan\n\n{DRAFT}", "against": first["id"]}
    ).json()
    held = next(found for found in second["findings"] if found["fingerprint"] == print_)
    assert held["waiver"]["name"] == "Ann"
    assert held["change"] in ("unchanged", "moved")
    unknown = client.put(
        f"/v1/checks/{first['id']}/waivers", json={"waivers": [{**waiver, "fingerprint": "0"}]}
    )
    assert unknown.status_code == 422
    assert client.post("/v1/checks", json={"text": DRAFT, "against": "0" * 32}).status_code == 404


def test_an_uploaded_docx_comes_back_with_comments(client: TestClient) -> None:
    sent = {"file": ("plan.docx", a_docx())}
    report = client.post("/v1/checks", files=sent).json()
    got = client.get(f"/v1/checks/{report['id']}", params={"form": "docx"})
    [comment, *_] = docx.Document(io.BytesIO(got.content)).comments
    assert comment.text.startswith("P7: conflicts")


def test_progress_is_told_before_the_report(client: TestClient) -> None:
    streamed = client.post(
        "/v1/checks", data={"text": DRAFT}, headers={"Accept": "text/event-stream"}
    ).text
    names = [line[7:] for line in streamed.splitlines() if line.startswith("event: ")]
    assert names[0] == "progress"
    assert names[-1] == "report"


def test_a_report_can_be_deleted(client: TestClient) -> None:
    check_id = client.post("/v1/checks", data={"text": DRAFT}).json()["id"]
    assert client.delete(f"/v1/checks/{check_id}").status_code == 204
    assert client.get(f"/v1/checks/{check_id}").status_code == 404
    assert client.delete(f"/v1/checks/{check_id}").status_code == 404


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": {"text": "# Only a heading"}},
        {"data": {"text": DRAFT}, "files": {"file": ("a.md", b"# A")}},
        {"files": {"file": ("plan.docx", b"no zip")}},
        {"files": {"file": ("plan.exe", b"MZ")}},
        {"files": {"file": ("empty.md", b"")}},
    ],
)
def test_a_draft_that_cannot_be_checked_is_a_problem_and_not_an_error(
    client: TestClient, sent: dict[str, object]
) -> None:
    answer = client.post("/v1/checks", **sent)  # pyright: ignore[reportArgumentType]
    assert answer.headers["content-type"] == "application/problem+json"
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]
    assert answer.json()["fix"]


@pytest.mark.parametrize("check_id", ["0" * 32, "..", "%2e%2e%2fdata", "x"])
def test_an_unknown_report_is_not_found(client: TestClient, check_id: str) -> None:
    assert client.get(f"/v1/checks/{check_id}").status_code == 404


# -- the command line ---------------------------------------------------------------------------


def run(folder: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api", "check", *words],
        capture_output=True,
        text=True,
        input=given,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PLUMBLINE_DATA_DIR": str(folder / "data")},
        check=False,
    )


def test_a_draft_on_standard_input_is_checked(tmp_path: Path) -> None:
    done = run(tmp_path, "-", "--format", "json", "--fail-on", "conflicts", given=DRAFT)
    assert done.returncode == 1, done.stderr
    assert len(json.loads(done.stdout)["clauses"]) == 2


def test_a_draft_without_conflicts_passes_the_gate(tmp_path: Path) -> None:
    (tmp_path / "plan.md").write_text("Trains will run on Sundays in the summer.\n")
    done = run(tmp_path, "plan.md", "--fail-on", "conflicts")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_waived_conflict_passes_the_gate(tmp_path: Path) -> None:
    (tmp_path / "plan.md").write_text(DRAFT)
    found = json.loads(run(tmp_path, "plan.md", "--format", "json").stdout)["findings"]
    waivers = "".join(
        f'[[waiver]]\nfingerprint = "{held["fingerprint"]}"\nname = "Ann"\n'
        'reason = "agreed"\nexpires = 2099-01-31\n'
        for held in found
    )
    (tmp_path / "waivers.toml").write_text(waivers)
    done = run(tmp_path, "plan.md", "--fail-on", "unsure", "--waivers", "waivers.toml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["missing.md"],
        ["plan.md", "--format", "pdf"],
        ["plan.md", "--fail-on", "everything"],
        ["plan.md", "--format", "docx"],
        ["plan.md", "--principles", "missing.toml"],
        ["plan.md", "--waivers", "missing.toml"],
        ["plan.md", "plan.md", "--compare", "--format", "docx"],
    ],
)
def test_wrong_usage_says_what_is_wrong_and_exits_2(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "plan.md").write_text(DRAFT)
    done = run(tmp_path, *words)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
