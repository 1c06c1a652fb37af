"""What the verbs of the command line do, here or through a running server."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from api import client, shapes
from assistant.types import AnswerEvent, Finished, Role, Searched, Turn
from corpus.errors import ConfigurationError, UserError
from corpus.filters import Filters
from corpus.locking import writer_lock
from corpus.settings import Settings, load_settings
from corpus.store import Store
from corpus.types import Details
from ingest.ingesting import Ingester, Outcome, Progress, Report, Result

Json = dict[str, Any]


def ingest_paths(
    paths: Sequence[Path],
    *,
    collection: str,
    prune: bool,
    rebuild: bool,
    sources: Sequence[str],
    as_json: bool,
) -> None:
    """Take files, folders and catalogue sources in; exits 1 when one of them failed."""
    if not paths and not sources and not rebuild:
        raise ConfigurationError(
            "There is nothing to ingest.",
            fix="Name files or folders, or --source ID, or --rebuild.",
        )
    settings = load_settings()
    server = client.running_server(settings.data_dir)
    with progress_bar() as advance:
        if server is not None:
            report = client.ingest(
                server,
                paths=[str(path.resolve()) for path in paths],
                collection=collection,
                prune=prune,
                rebuild=rebuild,
                sources=list(sources),
                progress=advance,
            )
        else:
            with (
                writer_lock(settings.data_dir, doing="plumbline ingest"),
                opened(settings) as store,
            ):
                done = ingest_here(
                    store,
                    paths,
                    collection=collection,
                    prune=prune,
                    rebuild=rebuild,
                    sources=sources,
                    progress=lambda told: advance(told.done, told.total, told.name),
                )
            report: Json = dict(shapes.report_json(done))
    if as_json:
        _print_json(report)
    else:
        _print_report(report)
    if report["totals"]["failed"]:
        sys.exit(1)


def ingest_here(
    store: Store,
    paths: Sequence[Path],
    *,
    collection: str,
    prune: bool,
    rebuild: bool,
    sources: Sequence[str],
    progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Ingest in this process, and bring the derived indexes after."""
    ingester = Ingester(store.library, store.files, store.embedder)
    report = Report()
    if rebuild:
        _join(report, ingester.rebuild(progress=progress))
    if sources:
        from ingest.sources import fetch_sources

        _join(report, fetch_sources(ingester, sources, store.data_dir / "sources", collection))
    if paths:
        _join(
            report,
            ingester.ingest(paths, collection=collection, prune=prune, progress=progress),
        )
    try:
        store.catch_up()
        store.chroma.catch_up(store.library)
    except UserError as error:
        # What became of the files is told all the same; the next command brings the indexes up.
        told = (error.code, str(error))
        report.results.append(Result("the search indexes", Outcome.FAILED, error=told))
    return report


def ask_question(
    question: str, *, history: Path | None, collection: str | None, as_json: bool
) -> None:
    """Print the answer to a question."""
    turns = read_history(history) if history else []
    settings = load_settings()
    server = client.running_server(settings.data_dir)
    if server is not None:
        answer = client.ask(server, question, turns, collection=collection)
    else:
        from assistant.bootstrap import open_routed_assistant

        with opened(settings) as store:
            _expect_documents(store)
            events = open_routed_assistant(store).answer(
                question, turns, filters=Filters(collection=collection)
            )
            answer = _answer_json(events)
    if as_json:
        _print_json(answer)
    else:
        _print_answer(answer)


def search_library(query: str, *, limit: int, collection: str | None, as_json: bool) -> None:
    """Print the passages nearest to a question."""
    settings = load_settings()
    server = client.running_server(settings.data_dir)
    if server is not None:
        found = client.search(server, query, limit=limit, collection=collection)
    else:
        from assistant.bootstrap import open_assistant

        with opened(settings) as store:
            _expect_documents(store)
            passages = open_assistant(store).search(
                query, limit=limit, filters=Filters(collection=collection)
            )
            found: Json = dict(shapes.search_json(passages))
    if as_json:
        _print_json(found)
        return
    for passage in found["passages"]:
        print(f"{passage['score']:.3f}  {passage['title']}, page {passage['page']}")
        print(f"       {' '.join(passage['text'].split())[:200]}")


