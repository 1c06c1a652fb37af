"""Figures that the About page and README.md show, taken from a run and never typed by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.errors import ConfigurationError
from evals.runs.folder import RunFolder
from evals.runs.suite import ROOT, Suite

FIGURES = ROOT / "evals" / "figures.json"
BEGIN, END = "<!-- figures: made by `plumbline eval figures` -->", "<!-- end of figures -->"


def figures_of(suite: Suite, folder: RunFolder) -> dict[str, Any]:
    """What figures.json holds: the suite's figures with counts, intervals and how to get them.

    Raises ConfigurationError when the run was of some cases only, or lacks a figure.
    """
    run, summary = folder.read("run.json"), folder.read("summary.json")
    if run["chosen"]["limit"] or run["chosen"]["ids"]:
        raise ConfigurationError(
            f"The run {folder.name!r} took only some of the cases.",
            fix=f"Publish a whole one: plumbline eval run {run['suite_file']}.",
        )
    entries: list[dict[str, Any]] = []
    for spec in suite.figure:
        figure = summary["metrics"].get(spec.metric)
        if figure is None:
            raise ConfigurationError(
                f"The run {folder.name!r} has no figure {spec.metric!r}.",
                fix="Run the suite again, or take the figure out of it.",
            )
        entries.append(
            {
                "name": spec.name,
                "value": round(figure["value"], 4),
                "n": figure["n"],
                "low": round(figure["low"], 4),
                "high": round(figure["high"], 4),
                "command": f"plumbline eval run {run['suite_file']}",
                "set": spec.set,
            }
        )
    return {"date": str(run["created"])[:10], "commit": run["commit"], "figures": entries}


def publish(
    suite: Suite, folder: RunFolder, *, figures: Path = FIGURES, readme: Path = ROOT / "README.md"
) -> dict[str, Any]:
    """Write figures.json and the table between the markers of README.md."""
    held = figures_of(suite, folder)
    text = readme.read_text(encoding="utf-8")
    begin, end = text.find(BEGIN), text.find(END)
    if not 0 <= begin < end:
        raise ConfigurationError(
            f"{readme} has no place for the figures.",
            fix=f"Put the lines {BEGIN} and {END} where the table is to stand.",
        )
    table = "\n".join(table_of(held["figures"]))
    readme.write_text(f"{text[: begin + len(BEGIN)]}\n\n{table}\n\n{text[end:]}", encoding="utf-8")
    figures.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return held


def table_of(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Figures as the lines of a Markdown table."""
    lines = ["| figure | value | 95% interval | n | set |", "| --- | --- | --- | --- | --- |"]
    return lines + [
        f"| {entry['name']} | {entry['value']:.3f} | {entry['low']:.3f} to {entry['high']:.3f} | "
        f"{entry['n']} | `{entry['set']}` |"
        for entry in entries
    ]
