"""Files and folders into the library: find, compare, read, chunk, embed, store, index.

One bad file never stops the rest. Documents are embedded and stored a few dozen together, in one
transaction, and are acknowledged only after that; meanwhile the next ones are read.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Event

from corpus.embedding import Embedder
from corpus.errors import UnreadableFile, UserError
from corpus.files import FileStore, file_digest
from corpus.library import PUBLIC, Addition, Held, Incoming, Library, StoredFile
from corpus.types import Chunk, Document
from ingest.chunking import chunk_pages, embedded_text
from ingest.details import MANIFEST, Manifest, details_for, find_manifest, id_for
from ingest.formats import SUPPORTED
from ingest.reading import Reading
from ingest.sandbox import Sandbox

logger = logging.getLogger(__name__)

# Chunks gathered before they are embedded: enough to sort by length and waste little padding.
EMBED_TOGETHER = 256


class Outcome(StrEnum):
    """What became of one file or document."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one file, as the report lists it."""

    path: str
    outcome: Outcome
    document_id: str = ""
    version: int = 0
    pages: int = 0
    chunks: int = 0
    warnings: tuple[str, ...] = ()
    error: tuple[str, str] | None = None  # (code, message)


@dataclass(slots=True)
class Report:
    """The results in the order of the files, and the files that no reader takes."""

    results: list[Result] = field(default_factory=list[Result])
    skipped: list[str] = field(default_factory=list[str])

    def count(self, outcome: Outcome) -> int:
        """How many results have this outcome."""
        return sum(result.outcome is outcome for result in self.results)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come, told before each file and after the last."""

    done: int  # files
    total: int
    name: str  # the file being read; empty at the end


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document that has been read and waits to be embedded."""

    position: int  # of its result in the report
    path: Path
    incoming: Incoming
    chunks: tuple[Chunk, ...]


