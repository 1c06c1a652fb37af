"""Small models fitted on our own question set: features in, a probability out.

`weights.json` is written by `python -m evals.calibrate`, which says on what and how well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

WEIGHTS = Path(__file__).parent / "weights.json"


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression: probabilities from features (n, features)."""

    weights: tuple[float, ...]
    intercept: float

    def probabilities(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The probability for each row."""
        return 1 / (1 + np.exp(-(features @ np.array(self.weights) + self.intercept)))


def load_logistic(name: str, features: Sequence[str]) -> Logistic:
    """One of the fitted models. Raises ValueError when it was fitted on other features."""
    held = json.loads(WEIGHTS.read_text(encoding="utf-8"))[name]
    if list(held["weights"]) != list(features):
        raise ValueError(f"weights.json: {name!r} is for other features; run evals.calibrate.")
    return Logistic(tuple(held["weights"].values()), held["intercept"])
