"""Things side by side: a row for each thing compared, a column for each aspect asked about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.quoting import Quotation

MOST_ASPECTS = 4
MOST_WORDS = 5  # of one aspect; longer is a clause of its own
_ON = re.compile(
    r"\b(?:on|in terms of|by|regarding|as regards|with regard to|when it comes to|in respect of|"
    r"for)\s+(?P<aspects>[^?.;:]+?)\s*[?.]?\s*$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*(?:,|;|\band\b|\bor\b|&)\s*", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:the|their|its|both|how much|what)\s+", re.IGNORECASE)


Row = tuple[str, str, tuple[tuple[Quotation, ...], ...]]  # title, document id, cells


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found for each thing and aspect; an empty cell is a gap in the library."""

    aspects: tuple[str, ...]
    rows: tuple[Row, ...]


def aspects_of(
    question: str, names: frozenset[str], terms: Callable[[str], tuple[str, ...]]
) -> list[str]:
    """The aspects that a comparison names after "on" or "in terms of"; none when it does not.

    `names` are the terms that name the things compared: an aspect with one of them is none.
    """
    found = _ON.search(" ".join(question.split()))
    if found is None:
        return []
    aspects = [
        _ARTICLE.sub("", part.strip()) for part in _BETWEEN.split(found["aspects"]) if part.strip()
    ]
    said = [set(terms(aspect)) for aspect in aspects]
    if not all(words and not words & names for words in said):
        return []
    if any(len(aspect.split()) > MOST_WORDS for aspect in aspects):
        return []
    return aspects[:MOST_ASPECTS]


def all_quoted(
    rows: Sequence[tuple[str, str, tuple[tuple[Quotation, ...], ...]]],
) -> list[Quotation]:
    """Every quotation of a table, row by row, each once."""
    return list(
        dict.fromkeys(quotation for _, _, cells in rows for cell in cells for quotation in cell)
    )
