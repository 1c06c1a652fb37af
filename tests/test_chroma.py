"""The Chroma store: it follows the library, survives damage, and opens elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from langchain_chroma import Chroma
from storing import add, texts, vector_of

from corpus.chroma import COLLECTION, ChromaIndex
from corpus.library import Library

MANY = 1200  # chunks: above 1,000 Chroma writes its vector files


@pytest.fixture
def library(tmp_path: Path) -> Generator[Library]:
    library = Library.open(f"sqlite:///{tmp_path / 'library.sqlite3'}")
    yield library
    library.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "chroma"


@pytest.fixture
def index(folder: Path) -> Generator[ChromaIndex]:
    index = ChromaIndex(folder)
    yield index
    index.close()


def nearest(index: ChromaIndex, library: Library, words: str) -> str:
    [(number, _)] = index.search(vector_of(words), limit=1)
    return texts(library, [number])[0]


def stamp_of(folder: Path) -> Path:
    return folder.with_name("chroma.versions.json")


# -- following the library ----------------------------------------------------------------------


def test_the_nearest_chunk_is_found_with_its_cosine(index: ChromaIndex, library: Library) -> None:
    add(library, "wigan", "One.", "Two.", "Three.")
    assert index.catch_up(library) == 1
    [first, *rest] = index.search(vector_of("Two."), limit=3)
    assert texts(library, [first[0]]) == ["Two."]
    assert first[1] == pytest.approx(1.0, abs=1e-5)
    assert len(rest) == 2


def test_changed_and_removed_chunks_are_no_longer_found(
    index: ChromaIndex, library: Library
) -> None:
    add(library, "wigan", "One.", "Two.")
    add(library, "leeds", "Three.")
    index.catch_up(library)
    add(library, "wigan", "Four.")
    library.remove("leeds")
    assert index.catch_up(library) == 3  # one new, two gone
    assert index.count() == 1
    assert nearest(index, library, "Three.") == "Four."
    assert index.catch_up(library) == 0


def test_an_empty_library_needs_no_store(
    index: ChromaIndex, library: Library, folder: Path
) -> None:
    assert index.open_checked(library) is None
    assert not folder.exists()


# -- damage -------------------------------------------------------------------------------------


def test_a_sound_store_passes_and_is_not_made_again(
    index: ChromaIndex, library: Library, folder: Path
) -> None:
    add(library, "wigan", "One.", "Two.")
    index.catch_up(library)
    index.close()
    made = (folder / "chroma.sqlite3").stat().st_ino
    assert index.open_checked(library) is None
    assert (folder / "chroma.sqlite3").stat().st_ino == made


def test_a_document_that_it_has_not_taken_in_yet_is_no_fault(
    index: ChromaIndex, library: Library
) -> None:
    add(library, "wigan", "One.")
    index.catch_up(library)
    add(library, "leeds", "Two.")
    index.close()
    assert index.check(library) is None
    assert index.open_checked(library) is None
    assert index.count() == 2


def test_what_a_killed_writer_began_is_no_fault(
    index: ChromaIndex, library: Library, folder: Path
) -> None:
    add(library, "wigan", "One.")
    index.catch_up(library)
    stamp = stamp_of(folder).read_bytes()
    add(library, "leeds", "Two.", "Three.")
    index.catch_up(library)
    index.close()
    stamp_of(folder).write_bytes(stamp)  # as if killed before the stamp was written
    assert index.check(library) is None
    assert index.open_checked(library) is None
    assert index.count() == 3


def test_a_store_that_does_not_open_is_made_again(
    index: ChromaIndex, library: Library, folder: Path
) -> None:
    add(library, "wigan", "One.", "Two.")
    index.catch_up(library)
    index.close()
    (folder / "chroma.sqlite3").write_bytes(b"not a database" * 1000)
    assert index.open_checked(library) is not None
    assert nearest(index, library, "Two.") == "Two."


def test_catching_up_never_opens_a_broken_store(
    index: ChromaIndex, library: Library, folder: Path
) -> None:
    add(library, "wigan", "One.", "Two.")
    index.catch_up(library)
    index.close()
    (folder / "chroma.sqlite3").write_bytes(b"not a database" * 1000)
    add(library, "leeds", "Three.")
    assert index.catch_up(library) == 2
    assert index.count() == 3


def test_a_store_that_is_gone_is_made_again(
    index: ChromaIndex, library: Library, folder: Path
) -> None:
    add(library, "wigan", "One.")
    index.catch_up(library)
    index.close()
    shutil.rmtree(folder)
    assert index.open_checked(library) == "it is not there"
    assert index.count() == 1


def test_a_store_of_another_library_is_made_again(
    index: ChromaIndex, library: Library, folder: Path, tmp_path: Path
) -> None:
    add(library, "wigan", "One.")
    index.catch_up(library)
    index.close()
    other = Library.open(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    add(other, "leeds", "Two.", "Three.")
    theirs = ChromaIndex(folder)
    theirs.rebuild(other)
    theirs.close()
    shutil.copy(stamp_of(folder), tmp_path / "kept")
    add(library, "wigan", "Four.")
    stamp_of(folder).write_text('{"wigan.v2": 1}')
    assert index.open_checked(library) is not None
    assert nearest(index, library, "Four.") == "Four."
    other.close()


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["torn", "removed"])
def test_a_store_with_damaged_vector_files_is_made_again(
    index: ChromaIndex, library: Library, folder: Path, damage: str
) -> None:
    add(library, "many", *(f"Number {number}." for number in range(MANY)))
    index.catch_up(library)
    index.close()
    [vectors] = [path for path in folder.iterdir() if path.is_dir()]
    if damage == "torn":
        for file in vectors.iterdir():
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        shutil.rmtree(vectors)
    assert index.open_checked(library) is not None
    assert index.count() == MANY
    for number in (0, MANY // 2, MANY - 1):
        assert nearest(index, library, f"Number {number}.") == f"Number {number}."


def test_making_it_again_leaves_no_trace_of_removed_text(
    index: ChromaIndex, library: Library, folder: Path
) -> None:
    add(library, "secret", "The codeword is xylophone.")
    add(library, "wigan", "One.")
    index.catch_up(library)
    library.remove("secret")
    index.rebuild(library)
    index.close()
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if b"xylophone" in file.read_bytes()]


# -- for other programs -------------------------------------------------------------------------


def test_langchain_opens_the_same_folder_and_searches_it(
    index: ChromaIndex, library: Library, folder: Path
) -> None:
    add(library, "wigan", "It saved money.", "It took six years.", title="The Wigan Deal")
    index.catch_up(library)
    index.close()
    theirs = Chroma(collection_name=COLLECTION, persist_directory=str(folder))
    [document] = theirs.similarity_search_by_vector(vector_of("It took six years.").tolist(), k=1)
    assert document.page_content == "It took six years."
    assert document.id == "wigan.v1:p1:16"
    assert document.metadata["title"] == "The Wigan Deal"
    assert (document.metadata["page"], document.metadata["start"]) == (1, 16)
    # Chroma keeps opened stores for the whole process; ours opens this one with other settings.
    theirs._client.clear_system_cache()  # pyright: ignore[reportPrivateUsage]
