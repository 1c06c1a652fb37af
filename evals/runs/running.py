"""A run from start to end: generate, score, compare, report; each stage reads and writes files."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from corpus.errors import ConfigurationError
from corpus.settings import Settings
from evals.runs.folder import Row, RunFolder, data_hashes, description, new_name, runs_in
from evals.runs.generating import Choice, Generator
from evals.runs.library import library_settings
from evals.runs.reporting import write_reports
from evals.runs.scoring import score_run
from evals.runs.suite import Suite, TargetSpec
from evals.runs.summary import summarise
from evals.runs.targets import opened_target
from evals.runs.vectors import RememberedEmbedder


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a suite is to be run."""

    target: str | None = None
    choice: Choice = field(default_factory=Choice)
    out: Path | None = None  # the run's folder; a new one below the root when not named
    resume: RunFolder | None = None
    library: Path | None = None  # a data folder to measure in place of the suite's own library
    baseline: RunFolder | None = None


def runs_root(settings: Settings) -> Path:
    """Where runs are kept."""
    return settings.data_dir / "evals" / "runs"


def run_suite(suite: Suite, settings: Settings, wanted: Wanted) -> tuple[RunFolder, Row]:
    """The folder of a run and its summary. Raises ConfigurationError when it cannot start."""
    target = suite.target_named(wanted.target)
    folder = _folder(suite, target, settings, wanted)
    with ProgressLine() as progress:
        own, library = _library(suite, target, settings, wanted, progress)
        if wanted.resume is None:
            described = description(
                suite, target, own, library=library, chosen=asdict(wanted.choice)
            )
            folder.write("run.json", described)
        with opened_target(target, own) as (opened, store):
            generator = Generator(folder, suite, opened, store, wanted.choice, progress.tell)
            notes = generator.run()
        embedder = RememberedEmbedder(folder.path, threads=settings.threads)
        progress.say("scoring")
        score_run(folder, suite, embedder)
        embedder.keep()
        progress.say("summing up")
    return folder, _sum_up(suite, folder, settings, wanted.baseline, notes)


def rescore(
    suite: Suite, folder: RunFolder, settings: Settings, baseline: RunFolder | None
) -> tuple[RunFolder, Row]:
    """Score and report a run again from its outputs; asks no target and no model."""
    embedder = RememberedEmbedder(folder.path, asking=False)
    score_run(folder, suite, embedder)
    notes: Sequence[str] = []
    if (folder.path / "summary.json").is_file():
        notes = folder.read("summary.json").get("notes", [])
    return folder, _sum_up(suite, folder, settings, baseline, notes)


def _sum_up(
    suite: Suite,
    folder: RunFolder,
    settings: Settings,
    baseline: RunFolder | None,
    notes: Sequence[str],
) -> Row:
    summary = summarise(folder, suite, baseline=baseline, notes=notes)
    folder.write("summary.json", summary)
    past = [
        (run.read("run.json"), run.read("summary.json"))
        for run in runs_in(runs_root(settings), suite=suite.name)
        if run.name != folder.name
    ]
    write_reports(folder, suite, summary, past)
    return summary


def _folder(suite: Suite, target: TargetSpec, settings: Settings, wanted: Wanted) -> RunFolder:
    if wanted.resume is not None:
        held = wanted.resume.read("run.json")
        if held["data"] != data_hashes(suite) or held["target"] != target.model_dump():
            raise ConfigurationError(
                f"The run {wanted.resume.name!r} was started with other cases or another target.",
                fix="Start a new run; outputs to other questions cannot be mixed into it.",
            )
        return wanted.resume
    path = wanted.out or runs_root(settings) / new_name(suite.name, target.name)
    if path.exists() and any(path.iterdir()):
        raise ConfigurationError(
            f"{path} holds something already.",
            fix="Name another folder, or go on with the run: --resume RUN.",
        )
    path.mkdir(parents=True, exist_ok=True)
    return RunFolder(path)


def _library(
    suite: Suite, target: TargetSpec, settings: Settings, wanted: Wanted, progress: ProgressLine
) -> tuple[Settings, Row]:
    if target.kind not in ("embedded", "chat"):
        return settings, {"folder": f"of {target.url}"}
    if wanted.library is not None:
        own = settings.model_copy(
            update={"data_dir": wanted.library, "database_url": None, "chroma_url": None}
        )
        return own, {"folder": "named on the command line"}
    return library_settings(settings, suite.library, progress=progress.say)


class ProgressLine:
    """What is being done and about how long it will take, on stderr; one line on a terminal."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._set = ""
        self._started = 0.0
        self._first = 0
        self._last_said = 0.0

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def tell(self, name: str, done: int, total: int) -> None:
        """So many of a set's cases are done."""
        now = time.monotonic()
        if name != self._set:
            self._set, self._started, self._first = name, now, done - 1
        each = (now - self._started) / max(1, done - self._first)
        self.say(
            f"{name}: {done} of {total}, about {_duration(each * (total - done))} left",
            last=done == total,
        )

    def say(self, text: str, *, last: bool = False) -> None:
        """One line; where no terminal is, one every ten seconds."""
        now = time.monotonic()
        if self._terminal:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        elif last or now - self._last_said >= 10:
            print(text, file=sys.stderr, flush=True)
            self._last_said = now


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
