"""Folds for cross-validation: what belongs together is fitted on or measured on together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FOLDS = 5


def folds_of(groups: Sequence[str], seed: int) -> npt.NDArray[np.int64]:
    """The fold of each row, from 0: those of one conversation together, drawn by the seed."""
    names = sorted(set(groups))
    np.random.default_rng(seed).shuffle(names)
    fold = {name: place % FOLDS for place, name in enumerate(names)}
    return np.array([fold[group] for group in groups], dtype=np.int64)
