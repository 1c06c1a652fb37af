"""How far a measured figure can be trusted: 95% intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value over n cases with its 95% interval."""

    value: float
    n: int
    low: float
    high: float


def rate(hits: int, n: int) -> Figure:
    """A share of n with Wilson's interval; 0 of 0 is 0 with the widest interval.

    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    if n == 0:
        return Figure(0.0, 0, 0.0, 1.0)
    share = hits / n
    spread = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    middle = share + _Z**2 / (2 * n)
    width = 1 + _Z**2 / n
    return Figure(
        share, n, max(0.0, (middle - spread) / width), min(1.0, (middle + spread) / width)
    )


def mean(values: Sequence[float], *, groups: Sequence[str] | None = None) -> Figure:
    """A mean with a percentile bootstrap interval, resampling whole groups where they are given.

    Turns of one conversation are not independent: group them. Always the same resamples.
    """
    if not values:
        return Figure(0.0, 0, 0.0, 0.0)
    labels = list(groups) if groups is not None else [str(index) for index in range(len(values))]
    by_group: dict[str, list[float]] = {}
    for label, value in zip(labels, values, strict=True):
        by_group.setdefault(label, []).append(value)
    sums = np.array([sum(members) for members in by_group.values()])
    counts = np.array([len(members) for members in by_group.values()])
    draws = np.random.default_rng(0).integers(0, len(sums), size=(RESAMPLES, len(sums)))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Figure(float(np.mean(values)), len(values), float(low), float(high))


def median(values: Sequence[float]) -> Figure:
    """A median with a percentile bootstrap interval."""
    if not values:
        return Figure(0.0, 0, 0.0, 0.0)
    array = np.array(values)
    draws = np.random.default_rng(0).integers(0, len(array), size=(RESAMPLES, len(array)))
    low, high = np.percentile(np.median(array[draws], axis=1), [2.5, 97.5])
    return Figure(float(np.median(array)), len(values), float(low), float(high))
