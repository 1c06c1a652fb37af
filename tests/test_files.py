"""The originals: kept whole under their digests, and gone when discarded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.files import FileStore, file_digest


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "Report FINAL.PDF"
    path.write_bytes(b"%PDF-1.7 and more")
    return path


def test_an_original_is_kept_byte_for_byte(files: FileStore, source: Path) -> None:
    digest = file_digest(source)
    assert digest == hashlib.sha256(source.read_bytes()).hexdigest()
    kept = files.keep(source, digest)
    source.unlink()
    assert kept == files.path(digest, "Report FINAL.PDF")
    assert kept.suffix == ".pdf"
    assert kept.read_bytes() == b"%PDF-1.7 and more"


def test_keeping_it_twice_is_keeping_it_once(files: FileStore, source: Path) -> None:
    digest = file_digest(source)
    first = files.keep(source, digest)
    made = first.stat().st_ino
    assert files.keep(source, digest) == first
    assert first.stat().st_ino == made
    assert list(first.parent.iterdir()) == [first]


def test_a_discarded_original_is_gone(files: FileStore, source: Path) -> None:
    digest = file_digest(source)
    kept = files.keep(source, digest)
    files.discard(digest)
    assert not kept.exists()
    files.discard(digest)  # again: nothing to do


def test_what_cannot_be_stored_is_said_and_leaves_no_draft(tmp_path: Path, source: Path) -> None:
    (tmp_path / "files").write_text("a file, where the folder should be")
    with pytest.raises(UserError, match=r"Report FINAL\.PDF could not be stored") as raised:
        FileStore(tmp_path / "files").keep(source, file_digest(source))
    assert raised.value.code == "storage_full"


def test_a_source_that_vanished_leaves_no_draft(files: FileStore, source: Path) -> None:
    digest = file_digest(source)
    source.unlink()
    with pytest.raises(UserError):
        files.keep(source, digest)
    folder = files.path(digest, source.name).parent
    assert list(folder.iterdir()) == []


def test_of_many_originals_each_is_kept_or_has_its_own_fault(
    files: FileStore, source: Path, tmp_path: Path
) -> None:
    twin = tmp_path / "copy.pdf"
    twin.write_bytes(source.read_bytes())
    gone = tmp_path / "gone.pdf"
    digest = file_digest(source)
    faults = files.keep_all([(source, digest), (gone, "0" * 64), (twin, digest)])
    assert [fault and fault.code for fault in faults] == [None, "storage_full", None]
    kept = files.path(digest, source.name)
    assert [path for path in kept.parents[1].rglob("*") if path.is_file()] == [kept]
