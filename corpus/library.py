"""The library: documents, versions, pages and chunks in one SQL database.

It is the source of truth. Every search index is derived from it and can be made again from it
without reading or embedding anything anew.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, OperationalError

from corpus import tables
from corpus.embedding import Vectors
from corpus.errors import ConfigurationError, NotFound, UserError
from corpus.migrating import bring_up_to_date
from corpus.types import Block, BlockKind, Chunk, Details, Document, Page, Standing

PUBLIC = "public"  # the collection that everybody may read
# Both made once: every question asks them.
_READ_GENERATION = select(tables.fact.c.value).where(tables.fact.c.name == "generation")
# Without the chunk's own vector, which the matrix holds.
_READ_CHUNKS = select(
    *(column for column in tables.chunk.c if column is not tables.chunk.c.vector)
).where(tables.chunk.c.number.in_(bindparam("numbers", expanding=True)))
_DETAILS = tuple(field.name for field in fields(Details))  # columns of a version by the same names
_MOST_RECENT = 4000  # chunks that are kept at hand; about 40 MB
_VERSIONS_TOGETHER = 200  # of which the owners are read with one question
_CHUNKS_TOGETHER = 2000  # that are read with one question; about 6 MB


@dataclass(frozen=True, slots=True)
class Incoming:
    """All that is to be stored about one state of one publication."""

    collection: str
    key: str  # what makes it the same publication as before, e.g. "id:wigan-deal" or its path
    preferred_id: str  # the document's id if it is new and the id is free
    sha256: str
    file_name: str
    path: str  # where it was read from; empty for an upload
    size: int  # bytes
    row_sha256: str  # of what a manifest said about it; a changed row is a changed document
    details: Details
    pages: tuple[Page, ...]
    warnings: tuple[str, ...]
    hidden: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True)
class Addition:
    """A new state of a publication with its chunks and their vectors.

    `vectors` has one row a chunk, and `sentence_vectors` a matrix a chunk, of a row a sentence.
    """

    incoming: Incoming
    chunks: Sequence[Chunk]
    vectors: Vectors
    sentence_vectors: Sequence[Vectors]

    def __post_init__(self) -> None:
        if not len(self.chunks) == len(self.vectors) == len(self.sentence_vectors):
            raise ValueError(
                f"{len(self.chunks)} chunks came with {len(self.vectors)} vectors and "
                f"{len(self.sentence_vectors)} sentence matrices."
            )


@dataclass(frozen=True, slots=True)
class Held:
    """The current version of a publication, as far as deciding whether it has changed needs it."""

    document_id: str
    key: str
    version_id: str
    number: int
    sha256: str
    row_sha256: str
    pages: int
    chunks: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A current version's original, as the data folder keeps it."""

    collection: str
    key: str
    document_id: str
    version_id: str
    sha256: str
    file_name: str
    path: str
    size: int
    row_sha256: str


@dataclass(frozen=True, slots=True)
class ChunkRows:
    """The chunks of one version as the indexes take them, with their vectors (n, dimensions)."""

    version_id: str
    document_id: str
    title: str
    numbers: tuple[int, ...]
    chunks: tuple[Chunk, ...]
    vectors: Vectors


