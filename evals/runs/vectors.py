"""The vectors of texts that scoring compares, kept with the run: scoring again needs no model."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from corpus.embedding import Embedder, Vector
from corpus.errors import ConfigurationError

FILE = "vectors.npz"


class RememberedEmbedder(Embedder):
    """Embeds each text once for a run; `asking` it for a new one can be forbidden."""

    def __init__(self, folder: Path, *, threads: int = 0, asking: bool = True) -> None:
        super().__init__(threads=threads)
        self._file = folder / FILE
        self._asking = asking
        self._held: dict[str, Vector] = {}
        self._more = False
        if self._file.is_file():
            with np.load(self._file) as kept:
                self._held = dict(zip(kept["names"].tolist(), kept["vectors"], strict=True))

    def embed_query(self, text: str) -> Vector:
        """The unit vector (dimensions,) of a text. Raises ConfigurationError if it may not ask."""
        name = hashlib.sha256(text.encode()).hexdigest()[:24]
        if name not in self._held:
            if not self._asking:
                raise ConfigurationError(
                    f"This run never compared the text {text[:80]!r}, and scoring again asks no "
                    "model.",
                    fix="Its cases have changed since: run the suite anew with `plumbline eval "
                    "run`.",
                )
            self._held[name] = super().embed_query(text)
            self._more = True
        return self._held[name]

    def keep(self) -> None:
        """Write what is new to the run's folder."""
        if self._more:
            np.savez(
                self._file,
                names=np.array(list(self._held)),
                vectors=np.stack([*self._held.values()]),
            )
            self._more = False
