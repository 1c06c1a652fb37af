"""Small fitted models: features in, a probability out.

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


@dataclass(frozen=True, slots=True)
class Boosted:
    """Boosted trees, each a full binary tree: probabilities from features (n, features).

    Node i of a tree asks whether one feature is above a threshold; its children are nodes 2i + 1
    (it is not) and 2i + 2, and after the last level come the leaves, whose values add up.
    """

    start: float
    asked: npt.NDArray[np.int64]  # (trees, nodes), which feature
    thresholds: npt.NDArray[np.float64]  # (trees, nodes)
    leaves: npt.NDArray[np.float64]  # (trees, nodes + 1)

    def probabilities(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The probability for each row."""
        trees, nodes = self.asked.shape
        every = np.arange(trees, dtype=np.int64)
        place = np.zeros((len(features), trees), dtype=np.int64)
        while place[0, 0] < nodes:
            values = np.take_along_axis(features, self.asked[every, place], axis=1)
            place = 2 * place + 1 + (values > self.thresholds[every, place])
        total = self.start + self.leaves[every, place - nodes].sum(axis=1)
        return 1 / (1 + np.exp(-total))


def load_logistic(name: str, features: Sequence[str]) -> Logistic:
    """One of the fitted models. Raises ValueError when it was fitted on other features."""
    held = json.loads(WEIGHTS.read_text(encoding="utf-8"))[name]
    if list(held["weights"]) != list(features):
        raise ValueError(f"weights.json: {name!r} is for other features; run evals.calibrate.")
    return Logistic(tuple(held["weights"].values()), held["intercept"])


def load_boosted(name: str, features: Sequence[str]) -> Boosted:
    """One of the fitted models. Raises ValueError when it was fitted on other features."""
    held = json.loads(WEIGHTS.read_text(encoding="utf-8"))[name]
    if held["features"] != list(features):
        raise ValueError(f"weights.json: {name!r} is for other features; run evals.calibrate.")
    return Boosted(
        held["start"],
        np.array(held["asked"], dtype=np.int64),
        np.array(held["thresholds"], dtype=np.float64),
        np.array(held["leaves"], dtype=np.float64),
    )
