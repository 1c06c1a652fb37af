"""Question sets: YAML lists of cases, conversations included."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.errors import ConfigurationError


class QuestionCase(BaseModel):
    """One question with what an answer must say; turns of a conversation name those before."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    type: str
    question: str
    answerable: bool
    expected_points: tuple[str, ...] = ()
    fact_ids: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # ids of documents; where empty, those of the facts
    conversation: str | None = None
    turn: int = 1
    previous: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    refusal_reason: (
        Literal["out-of-scope", "future", "personal-advice", "party-political"] | None
    ) = None

    @property
    def group(self) -> str:
        """Its conversation, or itself: what is resampled together."""
        return self.conversation or self.id

    @property
    def expected_sources(self) -> tuple[str, ...]:
        """The documents that an answer should rest on, in alphabetical order."""
        return tuple(sorted(self.sources or {fact.rsplit(".", 1)[0] for fact in self.fact_ids}))


def load_questions(file: Path) -> list[QuestionCase]:
    """The cases of a set, in order. Raises ConfigurationError naming the case that is wrong."""
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"{file} cannot be read as YAML: {error}.", fix="Name a YAML list of questions."
        ) from error
    if not isinstance(entries, list) or not entries:
        raise ConfigurationError(f"{file} holds no list of questions.", fix="See evals/README.md.")
    cases: list[QuestionCase] = []
    known: set[str] = set()
    for number, entry in enumerate(entries, start=1):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        try:
            case = QuestionCase.model_validate(entry)
        except ValidationError as error:
            fault = error.errors()[0]
            raise ConfigurationError(
                f"{file}, question {number}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}.",
                fix="Correct it; evals/README.md shows the fields.",
            ) from error
        if case.id in known or not known.issuperset(case.previous):
            raise ConfigurationError(
                f"{file}, question {number}: {case.id!r} is there twice or names a turn that does "
                "not come before it.",
                fix="Give each question its own id, and put conversations in order.",
            )
        known.add(case.id)
        cases.append(case)
    return cases
