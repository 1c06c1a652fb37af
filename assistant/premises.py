"""Figures that a question takes for granted and that nothing found for it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FIGURE = re.compile(
    r"(?P<pound>£\s?)?(?P<number>\d[\d,]*(?:\.\d+)?)(?P<unit>\s?(?:million|billion|bn|m\b|per cent|"
    r"percent|%))?(?![\d/-])",
    re.IGNORECASE,
)
_UNITS = {"bn": "billion", "m": "million", "percent": "per cent", "%": "per cent"}
LEAST_COUNT = 10  # a smaller number without a unit is a way of speaking


def unfounded_figures(question: str, texts: Iterable[str]) -> list[str]:
    """The figures of a question, as it writes them, that occur in none of the texts.

    Years, spans of years and small counts are left out.
    """
    asked = _figures(question, counts_from=LEAST_COUNT)
    if not asked:
        return []
    held = {figure for text in texts for figure, _ in _figures(text)}
    return list(dict.fromkeys(written for figure, written in asked if figure not in held))


def premise_note(figures: list[str]) -> str:
    """What a person is told about the figures that the library does not bear out."""
    said = " and ".join(figures)
    return (
        f"The question says {said}; nothing found in the library does. What the library does say "
        "is quoted here."
    )


def _figures(text: str, *, counts_from: float = 0.0) -> list[tuple[tuple[float, str], str]]:
    """Each figure as (number, unit), and as it is written."""
    found: list[tuple[tuple[float, str], str]] = []
    for match in _FIGURE.finditer(text):
        before = text[max(0, match.start() - 1) : match.start()]
        if before.isalnum() or before in ("/", "-", "."):
            continue  # part of a word, of a span of years or of a longer number
        unit = (match["unit"] or "").strip().lower()
        number = float(match["number"].replace(",", ""))
        year = (
            not unit
            and not match["pound"]
            and "," not in match["number"]
            and (1900 <= number <= 2099)
        )
        if year or (not unit and not match["pound"] and number < counts_from):
            continue
        found.append(((number, _UNITS.get(unit, unit)), match[0].strip(" ,")))
    return found
