"""An optional second look at the best passages by a cross-encoder, which reads both texts at once.

`PLUMBLINE_RERANKER_MODEL` names any sentence-transformers CrossEncoder that this machine can reach.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from corpus.embedding import load_cross_encoder
from corpus.settings import Settings
from corpus.types import Passage

LOOKED_AT = 40  # passages; those after them keep their order
SHARE = 0.7  # of the new score; the fused score keeps the rest


class Reranker:
    """One cross-encoder, loaded at the first question."""

    def __init__(self, model: str, *, threads: int = 0) -> None:
        self._name = model
        self._threads = threads
        self._model: Any = None
        self._loading = threading.Lock()

    def rerank(self, question: str, passages: Sequence[Passage]) -> list[Passage]:
        """The passages with their scores mixed with the cross-encoder's, best first."""
        looked_at, rest = list(passages[:LOOKED_AT]), list(passages[LOOKED_AT:])
        if not looked_at:
            return rest
        pairs = [(question, f"{held.details.title}. {held.chunk.text}") for held in looked_at]
        raw = np.asarray(self._loaded().predict(pairs, show_progress_bar=False), dtype=np.float64)
        if raw.ndim == 2:  # two classes: the second is "relevant"
            raw = raw[:, -1]
        width = float(raw.max() - raw.min())
        scaled = (raw - raw.min()) / width if width > 0 else np.zeros_like(raw)
        mixed = [
            replace(held, score=SHARE * float(new) + (1 - SHARE) * held.score)
            for held, new in zip(looked_at, scaled, strict=True)
        ]
        mixed.sort(key=lambda held: (-held.score, held.chunk.id))
        least = mixed[-1].score
        return mixed + [replace(held, score=min(held.score, least)) for held in rest]

    def _loaded(self) -> Any:
        with self._loading:
            if self._model is None:
                self._model = load_cross_encoder(self._name, threads=self._threads)
            return self._model


def open_reranker(settings: Settings) -> Reranker | None:
    """The reranker of the settings; None when they name none."""
    if not settings.reranker_model:
        return None
    return Reranker(settings.reranker_model, threads=settings.threads)
