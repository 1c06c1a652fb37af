"""Two runs over the same cases: how far apart they are, and whether that can be chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.runs.measures import Kind, Numbers, Sample, draws_of, kind_of, less_is_better

SWAPS = 4000
SWAPS_SORTED = 400
# 1.96 for a two-sided level of 5% and 0.84 for a power of 80%: the usual pair.
_SPREADS = 1.96 + 0.84


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure in two runs, over the cases that both have."""

    measure: str
    before: float
    after: float
    cases: int
    changed: int  # cases whose own numbers differ
    low: float  # of the 95% interval of after - before
    high: float
    chance: float  # how often so large a difference comes of swapping the runs case by case
    detectable: float  # the smallest difference that this set would show, 4 times in 5

    @property
    def difference(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def probability_real(self) -> float:
        """How sure one can be that the runs differ at all: what is left of chance."""
        return 1 - self.chance

    @property
    def worse(self) -> bool:
        """Whether the later run is on the wrong side of the earlier."""
        return self.difference > 0 if less_is_better(self.measure) else self.difference < 0


def compare(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[Comparison]:
    """Each measure that both have, over the cases whose wording is the same in both."""
    first, second = _by_case(before), _by_case(after)
    both = [
        case
        for case in second
        if case in first and first[case]["case_sha"] == second[case]["case_sha"]
    ]
    names = dict.fromkeys(name for case in both for name in second[case]["scores"])
    found: list[Comparison] = []
    for name in names:
        cases = [
            case
            for case in both
            if name in first[case]["scores"] and name in second[case]["scores"]
        ]
        if not cases:
            continue
        groups = [str(second[case]["group"]) for case in cases]
        pair = (
            Sample(kind_of(name), [first[case]["scores"][name] for case in cases], groups),
            Sample(kind_of(name), [second[case]["scores"][name] for case in cases], groups),
        )
        found.append(_compared(name, *pair))
    return found


def detectable_alone(sample: Sample) -> float:
    """The smallest difference from another run that a set of this size would show.

    For two runs that have nothing in common; a paired comparison usually shows smaller ones.
    """
    if not len(sample.rows):
        return 1.0
    spread = float(np.std(sample.values(draws_of(sample))))
    if sample.kind is Kind.RATIO:
        # All or none right shows no spread; two more of each kind show what there may be.
        n = sample.n() + 4
        share = (sample.value() * sample.n() + 2) / n
        if 0 < share < 1:
            spread = max(spread, math.sqrt(share * (1 - share) / n))
    return max(_SPREADS * math.sqrt(2) * spread, _least(sample))


def _compared(name: str, before: Sample, after: Sample) -> Comparison:
    was, now = before.value(), after.value()
    changed = int((before.rows != after.rows).any(axis=1).sum())
    if not changed:
        return Comparison(name, was, now, len(after.rows), 0, 0.0, 0.0, 1.0, _least(after))
    weights = draws_of(after)
    differences = after.values(weights) - before.values(weights)
    low, high = np.percentile(differences, [2.5, 97.5])
    return Comparison(
        name,
        was,
        now,
        len(after.rows),
        changed,
        float(low),
        float(high),
        _chance(before, after, now - was),
        max(_SPREADS * float(np.std(differences)), _least(after)),
    )


def _chance(before: Sample, after: Sample, difference: float) -> float:
    """Share of random swaps of the runs, group by group, that differ at least as much.

    A paired randomisation test: two-sided, and never exactly 0.
    Source: Smucker, Allan and Carterette, "A Comparison of Statistical Significance Tests for
    Information Retrieval Evaluation", CIKM 2007.
    """
    sorting = after.kind in (Kind.MEDIAN, Kind.AREA)
    size = SWAPS_SORTED if sorting else SWAPS
    kept: Numbers = np.random.default_rng(1).integers(0, 2, size=(size, after.groups)).astype(float)
    joined = Sample(
        after.kind,
        np.concatenate([after.rows, before.rows]).tolist(),
        [f"a{group}" for group in after.group_of] + [f"b{group}" for group in before.group_of],
    )
    swapped = 1 - kept
    differences = joined.values(np.hstack([kept, swapped])) - joined.values(
        np.hstack([swapped, kept])
    )
    as_large = np.abs(differences) >= abs(difference) - 1e-12
    return float((1 + as_large.sum()) / (1 + size))


def _least(sample: Sample) -> float:
    """What one case can change."""
    return 1 / max(1, sample.n())


def _by_case(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, Any]]:
    return {(str(row["id"]), int(row.get("epoch", 1))): row for row in rows}
