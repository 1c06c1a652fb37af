"""Documents of the catalogue in a folder: downloaded when somebody asks, checked, recorded."""

from __future__ import annotations

import csv
import logging
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from corpus.errors import ConfigurationError, UnreadableFile, UserError
from corpus.files import file_digest
from corpus.library import PUBLIC
from corpus.types import Standing
from ingest.catalogue import Source, find_source, load_catalogue
from ingest.details import MANIFEST
from ingest.fetching import DownloadFailed, DownloadLimits, Fetch, Received
from ingest.formats import sniff
from ingest.ingesting import Ingester, Outcome, Report, Result

logger = logging.getLogger(__name__)

RECORDS = "downloads.json"

_FORMATS = {
    "pdf": "a PDF",
    "html": "an HTML page",
    "docx": "a Word document (.docx)",
    "odt": "an OpenDocument text (.odt)",
    "text": "plain text",
}
_COLUMNS: tuple[str, ...] = (
    "path",
    "id",
    "title",
    "publisher",
    "date",
    "standing",
    "url",
    "licence",
    "principles",
)
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})


class Change(StrEnum):
    """What a download found, beside the one before it."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A source's file, in its folder."""

    path: Path
    sha256: str
    bytes: int
    final_url: str  # after redirects
    content_type: str  # as the server said it, without parameters; empty where it did not
    licence: str
    fetched_at: datetime  # when these bytes were first received
    change: Change