def show_document(document_id: str, *, page: int | None, as_json: bool) -> None:
    """Print a document's stored text."""
    with opened(load_settings()) as store:
        document = store.library.document(document_id)
        pages = (
            store.library.pages(document.version_id)
            if page is None
            else [store.library.page(document.version_id, page)]
        )
    if as_json:
        _print_json(dict(shapes.shown_json(document, pages)))
        return
    print(f"{document.details.title} ({document.id}, version {document.version})")
    for held in pages:
        print(f"\n--- page {held.number} ---\n{held.text}")


def list_documents(*, collection: str | None, as_json: bool) -> None:
    """Print what the library holds."""
    with opened(load_settings()) as store:
        documents = store.library.documents(collection=collection)
    if as_json:
        _print_json(dict(shapes.documents_json(documents)))
        return
    for document in documents:
        print(f"{document.id:40}  {document.pages:4} pages  {document.details.title}")


def remove_document(document_id: str) -> None:
    """Delete a document."""
    settings = load_settings()
    server = client.running_server(settings.data_dir)
    if server is not None:
        client.remove(server, document_id)
    else:
        with writer_lock(settings.data_dir, doing="plumbline remove"), opened(settings) as store:
            Ingester(store.library, store.files, store.embedder).remove(document_id)
            store.catch_up()
            store.chroma.catch_up(store.library)
    print(f"Removed {document_id}.")


def list_sources(*, as_json: bool) -> None:
    """Print the catalogue of documents that can be downloaded."""
    from ingest.catalogue import load_catalogue

    catalogue = load_catalogue()
    if as_json:
        _print_json({"sources": [asdict(source) for source in catalogue.values()]})
        return
    for source in catalogue.values():
        print(f"{source.id:40}  {source.licence:40}  {source.title}")


def back_up(target: Path) -> None:
    """Copy the library, by SQLite's own backup, and the originals; the indexes are made again."""
    settings = load_settings()
    if settings.database_url is not None:
        raise ConfigurationError(
            "The library is in PostgreSQL, which has a backup of its own.",
            fix=f"Use pg_dump, and copy {settings.data_dir / 'files'} beside it.",
        )
    library = settings.data_dir / "library.sqlite3"
    if not library.is_file():
        raise ConfigurationError(
            f"There is no library in {settings.data_dir}.",
            fix="Set PLUMBLINE_DATA_DIR to the folder that holds it.",
        )
    try:
        target.mkdir(parents=True)
    except FileExistsError as error:
        raise ConfigurationError(
            f"{target} is there already.", fix="Name a folder that does not exist yet."
        ) from error
    with (
        _sqlite(f"file:{library}?mode=ro") as source,
        _sqlite(f"file:{target / library.name}") as copy,
    ):
        source.backup(copy)
    if (settings.data_dir / "files").is_dir():
        shutil.copytree(settings.data_dir / "files", target / "files")
    print(f"Copied to {target}. To use it, set PLUMBLINE_DATA_DIR to that folder.")


@contextmanager
def _sqlite(address: str) -> Generator[sqlite3.Connection]:
    connection = sqlite3.connect(address, uri=True)
    try:
        yield connection
    finally:
        connection.close()


def read_history(file: Path) -> list[Turn]:
    """Earlier turns from JSON lines of {"role", "text"}. Raises ConfigurationError by line."""
    turns: list[Turn] = []
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The history {file} cannot be read: {error}.", fix="Name a UTF-8 text file."
        ) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            turn = json.loads(line)
            turns.append(
                Turn(Role(turn["role"]), str(turn["text"]), bool(turn.get("declined", False)))
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{file}:{number}: not a turn.",
                fix='A line is like {"role": "user", "text": "How many pilots were there?"}.',
            ) from error
    return turns


