"""A suggested rewording of a clause that conflicts: the commitment kept, the way of it changed.

Patterns over what each principle's conflict usually turns on. A suggestion is shown only when the
judge's verdict on it is better and no other principle's is worse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SOFTENED: tuple[tuple[str, str], ...] = (
    (r"\bwill be (?:required|obliged|forced|compelled|made) to\b", "will be supported to"),
    (r"\b(?:must|shall be required to|will have to)\b", "will be helped to"),
    (r"\brequire (.{3,60}?) to\b", r"support \1, where they choose it, to"),
    (r"\bforce (.{3,60}?) to\b", r"help \1, where they choose it, to"),
    (r"\b(?:mandatory|compulsory)\b", "voluntary"),
    (r"\bring-?fenced?\b", "locally decided"),
    (r"\bring-?fencing\b", "local decisions on"),
    (r"\bcap(?:ping)? (?=council|local)", "freeing "),
    (r"\babolish\b", "let local partners decide whether to keep"),
    (r"\bscrap\b", "evaluate, and publish what is learned from,"),
    (r"\bmerge (.{3,80}?) into\b", r"let \1, if they wish, come together as"),
    (r"\bnationwide from\b", "after an evaluated pilot from"),
    (r"\b(?:lowest|cheapest) (?:price|bid|tender|bidder)s?\b", "best quality and fair pay"),
    (r"\bonly (?:to|for) those\b", "first for those"),
)
_ADDED: dict[int, tuple[str, ...]] = {
    1: (
        ", and will judge this by how many more people live healthy, safe and independent lives",
        " so that fewer people fall ill or into poverty, which is the result we will report on",
    ),
    2: (
        ", with councils and their local partners holding the money and deciding how it is spent",
        ", leaving each area free to set its own priorities",
    ),
    3: (
        ", designed together with the people who use the service, who will be free to say no",
        ", with a formal voice in the decision for the people affected",
    ),
    4: (
        ", while keeping help open early, before need becomes a crisis",
        ", with the money saved going into early help for everyone at risk",
    ),
    5: (
        ", after a pilot with an independent evaluation that we will publish and act on",
        ", and will keep an independent body to test what works and spread it",
    ),
    6: (
        ", with contracts decided on quality, limits on profit, fair pay, and room for mutuals, "
        "charities and small local suppliers",
        ", subject to fair pay for staff and a cap on profit",
    ),
    7: (
        ", where the bodies concerned choose to combine, with no reorganisation from the top",
        " only where local partners ask for it, at their own pace",
    ),
}


def rewordings(text: str, principle: int) -> Iterator[str]:
    """Candidates for a better wording of a clause, the least changed first."""
    softened = text
    for pattern, instead in _SOFTENED:
        softened = re.sub(pattern, instead, softened, flags=re.IGNORECASE)
    if softened != text:
        yield softened
    for added in _ADDED.get(principle, ()):
        yield _with(text, added)
        if softened != text:
            yield _with(softened, added)


def _with(text: str, added: str) -> str:
    bare = text.rstrip()
    stop = bare[-1] if bare and bare[-1] in ".;" else ""
    return f"{bare.rstrip('.;')}{added}{stop}"
