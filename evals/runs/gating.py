"""The gate: fail on a real fall against the committed baseline, and not on noise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.errors import ConfigurationError
from evals.runs.comparing import Comparison, compare
from evals.runs.folder import Row, RunFolder
from evals.runs.suite import Gate, Suite

LEAST_IN_COMMON = 0.8  # of a figure's cases; with fewer, the baseline is of another set


@dataclass(frozen=True, slots=True)
class GateLine:
    """What became of one gated figure."""

    metric: str
    comparison: Comparison | None  # None when the two have too few cases in common
    fell: bool
    why: str


def watched(suite: Suite) -> Gate:
    """The suite's gate. Raises ConfigurationError when it has none."""
    if suite.gate is None:
        raise ConfigurationError(
            f"The suite {suite.name!r} has no [gate].",
            fix="Use evals/suites/gate.toml, or add a [gate] with a baseline and metrics.",
        )
    return suite.gate


def write_baseline(suite: Suite, folder: RunFolder) -> Path:
    """Keep the gated numbers of a run beside the suite, one case a line, to be committed."""
    gate = watched(suite)
    run = folder.read("run.json")
    head = {"suite": suite.name, "created": run["created"], "commit": run["commit"]}
    lines = [json.dumps(head)]
    for entry in suite.set:
        measures = {
            name.partition(".")[2] for name in gate.metrics if name.startswith(f"{entry.name}.")
        }
        for row in folder.rows("scores", entry.name):
            scores = {name: row["scores"][name] for name in measures & row["scores"].keys()}
            if scores:
                kept = {name: row[name] for name in ("id", "epoch", "case_sha", "group")}
                ordered = dict(sorted(scores.items()))
                lines.append(json.dumps({"set": entry.name, **kept, "scores": ordered}))
    file = suite.path(gate.baseline)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def read_baseline(suite: Suite) -> tuple[Row, dict[str, list[Row]]]:
    """The baseline's head and its rows by set. Raises ConfigurationError when there is none."""
    file = suite.path(watched(suite).baseline)
    try:
        head, *rows = [
            json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line
        ]
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The baseline {file} cannot be read: {error}.",
            fix="Make it with `plumbline eval gate SUITE --update-baseline`, and commit it.",
        ) from error
    by_set: dict[str, list[Row]] = {}
    for row in rows:
        by_set.setdefault(row["set"], []).append(row)
    return head, by_set


def hold_against_baseline(suite: Suite, folder: RunFolder) -> list[GateLine]:
    """Each gated figure beside the baseline, in the suite's order."""
    gate = watched(suite)
    _, before = read_baseline(suite)
    found: dict[str, Comparison] = {}
    now: dict[str, int] = {}
    for entry in suite.set:
        rows = folder.rows("scores", entry.name)
        for comparison in compare(before.get(entry.name, []), rows):
            found[f"{entry.name}.{comparison.measure}"] = comparison
        for measure in {name for row in rows for name in row["scores"]}:
            now[f"{entry.name}.{measure}"] = sum(measure in row["scores"] for row in rows)
    return [_line(name, found.get(name), now.get(name, 0), gate) for name in gate.metrics]


def as_json(line: GateLine) -> Mapping[str, Any]:
    """One line for programs."""
    told = line.comparison
    return {
        "metric": line.metric,
        "before": told.before if told else None,
        "after": told.after if told else None,
        "changed": told.changed if told else None,
        "chance": told.chance if told else None,
        "fell": line.fell,
        "why": line.why,
    }


def _line(name: str, comparison: Comparison | None, now: int, gate: Gate) -> GateLine:
    if not now:
        return GateLine(name, None, True, "the run has no such figure")
    if comparison is None or comparison.cases < LEAST_IN_COMMON * now:
        shared = comparison.cases if comparison else 0
        why = (
            f"only {shared} of its {now} cases are those of the baseline: the set has changed, so "
            "make the baseline again with --update-baseline"
        )
        return GateLine(name, None, True, why)
    # One-sided: half of the two-sided chance, as only a fall matters.
    by_chance = comparison.chance / 2
    if not comparison.worse:
        return GateLine(name, comparison, False, "no worse")
    if abs(comparison.difference) < gate.least_fall:
        return GateLine(name, comparison, False, f"worse by less than {gate.least_fall}")
    if by_chance > gate.chance:
        return GateLine(
            name, comparison, False, f"worse, as chance alone makes it {by_chance:.0%} of the time"
        )
    return GateLine(
        name, comparison, True, f"worse, which chance alone makes it {by_chance:.2%} of the time"
    )
