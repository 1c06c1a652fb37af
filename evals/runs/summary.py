"""The summary of a run: figures with intervals, a breakdown by tag, and against another run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from evals.intervals import Figure
from evals.runs.comparing import Comparison, compare, detectable_alone
from evals.runs.folder import Row, RunFolder
from evals.runs.measures import Kind, figure_of, kind_of, samples_of
from evals.runs.suite import Suite, Threshold

LEAST_OF_A_TAG = 5  # cases from which a tag gets a line of its own
HEADLINES: dict[str, tuple[str, ...]] = {
    "questions": ("point_recall", "refused_right", "refused_wrong"),
    "clauses": ("mean_f1", "accuracy"),
    "pairs": ("held",),
    "attacks": ("withstood",),
    "pool": ("conversation.nDCG@10", "auroc"),
}


def summarise(folder: RunFolder, suite: Suite, *, baseline: RunFolder | None, notes: Sequence[str]
              ) -> Row:  # fmt: skip
    """What summary.json holds."""
    metrics: dict[str, Figure] = {}
    detectable: dict[str, float] = {}
    breakdown: dict[str, dict[str, dict[str, Any]]] = {}
    comparisons: dict[str, Comparison] = {}
    failed = 0
    for entry in suite.set:
        rows = folder.rows("scores", entry.name)
        failed += sum(bool(row["wrong"]) for row in rows)
        for measure, sample in samples_of(rows).items():
            name = f"{entry.name}.{measure}"
            metrics[name] = figure_of(sample)
            detectable[name] = detectable_alone(sample)
        breakdown[entry.name] = _by_tag(rows, HEADLINES[entry.kind])
        if baseline is not None:
            for comparison in compare(baseline.rows("scores", entry.name), rows):
                comparisons[f"{entry.name}.{comparison.measure}"] = comparison
    return {
        "metrics": {name: asdict(figure) for name, figure in metrics.items()},
        "detectable": detectable,
        "breakdown": breakdown,
        "baseline": baseline.name if baseline is not None else "",
        "comparisons": {
            name: {
                **asdict(comparison),
                "difference": comparison.difference,
                "probability_real": comparison.probability_real,
                "worse": comparison.worse,
            }
            for name, comparison in comparisons.items()
        },
        "thresholds": [_threshold(bound, metrics) for bound in suite.threshold],
        "cases_with_something_wrong": failed,
        "notes": list(notes),
    }


def broken_thresholds(summary: Mapping[str, Any]) -> list[str]:
    """Each bound that was not kept, in words."""
    return [
        f"{bound['metric']} is {_shown(bound['value'])}; it must be {bound['must']}"
        for bound in summary["thresholds"]
        if bound["broken"]
    ]


def _threshold(bound: Threshold, metrics: Mapping[str, Figure]) -> Row:
    """A bound with what it came to; a figure that the run does not have breaks it."""
    figure = metrics.get(bound.metric)
    return {
        "metric": bound.metric,
        "must": bound.said(),
        "value": figure.value if figure else None,
        "broken": figure is None or figure.n == 0 or bound.broken_by(figure.value),
    }


def _shown(value: float | None) -> str:
    return "not there" if value is None else f"{value:.3f}"


def _by_tag(rows: Sequence[Row], headlines: Sequence[str]) -> dict[str, dict[str, Any]]:
    counts = Counter(tag for row in rows for tag in row["tags"])
    found: dict[str, dict[str, Any]] = {}
    for tag, count in counts.most_common():
        if count < LEAST_OF_A_TAG:
            continue
        samples = samples_of(rows, tag=tag)
        found[tag] = {
            measure: asdict(figure_of(samples[measure]))
            for measure in headlines
            # Of the cases with one label only, a mean over all labels says nothing.
            if measure in samples and kind_of(measure) is not Kind.F1
        }
    return found
