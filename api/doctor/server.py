"""Who may reach the server, whether one runs, and who is writing."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.client import SERVER_FILE, ServerAddress, running_server
from api.doctor.check import Check, State, guarded
from api.serving import listening, refuse_open_door
from corpus.errors import UserError
from corpus.settings import Settings


def open_door(settings: Settings) -> Check:
    refuse_open_door(settings)
    key = "a key is asked for" if settings.api_key else "no key, this machine only"
    return Check("open door", State.OK, f"{settings.host}: {key}")


def writing_lock(folder: Path) -> Check:
    holder = writer_of(folder)
    return Check("lock", State.OK, f"held by {holder}" if holder else "free")


def writer_of(folder: Path) -> str | None:
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


def server_checks(settings: Settings) -> Iterator[Check]:
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
    yield guarded("port", lambda: _port(settings, server))


def _port(settings: Settings, server: ServerAddress | None) -> Check:
    """Whether `plumbline serve` could listen, or does."""
    name, shown = "port", f"{settings.host}, port {settings.port}"
    if server is not None and server.url.endswith(f":{settings.port}"):
        return Check(name, State.OK, f"{shown}: held by Plumbline, process {server.pid}")
    if settings.port == 0:
        return Check(name, State.OK, f"{settings.host}: a free port is picked at each start")
    with listening(settings):
        return Check(name, State.OK, f"{shown}: free")
