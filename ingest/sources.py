"""The catalogue of public documents, and downloading from it: an id in, a checked file out.

Nothing is fetched unless somebody asks for it. What is fetched comes from strangers, so every
address on the way is checked before it is connected to, and the connection is made to the very
address that was checked: a name that leads elsewhere when it is looked up again gains nothing.
Proxies of the environment are not used, because they would look names up themselves.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import ipaddress
import logging
import os
import re
import socket
import ssl
import time
import tomllib
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, cast

import httpcore
import httpx
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from corpus.errors import ConfigurationError, NotFound, UnreadableFile, UserError
from corpus.files import file_digest
from corpus.library import PUBLIC
from corpus.types import Standing
from ingest.details import MANIFEST
from ingest.formats import sniff
from ingest.ingesting import Ingester, Outcome, Report, Result

logger = logging.getLogger(__name__)

CATALOGUE = Path(__file__).resolve().parent.parent / "corpus" / "sources.toml"
RECORDS = "downloads.json"
USER_AGENT = "Plumbline/0.1"

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
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE = 65_536  # bytes that a compressed body is unpacked to at a time


# -- the catalogue ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """One document of the catalogue: where it is, and not the document itself."""

    id: str
    title: str
    publisher: str
    format: Literal["pdf", "html", "docx", "odt"]
    licence: str
    description: str
    year: int | None = None
    url: str = ""  # empty where no address is known
    url_seen: bool = False  # whether somebody saw the address together with text from the page
    principles: tuple[int, ...] = ()


class _SourceTable(BaseModel):
    """A `[[source]]` as the file has it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)  # also a file name
    title: str = Field(min_length=1)
    publisher: str = Field(min_length=1)
    year: int | None = Field(default=None, ge=1800, le=2100)
    url: str = ""
    url_seen: bool = False
    format: Literal["pdf", "html", "docx", "odt"]
    licence: str = Field(min_length=1)
    principles: list[int] = Field(default_factory=list[int])
    description: str = Field(min_length=1)


def load_catalogue(path: Path = CATALOGUE) -> dict[str, Source]:
    """The sources by id, in the file's order.

    Raises ConfigurationError that lists every fault of the file.
    """
    try:
        held: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _catalogue_fault(path, [f"it cannot be read ({error})"]) from error
    tables = held.pop("source", [])
    faults = [f"unknown table {name!r}" for name in held]
    catalogue: dict[str, Source] = {}
    if not isinstance(tables, list):
        raise _catalogue_fault(path, [*faults, "'source' is not a list of [[source]] tables"])
    for number, table in enumerate(cast("list[object]", tables), start=1):
        given = cast("dict[str, object]", table) if isinstance(table, dict) else {}
        name = repr(given["id"]) if "id" in given else f"number {number}"
        try:
            source = Source(**_fields(_SourceTable.model_validate(table)))  # type: ignore[arg-type]
            wrong = _wrong_with(source, catalogue)
        except ValidationError as error:
            wrong = [
                f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
                for fault in error.errors()
            ]
        else:
            catalogue.setdefault(source.id, source)
        faults += [f"source {name}: {problem}" for problem in wrong]
    if faults:
        raise _catalogue_fault(path, faults)
    return catalogue


def find_source(catalogue: Mapping[str, Source], source_id: str) -> Source:
    """The source with this id. Raises NotFound, which names the nearest ids."""
    source = catalogue.get(source_id)
    if source is None:
        near = difflib.get_close_matches(source_id, catalogue, n=3)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        raise NotFound(
            f"The catalogue has no source {source_id!r}.",
            fix=f"{meant}`plumbline sources` lists all that there are.",
        )
    return source


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


def _fields(table: _SourceTable) -> dict[str, object]:
    """Line breaks within a value are spaces: the manifest has one line a document."""
    values: dict[str, object] = table.model_dump()
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = " ".join(value.split())
    return {**values, "principles": tuple(table.principles)}


def _wrong_with(source: Source, catalogue: Mapping[str, Source]) -> list[str]:
    wrong: list[str] = []
    if source.id in catalogue:
        wrong.append("another source has this id")
    if source.url and (fault := _wrong_address(source.url)):
        wrong.append(f"url: {fault}")
    if source.url_seen and not source.url:
        wrong.append("url_seen is true and there is no url")
    if any(number < 1 for number in source.principles):
        wrong.append("principles: they are counted from 1")
    if len(set(source.principles)) < len(source.principles):
        wrong.append("principles: one is there twice")
    return wrong


