"""What kind of answer a question asks for, and the questions that it is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How an answer is put together."""

    POINT = "point"  # a fact or a definition: the fewest sentences that say it
    COMPARISON = "comparison"  # some sentences for each thing compared
    SURVEY = "survey"  # evidence or examples from several documents


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is to be answered."""

    question: str
    kind: Kind
    parts: tuple[str, ...]  # the questions in it, in order; the whole when it is one


_COMPARING = re.compile(
    r"\b(compar\w+|versus|vs\.?|contrast\w*|differ\w*|difference between|which of|"
    r"which (?:one|did|was|has|had|is|works?|worked)|better than|worse than|more than the|"
    r"side by side|both|set .{3,60} beside|put .{3,60} next to|alongside)\b",
    re.IGNORECASE,
)
_SURVEYING = re.compile(
    r"\b(evidence (?:for|against|that|on|about|is)|for and against|pros and cons|"
    r"what (?:would|might|could) .{3,80} (?:mean|look like)|what (?:does|do) .{3,80} mean for|"
    r"what would it (?:mean|look like|take)|put .{3,80} into practice|"
    r"how (?:could|can|might|would|should|do) .{3,80}\b(?:apply|use|make|put|bring|give|shift|get|"
    r"move|help|build|design|improve|reduce|prevent|work|change)|"
    r"(?:does|do) (?:the )?evidence|(?:any|best|good|strongest) (?:proof|evidence)|evidence (?:each|both)|"
    r"how (?:strong|solid|good) is the (?:case|evidence|evidnce)|shown to work|the case (?:for|against)|"
    r"(?:does|do|did|has|have) .{3,60} (?:pay off|save money|make a difference|change anything)|"
    r"going by the evidence|track record|"
    r"does .{3,80} (?:actually )?work|do .{3,80} (?:actually )?work|has .{3,80} worked|"
    r"lessons|what works|examples? of|which examples|list|what (?:has|have) been (?:tried|learn\w+)|"
    r"is there (?:any )?(?:evidence|proof)|what do we know about|how well (?:has|have|did|do|does))\b",
    re.IGNORECASE,
)
_LISTING = re.compile(
    r"\b(list|which (?:of the )?(?:examples?|programmes?|cases|documents|briefs)|"
    r"what examples|examples of|every example)\b",
    re.IGNORECASE,
)
# Where a second question begins inside a sentence.
_SECOND = re.compile(
    r"(?:,\s*(?:and|but)|;|\band\b)\s+(?=(?:what|how|why|when|where|who|which|did|does|do|was|were|"
    r"is|are|has|have|had|can|could|by how)\b)",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(?<=\?)\s+(?=\S)")
_LEAST_PART = 12  # characters; a shorter piece is not a question of its own


def read_question(question: str) -> Asked:
    """What a question asks for, judged by its wording."""
    parts = tuple(
        part.strip()
        for sentence in _ENDS.split(question.strip())
        for part in _halves(sentence)
        if len(part.strip()) >= _LEAST_PART
    )
    if _COMPARING.search(question):
        kind = Kind.COMPARISON
    elif surveys(question):
        kind = Kind.SURVEY
    else:
        kind = Kind.POINT
    if len(parts) < 2 or kind is not Kind.POINT:
        parts = (question.strip(),)
    return Asked(question.strip(), kind, parts)


def surveys(question: str) -> bool:
    """Whether a question asks what is known about something over several documents."""
    return bool(_SURVEYING.search(question) or _LISTING.search(question))


def _halves(sentence: str) -> list[str]:
    """A sentence at its second question, if it has one that begins after a whole first one."""
    found = _SECOND.search(sentence)
    if found is None or found.start() < _LEAST_PART:
        return [sentence]
    return [sentence[: found.start()], *_halves(sentence[found.end() :])]
