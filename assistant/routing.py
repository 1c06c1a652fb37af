"""Whether a message asks for wording to be checked, and which wording.

A decision by how a message is worded, in three steps: a text in quotation marks, a text behind a
colon, a dash, a question or a line break, or a message that is itself a commitment. Whether it is
right is measured: `python -m evals.routing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.scope import declined_by_wording
from assistant.types import Decline, Role, Turn

LEAST_WORDS = 3  # of wording to check
LEAST_PLEDGE_WORDS = 5  # of a commitment that nothing introduces
LEAST_LONG_ORDER = 8  # words of an order that ends without a stop
MOST_FOLLOW_UP_WORDS = 14

_QUOTED = re.compile(
    r"[“\"](?P<curly>[^“”\"]{8,})[”\"]|(?<!\w)[‘'](?P<single>[^‘’'\n]{12,})[’'](?!\w)"
)
_DELIMITER = re.compile(r":\s+|\s[-–—]\s|\?\s+|\s*\n\s*\n\s*|\.\s+(?=[A-Z“\"])")
_PRINCIPLES = re.compile(
    r"\bprinciples?\s*(?P<list>\d(?:\s*(?:,|and|or|&|/)\s*\d)*)|\bp(?P<short>\d)\b", re.IGNORECASE
)
_THIS = re.compile(
    r"\b(?:this|these|it|the following|below|(?:our|my|the|a) (?:draft|pledge|line|clause))\b",
    re.IGNORECASE,
)
_PIECE = re.compile(
    r"\b(?:draft|pledges?|clauses?|wording|commitments?|proposals?|paragraph|sentence|"
    r"manifesto line|line)\b",
    re.IGNORECASE,
)
_CHECK = re.compile(
    r"\b(?:check|assess|review|test|judge|rate|score|evaluate|analyse|analyze|validate|verdict|"
    r"run|look at|compare|mark|vet|critique|scan)\b",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"\b(?:fits?|conflict\w*|consistent|compatible|supports?|breach\w*|breaks?|pass(?:es)?|"
    r"clash\w*|against|align\w*|sits?|square|under|violat\w*|contradict\w*|go(?:es)? with|do|see|"
    r"score|in line|principles?)\b",
    re.IGNORECASE,
)
_VIEW = re.compile(
    r"\b(?:think|view|opinion|wrong|ok|okay|make of|verdict|feedback|thoughts|happy with|"
    r"problem)\b",
    re.IGNORECASE,
)
_COMMITS = re.compile(
    r"\b(?:will|shall|must|would|should|cannot|may not|going to|propose|pledge|commit|"
    r"to be|ought)\b|['’](?:ll|d)\b|\bwe (?:therefore )?(?:want|intend|plan|believe)\b|"
    r"\bour (?:[\w-]+ ){0,3}(?:goal|aim|mission|target|policy|plan)s?\b",
    re.IGNORECASE,
)
# How a manifesto's list items begin: with what is to be done.
_ORDERS = re.compile(
    r"(?:abandon|abolish|allow|ban|bring|build|cap|close|create|cut|devolve|double|enable|"
    r"encourage|end|ensure|establish|expand|extend|free|freeze|fund|give|guarantee|halve|hand|"
    r"improve|increase|introduce|invest|keep|launch|lift|limit|make|merge|move|open|pay|pilot|"
    r"promote|protect|provide|put|raise|recruit|reduce|reform|remove|repeal|replace|require|"
    r"restore|reverse|scrap|set|shift|simplify|split|stop|strengthen|tackle|transfer|trial|use|"
    r"work with)\b(?! me\b| us\b)"
)
_ASKS = re.compile(
    r"\s*(?:who|whom|whose|what|where|which|when|why|how|is|are|was|were|do|does|did|has|have|had|"
    r"can|could|will|would|should|shall|may|might|tell|show|list|give (?:me|us|the)|find|explain|"
    r"summari[sz]e|compare|name|describe|write|draft me|make (?:me|the case)|argue|help|hello|hi|"
    r"thanks|thank|and|but|say|search|look up|i (?!propose|pledge|commit|would|believe)|"
    r"i['’]m|my (?!pledge|plan|proposal|policy)|i need to know|they say|"
    r"(?:in|by|at|to|for|from|since|under) (?:what|which|whom|when))\b",
    re.IGNORECASE,
)
_ASKS_LATER = re.compile(
    r",\s+(?:how|what|when|why|since when|is|are|does|do|did|will|would|can|has|have)\b"
    r"(?! (?:and|or)\b)",
    re.IGNORECASE,
)
# "Where councils wish to merge, they will…" is a condition and no question.
_CONDITION = re.compile(
    r"(?:where|when)\b[^,]{8,},\s+(?!how|what|when|which|who|why)", re.IGNORECASE
)
_ABOUT_LIBRARY = re.compile(r"\b(?:the library|tell me|show me|you|your|please)\b", re.IGNORECASE)
_REPORTED = re.compile(
    r"\b(?:who said|said|promised|wrote|called|true that|known as|entitled|titled|mean(?:s|t)? by|"
    r"called)\b",
    re.IGNORECASE,
)


class FollowUpKind(StrEnum):
    """What is asked about findings that were shown."""

    WHY = "why"
    REWORD = "reword"
    PRINCIPLE = "principle"
    PRECEDENT = "precedent"


@dataclass(frozen=True, slots=True)
class CheckAsked:
    """Wording to be checked, and the numbers of the principles asked about; none means all."""

    text: str
    principles: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question about the findings on `asked`."""

    kind: FollowUpKind
    asked: CheckAsked
    principles: tuple[int, ...] = ()  # named here, or last in the turns before


