"""What the tests share: the shipped model, loaded once, and a fresh data folder."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from corpus.embedding import Embedder
from corpus.settings import Settings
from corpus.store import Store

# Several test processes share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The shipped model on one thread; loaded by the first test that embeds."""
    return Embedder(threads=1)


@pytest.fixture
def store(tmp_path: Path, embedder: Embedder) -> Generator[Store]:
    """An empty library with its indexes in a folder of its own."""
    store = Store(Settings(data_dir=tmp_path / "data", threads=1))
    store.embedder = embedder
    yield store
    store.close()
