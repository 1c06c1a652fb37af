"""Which questions are declined whatever the library holds, and in what words.

The rules look at what is asked for, not at the words alone: "What did the coalition's 2012 Act
cost?" names a government and is a question about evidence; "Write a leaflet for…" is not.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from assistant.types import Decline

_PARTY = (
    r"(labour|conservatives?|tor(?:y|ies)|lib(?:eral)?[ -]?dem(?:ocrat)?s?|greens?|green party|"
    r"reform(?: uk)?|snp|plaid(?: cymru)?|ukip|dup|sinn f[eé]in|the party|our party|my party|"
    r"the government|the opposition|opponents?|candidates?)"
)
_CAMPAIGN_PIECE = (
    r"(leaflets?|flyers?|slogans?|attack (?:line|ad|advert)s?|adverts?|posters?|tweets?|"
    r"posts?|speech(?:es)?|press release|canvassing|door ?step|script|campaign|"
    r"rebuttals?|talking points|op[- ]?ed|letters? to voters|stump|rhyme|poem|jokes?|limericks?)"
)
_PERSUASION = [
    # Making something meant to win votes.
    rf"\b(write|draft|make|create|compose|give me|produce|prepare|design|come up with|help me write"
    rf"|put together|knock (?:up|out))\b.{{0,60}}\b{_CAMPAIGN_PIECE}\b",
    r"\b(persuad|convinc|win over|sway|mobilis|mobiliz)\w*\b.{0,40}\b(voters?|people to vote|electorate"
    r"|residents|swing)\b",
    r"\b(persuade|convince)\b.{0,60}\b(vote|back|support|elect)\b",
    rf"\b(make|makes|making) (?:the )?{_PARTY}\b.{{0,20}}\blook\b",
    rf"\bmake (?:the|a|our) case (?:that|for|against)\b.{{0,20}}\b{_PARTY}\b",
    rf"\bwhy\b.{{0,10}}\b(is|are|was|were) (?:the )?{_PARTY}\b.{{0,20}}\bto blame\b",
    rf"\b(beat|defeat|hammer|embarrass|expose) (?:the )?{_PARTY}\b",
    rf"\b(attack|smear|discredit|make .{{0,20}} look (?:bad|incompetent|weak))\b.{{0,40}}\b{_PARTY}\b",
    # Choosing a side.
    r"\b(who|whom|which party|what party)\b.{0,30}\b(should|shall|ought|do) (i|we|people|you)\b.{0,20}"
    r"\b(vote|back|support|elect)",
    r"\b(which|what|whose) (political )?part(y|ies)\b.{0,40}\b(best|better|worst|worse|right|trust\w*|"
    r"deserves?|cares?|should)\b",
    r"\b(who|whose|which|what)\b.{0,30}\b(deserves?|earns?|gets?|should (?:get|have|win)) (my|our|your) votes?\b",
    rf"\b(is|are|was|were) {_PARTY}\b.{{0,30}}\b(better|worse|best|worst) (than|for|at|on|party)\b",
    r"\bshould (i|we|people) (vote|back|support)\b.{0,30}\b(for|labour|tor|conserv|lib|green|reform|snp)",
    rf"\bwhy\b.{{0,20}}\b(should|must)\b.{{0,30}}\bvote\b|\bvote (for )?{_PARTY}\b",
]
_ADVICE = [
    r"\b(should|can|could|may|must|do|will|would|am|are) (i|we)\b.{0,60}\b(sue|court|appeal|claim|"
    r"entitled|eligible|qualify|complain|evict\w*|lawyer|solicitor|tribunal|medication|tablets|"
    r"treatment|benefits?|compensation|divorce|tenancy|rent|mortgage|invest)\b",
    r"\bmy (own )?(father|mother|dad|mum|mom|son|daughter|child|children|kids?|baby|wife|husband|"
    r"partner|brother|sister|gran\w*|nan|aunt|uncle|landlord|doctor|gp|social worker|employer|boss|"
    r"benefits?|tenancy|flat|house|rent|care package|care home|school place|probation officer|"
    r"symptoms?|pain|depression|anxiety|pip|universal credit|esa|pension|job|case|neighbour|ex)\b",
    r"\bworth (?:it )?(?:my|me|for me)\b",
    r"\bi('m| am| have been|'ve been| was)\b.{0,40}\b(evicted|homeless|sacked|arrested|diagnosed|"
    r"refused|sanctioned|pregnant|in debt|depressed|on probation|assaulted|made redundant|waiting)\b",
]
_PREDICTION = [
    r"\bwho('ll| will| is going to| would)\b.{0,20}\b(win|lose|be (?:the )?(?:next|elected))\b",
    r"\b(predict|forecast|foresee|prophes\w+|guess)\b",
    r"\b(next|coming) (general |local )?election\b.{0,30}\b(win|result|outcome)",
    r"\b(how likely|what are the (?:odds|chances))\b",
    r"\bwhat will happen\b|\bwill .{3,60} (be|rise|fall|reach|hit|go up|go down|increase|decrease|"
    r"drop|grow|double|survive|collapse|go bankrupt|succeed|fail)\b.{0,60}"
    r"\b(in|by|over|within|next|after|before|the next)\b.{0,20}(20[2-9]\d|\d+ years|year|decade|future)",
    r"\b(five|ten|twenty|fifty|\d+) years from now\b",
    # Whether something yet to be seen will turn out well, with no year named.
    r"^(?:so |and |but |ok(?:ay)?,? )*will\b.{3,90}\b(work|works|succeed|fail|save|improve|collapse|"
    r"survive|pay off|be (?:better|worse|cheaper|enough|a success|a failure))\b",
    r"\b(?:is|are) .{3,60} going to (?:collapse|work|succeed|fail|save|improve|survive|go bust)\b",
]
_FUTURE_YEAR = re.compile(r"\b(20[2-9]\d|2[1-9]\d\d)\b")
_WILL = re.compile(r"\b(will|going to|'ll|would)\b", re.IGNORECASE)
# What somebody has planned, promised or estimated for a later year is on record today.
_ON_RECORD = re.compile(
    r"\b((?:says?|said|claims?) (?:it|they|he|she) will|plan(?:ned|s)?|target\w*|promis\w+|aim\w*|announc\w+|commit\w+|due|pledg\w+|intend\w*|"
    r"propos\w+|goal|predicted|forecast(?:s|ed)?\b.{0,20}\b(?:say|said|put|show\w*)|"
    r"did .{1,40} (?:predict|forecast|expect)|under the (?:act|law)|estimated|projected|expected by|statut\w+|law|according to)\b",
    re.IGNORECASE,
)

OFFERS = {
    Decline.PERSUASION: (
        "Plumbline does not write material to win votes or say which party to support. It can set "
        "out, with sources, what was tried, what happened, and what remains disputed."
    ),
    Decline.ADVICE: (
        "Plumbline cannot advise on a personal case. A qualified adviser, Citizens Advice or the "
        "relevant ombudsman can. It can say what the evidence shows about the services concerned."
    ),
    Decline.PREDICTION: (
        "Plumbline does not predict. The library holds what has been measured and what has been "
        "planned; ask what happened where something like this was tried."
    ),
    Decline.OUT_OF_SCOPE: (
        "This is outside what the library covers: reform of public services, the evidence from "
        "examples of it, and the seven design principles. Ask about one of those."
    ),
}
NOTHING_FOUND = (
    "Nothing in the library answers this. It may help to name the programme, place or service, or "
    "to add documents that cover it."
)


def declined_by_wording(question: str) -> Decline | None:
    """Why a question is declined by what it asks for; None when it is to be looked up."""
    text = " ".join(question.lower().replace("’", "'").split())
    if _any(_PERSUASION, text):
        return Decline.PERSUASION
    if _any(_ADVICE, text):
        return Decline.ADVICE
    if _ON_RECORD.search(text) is None and (_any(_PREDICTION, text) or _asks_of_the_future(text)):
        return Decline.PREDICTION
    return None


def _asks_of_the_future(text: str) -> bool:
    years = [int(year) for year in _FUTURE_YEAR.findall(text)]
    return bool(_WILL.search(text)) and any(year > datetime.now(UTC).year for year in years)


def _any(patterns: list[str], text: str) -> bool:
    return any(re.search(pattern, text) for pattern in patterns)