def read_route(message: str, turns: Sequence[Turn] = ()) -> CheckAsked | FollowUp | None:
    """What a message asks of the checker; None when it is a question to the library."""
    return asked_to_check(message) or _following_up(message, turns)


def asked_to_check(message: str) -> CheckAsked | None:
    """The wording that a message wants checked; None when it wants something else."""
    for outside, wording in _candidates(message):
        if len(wording.split()) < LEAST_WORDS or _is_question(wording):
            continue
        # A leaflet is not written here, whatever it is to say.
        if declined_by_wording(outside or wording) is Decline.PERSUASION:
            return None
        return CheckAsked(wording, principles_in(outside))
    return None


def principles_in(text: str) -> tuple[int, ...]:
    """The numbers of the principles that a text names, in its order."""
    found: list[int] = []
    for named in _PRINCIPLES.finditer(text):
        found += map(int, re.findall(r"\d", named["list"] or named["short"]))
    return tuple(dict.fromkeys(found))


def _candidates(message: str) -> Iterator[tuple[str, str]]:
    """What may be meant as wording to check, each with the words around it; the likeliest first."""
    message = message.strip()
    quoted = _QUOTED.search(message)
    if quoted:
        wording = (quoted["curly"] or quoted["single"]).strip()
        outside = f"{message[: quoted.start()]} {message[quoted.end() :]}".strip()
        if not outside or _wants_quoted(outside, wording):
            yield outside, wording
    for cut in _DELIMITER.finditer(message):
        outside, wording = message[: cut.end()].strip(), message[cut.end() :].strip()
        if _introduces(outside, wording):
            yield outside, wording
    if _is_pledge(message):
        yield "", message


def _wants_quoted(outside: str, wording: str) -> bool:
    """Whether the words around a quotation ask for it to be checked."""
    if _REPORTED.search(outside):
        return False
    return bool(
        principles_in(outside)
        or _COMMITS.search(wording)
        or (_CHECK.search(outside) and (_THIS.search(outside) or _PIECE.search(outside)))
        or (_PIECE.search(outside) and len(outside.split()) <= 12)
        or (_VIEW.search(outside) and _THIS.search(outside))
    )