def _catalogue_fault(path: Path, faults: Sequence[str]) -> ConfigurationError:
    return ConfigurationError(
        f"{path.name}: {'; '.join(faults)}.", fix=f"Correct {path} and run the command again."
    )


# -- downloading ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """How much one download may ask of this machine, and of the one that it asks."""

    most_bytes: int = 100_000_000  # of the body, as sent and unpacked
    seconds: float = 120.0  # for all of it: redirects, tries and the waits between them
    connect_seconds: float = 10.0
    read_seconds: float = 20.0  # without a byte
    tries: int = 3
    back_off: float = 1.0  # seconds before the second try; doubled before each one after
    longest_wait: float = 30.0  # seconds; a server that asks for more is not asked again
    redirects: int = 5


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


class DownloadFailed(UnreadableFile):
    """A source that could not be downloaded. `code` names the kind for programs.

    Codes: no_address, refused_address, too_large, too_slow, http_NNN (the server's status),
    wrong_type, empty, truncated, unreachable.
    """


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
        received = _Fetch(source, draft, limits, allow_private, progress).run()
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


def _check_format(source: Source, draft: Path, received: _Received) -> None:
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


def _wrong_type(source: Source, received: _Received, found: str) -> DownloadFailed:
    stated = f" (content type {received.content_type})" if received.content_type else ""
    return DownloadFailed(
        "wrong_type",
        f"{received.final_url} should be {_FORMATS[source.format]} by the catalogue, but "
        f"{found.rstrip('.')}{stated}.",
        fix=f"Open it in a browser, save {source.title!r} itself, and ingest the file; or correct "
        f"{source.id!r} in sources.toml.",
    )


# -- one download -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Received:
    """A body that lies in the draft."""

    final_url: str
    content_type: str
    sha256: str
    bytes: int


