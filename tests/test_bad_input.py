"""Bad files through the command line and over HTTP: each has an error, and the rest is kept."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pypdf import PdfWriter
from reportlab.pdfgen.canvas import Canvas

from tests.serving import client_of, settings_for

ROOT = Path(__file__).parent.parent
GOOD = b"# Truro\n\nThe council of Truro met in the old market hall.\n"


def pdf(*lines: str, pages: int = 1) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file)
    for _ in range(pages):
        for number, line in enumerate(lines):
            canvas.drawString(72, 750 - 15 * number, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def locked_pdf() -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(pdf("Behind a password.")))
    writer.encrypt("a password", algorithm="AES-256")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def flate_bomb() -> bytes:
    """A page whose content swells to 900 MB."""
    packer = zlib.compressobj(9)
    content = b"".join(packer.compress(b" " * 1_000_000) for _ in range(900)) + packer.flush()
    return (
        b"%PDF-1.4\n"
        + b"".join(
            b"%d 0 obj %s endobj\n" % (number, body)
            for number, body in (
                (1, b"<</Type/Catalog/Pages 2 0 R>>"),
                (2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>"),
                (3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>"),
                (
                    4,
                    b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream"
                    % (len(content), content),
                ),
            )
        )
        + b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )


def zip_bomb() -> bytes:
    return archive(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", bytes(60_000_000)))


def archive(*parts: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts:
            packed.writestr(name, content)
    return file.getvalue()


def locked_word() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")


class Bad(NamedTuple):
    """A file that cannot be read, and the codes of the errors that may be told of it."""

    name: str
    content: Callable[[], bytes]
    codes: tuple[str, ...]


BAD = [
    *(Bad(f"empty.{kind}", bytes, ("empty",)) for kind in ("pdf", "docx", "odt", "html", "md")),
    Bad("cut.pdf", lambda: pdf("Half of it.", pages=9)[:900], ("truncated", "unreadable")),
    Bad("cut.docx", lambda: zip_bomb()[:500], ("truncated",)),
    Bad("locked.pdf", locked_pdf, ("encrypted",)),
    Bad("locked.docx", locked_word, ("encrypted",)),
    Bad("picture.pdf", lambda: b"\x89PNG\r\n\x1a\n" + bytes(500), ("wrong_type",)),
    Bad("sheet.docx", lambda: archive(("xl/workbook.xml", b"<x/>")), ("wrong_type",)),
    Bad("bomb.docx", zip_bomb, ("too_large",)),
    Bad("bomb.pdf", flate_bomb, ("too_much_memory", "too_slow")),
]
ODD_NAMES = [
    "line\nbreak.md",
    "🏛️ reform.md",
    "\u202ecod.md",
    "é" * 126 + ".md",
    "-rf.md",
    "--prune.md",
    "'quote\"$(x).md",
]


def plumbline(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PLUMBLINE_DATA_DIR": str(folder / "data")},
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that holds one document, and a folder of bad files and one good one."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "first.md").write_bytes(GOOD)
    assert plumbline(folder, "ingest", "first.md").returncode == 0
    inbox = folder / "inbox"
    inbox.mkdir()
    for bad in BAD:
        (inbox / bad.name).write_bytes(bad.content())
    (inbox / "good.md").write_text("# Hayle\n\nHayle kept its harbour office open.\n")
    (inbox / "loop").symlink_to(inbox, target_is_directory=True)
    (inbox / "self.md").symlink_to("self.md")
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> Iterator[dict[str, Any]]:
    ran = plumbline(folder, "ingest", "inbox", "--json")
    assert ran.returncode == 1  # some files failed
    assert "Traceback" not in ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_file_has_an_error_that_names_it_and_says_what_to_do(
    report: dict[str, Any], bad: Bad
) -> None:
    [told] = [item for item in report["documents"] if Path(item["path"]).name == bad.name]
    assert told["outcome"] == "failed"
    assert told["error"]["code"] in bad.codes
    assert told["error"]["message"].startswith(bad.name)
    assert told["error"]["message"].count(".") >= 3  # in its name, and two sentences


def test_the_rest_is_stored_and_what_was_there_is_kept(
    folder: Path, report: dict[str, Any]
) -> None:
    outcomes = {Path(item["path"]).name: item["outcome"] for item in report["documents"]}
    assert outcomes["good.md"] == "added"
    assert outcomes["self.md"] == "failed"  # a link to itself
    assert len(outcomes) == len(report["documents"]) == len(BAD) + 2  # the loop is walked once
    assert sorted(plumbline(folder, "list").stdout.split()[0:1]) == ["good"]
    found = plumbline(folder, "search", "market hall in Truro", "--json")
    assert "old market hall" in found.stdout


def test_odd_names_are_only_names(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number, name in enumerate(ODD_NAMES):
        (inbox / name).write_text(f"# Town {number}\n\nTown {number} kept its library.\n")
    ran = plumbline(inbox, "ingest", "--json", "--", *sorted(ODD_NAMES))
    told = json.loads(ran.stdout)
    assert ran.returncode == 0
    assert told["totals"]["added"] == len(ODD_NAMES)
    listed = plumbline(inbox, "list")
    assert listed.returncode == 0
    assert listed.stdout.count("Town") == len(ODD_NAMES)


def test_bad_files_over_http_are_told_of_and_disturb_nothing(tmp_path: Path) -> None:
    with client_of(settings_for(tmp_path)) as client:
        files = [("files", (bad.name, bad.content())) for bad in BAD]
        response = client.post("/v1/documents", files=[*files, ("files", ("good.md", GOOD))])
        assert response.status_code == 200
        assert "Traceback" not in response.text
        told = {item["path"]: item for item in response.json()["documents"]}
        for bad in BAD:
            assert told[bad.name]["error"]["code"] in bad.codes
            assert told[bad.name]["error"]["message"].startswith(bad.name)
        assert told["good.md"]["outcome"] == "added"
        assert "market hall" in client.post("/v1/search", json={"query": "Truro"}).text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("line.txt", lambda: b"A line that never ends, " * 1_250_000),
        ("line.md", lambda: b"A line that never ends, " * 1_250_000),
        ("line.html", lambda: b"<p>" + b"A line that never ends, " * 1_250_000),
        ("data.txt", lambda: b'{"a":[' + b'"words",' * 3_700_000 + b'""]}'),
        ("pages.pdf", lambda: pdf("A page of a very long report.", pages=5_000)),
    ],
)
def test_a_very_long_file_is_read_within_the_limits(
    tmp_path: Path, name: str, content: Callable[[], bytes]
) -> None:
    from ingest.sandbox import Sandbox

    file = tmp_path / name
    file.write_bytes(content())
    with Sandbox() as sandbox:
        assert len(sandbox.read(file).pages) > 2_000


@pytest.mark.slow
def test_a_full_disk_is_told_of_and_loses_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "data"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this account may not make a small disk")
    try:
        (tmp_path / "first.md").write_bytes(GOOD)
        assert plumbline(tmp_path, "ingest", "first.md").returncode == 0
        for number in range(3):
            words = (f"Sentence {n} of {number} tells of works in the town. " for n in range(3_000))
            (tmp_path / f"long{number}.md").write_text(f"# Long {number}\n\n{''.join(words)}")
        names = [f"long{number}.md" for number in range(3)]
        ran = plumbline(tmp_path, "ingest", *names, "--json")
        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        told = json.loads(ran.stdout)
        failed = [item for item in told["documents"] if item["outcome"] == "failed"]
        assert failed
        assert all("disk" in item["error"]["message"] for item in failed)
        subprocess.run(["mount", "-o", "remount,size=60m", str(disk)], check=True)
        again = plumbline(tmp_path, "ingest", "first.md", *names, "--json")
        assert again.returncode == 0
        assert json.loads(again.stdout)["totals"]["unchanged"] >= 1
        found = plumbline(tmp_path, "search", "market hall in Truro", "--json")
        assert "old market hall" in found.stdout
    finally:
        subprocess.run(["umount", str(disk)], check=True)
