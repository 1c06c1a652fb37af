"""Suites: TOML files that name sets, targets, thresholds and what a gate watches."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from corpus.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent.parent


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SetSpec(_Table):
    """One set of cases; `file` is relative to the suite's file."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    kind: Literal["questions", "clauses", "pairs", "attacks", "pool"]
    file: str
    corpus: str = ""  # of a pool: its passages
    every: Annotated[int, Field(ge=1)] = 1  # 3 takes each third case, for a quick suite


class TargetSpec(_Table):
    """What is measured.

    `embedded` is this program without a chat model; `chat` is this program with one; `plumbline`
    is another Plumbline, by its address; `openai` is any OpenAI-style endpoint, as it is. Keys are
    named, never written: `key_env` is the environment variable that holds one.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    kind: Literal["embedded", "chat", "plumbline", "openai"]
    url: str = ""
    model: str = ""
    key_env: str = ""
    timeout: Annotated[float, Field(gt=0, le=600)] = 60.0

    @model_validator(mode="after")
    def _whole(self) -> TargetSpec:
        if self.kind in ("chat", "openai") and not self.model:
            raise ValueError(f"a target of kind {self.kind!r} needs a model")
        if self.kind in ("plumbline", "openai") and not self.url:
            raise ValueError(f"a target of kind {self.kind!r} needs a url")
        return self


class Threshold(_Table):
    """A bound on a figure that a run must keep, e.g. `questions.quotes_verified` at least 1."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one(self) -> Threshold:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a threshold needs either at_least or at_most")
        return self

    def broken_by(self, value: float) -> bool:
        """Whether a value is on the wrong side."""
        if self.at_least is not None:
            return value < self.at_least - 1e-9
        return self.at_most is not None and value > self.at_most + 1e-9

    def said(self) -> str:
        """The bound in words."""
        return (
            f"at least {self.at_least}"
            if self.at_least is not None
            else (f"at most {self.at_most}")
        )


class Gate(_Table):
    """Which figures may not fall against the committed baseline."""

    baseline: str  # relative to the suite's file
    metrics: tuple[str, ...]
    chance: Annotated[float, Field(gt=0, lt=0.5)] = 0.01  # above it, a fall may be noise
    least_fall: Annotated[float, Field(ge=0)] = 0.01  # a smaller one is let through


class FigureSpec(_Table):
    """A figure that README.md and the About page show, from a run of this suite."""

    name: str
    metric: str
    set: str  # what the set is, in words


class Suite(_Table):
    """A whole suite."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    description: str = ""
    library: str = "corpus/documents"  # a folder, relative to the tree; "settings" for one's own
    epochs: Annotated[int, Field(ge=1, le=100)] = 1
    set: tuple[SetSpec, ...]
    target: tuple[TargetSpec, ...]
    metrics: tuple[str, ...] = ()  # shown first; all are measured
    threshold: tuple[Threshold, ...] = ()
    gate: Gate | None = None
    figure: tuple[FigureSpec, ...] = ()
    file: Path = Path()

    @model_validator(mode="after")
    def _names_differ(self) -> Suite:
        for named in (self.set, self.target):
            names = [entry.name for entry in named]
            if not names or len(set(names)) < len(names):
                raise ValueError("a suite needs sets and targets, each with a name of its own")
        return self

    def path(self, name: str) -> Path:
        """A file that the suite names, relative to the suite's own."""
        return (self.file.parent / name).resolve()

    def target_named(self, name: str | None) -> TargetSpec:
        """A target by its name; the first when none is named."""
        if name is None:
            return self.target[0]
        for target in self.target:
            if target.name == name:
                return target
        raise ConfigurationError(
            f"The suite {self.name!r} has no target {name!r}.",
            fix=f"Choose among {', '.join(target.name for target in self.target)}.",
        )


def load_suite(file: Path) -> Suite:
    """A suite. Raises ConfigurationError naming the entry that is wrong."""
    try:
        held: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"{file} cannot be read as a suite: {error}.",
            fix="Name one of evals/suites/*.toml; evals/README.md shows the entries.",
        ) from error
    try:
        suite = Suite.model_validate({**held, "file": file.resolve()})
    except ValidationError as error:
        fault = error.errors()[0]
        raise ConfigurationError(
            f"{file}: {'.'.join(map(str, fault['loc'])) or 'the suite'}: {fault['msg']}.",
            fix="Correct it; evals/README.md shows the entries.",
        ) from error
    for entry in suite.set:
        for name in (entry.file, entry.corpus):
            if name and not suite.path(name).is_file():
                raise ConfigurationError(
                    f"{file}: the set {entry.name!r} names {name}, which is not there.",
                    fix="Check the path; it is relative to the suite's file.",
                )
    return suite
