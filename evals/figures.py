"""Figures in a text, in one spelling, so that "Six" equals "6" and "1,061" equals "1061"."""

from __future__ import annotations

import re

_WORDS = {
    word: str(number)
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen twenty".split(),
        start=1,
    )
}
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?(?:/\d+)?(?:-\d+)?")


def figures(text: str, *, words: bool = True) -> frozenset[str]:
    """Every number in a text without thousands separators; number words to twenty if asked.

    Spans such as 2015-16 and 2017/18 are one figure, in one spelling.
    """
    found = {
        figure.replace(",", "").replace("/", "-").rstrip("-") for figure in _FIGURE.findall(text)
    }
    if words:
        found |= {_WORDS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _WORDS}
    return frozenset(found)
