"""A run's folder: what was run, each case's output and scores, and what they came to.

run.json            suite, target, settings without secrets, commit, data hashes, versions
outputs/SET.jsonl   one line a case: what the target said; appended to, so a run can go on
vectors.npz         the vectors of texts that scoring compared, so that it never needs a model
scores/SET.jsonl    one line a case: the numbers of each measure, and what was wrong
summary.json        figures with intervals, breakdowns, comparison, thresholds
report.html report.md junit.xml
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from corpus.errors import ConfigurationError
from corpus.settings import Settings
from evals.machine import machine
from evals.runs.suite import ROOT, Suite, TargetSpec

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Case = BaseModel | DataclassInstance

Row = dict[str, Any]
_PACKAGES = ("plumbline", "torch", "onnxruntime", "sentence-transformers", "chromadb", "tantivy",
             "langchain", "numpy", "pypdf")  # fmt: skip


class RunFolder:
    """One run's files; reading and writing them, and nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.path.name

    def read(self, name: str) -> Row:
        """One of its JSON files. Raises ConfigurationError when it is not there or torn."""
        file = self.path / name
        try:
            return cast("Row", json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"{file} cannot be read: {error}.",
                fix="Name a run's folder; `plumbline eval runs` lists them.",
            ) from error

    def write(self, name: str, held: Mapping[str, Any]) -> None:
        """One of its JSON files."""
        self.write_text(name, json.dumps(held, ensure_ascii=False, indent=1) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """One of its files, whole or not at all."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_name(file.name + ".part")
        half.write_text(text, encoding="utf-8")
        half.replace(file)

    def rows(self, kind: str, set_name: str) -> list[Row]:
        """The lines of outputs or scores; a line torn by a kill is left out."""
        file = self.path / kind / f"{set_name}.jsonl"
        if not file.is_file():
            return []
        found: list[Row] = []
        for line in file.read_text(encoding="utf-8").split("\n"):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # empty, or the last line of a run that was killed
        return found

    def append(self, set_name: str, row: Row) -> None:
        """One more output."""
        file = self.path / "outputs" / f"{set_name}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")

    def write_rows(self, kind: str, set_name: str, rows: Iterable[Row]) -> None:
        """All lines of outputs or scores."""
        self.write_text(
            f"{kind}/{set_name}.jsonl",
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
        )


def runs_in(root: Path, *, suite: str = "") -> list[RunFolder]:
    """The runs below a folder that came to a summary, the oldest first; of one suite if named."""
    folders = [RunFolder(file.parent) for file in root.glob("*/summary.json")]
    described = [(folder.read("run.json"), folder) for folder in folders]
    chosen = [pair for pair in described if not suite or pair[0]["suite"] == suite]
    return [folder for _, folder in sorted(chosen, key=lambda pair: str(pair[0]["created"]))]


def find_run(named: str, root: Path) -> RunFolder:
    """A run by its folder or by its name. Raises ConfigurationError when there is none."""
    for path in (Path(named), root / named):
        if (path / "run.json").is_file():
            return RunFolder(path)
    raise ConfigurationError(
        f"There is no run {named!r}.",
        fix=f"Name a folder, or one of the runs in {root}: `plumbline eval runs` lists them.",
    )


def new_name(suite: str, target: str) -> str:
    """A name that sorts by time."""
    return f"{suite}-{target}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def description(
    suite: Suite,
    target: TargetSpec,
    settings: Settings,
    *,
    library: Mapping[str, Any],
    chosen: Mapping[str, Any],
) -> Row:
    """What run.json says: enough to run it again, and nothing secret."""
    commit, changed = commit_of(ROOT)
    return {
        "suite": suite.name,
        "suite_file": _shown(suite.file),
        "description": suite.description,
        "target": target.model_dump(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "uncommitted_changes": changed,
        "settings": without_secrets(settings),
        "chosen": dict(chosen),
        "library": dict(library),
        "data": data_hashes(suite),
        "sets": {entry.name: entry.kind for entry in suite.set},
        "versions": _versions(),
        "machine": machine(),
    }


def without_secrets(settings: Settings) -> Row:
    """The settings as text, with keys, addresses that may hold passwords, and paths left out."""
    hidden = {"chat_api_key", "api_key", "database_url", "chroma_url", "data_dir"}
    return {
        name: value if isinstance(value, (bool, int, float)) else str(value)
        for name, value in settings.model_dump().items()
        if name not in hidden and "key" not in name and value is not None
    }


def data_hashes(suite: Suite) -> dict[str, str]:
    """The sha256 of each file that the suite's cases come from."""
    files = {name for entry in suite.set for name in (entry.file, entry.corpus) if name}
    return {name: _digest(suite.path(name)) for name in sorted(files)}


def case_sha(case: Case) -> str:
    """A short digest of a case's own words, by which two runs know that they asked the same.

    What is left at its default is left out, so that a new field with one changes no digest.
    """
    if isinstance(case, BaseModel):
        held = case.model_dump(mode="json", exclude_defaults=True)
    else:
        held = {
            field.name: getattr(case, field.name)
            for field in fields(case)
            if getattr(case, field.name) != field.default
        }
    return hashlib.sha256(repr(sorted(held.items())).encode()).hexdigest()[:12]


def commit_of(tree: Path) -> tuple[str, bool]:
    """The commit of a tree and whether files differ from it; empty outside a repository."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(tree), *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain"))
    except FileNotFoundError:  # git is not installed
        return "", False


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _shown(file: Path) -> str:
    return str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else file.name


def chosen_cases(
    ids: Sequence[str], wanted: Sequence[str], limit: int | None, every: int
) -> set[str]:
    """Which of the cases run. Raises ConfigurationError when a wanted id is in none."""
    chosen = list(ids[::every])
    if wanted:
        chosen = [name for name in ids if name in set(wanted)]
    return set(chosen[:limit] if limit else chosen)
