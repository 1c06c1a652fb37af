"""All that one data folder holds, opened together: library, originals, model and indexes."""

from __future__ import annotations

import threading
from pathlib import Path

from corpus.chroma import ChromaIndex
from corpus.embedding import Embedder
from corpus.files import FileStore
from corpus.lexical import LexicalIndex
from corpus.library import Library
from corpus.settings import Settings
from corpus.vectors import VectorMatrix


class Store:
    """The library and everything derived from it, for one process.

    Opening is cheap: the model, the matrix and Chroma are loaded when first used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.data_dir: Path = settings.data_dir
        self.library = Library.open(settings.library_url)
        self.files = FileStore(self.data_dir / "files")
        self.embedder = Embedder(
            settings.embedding_model,
            precision=settings.embedding_precision,
            threads=settings.threads,
        )
        self.lexical = LexicalIndex(self.data_dir / "lexical")
        self.matrix = VectorMatrix()
        self.chroma = ChromaIndex(self.data_dir / "chroma", url=settings.chroma_url)
        self.generation = -1  # of the library, that the matrix and the lexical index hold
        self._catching_up = threading.Lock()

    def catch_up(self) -> None:
        """Bring the lexical index and the matrix to the library's state; quick when they are."""
        generation = self.library.generation()
        if generation == self.generation:
            return
        # One thread brings them up; the lexical index takes one writer only.
        with self._catching_up:
            if generation > self.generation:
                self.lexical.catch_up(self.library)
                self.matrix.catch_up(self.library)
                self.generation = generation

    def close(self) -> None:
        """Let go of the database and of Chroma."""
        self.chroma.close()
        self.library.close()
