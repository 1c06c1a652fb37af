"""The catalogue of public documents, and downloading from a server that may mean harm."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from corpus.embedding import Embedder
from corpus.errors import ConfigurationError, NotFound, UserError
from corpus.files import FileStore
from corpus.library import Library
from corpus.types import Standing
from ingest.addresses import is_public
from ingest.catalogue import Source, load_catalogue
from ingest.details import Manifest, details_for
from ingest.fetching import DownloadFailed, DownloadLimits
from ingest.ingesting import Ingester, Outcome
from ingest.reading import Reading
from ingest.sources import Change, Downloaded, details_row, download, fetch_sources

PAGE = b"<!doctype html><html><head><title>Pilots</title></head><body>%s</body></html>"
REPORT = PAGE % b"<h1>Pilots</h1><p>The pilot in Leeds housed forty people in its first year.</p>"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
QUICK = DownloadLimits(back_off=0.01)

# -- a server whose answers the tests write ---------------------------------------------------


class Request(BaseHTTPRequestHandler):
    """One request, given to the answer that the test has set for its path."""

    def do_GET(self) -> None:
        site = cast("Server", self.server)
        site.asked.append(self.path)
        site.headers.append(dict(self.headers))
        site.answers[self.path](self)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: pytest's output is for pytest."""

    def send(self, body: bytes, *, status: int = 200, **headers: str) -> None:
        """A whole response."""
        self.begin(status, Content_Length=str(len(body)), **headers)
        self.wfile.write(body)

    def begin(self, status: int = 200, **headers: str) -> None:
        """Everything before the body; `Content_Type` is sent as `Content-Type`."""
        self.send_response(status)
        for name, value in {"Content_Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


Answer = Callable[[Request], None]


class Server(ThreadingHTTPServer):
    """What was asked of it, and what it answers, by path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.scheme = "http"

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.server_port}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients here hang up on what they refuse."""


@contextmanager
def running(server: Server) -> Generator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server() -> Generator[Server]:
    with running(Server()) as server:
        yield server


def sends(body: bytes, **headers: str) -> Answer:
    return lambda request: request.send(body, status=200, **headers)


def fails(status: int, **headers: str) -> Answer:
    return lambda request: request.send(b"no", status=status, **headers)


def leads_to(address: str, *, status: int = 302) -> Answer:
    return lambda request: request.send(b"", status=status, Location=address)


def in_turn(*answers: Answer) -> Answer:
    """The first answer to the first request, and so on; the last one for good."""
    left = list(answers)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0])(request)


def source(url: str, **values: object) -> Source:
    facts = {
        "id": "pilots-2024",
        "title": "Pilots",
        "publisher": "Leeds",
        "format": "html",
        "licence": "Open Government Licence v3.0",
        "description": "What the pilots did.",
        "url_seen": True,
    }
    return Source(**{**facts, **values, "url": url})  # type: ignore[arg-type]


def fetch(
    wanted: Source, folder: Path, *, limits: DownloadLimits = QUICK, private: bool | set[str] = True
) -> Downloaded:
    return download(wanted, folder, limits=limits, allow_private=private)


def failure(wanted: Source, folder: Path, **options: object) -> DownloadFailed:
    """The error that a download ends with; nothing may be left of it."""
    with pytest.raises(DownloadFailed) as caught:
        fetch(wanted, folder, **options)  # type: ignore[arg-type]
    assert not folder.exists() or not list(folder.iterdir())
    return caught.value


# -- what is kept -----------------------------------------------------------------------------


