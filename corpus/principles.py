"""The design principles that drafts are checked against and questions are asked about."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from corpus.errors import ConfigurationError

SHIPPED = Path(__file__).parent / "principles.toml"
_LABELS = frozenset({"supports", "conflicts", "silent"})


@dataclass(frozen=True, slots=True)
class Criterion:
    """One testable thing that a principle asks for, and its opposite."""

    id: str  # "P2.3"
    title: str
    text: str
    conflict: str


@dataclass(frozen=True, slots=True)
class Example:
    """An invented clause with its label for one principle."""

    text: str
    label: str  # supports, conflicts or silent


@dataclass(frozen=True, slots=True)
class Principle:
    """One principle, as its file states it."""

    id: str  # "P1" to "P7"
    number: int
    title: str
    statement: str
    conflict: str = ""  # what running against it looks like
    cues: tuple[str, ...] = ()  # phrases, for explanation only
    criteria: tuple[Criterion, ...] = ()
    examples: tuple[Example, ...] = ()


def load_principles(file: Path = SHIPPED) -> tuple[Principle, ...]:
    """The principles of a file, in its order.

    Raises ConfigurationError naming the file, and the line or the principle that is wrong.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error}.", fix="Name a TOML file in UTF-8."
        ) from error
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{file.name} is no TOML: {error}.", fix="Correct that line."
        ) from error
    entries = held.get("principle")
    if not isinstance(entries, list) or not entries:
        raise ConfigurationError(
            f"{file.name} has no [[principle]].", fix="Begin each principle with [[principle]]."
        )
    lines = [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if re.match(r"\s*\[\[\s*principle\s*\]\]", line)
    ]
    found: list[Principle] = []
    for entry, line in zip(cast("list[dict[str, Any]]", entries), lines, strict=False):
        try:
            principle = _principle(entry, len(found) + 1)
        except (KeyError, TypeError, ValueError) as error:
            missing = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            raise ConfigurationError(
                f"{file.name}, the principle that begins on line {line}: {missing}.",
                fix="A principle needs id, title, statement, and criteria with id, title and text.",
            ) from error
        if any(principle.id == other.id for other in found):
            raise ConfigurationError(
                f"{file.name}, line {line}: the id {principle.id!r} is used twice.",
                fix="Give each principle an id of its own.",
            )
        found.append(principle)
    return tuple(found)


def _principle(entry: dict[str, Any], position: int) -> Principle:
    examples = tuple(
        Example(_text(example, "text"), _text(example, "label"))
        for example in entry.get("example", [])
    )
    for example in examples:
        if example.label not in _LABELS:
            raise ValueError(f"an example's label is {example.label!r}, not {sorted(_LABELS)}")
    return Principle(
        id=_text(entry, "id"),
        number=int(entry.get("number", position)),
        title=_text(entry, "title"),
        statement=_text(entry, "statement"),
        conflict=str(entry.get("conflict", "")),
        cues=tuple(str(cue) for cue in entry.get("cues", [])),
        criteria=tuple(
            Criterion(
                _text(criterion, "id"),
                _text(criterion, "title"),
                _text(criterion, "text"),
                str(criterion.get("conflict", "")),
            )
            for criterion in entry.get("criterion", [])
        ),
        examples=examples,
    )


def _text(entry: dict[str, Any], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name!r} is empty or no text")
    return value
