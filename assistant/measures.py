"""Measures and places that a question asks about and that nothing found for it has.

A brief on a programme is near to every question about it, also to one on a cost that nobody
stated. So where a question names a document and a kind of measure, that document must hold a
figure of the kind; and where it names a place, something found must name the place too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.features import About, figures
from corpus.types import Passage

# A question of a kind, and what a sentence with such a figure speaks of.
_MEASURES = (
    (
        re.compile(
            r"\b(?:how much (?:did|does|do|was|were|is) .{2,80}\bcost|"
            r"what (?:did|does|do) .{2,80}\bcost|"
            r"(?:the|a|its|running|total) costs? (?:of|per|for)|cost per|cost to run|price of|"
            r"budget of|how much .{2,60}\b(?:spend|spent))\b",
            re.IGNORECASE,
        ),
        re.compile(r"£|\$|€|\b(?:million|billion) (?:dollars|euros?)\b"),
    ),
    (
        re.compile(
            r"\b(?:how many|number of|what (?:share|percentage|proportion) of(?: the| its)?) "
            r"(?:\w+ ){0,2}(?:staff|employees|workers|officers|nurses|teachers|doctors|carers)\b",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:staff\w*|employees?|workers?|officers?|nurses?|teachers?|doctors?|carers?|"
            r"practitioners|headcount|workforce|people|jobs|posts)\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(r"\b(?:salar(?:y|ies)|average pay|wages? of)\b", re.IGNORECASE),
        re.compile(r"\b(?:salar\w+|wages?|pay|paid)\b", re.IGNORECASE),
    ),
    (
        re.compile(r"\bturnover\b", re.IGNORECASE),
        re.compile(r"\bturnover\b", re.IGNORECASE),
    ),
    (
        re.compile(r"\bvolunteer\w*\b", re.IGNORECASE),
        re.compile(r"\bvolunteer\w*\b", re.IGNORECASE),
    ),
    (
        re.compile(r"\b(?:gcses?|exam results|a-levels?|test scores)\b", re.IGNORECASE),
        re.compile(r"\b(?:gcses?|exam\w*|a-levels?|results?|grades?|scores?)\b", re.IGNORECASE),
    ),
)
_IN_A_PLACE = re.compile(r"\bin (?:the )?((?:[A-Z][\w’'-]+)(?: [A-Z][\w’'-]+){0,2})")
_DIRECTIONS = frozenset("north south east west northern southern eastern western".split())
_NO_PLACES = frozenset(
    """january february march april may june july august september october november december
    parliament government commons lords whitehall nhs english welsh general principle""".split()
)


def nothing_measured(question: str, passages: Sequence[Passage], about: About) -> bool:
    """Whether a question asks for a kind of figure that the documents it names do not hold.

    Also when it asks about a place that no passage, title or document's place names.
    """
    named = about.named or about.before
    of_them = [passage for passage in passages if passage.chunk.document_id in named]
    for asked, held in _MEASURES:
        if of_them and asked.search(question) and not any(_holds(one, held) for one in of_them):
            return True
    return any(
        not _is_named(place, passages) for place in _IN_A_PLACE.findall(question) if passages
    )


def _holds(passage: Passage, kind: re.Pattern[str]) -> bool:
    chunk = passage.chunk
    return any(
        kind.search(text) and figures(text)
        for start, end in chunk.sentences
        for text in [chunk.text[start - chunk.start : end - chunk.start]]
    )


def _is_named(place: str, passages: Sequence[Passage]) -> bool:
    low = re.sub(r"[’']s$", "", place.lower())
    words = [word for word in low.split() if word not in _DIRECTIONS] or low.split()
    if low.split()[0] in _NO_PLACES:
        return True
    return any(
        any(word in text for word in words)
        for held in passages
        for text in [f"{held.chunk.text} {held.details.title} {held.details.place}".lower()]
    )