@contextmanager
def opened(settings: Settings) -> Generator[Store]:
    """The store that the settings name, closed at the end."""
    store = Store(settings)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def progress_bar() -> Generator[Callable[[int, int, str], None]]:
    """A bar on stderr, told (files done, files in all, the file being read)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    bar = Progress(
        TextColumn("Ingesting"),
        BarColumn(),
        MofNCompleteColumn(),
        Remaining(),
        TextColumn("{task.fields[file]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("ingest", total=None, file="")

        def advance(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, file=name[:40])

        yield advance


def _expect_documents(store: Store) -> None:
    if not store.library.current_versions():
        raise UserError(
            f"The library in {store.data_dir} is empty.",
            fix="Run `plumbline ingest corpus/documents`, or set PLUMBLINE_DATA_DIR to the folder "
            "that holds your library.",
            code="empty_library",
        )


def _answer_json(events: Iterator[AnswerEvent]) -> Json:
    """The answer that a run of events ends with."""
    details: dict[str, Details] = {}
    for event in events:
        if isinstance(event, Searched):
            details = shapes.details_in(event.passages)
        elif isinstance(event, Finished):
            return dict(shapes.answer_json(event.answer, details))
    raise RuntimeError("The assistant ended without an answer.")


def _join(report: Report, more: Report) -> None:
    report.results.extend(more.results)
    report.skipped.extend(more.skipped)


def _print_json(result: Json) -> None:
    print(json.dumps(result, ensure_ascii=False, indent=2))


def _print_report(report: Json) -> None:
    totals = report["totals"]
    print(", ".join(f"{totals[outcome.value]} {outcome.value}" for outcome in Outcome))
    for document in report["documents"]:
        if document["error"]:
            print(f"failed   {document['path']}: {document['error']['message']}")
        elif document["outcome"] in ("changed", "removed"):
            print(f"{document['outcome']:8} {document['path']}")
        if document["outcome"] in ("added", "changed", "failed"):
            for warning in document["warnings"]:
                print(f"         {Path(document['path']).name}: {warning}")
    if skipped := report.get("skipped"):
        names = ", ".join(Path(path).name for path in skipped[:5])
        more = f" and {len(skipped) - 5} more" if len(skipped) > 5 else ""
        print(f"Left out, as no reader takes them: {names}{more}")


def _print_answer(answer: Json) -> None:
    numbers: dict[tuple[str, int], int] = {}

    def marked(sentence: Json) -> str:
        marks = ""
        for citation in sentence["citations"]:
            place = (citation["document_id"], citation["page"])
            marks += f"[{numbers.setdefault(place, len(numbers) + 1)}]"
        return f"{sentence['text']} {marks}"

    if answer["check"]:
        print(answer["message"])
        if answer["sentences"]:
            print("Where something like it was tried:")
    if answer["table"]:
        for row in answer["table"]["rows"]:
            print(row["label"])
            for column, cell in zip(answer["table"]["columns"], row["cells"], strict=True):
                said = " ".join(marked(sentence) for sentence in cell) or "no evidence"
                print(f"  {column}: {said}")
    else:
        for sentence in answer["sentences"]:
            print(marked(sentence))
    if answer["message"] and not answer["check"]:
        print(answer["message"])
    if answer["missing"] and answer["sentences"]:
        print(f"No evidence found for: {'; '.join(answer['missing'])}")
    for note in answer["notes"]:
        print(f"({note})")
    shown: set[tuple[str, int]] = set()
    for sentence in answer["sentences"]:
        for citation in sentence["citations"]:
            place = (citation["document_id"], citation["page"])
            if place not in shown:
                shown.add(place)
                print(f"\n[{numbers[place]}] {citation['title']}, page {citation['page']}", end="")
                print(f" ({citation['document_id']})", end="")
    if shown:
        print()
