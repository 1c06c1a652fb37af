"""The lexical index: what a word finds, and that it always follows the library."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest
import tantivy
from storing import add, texts

from corpus.derived import read_stamp
from corpus.lexical import LexicalIndex
from corpus.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Generator[Library]:
    library = Library.open(f"sqlite:///{tmp_path / 'library.sqlite3'}")
    yield library
    library.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lexical"


def found(index: LexicalIndex, library: Library, words: str, limit: int = 10) -> list[str]:
    """The texts that some words find, best first, once the index has been brought up."""
    index.catch_up(library)
    weights = dict.fromkeys(index.terms(words), 1.0)
    return texts(library, [number for number, _ in index.search(weights, limit=limit)])


# -- what a word finds --------------------------------------------------------------------------


def test_a_word_is_found_in_any_of_its_forms(folder: Path, library: Library) -> None:
    add(library, "wigan", "The council saved £115 million.")
    add(library, "leeds", "Residents were asked first.")
    index = LexicalIndex(folder)
    assert found(index, library, "savings") == ["The council saved £115 million."]
    assert found(index, library, "ASKING a resident") == ["Residents were asked first."]


def test_a_word_elsewhere_on_the_page_counts_for_less_than_one_in_the_chunk(
    folder: Path, library: Library
) -> None:
    add(library, "wigan", "The council saved £115 million.", "Residents were asked first.")
    add(library, "leeds", "Nothing of the kind was done here.")
    saving, asking = "The council saved £115 million.", "Residents were asked first."
    index = LexicalIndex(folder)
    assert found(index, library, "savings") == [saving, asking]
    assert found(index, library, "resident") == [asking, saving]


def test_accents_and_case_do_not_matter(folder: Path, library: Library) -> None:
    add(library, "paris", "Réforme in Île-de-France.")
    assert found(LexicalIndex(folder), library, "reforme ile") == ["Réforme in Île-de-France."]


def test_empty_words_are_left_out_and_not_is_kept(folder: Path) -> None:
    index = LexicalIndex(folder)
    assert index.terms("What is it that they did about the over-60s?") == ("over", "60s")
    assert index.terms("It was not more than 5") == ("not", "more", "5")


def test_no_question_is_taken_for_syntax(folder: Path, library: Library) -> None:
    add(library, "wigan", "The budget fell.")
    index = LexicalIndex(folder)
    assert found(index, library, 'AND budget OR ("NOT: +title^2 [* TO') == ["The budget fell."]
    assert found(index, library, "?! … ()") == []
    assert found(index, library, "") == []


def test_a_word_in_the_text_counts_more_than_one_in_the_title(
    folder: Path, library: Library
) -> None:
    add(library, "one", "Nothing of the kind here.", title="Housing")
    add(library, "two", "Some housing of that kind.", title="Other")
    index = LexicalIndex(folder)
    assert found(index, library, "housing") == [
        "Some housing of that kind.",
        "Nothing of the kind here.",
    ]


def test_a_rare_word_counts_more_and_a_weight_changes_that(folder: Path, library: Library) -> None:
    add(library, "one", *(f"A budget for year {year}." for year in range(2000, 2010)), "A heron.")
    index = LexicalIndex(folder)
    assert found(index, library, "budget heron", limit=1) == ["A heron."]
    [(number, _)] = index.search({"budget": 50.0, "heron": 0.1}, limit=1)
    assert texts(library, [number])[0].startswith("A budget")
    assert (index.frequency("budget"), index.frequency("heron")) == (10, 1)


def test_a_search_can_be_kept_to_some_versions(folder: Path, library: Library) -> None:
    wigan = add(library, "wigan", "The council saved money.")
    add(library, "leeds", "The council spent money.")
    index = LexicalIndex(folder)
    index.catch_up(library)
    money = {"money": 1.0}
    assert len(index.search(money, limit=10)) == 2
    kept = index.search(money, limit=10, versions={wigan.version_id})
    assert texts(library, [number for number, _ in kept]) == ["The council saved money."]
    assert index.search(money, limit=10, versions=set()) == []


# -- following the library ----------------------------------------------------------------------


def test_changed_and_removed_text_is_no_longer_found(folder: Path, library: Library) -> None:
    index = LexicalIndex(folder)
    add(library, "wigan", "The pilot was in Wigan.")
    add(library, "leeds", "The pilot was in Leeds.")
    assert len(found(index, library, "pilot")) == 2
    add(library, "wigan", "The trial was in Wigan.")
    library.remove("leeds")
    assert found(index, library, "pilot") == []
    assert found(index, library, "trial") == ["The trial was in Wigan."]
    assert len(index) == 1


def test_how_often_a_word_occurs_follows_the_library(folder: Path, library: Library) -> None:
    index = LexicalIndex(folder)
    add(library, "wigan", "The heron.", "Another heron.")
    index.catch_up(library)
    assert index.frequency("heron") == 2
    add(library, "leeds", "A third heron.")
    index.catch_up(library)
    assert index.frequency("heron") == 3
    other = LexicalIndex(folder)
    library.remove("wigan")
    other.catch_up(library)
    index.refresh()
    assert index.frequency("heron") == other.frequency("heron")


def test_catching_up_twice_changes_nothing(folder: Path, library: Library) -> None:
    add(library, "wigan", "One.", "Two.")
    index = LexicalIndex(folder)
    assert index.catch_up(library) == 1
    assert index.catch_up(library) == 0
    assert LexicalIndex(folder).catch_up(library) == 0


def test_a_writer_killed_before_its_stamp_leaves_no_doubles(folder: Path, library: Library) -> None:
    add(library, "wigan", "One.", "Two.")
    LexicalIndex(folder).catch_up(library)
    (folder / "versions.json").unlink()
    again = LexicalIndex(folder)
    again.catch_up(library)
    assert len(again) == 2


@pytest.mark.parametrize("stamp", ["", "[]", '{"wigan.v1":', "\x00\x00"])
def test_a_torn_stamp_is_made_again(folder: Path, library: Library, stamp: str) -> None:
    add(library, "wigan", "One.", "Two.")
    LexicalIndex(folder).catch_up(library)
    (folder / "versions.json").write_text(stamp)
    again = LexicalIndex(folder)
    again.catch_up(library)
    assert len(again) == 2
    assert read_stamp(folder / "versions.json") == {"wigan.v1": 2}


def test_an_index_that_lacks_what_its_stamp_says_is_made_again(
    folder: Path, library: Library
) -> None:
    add(library, "wigan", "The heron.")
    LexicalIndex(folder).catch_up(library)
    stamp = (folder / "versions.json").read_bytes()
    shutil.rmtree(folder)
    LexicalIndex(folder)  # an empty one
    (folder / "versions.json").write_bytes(stamp)
    assert found(LexicalIndex(folder), library, "heron") == ["The heron."]


@pytest.mark.parametrize("name", ["meta.json", "layout"])
def test_an_index_with_a_torn_file_is_made_again(folder: Path, library: Library, name: str) -> None:
    add(library, "wigan", "The heron.")
    LexicalIndex(folder).catch_up(library)
    (folder / name).write_text("{torn")
    assert found(LexicalIndex(folder), library, "heron") == ["The heron."]


def test_an_index_whose_segments_are_gone_is_made_again(folder: Path, library: Library) -> None:
    add(library, "wigan", "The heron.")
    LexicalIndex(folder).catch_up(library)
    for part in folder.glob("*.idx"):
        part.unlink()
    assert found(LexicalIndex(folder), library, "heron") == ["The heron."]


def test_a_writer_killed_within_its_commit_does_not_stop_the_next(
    folder: Path, library: Library
) -> None:
    add(library, "wigan", "The heron.")
    add(library, "leeds", "The otter.")
    LexicalIndex(folder).catch_up(library)
    before = {name: (folder / name).read_bytes() for name in ("meta.json", "versions.json")}
    add(library, "wigan", "The kestrel.")
    LexicalIndex(folder).catch_up(library)
    for name, content in before.items():  # all of the commit is written but its last step
        (folder / name).write_bytes(content)
    assert [*folder.glob("*.del")]
    index = LexicalIndex(folder)
    assert found(index, library, "heron otter kestrel") == ["The otter.", "The kestrel."]
    assert LexicalIndex(folder).catch_up(library) == 0


def test_a_reader_notices_what_another_process_wrote(folder: Path, library: Library) -> None:
    reader, writer = LexicalIndex(folder), LexicalIndex(folder)
    add(library, "wigan", "The heron.")
    writer.catch_up(library)
    assert len(reader) == 0
    reader.refresh()
    assert len(reader) == 1
    assert reader.catch_up(library) == 0


def test_another_writer_is_waited_for(folder: Path, library: Library) -> None:
    add(library, "wigan", "The heron.")
    index = LexicalIndex(folder)
    writers = [tantivy.Index.open(str(folder)).writer()]
    threading.Timer(0.5, writers.clear).start()
    started = time.monotonic()
    assert found(index, library, "heron") == ["The heron."]
    assert time.monotonic() - started > 0.4
