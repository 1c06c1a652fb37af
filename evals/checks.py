"""`plumbline eval checks` and `eval invariance`: is the judge right, and is it even-handed?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.checks.judging import Judge
from corpus.errors import ConfigurationError
from evals.clauses import LabelledClause, label_f1s
from evals.intervals import RESAMPLES, Figure, mean, rate

BINS = 10  # of confidence, in the calibration error
_NAMES = ("supports", "conflicts")

Labels = npt.NDArray[np.int64]  # (clauses, principles): 0 silent, 1 supports, 2 conflicts


@dataclass(frozen=True, slots=True)
class CheckOutcomes:
    """What a judge said of labelled clauses; an unsure verdict counts as its likeliest label."""

    clauses: tuple[LabelledClause, ...]
    likely: Labels
    confidence: npt.NDArray[np.float64]
    least_confidence: float

    @property
    def crashed(self) -> npt.NDArray[np.bool_]:
        """For each clause, whether no verdict was given: wrong on every principle."""
        return (self.confidence == 0).all(1)


def run_checks(clauses: Sequence[LabelledClause], judge: Judge) -> CheckOutcomes:
    """Judge every clause."""
    verdicts = judge.judge([clause.text for clause in clauses])
    return CheckOutcomes(
        tuple(clauses), verdicts.likely, verdicts.confidence, judge.least_confidence
    )


def summarise_checks(outcomes: CheckOutcomes, principles: Sequence[str]) -> dict[str, Figure]:
    """Precision, recall and F1 of each label of each principle, their mean, and calibration."""
    wanted = np.array([clause.labels for clause in outcomes.clauses])
    counted = ~np.array([clause.disputed for clause in outcomes.clauses])
    likely, confidence = outcomes.likely, outcomes.confidence
    shown = confidence >= outcomes.least_confidence
    n = len(outcomes.clauses)
    draws = np.random.default_rng(0).integers(0, n, size=(RESAMPLES // 4, n))
    resampled = np.array([_f1s(wanted[d], counted[d], likely[d]) for d in draws])
    exact = label_f1s(outcomes.clauses, likely)
    sure = _f1s(wanted, counted & shown, likely)
    metrics = {
        "mean_f1": _with_draws(float(exact.mean()), n, resampled.mean(1)),
        "mean_f1_without_unsure": Figure(float(sure.mean()), n, 0.0, 1.0),
        "supports.f1": _with_draws(
            float(exact[: len(principles)].mean()), n, resampled[:, : len(principles)].mean(1)
        ),
        "conflicts.f1": _with_draws(
            float(exact[len(principles) :].mean()), n, resampled[:, len(principles) :].mean(1)
        ),
    }
    for label, name in enumerate(_NAMES, start=1):
        said, truth = counted & shown & (likely == label), counted & (wanted == label)
        metrics[f"{name}.shown.precision"] = rate(int((said & truth).sum()), int(said.sum()))
        metrics[f"{name}.shown.recall"] = rate(int((said & truth).sum()), int(truth.sum()))
    right = ((likely == wanted) & ~outcomes.crashed[:, None])[counted]
    metrics["crashed"] = rate(int(outcomes.crashed.sum()), n)
    metrics["ece"] = _calibration_error(confidence[counted], right)
    metrics["coverage"] = rate(int((shown & counted).sum()), int(counted.sum()))
    metrics["accuracy"] = mean([float(hit) for hit in right])
    for column, principle in enumerate(principles):
        use = counted[:, column]
        for label, name in enumerate(_NAMES, start=1):
            said, truth = likely[use, column] == label, wanted[use, column] == label
            hits = int((said & truth).sum())
            position = (label - 1) * len(principles) + column
            key = f"{principle}.{name}"
            metrics[f"{key}.precision"] = rate(hits, int(said.sum()))
            metrics[f"{key}.recall"] = rate(hits, int(truth.sum()))
            metrics[f"{key}.f1"] = _with_draws(
                float(exact[position]), int(truth.sum()), resampled[:, position]
            )
    return metrics


@dataclass(frozen=True, slots=True)
class Pair:
    """Two wordings that must be judged alike, or of which one must turn a principle's label."""

    id: str
    first: str
    second: str
    change: str
    must: str  # "same", or "flip:P4"


def load_pairs(file: Path) -> list[Pair]:
    """The pairs of a JSONL file. Raises ConfigurationError naming the line that is wrong."""
    pairs: list[Pair] = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error.strerror or error}.", fix="Check the path."
        ) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            must = str(row["must"])
            if must != "same" and not must.startswith("flip:"):
                raise ValueError(f"must is {must!r}")
            pairs.append(
                Pair(
                    str(row["id"]),
                    str(row["text_a"]),
                    str(row["text_b"]),
                    str(row.get("change") or ""),
                    must,
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{file.name}, line {number}, is no pair: {error!r}.",
                fix='A line is like {"id", "text_a", "text_b", "change", "must": "same"}.',
            ) from error
    return pairs


def summarise_pairs(pairs: Sequence[Pair], judge: Judge) -> dict[str, Figure]:
    """The share of pairs judged as they must be: party swaps, other rewordings, and flips.

    A flip flips when the principle's label goes from supports to conflicts or the other way.
    """
    likely = judge.judge([text for pair in pairs for text in (pair.first, pair.second)]).likely
    names = [principle.id for principle in judge.principles]
    hits: dict[str, list[bool]] = {"same.party": [], "same.other": [], "flip": []}
    for pair, (one, other) in zip(pairs, likely.reshape(len(pairs), 2, len(names)), strict=True):
        if pair.must == "same":
            kind = "same.party" if "party" in pair.change else "same.other"
            hits[kind].append(bool((one == other).all()))
        else:
            column = names.index(pair.must.removeprefix("flip:"))
            hits["flip"].append({int(one[column]), int(other[column])} == {1, 2})
    return {name: rate(sum(found), len(found)) for name, found in hits.items()}


def _f1s(wanted: Labels, counted: npt.NDArray[np.bool_], likely: Labels) -> npt.NDArray[np.float64]:
    found: list[npt.NDArray[np.float64]] = []
    for label in (1, 2):
        truth, said = counted & (wanted == label), counted & (likely == label)
        hits = (truth & said).sum(0)
        found.append(2 * hits / np.maximum(1, truth.sum(0) + said.sum(0)))
    return np.concatenate(found)


def _with_draws(value: float, n: int, draws: npt.NDArray[np.float64]) -> Figure:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Figure(value, n, float(low), float(high))


def _calibration_error(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> Figure:
    """Expected calibration error over equal bins of confidence.

    Source: Guo et al., "On Calibration of Modern Neural Networks", 2017.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)

    def error(chosen: npt.NDArray[np.int64]) -> float:
        total = 0.0
        for number in range(BINS):
            inside = chosen[bins[chosen] == number]
            if len(inside):
                total += len(inside) * abs(right[inside].mean() - confidence[inside].mean())
        return total / len(chosen)

    everything = np.arange(len(right))
    draws = np.random.default_rng(0).integers(0, len(right), size=(200, len(right)))
    return _with_draws(error(everything), len(right), np.array([error(draw) for draw in draws]))
