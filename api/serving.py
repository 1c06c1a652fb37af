"""`plumbline serve`: one process that owns the data folder and answers over HTTP."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from corpus.embedding import Embedder
from corpus.errors import ConfigurationError
from corpus.library import Library
from corpus.locking import writer_lock
from corpus.settings import LOOPBACK_HOSTS, Settings, load_settings

GRACE = 10  # seconds that a running request has when the server is told to stop


def serve_forever(*, host: str | None, port: int | None) -> None:
    """Serve until stopped. Raises ConfigurationError when it may not or cannot."""
    chosen = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load_settings().model_copy(update=chosen)
    refuse_open_door(settings)
    import uvicorn

    from api.app import create_app

    with writer_lock(settings.data_dir, doing="plumbline serve"), listening(settings) as listener:
        _check_library(settings)
        token = secrets.token_urlsafe(32)
        address = f"http://{_shown_host(settings.host)}:{listener.getsockname()[1]}"
        with _announced(settings.data_dir, address, token):
            print(f"Plumbline is at {address} (Ctrl+C stops it)", file=sys.stderr, flush=True)
            app = create_app(settings, local_token=token)
            server = uvicorn.Server(
                uvicorn.Config(
                    app,
                    log_level="warning",
                    server_header=False,
                    access_log=False,
                    timeout_graceful_shutdown=GRACE,
                )
            )
            server.run(sockets=[listener])


def refuse_open_door(settings: Settings) -> None:
    """Raise ConfigurationError rather than serve other machines without a key."""
    if settings.host not in LOOPBACK_HOSTS and settings.api_key is None:
        raise ConfigurationError(
            f"Listening on {settings.host!r} would let other machines in without a key.",
            fix="Set PLUMBLINE_API_KEY, or leave PLUMBLINE_HOST at 127.0.0.1.",
        )


def _check_library(settings: Settings) -> None:
    """Raise ConfigurationError now, and not from inside the server, for what an operator mends."""
    library = Library.open(settings.library_url)
    try:
        library.check_embedding(Embedder(settings.embedding_model).fingerprint)
    finally:
        library.close()


@contextmanager
def listening(settings: Settings) -> Generator[socket.socket]:
    """A socket at the host and port of the settings. Raises ConfigurationError when none can be."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
    except OSError as error:
        raise ConfigurationError(
            f"The address {settings.host!r} is not known: {error.strerror or error}.",
            fix="Set PLUMBLINE_HOST (or --host) to an address of this machine.",
        ) from error
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise ConfigurationError(
                f"The port {settings.port} of {settings.host} cannot be used: "
                f"{error.strerror or error}.",
                fix="Stop what uses it, or set PLUMBLINE_PORT (or --port) to another.",
            ) from error
        listener.listen(128)
        yield listener


@contextmanager
def _announced(data_dir: Path, url: str, token: str) -> Generator[None]:
    """Tell the other commands on this machine where the server is while it runs."""
    file = data_dir / "server.json"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump({"url": url, "pid": os.getpid(), "token": token}, out)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _shown_host(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