class _Record(BaseModel):
    """One entry of downloads.json: where a file of the folder came from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    file: str
    url: str
    final_url: str
    content_type: str
    sha256: str
    bytes: int
    fetched_at: datetime
    licence: str
    url_seen: bool


_RECORDS: TypeAdapter[list[_Record]] = TypeAdapter(list[_Record])


def download(
    source: Source,
    folder: Path,
    *,
    limits: DownloadLimits = DownloadLimits(),
    allow_private: bool | Collection[str] = False,
    progress: Callable[[int, int | None], None] | None = None,
) -> Downloaded:
    """Fetch a source into a folder, as `<id>.<format>`, and record it in downloads.json beside it.

    The same bytes as last time leave the folder as it is. `allow_private` lets addresses be
    reached that are not public: all of them, or those of the hosts it names. `progress` is told
    the bytes received and how many there will be (None: not known).

    Raises DownloadFailed; UserError (storage_full) when the file cannot be stored.
    """
    if not source.url:
        raise DownloadFailed(
            "no_address",
            f"The catalogue has no address for {source.id!r}.",
            fix=f"Look for {source.title!r} by {source.publisher}, save it, and ingest the file.",
        )
    target = folder / f"{source.id}.{source.format}"
    draft = folder / f"{source.id}.{os.getpid()}.draft"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        records = {record.id: record for record in _read_records(folder)}
        received = Fetch(source, draft, limits, allow_private, progress).run()
        _check_format(source, draft, received)
        held = records.get(source.id)
        if held is not None and held.sha256 == received.sha256 and _holds(target, held.sha256):
            return _downloaded(held, folder, Change.SAME)
        draft.replace(target)
        record = _Record(
            id=source.id,
            file=target.name,
            url=source.url,
            final_url=received.final_url,
            content_type=received.content_type,
            sha256=received.sha256,
            bytes=received.bytes,
            fetched_at=datetime.now(UTC).replace(microsecond=0),
            licence=source.licence,
            url_seen=source.url_seen,
        )
        _write_records(folder, {**records, source.id: record}.values())
    except OSError as error:
        raise _not_stored(source.id, folder, error) from error
    finally:
        with suppress(OSError):  # the folder itself may be what could not be made
            draft.unlink(missing_ok=True)
    same = held is not None and held.sha256 == received.sha256
    change = Change.NEW if held is None else Change.SAME if same else Change.CHANGED
    logger.info("source %s: %s, %d bytes", source.id, change, received.bytes)
    return _downloaded(record, folder, change)


def fetch_sources(
    ingester: Ingester,
    sources: Sequence[str],
    folder: Path,
    collection: str = PUBLIC,
    *,
    catalogue: Mapping[str, Source] | None = None,
    limits: DownloadLimits = DownloadLimits(),
    allow_private: bool | Collection[str] = False,
) -> Report:
    """Download the sources with these ids and take them in, with the catalogue's details.

    One that cannot be had is in the report, and the rest go on. Raises NotFound, before anything
    is fetched, for an id that the catalogue lacks.
    """
    known = load_catalogue() if catalogue is None else catalogue
    chosen = [find_source(known, source_id) for source_id in dict.fromkeys(sources)]
    failed = Report()
    paths: list[Path] = []
    for source in chosen:
        try:
            paths.append(download(source, folder, limits=limits, allow_private=allow_private).path)
        except UserError as error:
            logger.info("source %s could not be downloaded: %s", source.id, error.code)
            failed.results.append(
                Result(source.url or source.id, Outcome.FAILED, error=(error.code, str(error)))
            )
    if not paths:
        return failed
    _write_manifest(folder, known)
    report = ingester.ingest(paths, collection=collection)
    report.results.extend(failed.results)
    return report


def _write_manifest(folder: Path, catalogue: Mapping[str, Source]) -> None:
    """The manifest of all that the folder holds from the catalogue."""
    rows = [
        details_row(catalogue[record.id], _downloaded(record, folder, Change.SAME))
        for record in _read_records(folder)
        if record.id in catalogue
    ]
    draft = folder / f"{MANIFEST}.draft"
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer: csv.DictWriter[str] = csv.DictWriter(file, _COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(rows)
        draft.replace(folder / MANIFEST)
    except OSError as error:
        raise _not_stored(MANIFEST, folder, error) from error


def _not_stored(what: str, folder: Path, error: OSError) -> UserError:
    return UserError(
        f"{what} could not be stored in {folder}: {error.strerror or error}.",
        fix="Free some disk space, or check that the folder is writable, and run the same "
        "command again.",
        code="storage_full",
    )


def _read_records(folder: Path) -> list[_Record]:
    try:
        return _RECORDS.validate_json((folder / RECORDS).read_bytes())
    except FileNotFoundError:
        return []
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise ConfigurationError(
            f"{folder / RECORDS} cannot be used: {f'{place}: ' if place else ''}{fault['msg']}.",
            fix="Delete it; the sources in it are recorded anew when they are downloaded again.",
        ) from error


def _write_records(folder: Path, records: Iterable[_Record]) -> None:
    ordered = sorted(records, key=lambda record: record.id)
    draft = folder / f"{RECORDS}.draft"
    draft.write_bytes(_RECORDS.dump_json(ordered, indent=2) + b"\n")
    draft.replace(folder / RECORDS)


def _downloaded(record: _Record, folder: Path, change: Change) -> Downloaded:
    return Downloaded(
        path=folder / record.file,
        sha256=record.sha256,
        bytes=record.bytes,
        final_url=record.final_url,
        content_type=record.content_type,
        licence=record.licence,
        fetched_at=record.fetched_at,
        change=change,
    )


def _holds(path: Path, sha256: str) -> bool:
    return path.is_file() and file_digest(path) == sha256


def _check_format(source: Source, draft: Path, received: Received) -> None:
    """Raises DownloadFailed unless the bytes are what the catalogue says that they are.

    The bytes decide. Only where an HTML page begins with nothing that shows it to be one does
    the content type.
    """
    with draft.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise DownloadFailed(
            "empty",
            f"{received.final_url} is empty.",
            fix="Open it in a browser, save the document, and ingest the file.",
        )
    try:
        found = sniff(draft, source.format)
        if found == "html" and received.content_type not in _HTML_TYPES:
            found = sniff(draft, "text")
    except UnreadableFile as error:
        raise _wrong_type(
            source, received, error.problem.removeprefix(f"{draft.name}: ")
        ) from error
    if found == "pdf" and b"%PDF-" not in head:
        raise _wrong_type(source, received, "its content is not that of a PDF.")
    if found != source.format:
        raise _wrong_type(source, received, f"it is {_FORMATS.get(found, found)}.")


def _wrong_type(source: Source, received: Received, found: str) -> DownloadFailed:
    stated = f" (content type {received.content_type})" if received.content_type else ""
    return DownloadFailed(
        "wrong_type",
        f"{received.final_url} should be {_FORMATS[source.format]} by the catalogue, but "
        f"{found.rstrip('.')}{stated}.",
        fix=f"Open it in a browser, save {source.title!r} itself, and ingest the file; or correct "
        f"{source.id!r} in sources.toml.",
    )


def details_row(source: Source, downloaded: Downloaded) -> dict[str, str]:
    """The source's line in a manifest (see details.py); a column that nothing is known of is left
    out.

    The address is the catalogue's: where a redirect leads may change, and a changed line makes
    the document a changed one.
    """
    row = {
        "path": downloaded.path.name,
        "id": source.id,
        "title": source.title,
        "publisher": source.publisher,
        "date": str(source.year or ""),
        "standing": Standing.STATUTE.value if _is_act(source) else "",
        "url": source.url,
        "licence": source.licence,
        "principles": "; ".join(str(number) for number in source.principles),
    }
    return {column: value for column, value in row.items() if value}


def _is_act(source: Source) -> bool:
    """Whether the description says that it is an Act; many that name one are about it."""
    return (
        re.match(r"(?:An?|The|This|Text of the|Text of an) Act\b", source.description) is not None
    )
