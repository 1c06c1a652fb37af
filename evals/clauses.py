"""Labelled clauses: for training the judge, and for measuring any judge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from corpus.errors import ConfigurationError
from corpus.principles import load_principles

TRAINING = Path(__file__).resolve().parent.parent / "corpus" / "clauses"
NAMES = ("silent", "supports", "conflicts")  # their positions are the label numbers


@dataclass(frozen=True, slots=True)
class LabelledClause:
    """A clause with a label number for each principle, in the order of the principles."""

    id: str
    text: str
    labels: tuple[int, ...]
    disputed: tuple[bool, ...]  # where two annotators differed: left out of training and scoring
    pair: str = ""  # the contrast pair that it belongs to; both sides stay together in a split
    source: str = ""  # year, party and nation, where it was quoted from somewhere


def load_clauses(file: Path) -> list[LabelledClause]:
    """The clauses of a JSONL file. Raises ConfigurationError naming the line that is wrong."""
    return list(_read(file))


def load_training_clauses() -> list[LabelledClause]:
    """Every committed training clause, in the order of the files."""
    return [clause for file in sorted(TRAINING.glob("*.jsonl")) for clause in _read(file)]


def label_f1s(
    clauses: Sequence[LabelledClause], predicted: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """F1 of supports for each principle, then of conflicts; `predicted` is (clauses, principles).

    Disputed cells are left out. A label that neither side has scores 0.
    """
    wanted = np.array([clause.labels for clause in clauses])
    counted = ~np.array([clause.disputed for clause in clauses])
    found: list[float] = []
    for label in (1, 2):
        for column in range(wanted.shape[1]):
            truth = wanted[counted[:, column], column] == label
            said = predicted[counted[:, column], column] == label
            found.append(2 * (truth & said).sum() / max(1, truth.sum() + said.sum()))
    return np.array(found)


def _read(file: Path) -> Iterator[LabelledClause]:
    principles = [principle.id for principle in load_principles()]
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error.strerror or error}.", fix="Check the path."
        ) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = cast("dict[str, Any]", json.loads(line))
            labels = cast("dict[str, str]", row["labels"])
            unknown = labels.keys() - set(principles)
            if unknown:
                raise ValueError(f"unknown principle {sorted(unknown)[0]!r}")
            yield LabelledClause(
                id=str(row["id"]),
                text=str(row["text"]),
                labels=tuple(NAMES.index(labels.get(name, "silent")) for name in principles),
                disputed=tuple(name in (row.get("disputed") or ()) for name in principles),
                pair=str(row.get("pair") or ""),
                source=_source(row.get("source")),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{file.name}, line {number}, is no labelled clause: {error!r}.",
                fix='A line is like {"id": …, "text": …, "labels": {"P1": "supports"}}.',
            ) from error


def _source(held: object) -> str:
    if isinstance(held, dict):
        return " ".join(str(value) for value in cast("dict[str, object]", held).values())
    return str(held or "")
