"""The numbers behind a report's plots, from scored rows and figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from corpus.principles import load_principles
from evals.clauses import NAMES
from evals.runs.measures import BINS, Numbers

Points = list[tuple[float, float]]
_FINE = 50  # points of a curve at most


def found_by_depth(prefix: str, metrics: Mapping[str, Any]) -> Points:
    """Share of what should be found, by how many were looked at: figures named `PREFIX@k`."""
    depths = {
        int(name.removeprefix(f"{prefix}@")): figure["value"]
        for name, figure in metrics.items()
        if name.startswith(f"{prefix}@")
    }
    return sorted((float(depth), float(value)) for depth, value in depths.items())


def risk_by_coverage(rows: Sequence[Mapping[str, Any]]) -> Points:
    """Share of wrong answers among the likeliest so many; empty where no probability was told."""
    told = [row["risk"] for row in rows if "risk" in row]
    if len(told) < 10:
        return []
    pairs = np.array(told, dtype=np.float64)
    wrong = 1 - pairs[np.argsort(-pairs[:, 0], kind="stable"), 1]
    risks = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    least = max(5, len(wrong) // 10)  # fewer make a jagged start that says nothing
    chosen = np.unique(np.linspace(least, len(wrong), _FINE).astype(int))
    return [(float(count / len(wrong)), float(risks[count - 1])) for count in chosen]


def reliability(rows: Sequence[Mapping[str, Any]]) -> Points:
    """(confidence, share right) of each bin with enough in it, of clauses or of answers."""
    bins = np.zeros((BINS, 3))
    for row in rows:
        if "ece" in row["scores"]:
            bins += np.array(row["scores"]["ece"]).reshape(BINS, 3)
        elif "risk" in row:
            likely, right = row["risk"]
            bins[min(int(likely * BINS), BINS - 1)] += (1, likely, right)
    return [
        (float(confidence / count), float(right / count))
        for count, confidence, right in bins
        if count >= 5
    ]


def confusions(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, Numbers]]:
    """For each principle the counts (true, said) in the order of the label names."""
    labelled = [row["labels"] for row in rows if "labels" in row and "ece" in row["scores"]]
    found: list[tuple[str, Numbers]] = []
    for column, principle in enumerate(load_principles()):
        counts = np.zeros((len(NAMES), len(NAMES)))
        for true, said in labelled:
            counts[true[column], said[column]] += 1
        found.append((f"{principle.id} {principle.title}", counts))
    return found if labelled else []


def latency_bars(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """How many cases took how long: (bin's label in milliseconds, count)."""
    taken = [row["scores"]["latency_ms"][0] for row in rows if "latency_ms" in row["scores"]]
    if len(taken) < 5:
        return []
    high = float(np.percentile(taken, 99))
    step = max(1.0, high / 16)
    size = 10 ** math.floor(math.log10(step))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= step)
    counts: dict[int, int] = {}
    last = int(high // step)
    for value in taken:
        counts[min(int(value // step), last)] = counts.get(min(int(value // step), last), 0) + 1
    return [
        (f"{place * step:g}{'+' if place == last else ''}", float(counts.get(place, 0)))
        for place in range(last + 1)
    ]
