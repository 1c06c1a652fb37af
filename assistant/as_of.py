"""The day that a question asks about, where it asks what was in force then."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

_MONTHS = [
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
]
_DATE = (
    r"(?:(?:the )?(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: of)? )?(?P<month>"
    + "|".join(_MONTHS)
    + r"),? )?(?P<year>(?:19|20)\d\d)"
)
_AS_OF = re.compile(
    r"\b(?:as (?:of|at)|in force (?:in|on|at|by)|(?:as it )?stood (?:in|on|at)|"
    r"(?:the )?version (?:of|from|in force)(?: in| on)?|applicable (?:in|on)|"
    r"the (?:rules|guidance|policy|text|wording|document) (?:of|in|from)|"
    r"according to the (?:\w+ ){0,3}(?:of|from))"
    r"(?: the (?:end|start|beginning) of)? " + _DATE + r"\b",
    re.IGNORECASE,
)


def as_of_day(question: str) -> date | None:
    """The last day of the year, month or day named after "as of", "in force in" and the like."""
    found = _AS_OF.search(" ".join(question.split()))
    if found is None:
        return None
    year = int(found["year"])
    if not found["month"]:
        return date(year, 12, 31)
    month = _MONTHS.index(str(found["month"]).lower()) + 1
    last = monthrange(year, month)[1]
    return date(year, month, min(int(found["day"] or last), last))
