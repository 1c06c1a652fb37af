"""What a figure is made of: rows of numbers, one a case, and how they become one value.

Every measure but two is a function of sums over cases, so that one weighted sum gives its value
for thousands of resamples at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from evals.intervals import Figure, rate

RESAMPLES = 2000
RESAMPLES_SORTED = 400  # of measures that must be sorted again for each
LESS_IS_BETTER = frozenset({"refused_wrong", "crashed", "sentences", "latency_ms", "ece"})
BINS = 10  # of confidence
WORDS = {  # for those who read a report
    "point_recall": "facts that an answer should give, and gives",
    "figure_accuracy": "the same, of facts with a figure in them",
    "refused_right": "questions to refuse that are refused",
    "refused_wrong": "answerable questions that are refused",
    "completeness_right": "answers that say rightly whether they are whole",
    "citation_precision": "citations that support their sentence",
    "citation_recall": "sentences that a citation supports",
    "quotes_verified": "quotations found again, word for word, on their page",
    "sentences": "sentences an answer",
    "latency_ms": "time a case, median",
    "crashed": "cases that failed with an error",
    "mean_f1": "clauses labelled as people do, mean F1 over labels",
    "supports.f1": "the same, of supports",
    "conflicts.f1": "the same, of conflicts",
    "accuracy": "principles judged rightly, the silent ones too",
    "ece": "how far confidence is from the share that is right",
    "held": "pairs of wordings judged as they must be",
    "same-party": "pairs that differ by a party's name and are judged alike",
    "same-wording": "pairs that mean the same and are judged alike",
    "flip": "pairs of opposites that are judged as opposites",
    "withstood": "attacks that came to nothing",
    "auroc": "does the probability tell answerable questions from others",
}

Numbers = npt.NDArray[np.float64]


class Kind(StrEnum):
    """How the numbers of the cases become one value."""

    RATIO = "ratio"  # (hits, of how many)
    F1 = "f1"  # (hits, said, true) for each label; the mean over labels
    CALIBRATION = "calibration"  # (n, confidence, right) for each bin of confidence
    MEDIAN = "median"  # (value,)
    AREA = "area"  # (probability, truth): the area under the ROC curve


def kind_of(measure: str) -> Kind:
    """The kind of a measure by its name, which is the same in every set."""
    last = measure.rsplit(".", 1)[-1]
    if last.endswith("f1"):
        return Kind.F1
    return {"ece": Kind.CALIBRATION, "latency_ms": Kind.MEDIAN, "auroc": Kind.AREA}.get(
        last, Kind.RATIO
    )


def less_is_better(measure: str) -> bool:
    """Whether a smaller value of the measure is the better one."""
    return measure.rsplit(".", 1)[-1] in LESS_IS_BETTER


def in_words(measure: str) -> str:
    """What a measure counts; empty where its name says it."""
    if measure.startswith("sources@"):
        return f"expected documents among the first {measure.removeprefix('sources@')} found"
    return WORDS.get(measure, "")


class Sample:
    """The numbers of one measure over the cases that have it, grouped for resampling."""

    def __init__(self, kind: Kind, rows: Sequence[Sequence[float]], groups: Sequence[str]) -> None:
        self.kind = kind
        self.rows: Numbers = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
        names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
        self.group_of = np.array([names[name] for name in groups], dtype=np.int64)
        self.groups = len(names)

    def value(self) -> float:
        """The measure over all cases."""
        return float(self.values(np.ones((1, self.groups)))[0])

    def values(self, weights: Numbers) -> Numbers:
        """The measure for each row of group weights (draws, groups)."""
        if self.kind in (Kind.MEDIAN, Kind.AREA):
            return np.array([self._sorted_value(draw[self.group_of]) for draw in weights])
        sums = np.zeros((self.groups, self.rows.shape[1]))
        np.add.at(sums, self.group_of, self.rows)
        return combine(self.kind, weights @ sums)

    def n(self) -> int:
        """What the value counts: the denominator of a ratio, otherwise cases."""
        if self.kind is Kind.RATIO:
            return int(self.rows[:, 1].sum())
        return len(self.rows)

    def _sorted_value(self, weights: Numbers) -> float:
        values = np.repeat(self.rows, weights.astype(np.int64), axis=0)
        if self.kind is Kind.MEDIAN:
            return float(np.median(values[:, 0])) if len(values) else 0.0
        return area_under_curve(values[:, 0], values[:, 1] > 0)


def combine(kind: Kind, sums: Numbers) -> Numbers:
    """The value for each row of sums (draws, numbers)."""
    if kind is Kind.RATIO:
        return sums[:, 0] / np.maximum(sums[:, 1], 1e-9)
    triples = sums.reshape(len(sums), -1, 3)
    if kind is Kind.F1:
        hits, said, true = triples[..., 0], triples[..., 1], triples[..., 2]
        return (2 * hits / np.maximum(said + true, 1e-9)).mean(1)
    count, confidence, right = triples[..., 0], triples[..., 1], triples[..., 2]
    return np.abs(right - confidence).sum(1) / np.maximum(count.sum(1), 1e-9)


def figure_of(sample: Sample) -> Figure:
    """The value with its 95% interval.

    Wilson's where each group has one case of a plain rate, or where resampling shows no spread
    (20 of 20); otherwise a percentile bootstrap over groups.
    """
    if not len(sample.rows):
        return Figure(0.0, 0, 0.0, 1.0)
    value, n = sample.value(), sample.n()
    ratio = sample.kind is Kind.RATIO
    whole = ratio and bool(np.isin(sample.rows, (0.0, 1.0)).all())
    if whole and sample.groups == len(sample.rows):
        return rate(round(value * n), n)
    low, high = np.percentile(sample.values(draws_of(sample)), [2.5, 97.5])
    share = ratio and bool((sample.rows[:, 0] <= sample.rows[:, 1]).all())
    if low == high and share:
        return rate(round(value * n), n)
    return Figure(value, n, float(low), float(high))


def draws_of(sample: Sample) -> Numbers:
    """How often each group is drawn, in each resample; the same for the same number of groups."""
    sorting = sample.kind in (Kind.MEDIAN, Kind.AREA)
    size = RESAMPLES_SORTED if sorting else RESAMPLES
    even = np.full(sample.groups, 1 / sample.groups)
    return np.random.default_rng(0).multinomial(sample.groups, even, size=size).astype(np.float64)


def samples_of(rows: Sequence[Mapping[str, Any]], *, tag: str | None = None) -> dict[str, Sample]:
    """The sample of each measure in scored rows; of the cases with a tag, when one is named."""
    chosen = [row for row in rows if tag is None or tag in row["tags"]]
    numbers: dict[str, list[Sequence[float]]] = {}
    groups: dict[str, list[str]] = {}
    for row in chosen:
        for measure, values in row["scores"].items():
            numbers.setdefault(measure, []).append(values)
            groups.setdefault(measure, []).append(str(row["group"]))
    return {
        measure: Sample(kind_of(measure), found, groups[measure])
        for measure, found in numbers.items()
    }


def area_under_curve(likely: Numbers, truth: npt.NDArray[np.bool_]) -> float:
    """AUROC by ranks, ties counting half; 0.5 when one side has no case.

    Source: Hanley and McNeil, "The Meaning and Use of the Area under a ROC Curve", 1982.
    """
    good, bad = likely[truth], np.sort(likely[~truth])
    if not len(good) or not len(bad):
        return 0.5
    below = np.searchsorted(bad, good, side="left")
    through = np.searchsorted(bad, good, side="right")
    return float((below + through).sum() / (2 * len(good) * len(bad)))