class _Passing(Exception):
    """A failure that may be gone at the next try."""

    def __init__(self, failure: DownloadFailed, *, wait: float | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.wait = wait  # seconds that the server asked for


class _Clock:
    """The time that is left for a whole download."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds; 0 when the time is over."""
        return max(0.0, self._end - time.monotonic())

    def cut(self, timeout: float | None) -> float:
        """A timeout in seconds, no longer than what is left. Raises httpcore.ReadTimeout."""
        left = self.left()
        if not left:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(left, timeout)


class _Fetch:
    """Fetches one source into its draft."""

    def __init__(
        self,
        source: Source,
        draft: Path,
        limits: DownloadLimits,
        allow_private: bool | Collection[str],
        progress: Callable[[int, int | None], None] | None,
    ) -> None:
        self._source = source
        self._draft = draft
        self._limits = limits
        self._allow_private = allow_private
        self._progress = progress
        self._clock = _Clock(limits.seconds)
        self._trusted = _trusted_certificates()

    def run(self) -> _Received:
        """Try until it works, the tries are used up or the time is over."""
        tried = 0
        while True:
            try:
                return self._follow()
            except _Passing as passing:
                tried += 1
                wait = passing.wait
                if wait is None:
                    wait = self._limits.back_off * 2 ** (tried - 1)
                elif wait > self._limits.longest_wait:
                    raise passing.failure from passing
                if tried == self._limits.tries or wait >= self._clock.left():
                    raise passing.failure from passing
                time.sleep(wait)

    def _follow(self) -> _Received:
        """From the catalogue's address through its redirects to the body."""
        address = self._source.url
        for _ in range(self._limits.redirects + 1):
            reached = self._hop(address)
            if isinstance(reached, _Received):
                return reached
            if address.lower().startswith("https:") and not reached.lower().startswith("https:"):
                raise DownloadFailed(
                    "refused_address",
                    f"{address} leads to {reached}, from an encrypted address to an open one.",
                    fix=self._by_hand(),
                )
            address = reached
        raise self._failed(
            "unreachable",
            f"{self._source.url} leads on to more than {self._limits.redirects} other addresses.",
        )

    def _hop(self, address: str) -> _Received | str:
        """The body at an address, or the address that it leads to."""
        if fault := _wrong_address(address):
            raise DownloadFailed("refused_address", f"{address}: {fault}.", fix=self._by_hand())
        url = httpx.URL(address).copy_with(fragment=None)
        addresses = self._addresses(url)
        limits = self._limits
        asked = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip"}
        timeouts = {
            "connect": limits.connect_seconds,
            "read": limits.read_seconds,
            "write": limits.read_seconds,
        }
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=self._trusted,
                    network_backend=_CheckedAddresses(addresses, self._clock),
                ) as pool,
                pool.stream(
                    "GET",
                    asked,
                    headers={"Host": url.netloc.decode("ascii"), **headers},
                    extensions={"timeout": timeouts},
                ) as response,
            ):
                if response.status in _REDIRECTS and (location := _header(response, b"location")):
                    return self._joined(url, location)
                if response.status != 200:
                    raise self._refused(str(url), response)
                return self._receive(str(url), response)
        except httpcore.TimeoutException as error:
            raise self._late(str(url), error) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            if any(isinstance(part, ssl.SSLError) for part in error.args):
                raise self._failed(
                    "unreachable", f"{url.host} could not prove who it is ({error})."
                ) from error
            raise _Passing(
                self._failed("unreachable", f"{url} does not answer: {error or type(error)}.")
            ) from error

    def _addresses(self, url: httpx.URL) -> list[str]:
        """The addresses of this machine's peer, all of them checked. Raises DownloadFailed."""
        host = url.raw_host.decode("ascii")
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            failure = self._failed("unreachable", f"The host {host!r} is not known ({error}).")
            if error.errno == socket.EAI_AGAIN:
                raise _Passing(failure) from error
            raise failure from error
        except UnicodeError as error:
            raise self._failed("unreachable", f"{host!r} cannot be a host's name.") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if self._allow_private is True or (
            self._allow_private is not False and host in self._allow_private
        ):
            return addresses
        for address in addresses:
            if not is_public(address):
                shown = host if host == address else f"{host} ({address})"
                raise DownloadFailed(
                    "refused_address",
                    f"{url} is at {shown}, which is not a public address.",
                    fix=self._by_hand(),
                )
        return addresses

    def _receive(self, url: str, response: httpcore.Response) -> _Received:
        """Write the body to the draft, counting what is sent and what it unpacks to."""
        most = self._limits.most_bytes
        stated = _header(response, b"content-length")
        total = int(stated) if stated.isascii() and stated.isdigit() else None
        encoding = _header(response, b"content-encoding").lower() or "identity"
        if total is not None and total > most:
            raise self._too_large(url, f"has {total:,} bytes")
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise self._failed("wrong_type", f"{url} came in the encoding {encoding!r}.")
        digest, count = hashlib.sha256(), 0
        try:
            with self._draft.open("wb") as out:
                sent = self._counted(url, response.iter_stream(), total)
                for piece in sent if encoding == "identity" else _unpacked(sent):
                    count += len(piece)
                    if count > most:
                        raise self._too_large(url, "goes on after that")
                    digest.update(piece)
                    out.write(piece)
        except (httpcore.RemoteProtocolError, httpcore.ReadError, zlib.error) as error:
            raise _Passing(
                self._failed("truncated", f"{url} broke off after {count:,} bytes.")
            ) from error
        return _Received(
            final_url=url,
            content_type=_header(response, b"content-type").partition(";")[0].strip().lower(),
            sha256=digest.hexdigest(),
            bytes=count,
        )

    def _counted(self, url: str, stream: Iterable[bytes], total: int | None) -> Iterator[bytes]:
        sent = 0
        for piece in stream:
            sent += len(piece)
            if sent > self._limits.most_bytes:
                raise self._too_large(url, "goes on after that")
            if self._progress is not None:
                self._progress(sent, total)
            yield piece

    def _joined(self, url: httpx.URL, location: str) -> str:
        try:
            return str(url.join(location))
        except httpx.InvalidURL as error:
            raise self._failed(
                "unreachable", f"{url} leads to {location!r}, which is not an address."
            ) from error

    def _refused(self, url: str, response: httpcore.Response) -> DownloadFailed | _Passing:
        """The error for a status that brings no document."""
        code = f"http_{response.status}"
        failure = self._failed(code, f"{url} answers with status {response.status}.")
        if response.status != 429 and response.status < 500:
            return failure
        wait = _seconds_asked(_header(response, b"retry-after"))
        if wait is not None and wait > self._limits.longest_wait:
            failure = DownloadFailed(
                code,
                failure.problem,
                fix=f"It asks not to be asked again for {wait:.0f} seconds; wait that long.",
            )
        return _Passing(failure, wait=wait)

    def _late(self, url: str, error: Exception) -> DownloadFailed | _Passing:
        limits = self._limits
        if not self._clock.left():
            return self._failed(
                "too_slow", f"{url} was not received within {limits.seconds:g} seconds."
            )
        if isinstance(error, httpcore.ConnectTimeout):
            return _Passing(self._failed("unreachable", f"{url} does not answer."))
        return _Passing(
            self._failed("too_slow", f"{url} sent nothing for {limits.read_seconds:g} seconds.")
        )

    def _too_large(self, url: str, how: str) -> DownloadFailed:
        most = self._limits.most_bytes
        return DownloadFailed(
            "too_large",
            f"{url} {how}; the most that is downloaded is {most:,} bytes.",
            fix=self._by_hand(),
        )

    def _failed(self, code: str, problem: str) -> DownloadFailed:
        unseen = (
            ""
            if self._source.url_seen
            else "The catalogue's address for it was never checked, so it may be wrong. "
        )
        return DownloadFailed(
            code, problem, fix=f"{unseen}Try again later, or {self._by_hand(first='l')}"
        )

    def _by_hand(self, *, first: str = "L") -> str:
        source = self._source
        return (
            f"{first}ook for {source.title!r} by {source.publisher}, save it, and ingest the file."
        )