def _introduces(outside: str, wording: str) -> bool:
    """Whether the first part of a message asks for the rest to be checked."""
    if _ABOUT_LIBRARY.search(wording) and not _COMMITS.search(wording):
        return False
    said = _THIS.search(outside) or _PIECE.search(outside)
    asking = _CHECK.search(outside) or _VIEW.search(outside)
    if outside.endswith("."):  # two sentences: the first must be plain about what it wants
        return bool(said and _CHECK.search(outside) and not _COMMITS.search(outside))
    if said and (asking or _RELATION.search(outside)):
        return not outside.endswith("?") or _COMMITS.search(wording) is not None
    short = len(outside.split()) <= 8
    return bool(short and (_PIECE.search(outside) or asking) and _COMMITS.search(wording)) or bool(
        short and outside.endswith(":") and _CHECK.search(outside) and len(wording.split()) >= 6
    )


def _is_pledge(message: str) -> bool:
    """Whether a message is a commitment and nothing else."""
    if "?" in message or len(message.split()) < LEAST_PLEDGE_WORDS:
        return False
    asks = _ASKS.match(message) and not _CONDITION.match(message)
    if asks or _ASKS_LATER.search(message) or _ABOUT_LIBRARY.search(message):
        return False
    if _ORDERS.match(message[:1].lower() + message[1:]):
        return message.endswith(".") or len(message.split()) >= LEAST_LONG_ORDER
    return _COMMITS.search(message) is not None


def _is_question(wording: str) -> bool:
    return wording.rstrip(" ”\"'’").endswith("?")


# -- questions about findings -------------------------------------------------------------------

_SMALL = (
    "a an and any are as at be been bit but by can could did do does for has have here how i in is "
    "it its me my of ok okay on or our please say says should so tell that the then there these "
    "they this to us was we were what which will with would yes you your clause wording pledge "
    "draft one again about"
)
_PRINCIPLE_WORDS = "principle principles p conflict conflicts conflicting support supports silent"
_OWN_WORDS = {
    FollowUpKind.WHY: "why not reason reasons explain grounds because sure confident turns turn "
    "telling words unsure make makes think mean criterion",
    FollowUpKind.REWORD: "reword rephrase rewrite put word phrase write better fix change improve "
    "suggest suggestion instead fit fits alternative version different differently way pass",
    FollowUpKind.PRECEDENT: "precedent precedents tried happened where example examples evidence "
    "elsewhere worked work works before anyone anywhere done library show result results else",
    FollowUpKind.PRINCIPLE: "other others all seven rest how",
}
_SIGNS = {
    FollowUpKind.REWORD: r"\b(?:re(?:word|phrase|write)|put|phrase|better|fix|improve|suggest\w*|"
    r"alternative|instead|change|(?:word|write) (?:it|this|that))\b",
    FollowUpKind.PRECEDENT: r"\b(?:precedents?|tried|happened|examples?|evidence|elsewhere|"
    r"worked|work|works|done)\b",
    FollowUpKind.WHY: r"\b(?:why|reasons?|explain|grounds|sure|confident|turns?|telling|mean|"
    r"makes? you)\b",
    FollowUpKind.PRINCIPLE: r"\b(?:principles?\s*\d|p\d|others?|rest|all)\b",
}


def _following_up(message: str, turns: Sequence[Turn]) -> FollowUp | None:
    kind = _kind(message)
    if kind is None:
        return None
    principles = principles_in(message)
    for turn in reversed(turns):
        if turn.role is not Role.USER:
            continue
        asked = asked_to_check(turn.text)
        if asked is not None:
            return FollowUp(kind, asked, principles or asked.principles)
        if _kind(turn.text) is None:
            return None  # something else was talked about since
        principles = principles or principles_in(turn.text)
    return None


def _kind(message: str) -> FollowUpKind | None:
    """What a message asks about findings, if they are what it is about: it names nothing else."""
    words = re.findall(r"[a-z]+", message.lower().replace("’", "'").replace("'", ""))
    if not words or len(words) > MOST_FOLLOW_UP_WORDS:
        return None
    for kind, sign in _SIGNS.items():
        known = {*_SMALL.split(), *_PRINCIPLE_WORDS.split(), *_OWN_WORDS[kind].split()}
        if re.search(sign, message, re.IGNORECASE) and known.issuperset(words):
            return kind
    return None
