"""What stands before every route: whose request it is, where it comes from, and how large it is.

A browser on this machine will carry requests for any page that it shows. So a server bound to
loopback answers to loopback names only (a name that is rebound to 127.0.0.1 gets nothing), and a
request that changes something is refused when another site's page sends it.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import time
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import Problem, internal_problem, problem_response
from corpus.settings import LOOPBACK_HOSTS, Settings

logger = logging.getLogger(__name__)

JSON_BYTES = 1_000_000
COOKIE = "plumbline_session"
TOKEN_HEADER = "X-Plumbline-Token"
# The addresses that take files.
UPLOADS = re.compile(r"/v1/documents|/v1/checks|/documents|/check|/checks/[0-9a-f]{32}/compare")

# Open to all: they tell nothing of the library.
_OPEN = ("/healthz", "/readyz", "/metrics", "/sign-in", "/static/", "/docs", "/openapi.json")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# What is sent past the limit is thrown away so long, so that the caller hears why: a connection
# closed on a caller who is still sending looks like a fault of the network.
_DRAIN_BYTES = 300_000_000
_DRAIN_SECONDS = 10.0


class Guard:
    """Wraps the whole application; also the last to see an error that nobody expected."""

    def __init__(
        self, app: ASGIApp, *, settings: Settings, local_token: str | None, metrics: Metrics
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._loopback = settings.host in LOOPBACK_HOSTS
        self._key = settings.api_key.get_secret_value() if settings.api_key else None
        self._local_token = local_token
        self._upload_bytes = settings.max_upload_mb * 1_000_000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        sending = _Sending(send)
        body = _Body(receive, limit=self._limit(scope))
        try:
            refusal = self._refusal(scope, body)
            if refusal is not None:
                await body.drain()
                await refusal(scope, receive, sending)
            else:
                await self._app(scope, body.receive, body.draining(sending))
        except Exception:
            logger.exception("an unexpected error")
            if sending.status:
                raise  # half an answer is out: only closing the connection can say so
            response = problem_response(internal_problem(), scope["path"])
            await response(scope, receive, sending)
        finally:
            self._metrics.count_request(
                scope["method"],
                _route(scope),
                sending.status or 499,  # 499: the caller had gone
                time.perf_counter() - started,
            )

    def _limit(self, scope: Scope) -> int:
        return self._upload_bytes if UPLOADS.fullmatch(scope["path"]) else JSON_BYTES

    def _refusal(self, scope: Scope, body: _Body) -> Response | None:
        """The response to a request that goes no further."""
        headers = Headers(scope=scope)
        problem = (
            self._wrong_host(headers)
            or _foreign_page(scope["method"], headers)
            or body.too_large(headers)
        )
        if problem is None and not self._may_enter(scope, headers):
            path = scope["path"]
            if not path.startswith("/v1/") and "text/html" in headers.get("accept", ""):
                return RedirectResponse("/sign-in", 303)
            problem = Problem(
                401,
                "This server asks for a key, and the one sent is missing or wrong.",
                fix="Send `Authorization: Bearer KEY`; whoever runs the server has the key.",
                code="unauthorised",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return problem_response(problem, scope["path"]) if problem else None

    def _wrong_host(self, headers: Headers) -> Problem | None:
        if not self._loopback or _host_name(headers.get("host", "")) in LOOPBACK_HOSTS:
            return None
        return Problem(
            421,
            "This server answers to 127.0.0.1 and localhost only.",
            fix="Open it under one of these names, or set PLUMBLINE_HOST and PLUMBLINE_API_KEY to "
            "serve other machines.",
            code="wrong_host",
        )

    def _may_enter(self, scope: Scope, headers: Headers) -> bool:
        path = scope["path"]
        if self._key is None or path.startswith(_OPEN):
            return True
        sent = headers.get("authorization", "")
        scheme, _, credentials = sent.partition(" ")
        if scheme.lower() == "bearer" and same_secret(credentials.strip(), self._key):
            return True
        if self._local_token and same_secret(headers.get(TOKEN_HEADER, ""), self._local_token):
            return True
        return same_secret(_cookie(headers.get("cookie", "")), session_of(self._key))


def same_secret(sent: str, held: str) -> bool:
    """Whether they are the same, in a time that does not tell how much of it was right.

    `sent` comes from a header, whose bytes arrive as Latin-1.
    """
    return hmac.compare_digest(sent.encode("latin-1", "replace"), held.encode())


def session_of(key: str) -> str:
    """What a browser keeps after signing in: it proves the key and does not give it away."""
    return hmac.new(key.encode(), b"plumbline page", "sha256").hexdigest()


class _Body:
    """A request's body, counted as it comes."""

    def __init__(self, receive: Receive, *, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0
        self._over = False
        self._ended = False

    def too_large(self, headers: Headers) -> Problem | None:
        """The refusal of a body that says itself that it is too large."""
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:15]) > self._limit:
            self._over = True
            return self._problem()
        return None

    async def receive(self) -> Message:
        """The next part. Raises Problem (413) past the limit."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._ended = not message.get("more_body", False)
            if self._seen > self._limit:
                self._over = True
                raise self._problem()
        return message

    def draining(self, send: Send) -> Send:
        """`send` that lets a caller of too much finish before the refusal goes out."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self.drain()
            await send(message)

        return sending

    async def drain(self) -> None:
        """Throw away what else comes, when it is too much, for a while."""
        if not self._over or self._ended:
            return
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self._ended and self._seen < _DRAIN_BYTES:
                    message = await self._receive()
                    if message["type"] != "http.request":
                        return
                    self._seen += len(message.get("body", b""))
                    self._ended = not message.get("more_body", False)
        except TimeoutError:
            return  # it has had its chance to listen

    def _problem(self) -> Problem:
        return Problem(
            413,
            f"The body is larger than {self._limit / 1_000_000:g} MB.",
            fix="Send less at a time; PLUMBLINE_MAX_UPLOAD_MB sets the limit for documents.",
            code="too_large",
        )


class _Sending:
    """Adds the headers that every response has, and remembers the status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _foreign_page(method: str, headers: Headers) -> Problem | None:
    """The refusal of a request that a page of another site makes a browser send."""
    if method in _SAFE:
        return None
    origin = headers.get("origin")
    foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    if origin is not None:
        try:
            foreign = foreign or urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
        except ValueError:
            foreign = True
    if not foreign:
        return None
    return Problem(
        403,
        "A page of another site may not send this.",
        fix="Send it from this server's own page, or from a program without an Origin header.",
        code="foreign_origin",
    )


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _route(scope: Scope) -> str:
    """The route's pattern; what matched none is one route, whatever was asked for."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", "")) or "none"
