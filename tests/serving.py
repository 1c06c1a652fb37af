"""A small real library, served by the real application, for the tests of the interface."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi.testclient import TestClient

from api.app import create_app
from corpus.settings import Settings
from corpus.store import Store
from ingest.ingesting import Ingester

TOKEN = "the-token-of-this-machine"

WIGAN = """---
title: The Wigan Deal
publisher: Plumbline
date: 2019-03-01
standing: brief
sectors: [local-government]
---
# The Wigan Deal

## What happened

Wigan Council saved £115 million between 2011 and 2017. Healthy life expectancy rose by seven
years in the borough's poorest wards.

## What is disputed

The council's own figures have not been checked independently.
"""
FINLAND = """---
title: Housing First in Finland
publisher: Y-Foundation
date: 2021-05-20
standing: evaluation
---
# Housing First in Finland

The number of people sleeping rough in Helsinki fell by 72 per cent after 2008. A tenancy of
their own came first, and support followed. <script>alert("from a document")</script>

| Year | People without a home |
| --- | --- |
| 2008 | 8,260 |
| 2020 | 4,341 |
"""


def settings_for(folder: Path, **more: Any) -> Settings:
    """Settings for a data folder, whatever the environment says."""
    return Settings(data_dir=folder / "data", threads=1, **more)


def make_library(folder: Path) -> None:
    """Ingest the two documents above."""
    documents = folder / "documents"
    documents.mkdir()
    (documents / "wigan.md").write_text(WIGAN, encoding="utf-8")
    (documents / "finland.md").write_text(FINLAND, encoding="utf-8")
    store = Store(settings_for(folder))
    try:
        report = Ingester(store.library, store.files, store.embedder).ingest([documents])
        assert [result.error for result in report.results] == [None, None]
    finally:
        store.close()


@contextmanager
def client_of(settings: Settings) -> Generator[TestClient]:
    """A client of an application that has started and is ready."""
    app = create_app(settings, local_token=TOKEN)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        deadline = time.monotonic() + 60
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline, "the server did not get ready"
            time.sleep(0.05)
        yield client


@contextmanager
def running(settings: Settings, *, port: int = 0) -> Generator[str]:
    """The address of a real server, on a free port when none is given."""
    app = create_app(settings, local_token=TOKEN)
    config = uvicorn.Config(
        app, port=port, log_level="error", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def events_in(text: str) -> list[str]:
    """The names of the server-sent events in a response, in order."""
    return [line[7:] for line in text.splitlines() if line.startswith("event: ")]