class Ingester:
    """Brings files into one library."""

    def __init__(self, library: Library, files: FileStore, embedder: Embedder) -> None:
        self._library = library
        self._files = files
        self._embedder = embedder

    def ingest(
        self,
        paths: Sequence[Path],
        *,
        collection: str = PUBLIC,
        prune: bool = False,
        anew: bool = False,
        uploads: Mapping[Path, str] | None = None,
        progress: Callable[[Progress], None] | None = None,
        acknowledged: Callable[[Result], None] | None = None,
    ) -> Report:
        """Bring files and folders into a collection.

        `prune` removes documents of these folders whose files are gone; `anew` takes files in
        again that have not changed; `uploads` names files that are here for a moment only, by
        the key that makes a later one the same publication. `acknowledged` is told of each document
        as soon as its transaction has ended, when no kill can lose it any more. Raises
        ConfigurationError for a wrong manifest or a library of another embedding model; a fault of
        one file is in the report.
        """
        self._library.check_embedding(self._embedder.fingerprint)
        report = Report()
        manifest = Manifest()
        found = find_files(paths, manifest, report)
        run = _Run(collection, manifest, report, anew=anew, uploads=uploads or {})
        with Sandbox() as sandbox:

            def documents() -> Iterator[_Ready]:
                for done, path in enumerate(found):
                    if progress is not None:
                        progress(Progress(done, len(found), path.name))
                    try:
                        ready = self._read(path, run, sandbox)
                    except UserError as error:
                        report.results.append(_failed(path, error))
                        continue
                    if ready is not None:
                        yield ready

            self._take_in(documents(), report, acknowledged)
        if prune:
            self._prune(paths, set(found), run)
        if progress is not None:
            progress(Progress(len(found), len(found), ""))
        return report

    def rebuild(self, *, progress: Callable[[Progress], None] | None = None) -> Report:
        """Read every stored original again, chunk it and embed it with the configured model.

        Each document gets a new version when that has worked; one that can no longer be read
        keeps the one it had. With another model than before, every document must be read again:
        until the run ends, a search finds only those that have been.
        """
        report = Report()
        self._library.set_embedding(self._embedder.fingerprint)
        stored = self._library.stored_files()
        with Sandbox() as sandbox:

            def documents() -> Iterator[_Ready]:
                for done, file in enumerate(stored):
                    if progress is not None:
                        progress(Progress(done, len(stored), file.file_name))
                    path = self._files.path(file.sha256, file.file_name)
                    try:
                        yield self._read_again(file, path, sandbox, report)
                    except UserError as error:
                        report.results.append(_failed(Path(file.file_name), error))

            self._take_in(documents(), report)
        if progress is not None:
            progress(Progress(len(stored), len(stored), ""))
        return report

    def remove(self, document_id: str) -> None:
        """Delete a document and the originals that only it needed. Raises NotFound."""
        for sha256 in self._library.remove(document_id):
            self._files.discard(sha256)

    # -- steps ------------------------------------------------------------------------------

    def _read(self, path: Path, run: _Run, sandbox: Sandbox) -> _Ready | None:
        """Read one file unless it is unchanged; places its result in the report either way.

        Raises UserError when the file cannot be read.
        """
        if not path.exists():
            raise UnreadableFile(
                "not_found", f"{path} is not there.", fix="Check the path and run it again."
            )
        sha256, size = _fingerprint(path)
        row = run.manifest.row(path)
        row_sha256 = hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest()
        key = run.uploads.get(path, "")
        location = "" if key else str(path.resolve())
        held = self._library.find(run.collection, key=key, path=location)
        if held is not None and not run.anew and _same(held, sha256, row_sha256):
            self._files.keep(path, sha256)  # puts back an original that was lost
            run.seen[held.key] = path.name
            run.report.results.append(_unchanged(path, held))
            return None
        reading = sandbox.read(path)
        details, faults = details_for(path, row, reading)
        own_id = id_for(row, reading)
        key = f"id:{own_id}" if own_id else key or f"path:{location}"
        if (twin := run.seen.get(key)) is not None:
            raise UnreadableFile(
                "duplicate_id",
                f"{path.name} has the id {own_id!r}, which {twin} has too.",
                fix="Give one of them another id.",
            )
        run.seen[key] = path.name
        warnings = (*reading.warnings, *faults, *_hidden_warnings(reading))
        chunks = chunk_pages(reading.pages)
        if not chunks:
            run.report.results.append(_without_text(path, reading, warnings))
            return None
        run.report.results.append(Result(str(path), Outcome.FAILED))  # replaced when stored
        incoming = Incoming(
            collection=run.collection,
            key=key,
            preferred_id=own_id or Path(path.name).stem,
            sha256=sha256,
            file_name=path.name,
            path=location,
            size=size,
            row_sha256=row_sha256,
            details=details,
            pages=reading.pages,
            warnings=warnings,
            hidden=_hidden(reading),
        )
        return _Ready(len(run.report.results) - 1, path, incoming, tuple(chunks))

    def _read_again(self, file: StoredFile, path: Path, sandbox: Sandbox, report: Report) -> _Ready:
        """A stored original as a new version, with the details that it has."""
        reading = sandbox.read(path)
        document = self._library.document(file.document_id)
        report.results.append(Result(file.path or file.file_name, Outcome.FAILED))
        incoming = Incoming(
            collection=file.collection,
            key=file.key,
            preferred_id=file.document_id,
            sha256=file.sha256,
            file_name=file.file_name,
            path=file.path,
            size=file.size,
            row_sha256=file.row_sha256,
            details=document.details,
            pages=reading.pages,
            warnings=(*reading.warnings, *_hidden_warnings(reading)),
            hidden=_hidden(reading),
        )
        return _Ready(len(report.results) - 1, path, incoming, tuple(chunk_pages(reading.pages)))

    def _take_in(
        self,
        documents: Iterator[_Ready],
        report: Report,
        acknowledged: Callable[[Result], None] | None = None,
    ) -> None:
        """Embed and store documents, while a thread of its own reads those after them."""
        stopped = Event()
        batches = _batches(documents, stopped)
        with ThreadPoolExecutor(1, thread_name_prefix="reading") as reader:
            try:
                coming = reader.submit(next, batches, list[_Ready]())
                while batch := coming.result():
                    coming = reader.submit(next, batches, list[_Ready]())
                    self._store(batch, report, acknowledged)
            finally:
                stopped.set()

    def _store(
        self,
        waiting: Sequence[_Ready],
        report: Report,
        acknowledged: Callable[[Result], None] | None = None,
    ) -> None:
        """Embed the chunks of several documents together, and store them together."""
        vectors, sentence_vectors = self._embedder.embed_spans(
            [
                embedded_text(chunk, ready.incoming.details.title)
                for ready in waiting
                for chunk in ready.chunks
            ]
        )
        faults = self._files.keep_all([(ready.path, ready.incoming.sha256) for ready in waiting])
        kept: list[_Ready] = []
        additions: list[Addition] = []
        first = 0
        for ready, fault in zip(waiting, faults, strict=True):
            last = first + len(ready.chunks)
            if fault is not None:
                report.results[ready.position] = _failed(ready.path, fault)
            else:
                kept.append(ready)
                additions.append(
                    Addition(
                        ready.incoming,
                        ready.chunks,
                        vectors[first:last],
                        sentence_vectors[first:last],
                    )
                )
            first = last
        try:
            stored = self._library.add_all(additions, fingerprint=self._embedder.fingerprint)
        except UserError as error:
            for ready in kept:
                report.results[ready.position] = _failed(ready.path, error)
            return
        for ready, document in zip(kept, stored, strict=True):
            result = _stored(ready, document)
            report.results[ready.position] = result
            if acknowledged is not None:
                acknowledged(result)

    def _prune(self, paths: Sequence[Path], found: set[Path], run: _Run) -> None:
        """Remove documents that were read from these folders and whose files are gone."""
        roots = [path.resolve() for path in paths]
        present = {str(path.resolve()) for path in found}
        for location, document_id in self._library.paths(collection=run.collection).items():
            path = Path(location)
            if (
                location
                and location not in present
                and any(root == path or root in path.parents for root in roots)
            ):
                self.remove(document_id)
                run.report.results.append(
                    Result(location, Outcome.REMOVED, document_id=document_id)
                )


