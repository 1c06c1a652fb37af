"""A suggested rewording of a clause that conflicts: the commitment kept, the way of it changed.

Patterns over what each principle's conflict usually turns on. They change the words at which the
conflict stands, and leave a clause alone that has none of them. A suggestion is shown only when
the judge's verdict on it is better and no other principle's is worse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What ends the thing that a verb acts on.
_THING = r"((?:(?!\b(?:and|but|so|which|who|unless|where|by|from|to)\b)[^,.;:])+?)"
_END = r"(?=\s*(?:$|[,.;:]|\b(?:and|but|so|which|who|unless|where|by|from|to)\b))"
_BODY = (  # a public body, by the last word of its name
    r"((?:[^,.;:\s]+ ){0,6}?(?:authorit(?:y|ies)|councils?|boards?|trusts?|agenc(?:y|ies)|"
    r"commissions?|commissioners?|forces?|services?|regions?|districts?|bodies|quangos?))"
)
_TAKING_PART = (  # what people can be offered help with, instead of being made to
    r"(?=(?:attend|take|accept|engage|join|complete|work|use|sign|register|follow|agree|enrol|"
    r"train|volunteer|undergo|start|do)\b)"
)
_PEOPLE = (
    r"(claimants|tenants|parents|patients|pupils|residents|families|people|users|jobseekers|"
    r"young people|migrants|offenders)"
)
_NEED = r"([^,.;:]*\b(?:needs?|crisis|emergenc\w+|risk|severe|critical|urgent|gravest)\b[^,.;:]*)"
_COUNCILS = r"(councils|local authorities|boroughs|local areas|every council|each council)"

_RULES: dict[int, tuple[tuple[str, str], ...]] = {
    2: (
        (
            rf"\b{_COUNCILS} (?:will be (?:required|obliged|forced) to|will have to|must)"
            r" (?!have\b|be\b|not\b)",
            r"\1 will be free to ",
        ),
        (
            rf"\b(?:require|force|compel|oblige|order) (all )?{_COUNCILS} to (?!have\b|be\b)",
            r"give \1\2 the money and the freedom to ",
        ),
        (rf"\bring-?fence {_THING}{_END}", r"leave \1 to local decision"),
        (r"\ba ring-?fenced\b", "a locally controlled"),
        (r"\bring-?fenced\b", "locally controlled"),
        (
            r"\b(?:set|impose|introduce) (?:(?:new|binding|mandatory|national|statutory) )+"
            r"(targets|standards|quotas)\b",
            r"let each area set its own \1",
        ),
        (r"\bcap (council tax|local (?:taxes|spending|budgets))\b", r"leave \1 to each council"),
    ),
    3: (
        (
            r"\bwill be (?:required|obliged|forced|compelled|made) to " + _TAKING_PART,
            "will be offered help to ",
        ),
        (
            rf"\b(?:require|force|compel|oblige) ((?:all |every )?{_PEOPLE}[^,.;:]{{0,40}}?) to "
            + _TAKING_PART,
            r"offer \1 help to ",
        ),
        (
            rf"\b{_PEOPLE} (?:must|will have to) " + _TAKING_PART,
            r"\1 will be offered help to ",
        ),
        (r"\b(?-i:mandatory|compulsory)\b", "voluntary"),
    ),
    4: (
        (
            r"\braise (?:the )?(?:eligibility )?(?:thresholds?|bar) (?:for|of) "
            r"((?:(?! to | so )[^,.;:])+)(?: to [^,.;:]+)?",
            r"keep the demand for \1 down by helping people early, and leave the threshold alone",
        ),
        (
            rf"\bbe (?:limited|restricted|confined|reserved) (?:only )?(?:to|for) {_NEED}",
            r"go first to \1, and to others early, before their need becomes a crisis",
        ),
        (
            r"\b(?:limit|restrict|confine|reserve) ([^,.;:]{3,60}?) (?:only )?(?:to|for) " + _NEED,
            r"give \1 first to \2, and to others early, before their need becomes a crisis",
        ),
        (
            r"\bonly (to|for) (?=those|people|families|households|children|patients)" + _NEED,
            r"first \1 \2, and early \1 others at risk of it",
        ),
    ),
    5: (
        (
            r"\b(?:roll out|introduce|extend|launch) ([^,.;:]{3,80}?),? (?:nationally|nationwide|"
            r"everywhere|across the (?:country|nation))\b(?: [^,.;:]*without[^,.;:]*)?",
            r"pilot \1, publish an independent evaluation, and spread it where it works",
        ),
        (
            r",? without (?:waiting for )?(?:a |any |further )?(?:pilots?|trials?|tests?|testing|"
            r"evaluations?)\b",
            ", after an independently evaluated pilot",
        ),
    ),
    6: (
        (
            r"\b(?:the )?(?:lowest|cheapest) (?:price|bid|tender|bidder|cost|offer)s?\b",
            "the best quality at a fair price",
        ),
        (
            r"\b(?-i:compulsory) (?:competitive )?tendering\b",
            "tendering on quality where places choose it",
        ),
        (
            r"\b(?:a single|one) (?:national )?(supplier|provider|contractor)\b",
            r"several \1s, mutuals and charities among them,",
        ),
        (
            rf"\b(?:contract out|outsource) {_THING}{_END}",
            r"open \1 to mutuals, charities and firms on quality, with a limit on profit",
        ),
        (
            rf"\bprivati[sz]e {_THING}{_END}",
            r"open \1 to mutuals and firms under a limit on profit and firm rules on quality",
        ),
    ),
    7: (
        (r"\bmerge ([^,.;:]{3,70}?) into ", r"let \1, if they wish, come together as "),
        (
            rf"\babolish {_BODY} and (?:replace (?:it|them) with|create|set up|establish) ",
            r"let \1 decide, with the places they serve, whether to join in ",
        ),
        (
            rf"\breplace {_BODY} (?:with|by) ",
            r"help \1, where their own leaders wish it, to become ",
        ),
        (rf"\babolish {_BODY}{_END}", r"let the places served decide whether to keep \1"),
        (r"\bwill be merged (?:into|with) ", "will be free, if they wish, to join in "),
        (r"\bwill be replaced (?:with|by) ", "will be free, if their leaders wish, to become "),
        (r"\bwill be abolished\b", "will be kept or changed as the places that they serve decide"),
    ),
}
# Orders from above, which a voluntary change has no more use for.
_BY_ORDER = re.compile(
    r",? (?:by|on|under) (?:the )?(?:order|orders|decree|direction|law|statute)s?"
    r"(?: of (?:the )?[\w ]{3,40}?)?(?=\s*(?:$|[,.;:]|\b(?:and|by|on|in|from)\b))|"
    r",? (?:compulsorily|whether or not they (?:agree|wish)[^,.;:]*)",
    re.IGNORECASE,
)
# What counts of staff, places or activity are for, by what they are counts of.
_RESULTS: tuple[tuple[str, str], ...] = (
    (r"police|officers|constables", "fewer people harmed by crime"),
    (r"prison|probation", "fewer people who offend again"),
    (r"carers?\b|care (?:workers|staff)|home-care", "more people who live as they wish to"),
    (
        r"nurse|doctor|gps?\b|midwi|hospital|clinic|appointment|operation",
        "more years in good health",
    ),
    (r"teacher|school|nurser|childcare|classroom", "more children who thrive"),
    (r"homes?\b|houses?\b|flats?\b", "fewer people without a decent home"),
    (r"apprentic|jobs?\b", "more people in work that they can live on"),
)
# "We will recruit 8,000 more nurses", and nothing else in the clause that a result could mean.
_COUNT = re.compile(
    r"(?:[^.;:,]{0,40}, )?(?:we (?:will|would|shall) )?(?:recruit|hire|train|employ|build|open|"
    r"provide|create|deliver|fund) (?:[^\s,.;:]+ ){0,3}?(?:\d[\d,.]*(?: million| thousand)?|more|"
    r"extra|additional)\b(?P<what>[^.;:,–]{3,60})[.;]?",
    re.IGNORECASE,
)
_LEAGUE = re.compile(
    r"\b(?:publish|introduce|create) (?:new |national |annual )*league tables (?:of|for) "
    r"([^,.;:]+)",
    re.IGNORECASE,
)


def rewordings(text: str, principle: int) -> Iterator[str]:
    """Candidates for a better wording of a clause, the least changed first; none for most."""
    seen = {text}
    for candidate in _counted(text) if principle == 1 else _by_rules(text, principle):
        tidy = re.sub(r"\s+([,.;:])", r"\1", candidate)
        if tidy not in seen:
            seen.add(tidy)
            yield tidy


def _by_rules(text: str, principle: int) -> Iterator[str]:
    changed = text
    for pattern, instead in _RULES.get(principle, ()):
        alone = _applied(pattern, instead, text)
        if alone != text:
            yield alone
            yield _BY_ORDER.sub("", alone)
        changed = _applied(pattern, instead, changed)
    yield _BY_ORDER.sub("", changed)


def _applied(pattern: str, instead: str, text: str) -> str:
    """The text with the first place that fits changed; a capital stays a capital."""

    def change(found: re.Match[str]) -> str:
        said = found.expand(instead)
        return said[:1].upper() + said[1:] if found[0][:1].isupper() else said

    return re.sub(pattern, change, text, count=1, flags=re.IGNORECASE)


def _counted(text: str) -> Iterator[str]:
    """A count with the result that it is for, and a ranking without its ranks."""
    unranked = _LEAGUE.sub(r"publish what \1 achieve in people’s lives, without ranking them", text)
    if unranked != text:
        yield unranked
    counted = _COUNT.fullmatch(text.strip())
    if counted is None:
        return
    for subject, result in _RESULTS:
        if re.search(rf"\b(?:{subject})", counted["what"], re.IGNORECASE):
            bare = text.rstrip()
            stop = bare[-1] if bare[-1] in ".;" else ""
            yield f"{bare.rstrip('.;')} as a means to {result}, and be judged by that result{stop}"
            return