class ChunkVectors(NamedTuple):
    """Every searched chunk's number, version id, page and vector (n, dimensions)."""

    numbers: npt.NDArray[np.int64]
    versions: list[str]
    pages: npt.NDArray[np.int64]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A chunk as a search takes it: with its document's details and its sentences' vectors."""

    chunk: Chunk
    details: Details
    sentence_vectors: Vectors  # (sentences, dimensions), in the order of `chunk.sentences`


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens; at most 48 characters; "document" if none is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:48].strip("-") or "document"


class Library:
    """Everything that is stored, behind the few questions that the rest of the program asks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._recent = _Recent()

    @classmethod
    def open(cls, url: str) -> Library:
        """The library at a SQLAlchemy address, made or migrated as needed.

        Raises ConfigurationError when the address cannot be opened or holds something else.
        """
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            try:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigurationError(
                    f"The data folder {Path(parsed.database).parent} cannot be made: {error}.",
                    fix="Set PLUMBLINE_DATA_DIR to a folder that you can write to.",
                ) from error
        engine = create_engine(url, pool_pre_ping=parsed.get_backend_name() != "sqlite")
        if parsed.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        try:
            bring_up_to_date(engine)
        except (OperationalError, DatabaseError) as error:
            engine.dispose()
            raise ConfigurationError(
                f"The library at {parsed.render_as_string()} cannot be opened: {error.orig}.",
                fix="Check the disk and the address, restore a backup, or set PLUMBLINE_DATA_DIR "
                "to another folder.",
            ) from error
        return cls(engine)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    # -- facts about the library ------------------------------------------------------------

    def generation(self) -> int:
        """How many changes have been committed; a reader compares it to notice a new one."""
        with self.engine.connect() as connection:
            return _generation(connection)

    def embedding(self) -> str | None:
        """The fingerprint of the model that made the stored vectors; None while there are none."""
        with self.engine.connect() as connection:
            return connection.scalar(
                select(tables.fact.c.value).where(tables.fact.c.name == "embedding")
            )

    def check_embedding(self, fingerprint: str) -> None:
        """Raise ConfigurationError when the stored vectors come from another model."""
        built_with = self.embedding()
        if built_with not in (None, fingerprint):
            raise ConfigurationError(
                f"The library was embedded with {built_with!r}, "
                f"but the settings now name {fingerprint!r}.",
                fix="Run `plumbline ingest --rebuild`, or set PLUMBLINE_EMBEDDING_MODEL back.",
            )

    # -- writing ----------------------------------------------------------------------------

    def find(self, collection: str, *, key: str = "", path: str = "") -> Held | None:
        """The current version of a publication, by its key or else by the path it was read from.

        None when the collection lacks it.
        """
        document, version = tables.document, tables.version
        query = (
            select(version, document.c.key)
            .join(document, document.c.id == version.c.document_id)
            .where(
                document.c.collection == collection,
                document.c.key == key if key else version.c.path == path,
                version.c.retired_at.is_(None),
            )
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Held(
            document_id=row.document_id,
            key=row.key,
            version_id=row.id,
            number=row.number,
            sha256=row.sha256,
            row_sha256=row.row_sha256,
            pages=row.page_count,
            chunks=row.chunk_count,
            warnings=tuple(row.warnings),
        )

    def add(
        self,
        incoming: Incoming,
        chunks: Sequence[Chunk],
        vectors: Vectors,
        sentence_vectors: Sequence[Vectors],
        *,
        fingerprint: str,
    ) -> Document:
        """Store one new version; see `add_all`."""
        addition = Addition(incoming, chunks, vectors, sentence_vectors)
        return self.add_all([addition], fingerprint=fingerprint)[0]

    def add_all(self, additions: Sequence[Addition], *, fingerprint: str) -> list[Document]:
        """Store new versions with their pages, chunks and vectors, and retire the ones before.

        One transaction: a reader sees all of them or none, never half of one. The chunks' version
        and document ids are set here.
        """
        if not additions:
            return []
        now = datetime.now(UTC)
        with self._writing() as connection:
            built_with = connection.scalar(
                select(tables.fact.c.value).where(tables.fact.c.name == "embedding")
            )
            if built_with is None:
                connection.execute(insert(tables.fact).values(name="embedding", value=fingerprint))
            for name in dict.fromkeys(addition.incoming.collection for addition in additions):
                _make_collection(connection, name, now)
            documents = [
                _insert_version(connection, addition, now, fingerprint) for addition in additions
            ]
            stored = [document.version_id for document in documents]
            _insert_pages(connection, zip(stored, additions, strict=True))
            _insert_chunks(connection, zip(stored, additions, strict=True))
            _count_change(connection)
        return documents

    def remove(self, document_id: str) -> list[str]:
        """Delete a document with every version; returns the sha256 of files no longer needed.

        Raises NotFound when there is no such document.
        """
        version = tables.version
        with self._writing() as connection:
            digests = set(
                connection.scalars(
                    select(version.c.sha256).where(version.c.document_id == document_id)
                )
            )
            done = connection.execute(
                delete(tables.document).where(tables.document.c.id == document_id)
            )
            if done.rowcount == 0:
                raise no_such_document(document_id)
            kept = set(
                connection.scalars(select(version.c.sha256).where(version.c.sha256.in_(digests)))
            )
            _count_change(connection)
        return sorted(digests - kept)

    def set_embedding(self, fingerprint: str) -> None:
        """Name the model that search uses from now on; versions of another are not searched."""
        with self._writing() as connection:
            connection.execute(delete(tables.fact).where(tables.fact.c.name == "embedding"))
            connection.execute(insert(tables.fact).values(name="embedding", value=fingerprint))
            _count_change(connection)

    # -- reading ----------------------------------------------------------------------------

    def documents(self, *, collection: str | None = None) -> list[Document]:
        """Every document at its current version, by title."""
        query = _current_documents().order_by(tables.version.c.title)
        if collection is not None:
            query = query.where(tables.document.c.collection == collection)
        with self.engine.connect() as connection:
            return [_document(dict(row)) for row in connection.execute(query).mappings()]

    def document(self, document_id: str) -> Document:
        """One document at its current version. Raises NotFound."""
        query = _current_documents().where(tables.document.c.id == document_id)
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise no_such_document(document_id)
        return _document(dict(row))

    def paths(self, *, collection: str) -> dict[str, str]:
        """The path that each document's current version was read from, with the document's id."""
        document, version = tables.document, tables.version
        query = (
            select(version.c.path, document.c.id)
            .join(document, document.c.id == version.c.document_id)
            .where(document.c.collection == collection, version.c.retired_at.is_(None))
        )
        with self.engine.connect() as connection:
            return {row.path: row.id for row in connection.execute(query)}

    def stored_files(self) -> list[StoredFile]:
        """Where the original of each current version is, by document id."""
        document, version = tables.document, tables.version
        query = (
            select(
                document.c.collection,
                document.c.key,
                document.c.id.label("document_id"),
                version.c.id.label("version_id"),
                version.c.sha256,
                version.c.file_name,
                version.c.path,
                version.c.size,
                version.c.row_sha256,
            )
            .join(version, version.c.document_id == document.c.id)
            .where(version.c.retired_at.is_(None))
            .order_by(document.c.id)
        )
        with self.engine.connect() as connection:
            return [StoredFile(**dict(row)) for row in connection.execute(query).mappings()]

    def file_of(self, version_id: str) -> tuple[str, str]:
        """The sha256 and the file name of a version's original. Raises NotFound."""
        version = tables.version
        query = select(version.c.sha256, version.c.file_name).where(version.c.id == version_id)
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise no_such_document(version_id)
        return row.sha256, row.file_name

    def hidden_text(self, version_id: str) -> list[dict[str, object]]:
        """What was dropped from a version because a person would not see it."""
        version = tables.version
        with self.engine.connect() as connection:
            found = connection.scalar(select(version.c.hidden).where(version.c.id == version_id))
        return cast("list[dict[str, object]]", found or [])

    def pages(self, version_id: str) -> list[Page]:
        """The pages of a version in order."""
        page = tables.page
        query = select(page).where(page.c.version_id == version_id).order_by(page.c.number)
        with self.engine.connect() as connection:
            return [_page(row) for row in connection.execute(query)]

    def page(self, version_id: str, number: int) -> Page:
        """One page of a version, counted from 1. Raises NotFound."""
        page = tables.page
        query = select(page).where(page.c.version_id == version_id, page.c.number == number)
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(
                f"There is no page {number} in {version_id!r}.",
                fix="`plumbline show ID` lists the pages there are.",
            )
        return _page(row)

    def current_versions(self) -> dict[str, int]:
        """The id of every version that is searched, with how many chunks it has."""
        version = tables.version
        query = select(version.c.id, version.c.chunk_count).where(_searched())
        with self.engine.connect() as connection:
            return {row.id: row.chunk_count for row in connection.execute(query)}

    def versions_in_force(self, day: date) -> dict[str, str]:
        """For each document whose version of a day is not today's: its id, and that version's.

        A version is in force from the day it was published, or where that is not known the day
        it was added, until the next one is. Documents of which none was in force yet are left out.
        """
        version = tables.version
        query = select(
            version.c.id,
            version.c.document_id,
            version.c.published,
            version.c.added_at,
            version.c.retired_at,
        ).order_by(version.c.document_id, version.c.number)
        then: dict[str, str] = {}
        now: dict[str, str] = {}
        with self.engine.connect() as connection:
            for row in connection.execute(query):
                if (row.published or row.added_at.date()) <= day:
                    then[row.document_id] = row.id
                if row.retired_at is None:
                    now[row.document_id] = row.id
        return {
            document_id: version_id
            for document_id, version_id in then.items()
            if now.get(document_id) not in (None, version_id)
        }

    def chunk_rows(self, version_ids: Sequence[str]) -> Iterator[ChunkRows]:
        """The chunks and vectors of the versions asked for, one version at a time."""
        version = tables.version
        owners = select(version.c.id, version.c.document_id, version.c.title, version.c.chunk_count)
        with self.engine.connect() as connection:
            for first in range(0, len(version_ids), _VERSIONS_TOGETHER):
                asked = version_ids[first : first + _VERSIONS_TOGETHER]
                found = {
                    row.id: row for row in connection.execute(owners.where(version.c.id.in_(asked)))
                }
                # Those that are not there were removed since the caller asked which there are.
                there = [found[version_id] for version_id in asked if version_id in found]
                for part in _runs(there):
                    yield from _chunk_rows(connection, part)

    def chunk_vectors(self) -> ChunkVectors:
        """Where every current chunk is, and its vector, in the order of their numbers."""
        chunk, version = tables.chunk, tables.version
        query = (
            select(chunk.c.number, chunk.c.version_id, chunk.c.page, chunk.c.vector)
            .join(version, version.c.id == chunk.c.version_id)
            .where(_searched())
            .order_by(chunk.c.number)
        )
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        return ChunkVectors(
            np.array([row.number for row in rows], dtype=np.int64),
            [row.version_id for row in rows],
            np.array([row.page for row in rows], dtype=np.int64),
            _vectors([row.vector for row in rows]),
        )

    def chunks(self, numbers: Sequence[int]) -> dict[int, FoundChunk]:
        """Chunks by number, in the order of their numbers; numbers that are gone are left out.

        A chunk never changes, so the last ones read are kept until the library does.
        """
        with self.engine.connect() as connection:
            generation = _generation(connection)
            found, owners = self._recent.held(numbers, generation)
            missing = [number for number in numbers if number not in found]
            if missing:
                read = _found_chunks(connection, missing, owners)
                self._recent.keep(read, generation)
                found |= read
        return dict(sorted(found.items()))

    # -- inside -----------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Generator[Connection]:
        """A transaction whose failure says what a person can do about it."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except OperationalError as error:
            raise UserError(
                f"The library could not be written: {error.orig}.",
                fix="Free some disk space, or check that the data folder is writable, and run the "
                "same command again; what was stored before is untouched.",
                code="storage_full",
            ) from error


def no_such_document(document_id: str) -> NotFound:
    """The error for an id that the library does not hold."""
    return NotFound(
        f"The library holds no document {document_id!r}.",
        fix="`plumbline list` shows what it holds.",
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Set what SQLite forgets between connections."""
    for pragma in (
        "journal_mode=WAL",
        # FULL, not NORMAL: an acknowledged document must survive a power cut, not only a kill.
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
    ):
        connection.execute(f"PRAGMA {pragma}")


# Of versions by id: the document and what is known about it.
_Owners = dict[str, tuple[str, Details]]


class _Recent:
    """The chunks that were read last, of one state of the library, and the versions they are of."""

    def __init__(self) -> None:
        self._chunks: dict[int, FoundChunk] = {}
        self._owners: _Owners = {}
        self._generation = -1
        self._lock = Lock()

    def held(
        self, numbers: Sequence[int], generation: int
    ) -> tuple[dict[int, FoundChunk], _Owners]:
        """Those of some chunks that are at hand; and the versions, for the reader to add to."""
        with self._lock:
            if generation != self._generation:
                self._chunks, self._owners, self._generation = {}, {}, generation
            known = self._chunks
            return {number: known[number] for number in numbers if number in known}, self._owners

    def keep(self, read: Mapping[int, FoundChunk], generation: int) -> None:
        with self._lock:
            if generation == self._generation:
                if len(self._chunks) + len(read) > _MOST_RECENT:
                    self._chunks = {}
                self._chunks |= read


def _found_chunks(
    connection: Connection, numbers: Sequence[int], owners: _Owners
) -> dict[int, FoundChunk]:
    version = tables.version
    rows: Sequence[Any] = (
        connection.execute(_READ_CHUNKS, {"numbers": list(numbers)}).mappings().all()
    )
    # Of each version once, and without what was hidden in it: that would be most of the work.
    unknown = {row["version_id"] for row in rows} - owners.keys()
    if unknown:
        named = [version.c[name] for name in ("id", "document_id", *_DETAILS)]
        asked = select(*named).where(version.c.id.in_(unknown))
        for row in connection.execute(asked).mappings():
            owners[row["id"]] = (row["document_id"], _details(dict(row)))
    rows = [row for row in rows if row["version_id"] in owners]
    vectors = _from_bytes(
        [row["sentence_vectors"] for row in rows], [len(row["sentences"]) for row in rows]
    )
    found: dict[int, FoundChunk] = {}
    for row, of_sentences in zip(rows, vectors, strict=True):
        document_id, details = owners[row["version_id"]]
        found[row["number"]] = FoundChunk(_chunk(row, document_id), details, of_sentences)
    return found


def _runs(owners: Sequence[Any]) -> Iterator[list[Any]]:
    """Versions in runs that hold no more chunks than are well read together."""
    run: list[Any] = []
    chunks = 0
    for owner in owners:
        if run and chunks + owner.chunk_count > _CHUNKS_TOGETHER:
            yield run
            run, chunks = [], 0
        run.append(owner)
        chunks += owner.chunk_count
    if run:
        yield run


def _chunk_rows(connection: Connection, owners: Sequence[Any]) -> Iterator[ChunkRows]:
    chunk = tables.chunk
    query = (
        select(*(column for column in chunk.c if column is not chunk.c.sentence_vectors))
        .where(chunk.c.version_id.in_([owner.id for owner in owners]))
        .order_by(chunk.c.number)
    )
    by_version: dict[str, list[Any]] = {owner.id: [] for owner in owners}
    for row in connection.execute(query).mappings():
        by_version[row["version_id"]].append(row)
    for owner in owners:
        rows = by_version[owner.id]
        yield ChunkRows(
            version_id=owner.id,
            document_id=owner.document_id,
            title=owner.title,
            numbers=tuple(row["number"] for row in rows),
            chunks=tuple(_chunk(row, owner.document_id) for row in rows),
            vectors=_vectors([row["vector"] for row in rows]),
        )


def _generation(connection: Connection) -> int:
    return int(connection.scalar(_READ_GENERATION) or 0)


def _count_change(connection: Connection) -> None:
    generation = _generation(connection)
    if generation == 0:
        connection.execute(insert(tables.fact).values(name="generation", value="1"))
    else:
        connection.execute(
            update(tables.fact)
            .where(tables.fact.c.name == "generation")
            .values(value=str(generation + 1))
        )


def _make_collection(connection: Connection, name: str, now: datetime) -> None:
    collection = tables.collection
    known = connection.scalar(select(collection.c.name).where(collection.c.name == name))
    if known is None:
        connection.execute(insert(collection).values(name=name, team=PUBLIC, created_at=now))


def _insert_version(
    connection: Connection, addition: Addition, now: datetime, fingerprint: str
) -> Document:
    """The next version of a publication, without its pages and chunks; retires the one before."""
    incoming, version = addition.incoming, tables.version
    document_id, is_new = _document_id(connection, incoming, now)
    number = 1
    if not is_new:
        of_document = version.c.document_id == document_id
        latest = connection.scalar(select(func.max(version.c.number)).where(of_document))
        number = (latest or 0) + 1
        connection.execute(
            update(version)
            .where(of_document, version.c.retired_at.is_(None))
            .values(retired_at=now)
        )
    version_id = f"{document_id}.v{number}"
    connection.execute(
        insert(version).values(
            id=version_id,
            document_id=document_id,
            number=number,
            added_at=now,
            page_count=len(incoming.pages),
            chunk_count=len(addition.chunks),
            embedding=fingerprint,
            **_version_columns(incoming),
        )
    )
    return Document(
        id=document_id,
        collection=incoming.collection,
        version_id=version_id,
        version=number,
        details=incoming.details,
        pages=len(incoming.pages),
        chunks=len(addition.chunks),
    )


def _document_id(connection: Connection, incoming: Incoming, now: datetime) -> tuple[str, bool]:
    """The id of a publication, and whether it is new and was made here."""
    document = tables.document
    held = connection.scalar(
        select(document.c.id).where(
            document.c.collection == incoming.collection, document.c.key == incoming.key
        )
    )
    if held is not None:
        return held, False
    document_id = slug(incoming.preferred_id)
    taken = connection.scalar(select(document.c.id).where(document.c.id == document_id))
    if taken is not None:
        unlike = hashlib.sha256(f"{incoming.collection}\n{incoming.key}".encode()).hexdigest()
        document_id = f"{document_id}-{unlike[:8]}"
    connection.execute(
        insert(document).values(
            id=document_id,
            collection=incoming.collection,
            key=incoming.key,
            created_at=now,
        )
    )
    return document_id, True


def _version_columns(incoming: Incoming) -> dict[str, object]:
    details = incoming.details
    return {
        "sha256": incoming.sha256,
        "file_name": incoming.file_name,
        "size": incoming.size,
        "path": incoming.path,
        "row_sha256": incoming.row_sha256,
        "title": details.title,
        "publisher": details.publisher,
        "published": details.published,
        "standing": details.standing.value,
        "url": details.url,
        "place": details.place,
        "kind": details.kind,
        "licence": details.licence,
        "sectors": list(details.sectors),
        "principles": [list(pair) for pair in details.principles],
        "sources": list(details.sources),
        "warnings": list(incoming.warnings),
        "hidden": list(incoming.hidden),
    }


def _insert_pages(connection: Connection, stored: Iterable[tuple[str, Addition]]) -> None:
    rows = [
        {
            "version_id": version_id,
            "number": page.number,
            "text": page.text,
            "blocks": [[b.kind.value, b.start, b.end, b.level] for b in page.blocks],
        }
        for version_id, addition in stored
        for page in addition.incoming.pages
    ]
    if rows:
        connection.execute(insert(tables.page), rows)


def _insert_chunks(connection: Connection, stored: Iterable[tuple[str, Addition]]) -> None:
    rows = [
        {
            "version_id": version_id,
            "page": chunk.page,
            "start": chunk.start,
            "end": chunk.end,
            "heading": chunk.heading,
            "text": chunk.text,
            "vector": vector.astype("<f4").tobytes(),
            "sentences": [list(span) for span in chunk.sentences],
            "sentence_vectors": _to_bytes(of_sentences),
        }
        for version_id, addition in stored
        for chunk, vector, of_sentences in zip(
            addition.chunks, addition.vectors, addition.sentence_vectors, strict=True
        )
    ]
    if rows:
        connection.execute(insert(tables.chunk), rows)


def _to_bytes(vectors: Vectors) -> bytes:
    """Unit vectors as int8, each scaled to use the whole range: a quarter of the space."""
    if not len(vectors):
        return b""
    scale = 127.0 / np.abs(vectors).max(axis=1, keepdims=True)
    return np.rint(vectors * scale).astype(np.int8).tobytes()


def _from_bytes(blobs: Sequence[bytes], counts: Sequence[int]) -> list[Vectors]:
    """Unit vectors (count, dimensions) of each of `_to_bytes`; cosine to the first above 0.9999."""
    rows = sum(counts)
    if not rows:
        return [np.zeros((0, 0), dtype=np.float32) for _ in counts]
    # All at once: as many calls of numpy for each chunk would take five times as long.
    vectors = np.frombuffer(b"".join(blobs), dtype=np.int8).reshape(rows, -1).astype(np.float32)
    # Five times as fast as numpy's norm, which makes a squared copy; a search does this each time.
    vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    return np.split(vectors, np.cumsum(counts)[:-1])


def _searched() -> ColumnElement[bool]:
    """The versions that search looks at: current, and embedded by the library's model."""
    version, fact = tables.version, tables.fact
    model = select(fact.c.value).where(fact.c.name == "embedding").scalar_subquery()
    return and_(version.c.retired_at.is_(None), version.c.embedding == model)


def _current_documents() -> Select[Any]:
    document, version = tables.document, tables.version
    return (
        select(version, document.c.collection)
        .join(document, document.c.id == version.c.document_id)
        .where(version.c.retired_at.is_(None))
    )


def _document(row: dict[str, Any]) -> Document:
    return Document(
        id=row["document_id"],
        collection=row["collection"],
        version_id=row["id"],
        version=row["number"],
        details=_details(row),
        pages=row["page_count"],
        chunks=row["chunk_count"],
    )


def _details(row: dict[str, Any]) -> Details:
    return Details(
        title=row["title"],
        publisher=row["publisher"],
        published=cast("date | None", row["published"]),
        standing=Standing(row["standing"]),
        url=row["url"],
        place=row["place"],
        kind=row["kind"],
        licence=row["licence"],
        sectors=tuple(row["sectors"]),
        principles=tuple((int(number), str(stance)) for number, stance in row["principles"]),
        sources=tuple(row["sources"]),
    )


def _page(row: Row[Any]) -> Page:
    blocks = tuple(
        Block(BlockKind(kind), start, end, level) for kind, start, end, level in row.blocks
    )
    return Page(number=row.number, text=row.text, blocks=blocks)


def _chunk(row: Mapping[str, Any], document_id: str) -> Chunk:
    return Chunk(
        version_id=row["version_id"],
        document_id=document_id,
        page=row["page"],
        start=row["start"],
        end=row["end"],
        text=row["text"],
        heading=row["heading"],
        sentences=tuple((start, end) for start, end in row["sentences"]),
    )


def _vectors(blobs: Sequence[bytes]) -> Vectors:
    """Stored bytes as one matrix (n, dimensions); (0, 0) when there are none."""
    if not blobs:
        return np.zeros((0, 0), dtype=np.float32)
    return np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(blobs), -1)
