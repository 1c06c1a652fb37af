"""A run as Markdown, short enough for a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evals.runs.folder import RunFolder
from evals.runs.measures import in_words, less_is_better
from evals.runs.suite import Suite
from evals.runs.summary import HEADLINES, broken_thresholds

WRONG_SHOWN = 15  # cases of each set


def markdown_report(folder: RunFolder, suite: Suite, summary: Mapping[str, Any]) -> str:
    """Figures, differences, bounds, and the first cases with something wrong."""
    run = folder.read("run.json")
    lines = [
        f"# {suite.name}: {run['target']['name']}",
        "",
        _about(run),
        "",
        *_bounds(summary),
        *_figures(suite, summary),
        *_differences(summary),
    ]
    for entry in suite.set:
        lines += _wrong(entry.name, folder.rows("scores", entry.name))
    lines += [f"- {note}" for note in summary["notes"]]
    return "\n".join(lines) + "\n"


def first_figures(suite: Suite, summary: Mapping[str, Any]) -> list[str]:
    """The names of the figures to show first.

    They are those that the suite names (the headlines of its sets where it names none), those with
    a bound that is broken, and those that differ from the baseline, times aside.
    """
    named = suite.metrics or [
        f"{entry.name}.{measure}" for entry in suite.set for measure in HEADLINES[entry.kind]
    ]
    broken = [bound["metric"] for bound in summary["thresholds"] if bound["broken"]]
    moved = [
        name
        for name, told in summary["comparisons"].items()
        if told["changed"] and not name.endswith("_ms")
    ]
    return [name for name in dict.fromkeys([*named, *broken, *moved]) if name in summary["metrics"]]


def shown(name: str, value: float) -> str:
    """A figure's value as text: milliseconds whole, everything else with three decimals."""
    return f"{value:.0f} ms" if name.endswith("_ms") else f"{value:.3f}"


def _about(run: Mapping[str, Any]) -> str:
    changed = " with uncommitted changes" if run["uncommitted_changes"] else ""
    commit = f"commit {run['commit'][:10]}{changed}" if run["commit"] else "no commit"
    return f"{run['created']}, {commit}, {run['machine']['processor']}."


def _bounds(summary: Mapping[str, Any]) -> list[str]:
    broken = broken_thresholds(summary)
    if broken:
        return ["**Bounds broken:**", "", *(f"- {said}" for said in broken), ""]
    if summary["thresholds"]:
        return [f"All {len(summary['thresholds'])} bounds kept.", ""]
    return []


def _figures(suite: Suite, summary: Mapping[str, Any]) -> list[str]:
    first = first_figures(suite, summary)
    rest = [name for name in summary["metrics"] if name not in first]
    lines = [*_table(first, summary), ""]
    if rest:
        lines += [f"<details><summary>The other {len(rest)} figures</summary>", ""]
        lines += [*_table(rest, summary), "", "</details>", ""]
    return lines


def _table(names: Sequence[str], summary: Mapping[str, Any]) -> list[str]:
    lines = ["| figure | | value | n | 95% interval |", "| --- | --- | --- | --- | --- |"]
    for name in names:
        figure = summary["metrics"][name]
        lines.append(
            f"| {name} | {in_words(name.partition('.')[2])} | {shown(name, figure['value'])} | "
            f"{figure['n']} | {shown(name, figure['low'])} to {shown(name, figure['high'])} |"
        )
    return lines


def _differences(summary: Mapping[str, Any]) -> list[str]:
    moved = {name: told for name, told in summary["comparisons"].items() if told["changed"]}
    if not summary["baseline"]:
        return []
    if not moved:
        return [f"Against {summary['baseline']}: no case differs.", ""]
    lines = [
        f"Against {summary['baseline']}:",
        "",
        "| figure | before | after | difference (95%) | chance |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, told in moved.items():
        arrow = "worse" if told["worse"] else "better" if told["difference"] else "same"
        lines.append(
            f"| {name} | {shown(name, told['before'])} | {shown(name, told['after'])} | "
            f"{told['difference']:+.3f} ({told['low']:+.3f} to {told['high']:+.3f}) {arrow} | "
            f"{told['chance']:.3f} |"
        )
    less = ", ".join(sorted({name for name in moved if less_is_better(name)}))
    return [*lines, "", *([f"Less is better: {less}.", ""] if less else [])]


def _wrong(set_name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    wrong = [row for row in rows if row["wrong"]]
    if not wrong:
        return []
    lines = [f"<details><summary>{set_name}: {len(wrong)} of {len(rows)} cases with something "
             "wrong</summary>", ""]  # fmt: skip
    for row in wrong[:WRONG_SHOWN]:
        question = " ".join(str(row["question"]).split())[:160]
        lines.append(f"- `{row['id']}` {question} — {row['wrong'][0][:200]}")
    if len(wrong) > WRONG_SHOWN:
        lines.append(f"- and {len(wrong) - WRONG_SHOWN} more, in report.html")
    return [*lines, "", "</details>", ""]
