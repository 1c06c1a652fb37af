"""The library, and what is derived from it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from api.doctor.check import Check, State, some
from api.doctor.server import writer_of
from corpus.chroma import ChromaIndex
from corpus.derived import difference, read_stamp
from corpus.embedding import Embedder
from corpus.files import FileStore, file_digest
from corpus.lexical import LAYOUT
from corpus.library import Library
from corpus.migrating import HEAD
from corpus.settings import Settings
from ingest.formats import SUPPORTED

MOST_ORIGINALS = 500  # more are looked at by sample


def database_check(settings: Settings) -> Check:
    """Whether the database opens and is sound; a warning when there is none yet."""
    name = "library"
    try:
        address = make_url(settings.library_url)
    except SQLAlchemyError as error:
        return Check(
            name,
            State.FAIL,
            f"PLUMBLINE_DATABASE_URL is not an address of a database ({error})",
            "Write it like postgresql+psycopg://user:password@host/plumbline, or unset it.",
        )
    if address.get_backend_name() == "sqlite":
        return _sqlite(Path(address.database or ""))
    shown = address.render_as_string()
    try:
        engine = create_engine(address)
        try:
            with engine.connect() as connection:
                connection.execute(text("select 1"))
        finally:
            engine.dispose()
    except ImportError as error:
        return Check(
            name,
            State.FAIL,
            f"the driver for {shown} is not installed: {error}",
            "Run `pip install 'plumbline[postgres]'` and write the address as "
            "postgresql+psycopg://….",
        )
    except SQLAlchemyError as error:
        return Check(
            name,
            State.FAIL,
            f"{shown} does not answer: {' '.join(str(error.__cause__ or error).split())}",
            "Start the database, correct PLUMBLINE_DATABASE_URL, or unset it to use SQLite.",
        )
    return Check(name, State.OK, f"{shown} answers")


def _sqlite(file: Path) -> Check:
    name = "library"
    if not file.exists():
        return Check(
            name,
            State.WARN,
            f"{file} is not there yet",
            "Run `plumbline ingest corpus/documents`.",
        )
    restore = (
        f"Stop Plumbline, move {file} away, and restore it from a backup; or ingest everything "
        "again into another PLUMBLINE_DATA_DIR."
    )
    try:
        # Read-only: looking must not make a database.
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    except sqlite3.DatabaseError as error:
        return Check(name, State.FAIL, f"{file} cannot be read: {error}", restore)
    if said != ["ok"]:
        return Check(name, State.FAIL, f"{file} is damaged: {'; '.join(said)}", restore)
    return Check(name, State.OK, f"{file} is sound ({file.stat().st_size / 1e6:.1f} MB)")


def schema_check(settings: Settings) -> Check:
    """Whether the database's tables are those of this release."""
    engine = create_engine(settings.library_url)
    try:
        with engine.connect() as connection:
            tables = inspect(connection).get_table_names()
            held = (
                connection.scalar(text("select version_num from alembic_version"))
                if "alembic_version" in tables
                else None
            )
    finally:
        engine.dispose()
    if held == HEAD:
        return Check("schema", State.OK, f"{held}, which this release uses")
    if held is None and tables:
        return Check(
            "schema",
            State.FAIL,
            f"the database holds other tables ({', '.join(sorted(tables)[:3])}) and no library",
            "Set PLUMBLINE_DATA_DIR or PLUMBLINE_DATABASE_URL to the library, or to an empty place "
            "for a new one.",
        )
    if held is None or str(held) < HEAD:
        return Check(
            "schema",
            State.WARN,
            f"{held or 'none'}; this release uses {HEAD}",
            "Make a backup with `plumbline backup`; the next command that opens the library, such "
            "as `plumbline list`, brings it up to date.",
        )
    return Check(
        "schema",
        State.FAIL,
        f"{held}; this release knows {HEAD} at most",
        "Install the release that made the library, or a newer one.",
    )


def documents_held(library: Library) -> Check:
    documents = library.documents()
    searched = library.current_versions()
    if not documents:
        return Check(
            "documents",
            State.WARN,
            "the library is empty",
            "Run `plumbline ingest corpus/documents`, or name your own files.",
        )
    left_out = [document.id for document in documents if document.version_id not in searched]
    if left_out:
        return Check(
            "documents",
            State.FAIL,
            f"{len(left_out)} of {len(documents)} are not found by search, because another "
            f"embedding model made their vectors: {some(left_out)}",
            "Run `plumbline ingest --rebuild`.",
        )
    pages = sum(document.pages for document in documents)
    return Check(
        "documents",
        State.OK,
        f"{len(documents)} documents, {pages} pages, {sum(searched.values())} chunks",
    )


