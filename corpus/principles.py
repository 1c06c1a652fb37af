"""The design principles that drafts are checked against and questions are asked about."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

SHIPPED = Path(__file__).parent / "principles.toml"


@dataclass(frozen=True, slots=True)
class Principle:
    """One principle, as its file states it."""

    id: str  # "P1" to "P7"
    number: int
    title: str
    statement: str


def load_principles(file: Path = SHIPPED) -> tuple[Principle, ...]:
    """The principles of a file, in its order."""
    with file.open("rb") as opened:
        entries = tomllib.load(opened)["principle"]
    return tuple(
        Principle(entry["id"], entry["number"], entry["title"], entry["statement"])
        for entry in entries
    )
