"""The embedded judge: a small model trained here, on ONNX Runtime (`make train-judge`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.checks.types import Verdict
from corpus.embedding import shipped_model_folder
from corpus.errors import ConfigurationError

MODEL = Path(__file__).parent / "judge.onnx"
CARD = Path(__file__).parent / "judge.json"
LABELS = (Verdict.SUPPORTS, Verdict.CONFLICTS)  # beside silent, which comes first in the scores
MOST_TOKENS = 160
BATCH = 16

Scores = npt.NDArray[np.float64]  # (clauses, principles, silent | supports | conflicts)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the judge says of texts, as arrays (texts, principles)."""

    likely: npt.NDArray[np.int64]  # 0 silent, 1 supports, 2 conflicts
    confidence: npt.NDArray[np.float64]  # how likely that is, from 0 to 1
    scores: Scores


class EmbeddedJudge:
    """Says of each text what it does to each of the seven principles."""

    def __init__(self, *, threads: int = 0) -> None:
        self._threads = threads
        card = json.loads(CARD.read_text(encoding="utf-8"))
        self._temperature = float(card["temperature"])
        self._moved = np.array([0.0, card["supports"], card["conflicts"]])
        self.least_confidence = float(card["least_confidence"])  # below it a verdict is unsure

    def judge(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Verdicts:
        """Verdicts on texts; `progress` is told how many more are done."""
        scores = self._session.scores(texts, progress)
        likely = scores.argmax(-1)
        moved = scores / self._temperature + self._moved
        shares = np.exp(moved - moved.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        confidence = np.take_along_axis(shares, likely[..., None], -1)[..., 0]
        return Verdicts(likely, confidence, scores)

    @cached_property
    def _session(self) -> _Session:
        if not MODEL.is_file():
            raise ConfigurationError(
                "The judge's model is not there.", fix="Run `make train-judge` (about 35 minutes)."
            )
        return _Session(MODEL, threads=self._threads)


def scores_by_onnx(file: Path, texts: Sequence[str]) -> Scores:
    """The scores of a model file, before calibration."""
    return _Session(file, threads=0).scores(texts)


class _Session:
    """One model file on ONNX Runtime."""

    def __init__(self, file: Path, *, threads: int) -> None:
        from tokenizers import Tokenizer

        onnxruntime: Any = import_module("onnxruntime")  # it has no types
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._run: Any = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        ).run
        self._tokenizer = Tokenizer.from_file(str(shipped_model_folder() / "tokenizer.json"))
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.enable_padding()

    def scores(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Scores:
        """Scores in the order of the texts; those of one length together waste no padding."""
        if not texts:
            return np.zeros((0, 7, 3))
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        found: dict[int, npt.NDArray[np.float64]] = {}
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            encodings = self._tokenizer.encode_batch([texts[index] for index in batch])
            ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
            mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
            [scores] = self._run(None, {"input_ids": ids, "attention_mask": mask})
            found.update(zip(batch, scores.astype(np.float64), strict=True))
            if progress is not None:
                progress(len(batch))
        return np.stack([found[index] for index in range(len(texts))])