@dataclass(slots=True)
class _Run:
    """What the steps of one run share."""

    collection: str
    manifest: Manifest
    report: Report
    anew: bool
    uploads: Mapping[Path, str]
    seen: dict[str, str] = field(default_factory=dict[str, str])  # key to file name


def _batches(documents: Iterator[_Ready], stopped: Event) -> Iterator[list[_Ready]]:
    """Documents in runs with enough chunks to be embedded together."""
    batch: list[_Ready] = []
    chunks = 0
    for document in documents:
        if stopped.is_set():
            return
        batch.append(document)
        chunks += len(document.chunks)
        if chunks >= EMBED_TOGETHER:
            yield batch
            batch, chunks = [], 0
    if batch:
        yield batch


def find_files(paths: Sequence[Path], manifest: Manifest, report: Report) -> list[Path]:
    """The files to read, folders walked in name order; their manifests are taken in on the way.

    A folder's files that no reader takes are listed in the report as skipped; a file that was
    named is kept, so that its own fault is told. Links to folders are not followed.
    """
    found: dict[Path, None] = {}
    for path in paths:
        root = path if path.is_dir() else path.parent
        for file in _walk(path) if path.is_dir() else [path]:
            if path.is_dir() and file.suffix.lower() not in SUPPORTED:
                report.skipped.append(str(file))
                continue
            for manifest_file in find_manifest(file, root):
                manifest.load(manifest_file)
            found[file] = None
    return list(found)


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name != MANIFEST:
                yield Path(here) / name


def _fingerprint(path: Path) -> tuple[str, int]:
    """The sha256 and the size of a file. Raises UnreadableFile."""
    if path.is_dir():
        raise UnreadableFile(
            "wrong_type", f"{path.name} is a folder.", fix="Name the files in it, or its parent."
        )
    try:
        return file_digest(path), path.stat().st_size
    except OSError as error:
        raise UnreadableFile(
            "unreadable",
            f"{path.name} cannot be opened: {error.strerror or error}.",
            fix="Check that it is a file and that you may read it.",
        ) from error


def _stored(ready: _Ready, document: Document) -> Result:
    return Result(
        path=str(ready.path),
        outcome=Outcome.ADDED if document.version == 1 else Outcome.CHANGED,
        document_id=document.id,
        version=document.version,
        pages=document.pages,
        chunks=document.chunks,
        warnings=ready.incoming.warnings,
    )


def _same(held: Held, sha256: str, row_sha256: str) -> bool:
    return held.sha256 == sha256 and held.row_sha256 == row_sha256


def _unchanged(path: Path, held: Held) -> Result:
    return Result(
        path=str(path),
        outcome=Outcome.UNCHANGED,
        document_id=held.document_id,
        version=held.number,
        pages=held.pages,
        chunks=held.chunks,
        warnings=held.warnings,
    )


def _failed(path: Path, error: UserError) -> Result:
    logger.info("a file could not be ingested: %s", error.code)
    return Result(str(path), Outcome.FAILED, error=(error.code, str(error)))


def _without_text(path: Path, reading: Reading, warnings: tuple[str, ...]) -> Result:
    """The result of a file that was read and holds nothing to answer from."""
    return Result(
        path=str(path),
        outcome=Outcome.FAILED,
        pages=len(reading.pages),
        warnings=warnings,
        error=(
            "no_text",
            f"{path.name} has no text layer on any of its {len(reading.pages)} pages. "
            "If it is a scan, run OCR on it (for example with ocrmypdf) and ingest the result.",
        ),
    )


def _hidden(reading: Reading) -> tuple[dict[str, object], ...]:
    return tuple(
        {"page": item.page, "kind": item.kind.value, "text": item.text} for item in reading.hidden
    )


def _hidden_warnings(reading: Reading) -> list[str]:
    """One line for each kind of hidden text on each page."""
    kinds = dict.fromkeys((item.page, item.kind) for item in reading.hidden)
    return [f"page {page}: {kind.value} was left out" for page, kind in kinds]