def originals(library: Library, folder: Path) -> Check:
    """Whether the original of each current version is kept, at its size."""
    stored = library.stored_files()
    sample = stored[:: max(1, -(-len(stored) // MOST_ORIGINALS))]
    files = FileStore(folder / "files")
    lost: list[str] = []
    for file in sample:
        path = files.path(file.sha256, file.file_name)
        if not path.is_file() or path.stat().st_size != file.size:
            lost.append(file.document_id)
    of = f"{len(sample)} of {len(stored)} looked at" if len(sample) < len(stored) else "all"
    if not lost:
        return Check("originals", State.OK, f"{len(sample)} are there ({of})")
    return Check(
        "originals",
        State.FAIL,
        f"{len(lost)} of {len(sample)} are missing or cut short: {some(lost)}",
        f"Restore {folder / 'files'} from a backup; or run `plumbline remove ID` for each and "
        "ingest its file again.",
    )


def stored_model(library: Library, embedder: Embedder) -> Check:
    library.check_embedding(embedder.fingerprint)
    held = library.embedding()
    return Check(
        "library's model",
        State.OK,
        f"{held}, as configured" if held else f"none yet; {embedder.fingerprint} is configured",
    )


def lexical(library: Library, folder: Path) -> Check:
    """Whether the lexical index holds what the library does.

    It is opened by tantivy itself: `LexicalIndex` makes a broken one again, perhaps under a
    server that is using it.
    """
    import tantivy

    name = "lexical index"
    current = library.current_versions()
    again = (
        f"Stop Plumbline and delete {folder}; the next `plumbline search` makes it again from the "
        "library."
    )
    layout = folder / "layout"
    if not layout.is_file():
        if not current:
            return Check(name, State.OK, "there is nothing to index yet")
        return Check(name, State.FAIL, f"{folder} holds none", again)
    held_layout = layout.read_text(encoding="utf-8", errors="replace")
    if held_layout != LAYOUT:
        return Check(
            name,
            State.WARN,
            f"it has layout {held_layout!r}, and this release uses {LAYOUT!r}",
            "Nothing: the next command makes it again.",
        )
    change = difference(read_stamp(folder / "versions.json") or {}, current)
    if change:
        return Check(
            name,
            State.WARN,
            f"it is behind: {len(change.missing)} documents to take in, {len(change.surplus)} to "
            "drop",
            "Nothing, if documents are being ingested; else any `plumbline search` brings it up to "
            "date.",
        )
    try:
        index = tantivy.Index.open(str(folder))
        index.reload()
        held = index.searcher().num_docs
    except (ValueError, OSError) as error:
        return Check(name, State.FAIL, f"{folder} cannot be opened: {error}", again)
    if held != sum(current.values()):
        return Check(
            name,
            State.FAIL,
            f"it holds {held} chunks where the library has {sum(current.values())}",
            again,
        )
    return Check(name, State.OK, f"{held} chunks, as the library has")


def chroma(library: Library, settings: Settings) -> Check:
    """Whether the Chroma store opens and agrees; a child process opens it, for it may not live."""
    name = "Chroma"
    folder = settings.data_dir / "chroma"
    stamp = settings.data_dir / "chroma.versions.json"
    place = settings.chroma_url or str(folder)
    current = library.current_versions()
    if settings.chroma_url is None:
        again = (
            f"`plumbline serve` makes it again when it starts; or stop Plumbline, delete {folder} "
            f"and {stamp.name} beside it, and run `plumbline ingest` on any file."
        )
    else:
        again = "`plumbline serve` makes it again when it starts."
        if fault := _silent(settings.chroma_url):
            return Check(
                name,
                State.FAIL,
                f"the server at {place} does not answer: {fault}",
                "Start it, correct PLUMBLINE_CHROMA_URL, or unset it to keep Chroma in the data "
                "folder.",
            )
    held = read_stamp(stamp) or {}
    if not current and not held:
        return Check(name, State.OK, f"{place}: there is nothing to hold yet")
    fault = ChromaIndex(folder, url=settings.chroma_url).check(library)
    if fault and writer_of(settings.data_dir):
        return Check(
            name,
            State.WARN,
            f"{place}: {fault}; but it is in use, so it may be changing",
            "Wait until nothing is being ingested and run `plumbline doctor` again.",
        )
    if fault:
        return Check(name, State.FAIL, f"{place}: {fault}", again)
    change = difference(held, current)
    if change:
        return Check(
            name,
            State.WARN,
            f"{place} is behind: {len(change.missing)} documents to take in, "
            f"{len(change.surplus)} to drop",
            "Nothing: the next `plumbline ingest` or `plumbline serve` brings it up to date.",
        )
    return Check(name, State.OK, f"{place}: {sum(held.values())} chunks, as the library has")


def _silent(url: str) -> str | None:
    """Why a Chroma server does not answer; None when it does."""
    import httpx

    try:
        answer = httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=5.0)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}: {error}"
    return None if answer.status_code == 200 else f"status {answer.status_code}"


def starter_library(library: Library | None, folder: Path) -> Check:
    """Whether the documents that come with Plumbline are there, and in the library as they are."""
    name = "starter library"
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUPPORTED]
    if not files:
        return Check(
            name,
            State.WARN,
            f"{folder} holds no documents",
            "Run `make documents` in a checkout of Plumbline, if you want them.",
        )
    if library is None:
        return Check(name, State.OK, f"{len(files)} documents at {folder}")
    stored = {file.sha256 for file in library.stored_files()}
    lacking = [path.name for path in files if file_digest(path) not in stored]
    if lacking:
        return Check(
            name,
            State.WARN,
            f"{len(lacking)} of its {len(files)} documents are not in the library as they are now: "
            f"{some(lacking)}",
            f"Run `plumbline ingest {folder}`, if you want them.",
        )
    return Check(name, State.OK, f"all its {len(files)} documents are in the library")
