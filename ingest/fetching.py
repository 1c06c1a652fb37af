"""One download from the web: an address in, a file of bounded size out.

What is fetched comes from strangers, so every address on the way is checked before it is
connected to, and the connection is made to the very address that was checked: a name that leads
elsewhere when it is looked up again gains nothing. Proxies of the environment are not used,
because they would look names up themselves.
"""

from __future__ import annotations

import hashlib
import logging
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpcore
import httpx

from corpus.errors import ConfigurationError, UnreadableFile
from ingest.addresses import is_public, wrong_address
from ingest.catalogue import Source

logger = logging.getLogger(__name__)

USER_AGENT = "Plumbline/0.1"

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE = 65_536  # bytes that a compressed body is unpacked to at a time


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


class DownloadFailed(UnreadableFile):
    """A source that could not be downloaded. `code` names the kind for programs.

    Codes: no_address, refused_address, too_large, too_slow, http_NNN (the server's status),
    wrong_type, empty, truncated, unreachable.
    """


@dataclass(frozen=True, slots=True)
class Received:
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


class Fetch:
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

    def run(self) -> Received:
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

    def _follow(self) -> Received:
        """From the catalogue's address through its redirects to the body."""
        address = self._source.url
        for _ in range(self._limits.redirects + 1):
            reached = self._hop(address)
            if isinstance(reached, Received):
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

    def _hop(self, address: str) -> Received | str:
        """The body at an address, or the address that it leads to."""
        if fault := wrong_address(address):
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

    def _receive(self, url: str, response: httpcore.Response) -> Received:
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
        return Received(
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