def test_a_download_is_kept_whole_with_where_it_came_from(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = sends(REPORT)
    wanted = source(server.url("/report"))

    got = fetch(wanted, tmp_path)

    assert got.path == tmp_path / "pilots-2024.html"
    assert got.path.read_bytes() == REPORT
    assert got.sha256 == hashlib.sha256(REPORT).hexdigest()
    assert (got.bytes, got.final_url) == (len(REPORT), wanted.url)
    assert (got.content_type, got.licence) == ("text/html", wanted.licence)
    assert abs(got.fetched_at - datetime.now(UTC)) < timedelta(seconds=30)
    assert got.change is Change.NEW
    assert [file.name for file in sorted(tmp_path.iterdir())] == [
        "downloads.json",
        "pilots-2024.html",
    ]
    assert json.loads((tmp_path / "downloads.json").read_bytes()) == [
        {
            "id": "pilots-2024",
            "file": "pilots-2024.html",
            "url": wanted.url,
            "final_url": wanted.url,
            "content_type": "text/html",
            "sha256": got.sha256,
            "bytes": len(REPORT),
            "fetched_at": got.fetched_at.isoformat().replace("+00:00", "Z"),
            "licence": wanted.licence,
            "url_seen": True,
        }
    ]


def test_the_server_is_told_who_asks(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = sends(REPORT)
    fetch(source(server.url("/report")), tmp_path)
    assert server.headers[0]["User-Agent"] == "Plumbline/0.1"
    assert server.headers[0]["Host"] == f"127.0.0.1:{server.server_port}"


def test_the_same_bytes_again_change_nothing(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = sends(REPORT)
    wanted = source(server.url("/report"))
    first = fetch(wanted, tmp_path)
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}

    again = fetch(wanted, tmp_path)

    assert again == replace(first, change=Change.SAME)
    assert {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == before


def test_other_bytes_replace_the_file_and_are_said_to(server: Server, tmp_path: Path) -> None:
    newer = PAGE % b"<p>Fifty people.</p>"
    server.answers["/report"] = in_turn(sends(REPORT), sends(newer))
    wanted = source(server.url("/report"))
    fetch(wanted, tmp_path)

    got = fetch(wanted, tmp_path)

    assert got.change is Change.CHANGED
    assert got.path.read_bytes() == newer
    [record] = json.loads((tmp_path / "downloads.json").read_bytes())
    assert record["sha256"] == hashlib.sha256(newer).hexdigest()


def test_a_file_that_was_altered_here_is_put_right(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = sends(REPORT)
    wanted = source(server.url("/report"))
    fetch(wanted, tmp_path).path.write_bytes(b"altered")
    assert fetch(wanted, tmp_path).path.read_bytes() == REPORT


def test_records_of_other_sources_stay(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = sends(REPORT)
    fetch(source(server.url("/report"), id="b"), tmp_path)
    fetch(source(server.url("/report"), id="a"), tmp_path)
    records = json.loads((tmp_path / "downloads.json").read_bytes())
    assert [record["id"] for record in records] == ["a", "b"]


def test_a_damaged_record_file_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "downloads.json").write_text('[{"id": 4}]')
    server.answers["/report"] = sends(REPORT)
    with pytest.raises(ConfigurationError, match=r"downloads\.json cannot be used: 0\.id"):
        fetch(source(server.url("/report")), tmp_path)


def test_a_folder_that_cannot_be_written_is_said(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = sends(REPORT)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="could not be stored") as caught:
        fetch(source(server.url("/report")), tmp_path / "file" / "sources")
    assert caught.value.code == "storage_full"


def test_progress_counts_the_bytes_received(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = sends(REPORT)
    told: list[tuple[int, int | None]] = []
    download(
        source(server.url("/report")),
        tmp_path,
        allow_private=True,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (len(REPORT), len(REPORT))


def test_a_source_without_an_address_says_what_to_look_for(tmp_path: Path) -> None:
    error = failure(source("", url_seen=False), tmp_path)
    assert error.code == "no_address"
    assert "'Pilots' by Leeds" in error.fix


# -- redirects --------------------------------------------------------------------------------


def test_redirects_are_followed_and_where_they_end_is_recorded(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/old"] = leads_to("/older?page=2", status=301)
    server.answers["/older?page=2"] = leads_to(server.url("/report"), status=308)
    server.answers["/report"] = sends(REPORT)
    got = fetch(source(server.url("/old")), tmp_path)
    assert got.final_url == server.url("/report")


def test_a_redirect_loop_ends(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = leads_to("/b")
    server.answers["/b"] = leads_to("/a")
    error = failure(source(server.url("/a")), tmp_path)
    assert error.code == "unreachable"
    assert "more than 5" in error.problem
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0:{port}/secret",
        "http://someone:word@127.0.0.1:{port}/secret",
        "file:///etc/passwd",
        "ftp://127.0.0.1/secret",
    ],
)
def test_a_redirect_to_an_address_that_is_not_public_is_refused(
    server: Server, tmp_path: Path, address: str
) -> None:
    server.answers["/open"] = leads_to(address.format(port=server.server_port))
    server.answers["/secret"] = sends(REPORT)
    error = failure(source(server.url("/open")), tmp_path, private={"127.0.0.1"})
    assert error.code == "refused_address"
    assert server.asked == ["/open"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
    ],
)
def test_a_host_that_is_not_public_is_refused_unasked(
    server: Server, tmp_path: Path, host: str
) -> None:
    server.answers["/report"] = sends(REPORT)
    error = failure(source(server.url("/report", host=host)), tmp_path, private=False)
    assert error.code == "refused_address"
    assert server.asked == []


def test_private_addresses_are_refused_unless_allowed(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="not a public address"):
        download(source(server.url("/report")), tmp_path)


@pytest.mark.parametrize(
    "address",
    """10.0.0.1 172.16.0.1 192.168.1.1 127.0.0.1 0.0.0.0 100.64.0.1 169.254.1.1 192.0.2.1
    224.0.0.1 240.0.0.1 255.255.255.255 ::1 :: fe80::1 fe80::1%lo fc00::1 fec0::1 ff02::1
    2001:db8::1 ::ffff:8.8.8.8 2002:7f00:1:: 2001:0:7f00:1:: 64:ff9b::7f00:1""".split(),
)
def test_these_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "151.101.1.1", "2a00:1450:4009::200e"])
def test_these_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_the_connection_is_made_to_the_address_that_was_checked(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere when it is looked up a second time gains nothing."""
    server.answers["/report"] = sends(REPORT)
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, *args: object, **options: object) -> object:
        looked_up.append(host)
        here = host if looked_up.count("rebinds.example") != 1 else "127.0.0.1"
        return real(here, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    fetch(source(server.url("/report", host="rebinds.example")), tmp_path)

    assert looked_up.count("rebinds.example") == 1
    assert server.headers[0]["Host"] == f"rebinds.example:{server.server_port}"


# -- encrypted addresses ----------------------------------------------------------------------


@pytest.fixture
def encrypted(tmp_path: Path) -> Generator[Server]:
    """A server for https://localhost whose certificate lies in tmp_path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "certificate.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = Server()
    server.scheme = "https"
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server):
        yield server


def test_the_certificate_is_compared_with_the_name_and_not_the_number(
    encrypted: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    encrypted.answers["/report"] = sends(REPORT)

    fetch(source(encrypted.url("/report", host="localhost")), tmp_path / "named")
    error = failure(source(encrypted.url("/report")), tmp_path / "numbered")

    assert (error.code, len(encrypted.asked)) == ("unreachable", 1)
    assert "could not prove who it is" in error.problem


def test_a_certificate_that_nobody_vouches_for_is_refused(
    encrypted: Server, tmp_path: Path
) -> None:
    error = failure(source(encrypted.url("/report", host="localhost")), tmp_path / "sources")
    assert error.code == "unreachable"
    assert encrypted.asked == []


def test_a_redirect_from_an_encrypted_address_to_an_open_one_is_refused(
    encrypted: Server, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    encrypted.answers["/report"] = leads_to(server.url("/report"))
    server.answers["/report"] = sends(REPORT)
    error = failure(source(encrypted.url("/report", host="localhost")), tmp_path / "sources")
    assert error.code == "refused_address"
    assert "from an encrypted address to an open one" in error.problem
    assert server.asked == []


def test_a_wrong_certificate_setting_is_named(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        fetch(source(server.url("/report")), tmp_path)


# -- statuses and tries -----------------------------------------------------------------------


def test_a_page_that_is_gone_is_not_asked_for_again(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = fails(404)
    error = failure(source(server.url("/report")), tmp_path)
    assert (error.code, len(server.asked)) == ("http_404", 1)
    assert "never checked" not in error.fix


def test_an_address_that_nobody_has_seen_is_said_to_be_so(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = fails(404)
    error = failure(source(server.url("/report"), url_seen=False), tmp_path)
    assert "never checked" in error.fix


def test_a_busy_server_is_asked_again_after_the_time_it_names(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/report"] = in_turn(fails(429, Retry_After="1"), sends(REPORT))
    started = time.monotonic()
    fetch(source(server.url("/report")), tmp_path)
    assert time.monotonic() - started >= 1.0
    assert len(server.asked) == 2


def test_a_server_that_names_a_long_wait_is_left_alone(server: Server, tmp_path: Path) -> None:
    tomorrow = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    for stated in ("3600", tomorrow):
        server.asked.clear()
        server.answers["/report"] = fails(429, Retry_After=stated)
        error = failure(source(server.url("/report")), tmp_path)
        assert (error.code, len(server.asked)) == ("http_429", 1)
        assert "not to be asked again" in error.fix


def test_a_server_with_a_fault_is_tried_three_times(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = fails(503)
    error = failure(source(server.url("/report")), tmp_path)
    assert (error.code, len(server.asked)) == ("http_503", 3)


def test_a_fault_that_passes_does_no_harm(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = in_turn(fails(500), fails(502), sends(REPORT))
    assert fetch(source(server.url("/report")), tmp_path).path.read_bytes() == REPORT


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = failure(source(f"http://127.0.0.1:{closed.getsockname()[1]}/"), tmp_path)
    assert error.code == "unreachable"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "..", "a" * 64 + ".example"])
def test_a_host_that_nobody_knows_is_unreachable(tmp_path: Path, host: str) -> None:
    assert failure(source(f"http://{host}/"), tmp_path).code == "unreachable"


def test_a_server_that_speaks_something_else_is_unreachable(server: Server, tmp_path: Path) -> None:
    def greets(request: Request) -> None:
        request.wfile.write(b"220 smtp.example ready\r\n")

    server.answers["/report"] = greets
    assert failure(source(server.url("/report")), tmp_path).code == "unreachable"


# -- bodies that are too much -----------------------------------------------------------------


def drips(request: Request) -> None:
    """A byte of the body every twentieth of a second, for ever."""
    request.begin()
    while True:
        request.wfile.write(b"<")
        time.sleep(0.05)


def drips_headers(request: Request) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        request.wfile.write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [drips, drips_headers])
def test_a_slow_answer_ends_with_the_time_for_the_whole(
    server: Server, tmp_path: Path, answer: Answer
) -> None:
    server.answers["/report"] = answer
    started = time.monotonic()
    error = failure(source(server.url("/report")), tmp_path, limits=replace(QUICK, seconds=0.5))
    assert (error.code, len(server.asked)) == ("too_slow", 1)
    assert "within 0.5 seconds" in error.problem
    assert time.monotonic() - started < 3


def test_a_silent_server_is_tried_again_and_then_given_up(server: Server, tmp_path: Path) -> None:
    over = threading.Event()

    def says_nothing(_: Request) -> None:
        over.wait(5)

    server.answers["/report"] = says_nothing
    limits = replace(QUICK, read_seconds=0.2)
    error = failure(source(server.url("/report")), tmp_path, limits=limits)
    over.set()
    assert (error.code, len(server.asked)) == ("too_slow", 3)


def test_an_endless_body_ends_at_the_limit(server: Server, tmp_path: Path) -> None:
    def endless(request: Request) -> None:
        request.begin()
        while True:
            request.wfile.write(b"<p>more</p>" * 1000)

    server.answers["/report"] = endless
    limits = replace(QUICK, most_bytes=200_000)
    error = failure(source(server.url("/report")), tmp_path, limits=limits)
    assert (error.code, len(server.asked)) == ("too_large", 1)
    assert "200,000 bytes" in error.problem


def test_a_body_that_says_that_it_is_too_large_is_not_received(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/report"] = lambda request: request.begin(Content_Length="3000000000")
    error = failure(source(server.url("/report")), tmp_path)
    assert error.code == "too_large"
    assert "has 3,000,000,000 bytes" in error.problem


def test_a_body_that_breaks_off_is_tried_again(server: Server, tmp_path: Path) -> None:
    def breaks_off(request: Request) -> None:
        request.begin(Content_Length=str(len(REPORT)))
        request.wfile.write(REPORT[:20])
        request.close_connection = True

    server.answers["/report"] = breaks_off
    error = failure(source(server.url("/report")), tmp_path)
    assert (error.code, len(server.asked)) == ("truncated", 3)
    server.answers["/report"] = in_turn(breaks_off, sends(REPORT))
    assert fetch(source(server.url("/report")), tmp_path).path.read_bytes() == REPORT


# -- compressed bodies ------------------------------------------------------------------------


def test_a_compressed_body_is_kept_unpacked(server: Server, tmp_path: Path) -> None:
    long = PAGE % (b"<p>The pilot housed forty people.</p>" * 20_000)
    server.answers["/report"] = sends(gzip.compress(long), Content_Encoding="gzip")
    assert fetch(source(server.url("/report")), tmp_path).path.read_bytes() == long


def test_a_compressed_body_in_several_parts_is_read_whole(server: Server, tmp_path: Path) -> None:
    body = gzip.compress(REPORT[:50]) + gzip.compress(REPORT[50:])
    server.answers["/report"] = sends(body, Content_Encoding="gzip")
    assert fetch(source(server.url("/report")), tmp_path).path.read_bytes() == REPORT


def test_a_body_that_unpacks_to_too_much_ends_at_the_limit(server: Server, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 100_000
    server.answers["/report"] = sends(bomb, Content_Encoding="gzip")
    limits = replace(QUICK, most_bytes=1_000_000)
    assert failure(source(server.url("/report")), tmp_path, limits=limits).code == "too_large"


@pytest.mark.parametrize("body", [gzip.compress(REPORT)[:-12], b"not gzip at all"])
def test_a_damaged_compressed_body_is_refused(server: Server, tmp_path: Path, body: bytes) -> None:
    server.answers["/report"] = sends(body, Content_Encoding="gzip")
    assert failure(source(server.url("/report")), tmp_path).code == "truncated"


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip"])
def test_an_encoding_that_was_not_asked_for_is_refused(
    server: Server, tmp_path: Path, encoding: str
) -> None:
    server.answers["/report"] = sends(REPORT, Content_Encoding=encoding)
    assert failure(source(server.url("/report")), tmp_path).code == "wrong_type"


# -- what came is what the catalogue says -----------------------------------------------------


def test_a_page_in_place_of_a_pdf_is_refused(server: Server, tmp_path: Path) -> None:
    server.answers["/report.pdf"] = sends(REPORT, Content_Type="application/pdf")
    error = failure(source(server.url("/report.pdf"), format="pdf"), tmp_path)
    assert error.code == "wrong_type"
    assert "should be a PDF by the catalogue, but it is an HTML page" in error.problem


def test_a_pdf_is_known_by_its_bytes_whatever_the_server_calls_it(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/get.php"] = sends(PDF, Content_Type="text/html")
    got = fetch(source(server.url("/get.php"), format="pdf"), tmp_path)
    assert got.path.name == "pilots-2024.pdf"


@pytest.mark.parametrize(
    ("body", "content_type", "found"),
    [
        (PDF, "text/html", "a PDF"),
        (b'{"error": "no"}', "application/json", "plain text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "text/html", "a PNG picture"),
    ],
)
def test_what_is_not_a_page_is_refused_in_its_place(
    server: Server, tmp_path: Path, body: bytes, content_type: str, found: str
) -> None:
    server.answers["/report"] = sends(body, Content_Type=content_type)
    error = failure(source(server.url("/report")), tmp_path)
    assert error.code == "wrong_type"
    assert found in error.problem
    assert ".draft" not in str(error)


def test_a_page_without_a_beginning_is_known_by_its_content_type(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/report"] = sends(b"<p>Forty people were housed.</p>")
    assert fetch(source(server.url("/report")), tmp_path).path.suffix == ".html"


def test_bytes_that_are_no_pdf_are_refused(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = sends(bytes(range(256)), Content_Type="application/pdf")
    error = failure(source(server.url("/report"), format="pdf"), tmp_path)
    assert error.code == "wrong_type"


def test_an_empty_body_is_refused(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = sends(b"")
    assert failure(source(server.url("/report")), tmp_path).code == "empty"


# -- details and taking in --------------------------------------------------------------------


def test_the_details_of_a_source_are_a_line_of_a_manifest(server: Server, tmp_path: Path) -> None:
    server.answers["/report"] = sends(REPORT)
    wanted = source(server.url("/report"), year=2024, principles=(4, 6))
    row = details_row(wanted, fetch(wanted, tmp_path))
    assert row == {
        "path": "pilots-2024.html",
        "id": "pilots-2024",
        "title": "Pilots",
        "publisher": "Leeds",
        "date": "2024",
        "url": wanted.url,
        "licence": "Open Government Licence v3.0",
        "principles": "4; 6",
    }
    details, warnings = details_for(tmp_path / row["path"], row, Reading(pages=()))
    assert (details.principles, warnings) == (((4, "about"), (6, "about")), [])


@pytest.mark.parametrize(
    ("description", "standing"),
    [
        ("An Act of Parliament that makes councils prevent homelessness.", Standing.STATUTE),
        ("The Act that made Police Scotland.", Standing.STATUTE),
        ("The story of how the Health and Social Care Act 2012 was passed.", None),
        ("Actions that councils took.", None),
    ],
)
def test_only_what_is_called_an_act_is_a_statute(
    server: Server, tmp_path: Path, description: str, standing: Standing | None
) -> None:
    server.answers["/report"] = sends(REPORT)
    wanted = source(server.url("/report"), description=description)
    assert details_row(wanted, fetch(wanted, tmp_path)).get("standing") == standing


@pytest.mark.slow
def test_sources_go_into_the_library_with_their_details_and_the_rest_are_told(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/report"] = sends(REPORT)
    server.answers["/gone"] = fails(404)
    catalogue = {
        "pilots-2024": source(server.url("/report"), year=2024, title="Pilots, in full"),
        "gone": source(server.url("/gone"), id="gone"),
    }
    library = Library.open(f"sqlite:///{tmp_path / 'library.sqlite3'}")
    ingester = Ingester(library, FileStore(tmp_path / "files"), Embedder(threads=1))

    def take_in() -> list[tuple[Outcome, str]]:
        report = fetch_sources(
            ingester,
            ["gone", "pilots-2024"],
            tmp_path / "sources",
            catalogue=catalogue,
            limits=QUICK,
            allow_private=True,
        )
        return [(r.outcome, r.error[0] if r.error else "") for r in report.results]

    try:
        assert take_in() == [(Outcome.ADDED, ""), (Outcome.FAILED, "http_404")]
        assert take_in() == [(Outcome.UNCHANGED, ""), (Outcome.FAILED, "http_404")]
        document = library.document("pilots-2024")
        assert document.details.title == "Pilots, in full"
        assert document.details.licence == "Open Government Licence v3.0"
        with pytest.raises(NotFound, match="Did you mean pilots-2024"):
            fetch_sources(ingester, ["pilots-2023"], tmp_path / "sources", catalogue=catalogue)
    finally:
        library.close()


# -- the catalogue ----------------------------------------------------------------------------

ENTRY = """
[[source]]
id = "pilots-2024"
title = "Pilots"
publisher = "Leeds"
year = 2024
url = "https://example.org/pilots"
url_seen = true
format = "html"
licence = "not confirmed"
principles = [4, 6]
description = "What the pilots did."
"""


def test_the_shipped_catalogue_is_whole(tmp_path: Path) -> None:
    catalogue = load_catalogue()
    assert len(catalogue) >= 80
    assert all(key == held.id for key, held in catalogue.items())
    manifest = tmp_path / "manifest.csv"
    for held in catalogue.values():
        got = Downloaded(tmp_path / held.id, "", 0, "", "", "", datetime.now(UTC), Change.NEW)
        row = details_row(held, got)
        manifest.write_text(
            ",".join(row) + "\n" + ",".join(f'"{value}"' for value in row.values()) + "\n"
        )
        Manifest().load(manifest)


def test_an_entry_is_read_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(ENTRY)
    assert load_catalogue(file) == {
        "pilots-2024": Source(
            id="pilots-2024",
            title="Pilots",
            publisher="Leeds",
            format="html",
            licence="not confirmed",
            description="What the pilots did.",
            year=2024,
            url="https://example.org/pilots",
            url_seen=True,
            principles=(4, 6),
        )
    }


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ('title = "Pilots"', "", "source 'pilots-2024': title: Field required"),
        ("year = 2024", "yaer = 2024", "source 'pilots-2024': yaer: Extra inputs"),
        ("year = 2024", "year = 24", "source 'pilots-2024': year: "),
        ("year = 2024", 'year = "2024"', "source 'pilots-2024': year: "),
        ('format = "html"', 'format = "mp3"', "source 'pilots-2024': format: "),
        ("https://example", "ftp://example", "url: it does not begin with http"),
        ("https://example", "https://me:word@example", "url: it holds a user name"),
        ("[4, 6]", "[0]", "principles: they are counted from 1"),
        ("[4, 6]", "[4, 4]", "principles: one is there twice"),
        ('url = "https://example.org/pilots"', "", "url_seen is true and there is no url"),
        ('id = "pilots-2024"', 'id = "../pilots"', "source '../pilots': id: "),
        ('id = "pilots-2024"', "", "source number 1: id: Field required"),
        ("[[source]]", "[[sources]]", "unknown table 'sources'"),
        ("[[source]]", "[source]", "not a list of"),
        ("[4, 6]", "[4, 6", "it cannot be read"),
    ],
)
def test_a_fault_of_the_catalogue_is_named_with_its_source(
    tmp_path: Path, line: str, instead: str, said: str
) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(ENTRY.replace(line, instead))
    with pytest.raises(ConfigurationError) as caught:
        load_catalogue(file)
    assert caught.value.problem.startswith("sources.toml: ")
    assert said in caught.value.problem


def test_every_fault_of_the_catalogue_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(ENTRY + ENTRY + ENTRY.replace("pilots-2024", "b").replace("html", "mp3"))
    with pytest.raises(ConfigurationError) as caught:
        load_catalogue(file)
    assert "source 'pilots-2024': another source has this id" in caught.value.problem
    assert "source 'b': format: " in caught.value.problem


def test_a_catalogue_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_catalogue(tmp_path / "sources.toml")