class _CheckedAddresses(httpcore.NetworkBackend):
    """Connects to addresses that have been checked, whatever the host is called.

    The request keeps the name: it is what the certificate is compared with.
    """

    def __init__(self, addresses: Sequence[str], clock: _Clock) -> None:
        self._addresses = addresses
        self._clock = clock
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - looked up before
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that answers."""
        failure: Exception = httpcore.ConnectError("it has no address")
        for address in self._addresses:
            try:
                stream = self._real.connect_tcp(
                    address, port, self._clock.cut(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._clock)
        raise failure


class _TimedStream(httpcore.NetworkStream):
    """A connection that ends with the clock: a server that sends a byte now and then, be it of a
    header, would never run into a timeout of its own."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.cut(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.cut(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        encrypted = self._stream.start_tls(ssl_context, server_hostname, self._clock.cut(timeout))
        return _TimedStream(encrypted, self._clock)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _trusted_certificates() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigurationError(
            f"The trusted certificates cannot be loaded: {error.strerror or error}.",
            fix="Correct or unset SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from error


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet, as its numbers say it.

    IPv6 addresses with an IPv4 address inside (mapped, 6to4, Teredo) are not: what they reach is
    for another machine to decide.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and (
        ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip.is_site_local
    ):
        return False
    return ip.is_global and not (
        ip.is_multicast
        or ip.is_reserved
        or ip.is_private
        or ip.is_loopback
        or ip.is_link_local
        or ip.is_unspecified
    )


def _wrong_address(address: str) -> str | None:
    """What is wrong with an address, before anybody is asked; None when nothing is."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        return f"it is not an address ({error})"
    if url.scheme not in ("http", "https"):
        return "it does not begin with http:// or https://"
    if not url.raw_host:
        return "it names no host"
    if url.userinfo:
        return "it holds a user name or a password"
    return None


def _header(response: httpcore.Response, name: bytes) -> str:
    """The value of the first header of this name (lower case); empty when there is none."""
    for held, value in response.headers:
        if held.lower() == name:
            return value.decode("latin-1").strip()
    return ""


def _seconds_asked(retry_after: str) -> float | None:
    """A Retry-After header's seconds, or those until its date; None when it says neither."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _unpacked(stream: Iterable[bytes]) -> Iterator[bytes]:
    """What a gzip stream holds, in pieces of bounded size however far it expands.

    Raises zlib.error when it is damaged or ends early.
    """
    unpacker = zlib.decompressobj(wbits=31)
    begun = False
    for sent in stream:
        left = sent
        while left:
            if unpacker.eof:  # a gzip stream may be several in a row
                unpacker = zlib.decompressobj(wbits=31)
            begun = True
            yield unpacker.decompress(left, _PIECE)
            left = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    yield unpacker.flush()
    if begun and not unpacker.eof:
        raise zlib.error("the stream ends early")
