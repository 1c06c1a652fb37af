"""`plumbline eval run`, `gate`, `attacks`, `runs`: suites of evaluation from the command line."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus.settings import Settings, load_settings
from evals.runs.folder import RunFolder, find_run, runs_in
from evals.runs.gating import (
    GateLine,
    hold_against_baseline,
    read_baseline,
    watched,
    write_baseline,
)
from evals.runs.gating import as_json as gate_json
from evals.runs.generating import Choice
from evals.runs.reporting.markdown import first_figures, shown
from evals.runs.running import Wanted, rescore, run_suite, runs_root
from evals.runs.suite import ROOT, Suite, load_suite
from evals.runs.summary import broken_thresholds

SUITES = ROOT / "evals" / "suites"


def eval_run(
    suite_file: Path,
    *,
    target: str | None,
    limit: int | None,
    ids: Sequence[str],
    epochs: int | None,
    out: Path | None,
    resume: str | None,
    again: str | None,
    baseline: str | None,
    library: Path | None,
    as_json: bool,
) -> None:
    """Generate, score and report a suite; exit 1 when a bound of the suite is broken."""
    settings = load_settings()
    root = runs_root(settings)
    suite = load_suite(named_suite(suite_file))
    against = find_run(baseline, root) if baseline else None
    if again is not None:
        folder, summary = rescore(suite, find_run(again, root), settings, against)
    else:
        going_on = find_run(resume, root) if resume else None
        choice = Choice(tuple(ids), limit, epochs or suite.epochs)
        if going_on is not None:
            held: dict[str, Any] = going_on.read("run.json")
            chosen = held["chosen"]
            choice = Choice(tuple(chosen["ids"]), chosen["limit"], chosen["epochs"])
            target = str(held["target"]["name"])
        wanted = Wanted(target, choice, out, going_on, library, against)
        folder, summary = run_suite(suite, settings, wanted)
    if as_json:
        print_json(folder, summary)
    else:
        print_summary(suite, folder, summary)
    broken = broken_thresholds(summary)
    for said in broken:
        print(said, file=sys.stderr)
    if broken:
        sys.exit(1)


def list_runs(*, as_json: bool) -> None:
    """Print the runs that there are, the oldest first."""
    found: list[dict[str, Any]] = []
    for folder in runs_in(runs_root(load_settings())):
        described = folder.read("run.json")
        found.append(
            {
                "run": folder.name,
                "suite": described["suite"],
                "target": described["target"]["name"],
                "created": described["created"],
                "commit": described["commit"][:10],
                "report": str(folder.path / "report.html"),
            }
        )
    if as_json:
        print(json.dumps({"runs": found}, indent=2))
        return
    if not found:
        print("No runs yet: plumbline eval run evals/suites/quick.toml", file=sys.stderr)
    for run in found:
        print(f"{run['run']:44} {run['created']}  {run['commit']}  {run['report']}")


def named_suite(file: Path) -> Path:
    """A suite's file, named whole or by its name alone."""
    if not file.is_file() and file.suffix == "" and (SUITES / f"{file}.toml").is_file():
        return SUITES / f"{file}.toml"
    return file


def settings_and_root() -> tuple[Settings, Path]:
    """The settings, and where their runs are kept."""
    settings = load_settings()
    return settings, runs_root(settings)


def print_json(folder: RunFolder, summary: dict[str, Any]) -> None:
    """The figures as the other `eval` commands print them, with the comparison beside them."""
    described = folder.read("run.json")
    result = {
        "metrics": summary["metrics"],
        "settings": {
            "suite": described["suite"],
            "target": described["target"]["name"],
            "commit": described["commit"],
            "data": described["data"],
            **described["settings"],
        },
        "run": str(folder.path),
        "baseline": summary["baseline"],
        "comparisons": summary["comparisons"],
        "thresholds": summary["thresholds"],
    }
    print(json.dumps(result, indent=2))


def print_summary(suite: Suite, folder: RunFolder, summary: dict[str, Any]) -> None:
    """The figures as a table, with what differs from the baseline."""
    against = summary["comparisons"]
    last = "difference (chance)" if against else "smallest difference shown"
    print(f"{'figure':34} {'value':>10} {'n':>6}   {'95% interval':20} {last}")
    for name in first_figures(suite, summary):
        figure = summary["metrics"][name]
        interval = f"{shown(name, figure['low'])} to {shown(name, figure['high'])}"
        told = against.get(name)
        tail = shown(name, summary["detectable"][name])
        if told is not None:
            tail = (
                f"{told['difference']:+.3f} ({told['chance']:.3f})" if told["changed"] else "same"
            )
        elif against:
            tail = ""
        print(
            f"{name:34} {shown(name, figure['value']):>10} {figure['n']:6}   {interval:20} {tail}"
        )
    for note in summary["notes"]:
        print(note, file=sys.stderr)
    print(f"{summary['cases_with_something_wrong']} cases with something wrong; the report is "
          f"{folder.path / 'report.html'}")  # fmt: skip


def eval_gate(
    suite_file: Path, *, update_baseline: bool, library: Path | None, as_json: bool
) -> None:
    """Run a suite and hold it against its committed baseline; exit 1 on a real fall."""
    suite = load_suite(named_suite(suite_file))
    watched(suite)
    settings = load_settings()
    started = time.monotonic()
    if not update_baseline:
        read_baseline(suite)  # a missing one is told before the work, not after it
    choice = Choice(epochs=suite.epochs)
    folder, summary = run_suite(suite, settings, Wanted(choice=choice, library=library))
    broken = broken_thresholds(summary)
    if update_baseline:
        print_summary(suite, folder, summary)
        file = write_baseline(suite, folder)
        print(f"The baseline is now {file}: commit it with the change that moved the figures.")
        lines: list[GateLine] = []
    else:
        lines = hold_against_baseline(suite, folder)
    failed = bool(broken) or any(line.fell for line in lines)
    if as_json:
        result = {
            "passed": not failed,
            "figures": [gate_json(line) for line in lines],
            "broken": broken,
            "run": str(folder.path),
            "seconds": round(time.monotonic() - started, 1),
        }
        print(json.dumps(result, indent=2))
    elif not update_baseline:
        for line in lines:
            told = line.comparison
            values = f"{told.before:.3f} → {told.after:.3f}" if told else "–"
            print(f"{'FELL' if line.fell else 'ok':5} {line.metric:34} {values:18} {line.why}")
        seconds = time.monotonic() - started
        print(f"{seconds:.0f} s; the report is {folder.path / 'report.html'}")
    for said in broken:
        print(said, file=sys.stderr)
    if failed:
        sys.exit(1)
