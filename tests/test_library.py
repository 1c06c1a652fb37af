"""The library: versions, transactions, and what a database may be."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sql
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError
from storing import MODEL, add, chunks_of, incoming, page_of, texts, vectors_of

from corpus import tables
from corpus.errors import ConfigurationError, NotFound
from corpus.library import Library
from corpus.migrating import HEAD, MIGRATIONS
from corpus.types import Block, BlockKind, Details, Page, Standing


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'library.sqlite3'}"


@pytest.fixture
def library(address: str) -> Generator[Library]:
    library = Library.open(address)
    yield library
    library.close()


def rows_in(library: Library, table: sql.Table) -> int:
    with library.engine.connect() as connection:
        return connection.scalar(sql.select(sql.func.count()).select_from(table)) or 0


# -- what is stored -----------------------------------------------------------------------------


def test_a_document_comes_back_as_it_was_stored(library: Library) -> None:
    heading = Block(BlockKind.HEADING, 0, 5, level=2)
    row = Block(BlockKind.TABLE_ROW, 6, 17)
    pages = (Page(1, "Costs\n2019 | £3.5m", (heading, row)), Page(2, ""))
    details = Details(
        title="The Wigan Deal",
        publisher="Plumbline",
        published=date(2019, 3, 1),
        standing=Standing.EVALUATION,
        principles=((4, "supports"), (2, "conflicts")),
        sectors=("local-government",),
        sources=("https://example.org/report",),
    )
    sent = replace(
        incoming("wigan", pages),
        details=details,
        warnings=("page 2: no text layer",),
        hidden=({"page": 1, "kind": "white text", "text": "buy now"},),
    )
    [chunk] = chunks_of(Page(1, pages[0].text, (row,)))
    chunk = replace(chunk, heading="Costs", sentences=((6, 10), (13, 17)))
    vectors, sentences = vectors_of(["row"]), vectors_of(["2019", "£3.5m"])
    stored = library.add(sent, [chunk], vectors, [sentences], fingerprint=MODEL)

    assert library.document("wigan") == stored
    assert (stored.version, stored.pages, stored.chunks) == (1, 2, 1)
    assert stored.details == details
    assert library.pages(stored.version_id) == list(pages)
    assert library.page(stored.version_id, 1) == pages[0]
    assert library.hidden_text(stored.version_id) == list(sent.hidden)
    held = library.find("public", key="id:wigan")
    assert held is not None
    assert held.warnings == sent.warnings

    [rows] = library.chunk_rows([stored.version_id])
    assert rows.vectors.tolist() == vectors.tolist()
    found = library.chunks(rows.numbers)[rows.numbers[0]]
    assert found.chunk == replace(chunk, version_id=stored.version_id, document_id="wigan")
    assert found.chunk.id == "wigan.v1:p1:6"
    assert found.details == details
    # Kept in a byte a number.
    assert ((found.sentence_vectors * sentences).sum(axis=1) > 0.999).all()


def test_chunks_read_together_have_their_own_sentences(library: Library) -> None:
    page = page_of(["One. Two.", "A heading", "Three."])
    first, bare, last = chunks_of(page)
    two = replace(first, sentences=((0, 4), (5, 9)))
    none = replace(bare, sentences=())
    sentences = [vectors_of(["One.", "Two."]), np.zeros((0, 0)), vectors_of(["Three."])]
    library.add(
        incoming("wigan", [page]),
        [two, none, last],
        vectors_of(["a", "b", "c"]),
        [held.astype(np.float32) for held in sentences],
        fingerprint=MODEL,
    )
    [rows] = library.chunk_rows(["wigan.v1"])
    found = library.chunks(rows.numbers)
    assert [len(found[number].sentence_vectors) for number in rows.numbers] == [2, 0, 1]
    for number, meant in ((rows.numbers[0], sentences[0]), (rows.numbers[2], sentences[2])):
        assert ((found[number].sentence_vectors * meant).sum(axis=1) > 0.999).all()


def test_chunks_that_were_just_read_are_gone_when_their_document_is(library: Library) -> None:
    stored = add(library, "wigan", "It saved money.")
    [rows] = library.chunk_rows([stored.version_id])
    first = library.chunks(rows.numbers)
    assert library.chunks(rows.numbers)[rows.numbers[0]] is first[rows.numbers[0]]  # kept at hand
    library.remove("wigan")
    assert library.chunks(rows.numbers) == {}


def test_versions_are_read_in_the_order_asked_and_those_gone_are_left_out(
    library: Library,
) -> None:
    second = add(library, "wigan", "It saved money.", "It took six years.")
    first = add(library, "leeds", "It cost more.")
    read = list(library.chunk_rows([first.version_id, "oldham.v1", second.version_id]))
    assert [rows.version_id for rows in read] == ["leeds.v1", "wigan.v1"]
    assert [len(rows.chunks) for rows in read] == [1, 2]
    assert [len(rows.vectors) for rows in read] == [1, 2]


def test_a_document_is_found_by_the_path_it_was_read_from(library: Library) -> None:
    add(library, "wigan", "It saved money.")
    held = library.find("public", path="/inbox/wigan.md")
    assert held is not None
    assert held.document_id == "wigan"
    assert library.find("public", path="/inbox/leeds.md") is None
    assert library.find("closed", path="/inbox/wigan.md") is None


def test_two_publications_that_want_one_id_get_two(library: Library) -> None:
    first = add(library, "wigan", "One.")
    second = add(library, "wigan", "Two.", collection="closed")
    assert first.id == "wigan"
    assert second.id.startswith("wigan-")
    assert {document.id for document in library.documents()} == {first.id, second.id}
    assert [document.id for document in library.documents(collection="closed")] == [second.id]


def test_an_id_or_a_page_that_is_not_there_is_said_by_name(library: Library) -> None:
    stored = add(library, "wigan", "It saved money.")
    with pytest.raises(NotFound, match="leeds"):
        library.document("leeds")
    with pytest.raises(NotFound, match="no page 7"):
        library.page(stored.version_id, 7)
    with pytest.raises(NotFound, match="leeds"):
        library.file_of("leeds.v1")


# -- versions -----------------------------------------------------------------------------------


def test_a_changed_document_gets_a_new_version_and_only_that_is_searched(library: Library) -> None:
    first = add(library, "wigan", "It saved £100 million.")
    second = add(library, "wigan", "It saved £115 million.", "It took six years.")
    assert (second.version, second.version_id) == (2, "wigan.v2")
    assert library.current_versions() == {"wigan.v2": 2}
    assert [document.version for document in library.documents()] == [2]
    numbers, versions, _, vectors = library.chunk_vectors()
    assert versions == ["wigan.v2"] * 2
    assert vectors.shape == (2, 16)
    assert texts(library, numbers.tolist()) == ["It saved £115 million.", "It took six years."]
    # An older answer's citations still open.
    assert library.page(first.version_id, 1).text == "It saved £100 million.\n"


def test_a_removed_document_leaves_nothing_behind(library: Library) -> None:
    add(library, "wigan", "It saved £100 million.")
    add(library, "wigan", "It saved £115 million.")
    assert library.remove("wigan") == [incoming("wigan", []).sha256]
    assert library.documents() == []
    for table in (tables.version, tables.page, tables.chunk):
        assert rows_in(library, table) == 0
    with pytest.raises(NotFound):
        library.remove("wigan")


def test_an_original_that_another_document_has_too_is_kept(library: Library) -> None:
    page = page_of(["The same words."])
    for name in ("wigan", "copy-of-wigan"):
        library.add(
            replace(incoming(name, [page]), sha256="5" * 64),
            chunks_of(page),
            vectors_of(["words"]),
            [vectors_of(["words"])],
            fingerprint=MODEL,
        )
    assert library.remove("wigan") == []
    assert library.remove("copy-of-wigan") == ["5" * 64]


def test_a_chunk_number_is_never_given_twice(library: Library) -> None:
    add(library, "wigan", "One.", "Two.")
    before = set(library.chunk_vectors()[0].tolist())
    library.remove("wigan")
    add(library, "leeds", "Three.")
    assert not before & set(library.chunk_vectors()[0].tolist())


# -- one transaction ----------------------------------------------------------------------------


def test_a_document_that_fails_half_way_changes_nothing(library: Library) -> None:
    add(library, "wigan", "It saved £100 million.")
    generation = library.generation()
    page = page_of(["It saved £115 million."])
    twice = chunks_of(page) * 2  # two chunks cannot begin at one place
    with pytest.raises(IntegrityError):
        library.add(
            incoming("wigan", [page]),
            twice,
            vectors_of(["a", "b"]),
            [vectors_of(["a"])] * 2,
            fingerprint=MODEL,
        )
    assert library.current_versions() == {"wigan.v1": 1}
    assert library.generation() == generation
    assert rows_in(library, tables.page) == 1


def test_chunks_without_a_vector_each_are_refused(library: Library) -> None:
    page = page_of(["It saved £115 million."])
    with pytest.raises(ValueError, match="1 chunks came with 2 vectors"):
        library.add(
            incoming("wigan", [page]),
            chunks_of(page),
            vectors_of(["a", "b"]),
            [vectors_of(["a"])],
            fingerprint=MODEL,
        )
    assert library.documents() == []


def test_every_change_is_counted_and_seen_by_other_readers(library: Library, address: str) -> None:
    other = Library.open(address)
    seen = [other.generation()]
    add(library, "wigan", "One.")
    seen.append(other.generation())
    add(library, "wigan", "Two.")
    seen.append(other.generation())
    library.remove("wigan")
    seen.append(other.generation())
    other.close()
    assert seen == [0, 1, 2, 3]


# -- the embedding model ------------------------------------------------------------------------


def test_a_library_of_another_model_is_refused_with_both_names(library: Library) -> None:
    assert library.embedding() is None
    library.check_embedding("any model will do for an empty library")
    add(library, "wigan", "One.")
    assert library.embedding() == MODEL
    library.check_embedding(MODEL)
    with pytest.raises(ConfigurationError) as raised:
        library.check_embedding("another")
    assert MODEL in raised.value.problem
    assert "another" in raised.value.problem
    assert "--rebuild" in raised.value.fix


def test_vectors_of_two_models_never_meet_in_a_search(library: Library) -> None:
    add(library, "wigan", "One.")
    add(library, "leeds", "Two.")
    library.set_embedding("another")
    assert library.current_versions() == {}
    add(library, "wigan", "One.", model="another")
    assert library.current_versions() == {"wigan.v2": 1}
    assert len(library.documents()) == 2  # both can still be read


# -- databases ----------------------------------------------------------------------------------


def test_migrations_end_at_the_head_that_the_program_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrations_make_the_tables_that_the_program_uses(library: Library) -> None:
    with library.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, tables.metadata) == []


def test_opening_again_keeps_what_is_stored(library: Library, address: str) -> None:
    add(library, "wigan", "One.")
    library.close()
    again = Library.open(address)
    assert [document.id for document in again.documents()] == ["wigan"]
    again.close()


def test_a_library_of_a_newer_release_is_refused(library: Library, address: str) -> None:
    with library.engine.begin() as connection:
        connection.execute(sql.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="9999"):
        Library.open(address)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite3").write_bytes(b"These are minutes of a meeting. " * 200)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Library.open(f"sqlite:///{tmp_path / 'library.sqlite3'}")


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, where the folder should be")
    with pytest.raises(ConfigurationError, match="cannot be made") as raised:
        Library.open(f"sqlite:///{tmp_path / 'data' / 'library.sqlite3'}")
    assert "PLUMBLINE_DATA_DIR" in raised.value.fix


def test_an_acknowledged_document_is_on_the_disk(library: Library, tmp_path: Path) -> None:
    add(library, "wigan", "One.")
    with library.engine.connect() as connection:
        assert connection.scalar(sql.text("pragma synchronous")) == 2  # FULL
        assert connection.scalar(sql.text("pragma journal_mode")) == "wal"
    # Read beside the open writer, as a backup would.
    beside = sqlite3.connect(tmp_path / "library.sqlite3")
    assert beside.execute("select id from version").fetchall() == [("wigan.v1",)]
    beside.close()


def test_an_empty_library_has_nothing_to_search(library: Library) -> None:
    numbers, versions, _, vectors = library.chunk_vectors()
    assert (len(numbers), versions, vectors.shape) == (0, [], (0, 0))
    assert vectors.dtype == np.float32
    assert library.documents() == []
