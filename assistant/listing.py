"""Questions about the whole library: which documents there are of a kind, every one looked at.

"List every example in children's social care", "which examples conflict with principle 7". What
is asked for is read from the question: principle and stance, sector, place. What is left over is
looked for in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.subjects import share_named
from corpus.lexical import LexicalIndex
from corpus.library import Library
from corpus.principles import Principle, load_principles
from corpus.types import Document

NAMED = 0.6  # least share of the words of a principle's title, by rarity, that name it
SECTOR_NAMED = 0.4  # "prisons" names the sector "prisons-probation"
NEARLY = 0.05  # two sectors named by so nearly the same share are both meant

_LISTING = re.compile(
    r"\b(?:list|every|all (?:the|of the)?|name (?:the|all|every)|which (?:of (?:the|these|them) )?"
    r"(?:\w+ ){0,2}(?:examples?|programmes?|reforms?|cases?|documents?|briefs?|schemes?|policies)|"
    r"what (?:other )?(?:examples?|cases?|programmes?|reforms?|documents?|briefs?)|"
    r"(?:give|show) me (?:the |all |every )?(?:\w+ )?(?:examples?|cases?|programmes?|reforms?)|"
    r"what (?:have you|do you have|does the library have|is there|are there)|"
    r"^(?:the )?examples? (?:of|in|on|that|from))\b",
    re.IGNORECASE,
)
_WHOLE_THINGS = re.compile(
    r"\b(?:examples?|programmes?|reforms?|cases?|documents?|briefs?|schemes?|policies|initiatives?|"
    r"library|got|have you)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:conflict\w*|against|contradict\w*|violat\w*|opposite|opposed|break\w*|breach\w*|"
    r"contrary|undermin\w*|fail\w* (?:the )?principle|run counter)\b",
    re.IGNORECASE,
)
_FOR = re.compile(
    r"\b(?:support\w*|appl(?:y|ies|ied)|fit\w*|illustrat\w*|meet\w*|follow\w*|embod\w*|in line|"
    r"show\w*|demonstrat\w*|uphold\w*)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"\b(?:principles?|P)\s?((?:\d(?:,| and| or|\s|$){1,3})+|\d)\b", re.IGNORECASE
)
_ABROAD = re.compile(
    r"\b(?:abroad|overseas|other countries|international\w*|foreign|outside (?:the )?(?:uk|britain|"
    r"united kingdom))\b",
    re.IGNORECASE,
)
_DEMONYMS = {
    "welsh": "wales",
    "scottish": "scotland",
    "scots": "scotland",
    "english": "england",
    "irish": "ireland",
    "finnish": "finland",
    "dutch": "netherlands",
}
_COUNTRIES = re.compile(
    r"\b(?:australia|austria|belgium|brazil|canada|chile|china|colombia|czechia|denmark|estonia|"
    r"finland|france|germany|greece|hungary|iceland|india|republic of ireland|israel|italy|"
    r"japan|kenya|korea|latvia|lithuania|luxembourg|malta|mexico|netherlands|new zealand|norway|"
    r"poland|portugal|romania|singapore|slovakia|slovenia|south africa|spain|sweden|switzerland|"
    r"taiwan|turkey|ukraine|united states|usa?)\b",
    re.IGNORECASE,
)
_FROM_HOME = re.compile(r"(?:england|scotland|wales|northern ireland|uk|united)\b", re.IGNORECASE)
_EARLY = re.compile(r"\bearly\b(?! years)", re.IGNORECASE)  # no sector, as in "too early to say"
_EXAMPLE = "example"  # what the starter library calls its accounts of reforms


@dataclass(frozen=True, slots=True)
class Facets:
    """What a listing question asks of a document; empty where it does not say."""

    principles: frozenset[int] = frozenset()
    stance: str = ""  # supports or conflicts
    sectors: frozenset[str] = frozenset()
    place: str = ""  # lower case; "abroad" for everywhere but the United Kingdom

    def __bool__(self) -> bool:
        return bool(self.principles or self.sectors or self.place)

    def admit(self, document: Document) -> bool:
        """Whether a document is what was asked for."""
        details = document.details
        stances = {stance for number, stance in details.principles if number in self.principles} & (
            {self.stance} if self.stance else {"supports", "conflicts"}
        )
        return (
            (not self.principles or bool(stances))
            and (not self.sectors or bool(self.sectors & set(details.sectors)))
            and (not self.place or _is_in(self.place, details.place))
        )

    def said(self) -> str:
        """What was asked for, in words for the person who asked."""
        parts = [f"sector {sector.replace('-', ' ')}" for sector in sorted(self.sectors)]
        if self.principles:
            verb = {"supports": "supports", "conflicts": "conflicts with"}.get(
                self.stance, "bears on"
            )
            numbers = ", ".join(str(number) for number in sorted(self.principles))
            parts.append(f"{verb} principle {numbers}")
        if self.place:
            parts.append("outside the United Kingdom" if self.place == "abroad" else self.place)
        return "; ".join(parts)


class Listings:
    """Reads listing questions against one library's tags."""

    def __init__(self, library: Library, lexical: LexicalIndex) -> None:
        self._library = library
        self._lexical = lexical
        self._principles: tuple[Principle, ...] = load_principles()

    def facets(self, question: str) -> Facets | None:
        """What a question wants listed; None when it is no listing or names no tag."""
        if not _LISTING.search(question) or not _WHOLE_THINGS.search(question):
            return None
        documents = self._library.documents()
        asked = set(self._lexical.terms(_EARLY.sub(" ", question)))
        principles, spent = self._principles_in(question, asked)
        facets = Facets(
            principles=principles,
            stance=_stance(question) if principles else "",
            sectors=self._sectors_in(asked - spent, documents),
            place=_place_in(question, documents),
        )
        return facets if facets else None

    def matching(self, facets: Facets) -> tuple[list[Document], int]:
        """The documents asked for, by title, and how many were looked at.

        Where a library calls some documents examples, only those are listed.
        """
        documents = self._library.documents()
        found = [document for document in documents if facets.admit(document)]
        examples = [document for document in found if document.details.kind == _EXAMPLE]
        return examples or found, len(documents)

    def _principles_in(self, question: str, asked: set[str]) -> tuple[frozenset[int], set[str]]:
        numbered = {
            int(digit)
            for found in _NUMBERED.finditer(question)
            for digit in re.findall(r"\d", found[1])
        }
        known = {principle.number for principle in self._principles}
        if numbered & known:
            return frozenset(numbered & known), set()
        named: set[int] = set()
        spent: set[str] = set()
        for principle in self._principles:
            words = set(self._lexical.terms(principle.title))
            if share_named(words, asked, self._lexical) >= NAMED:
                named.add(principle.number)
                spent |= words & asked
        return frozenset(named), spent

    def _sectors_in(self, asked: set[str], documents: Sequence[Document]) -> frozenset[str]:
        sectors = {sector for document in documents for sector in document.details.sectors}
        shares = {
            sector: share_named(
                set(self._lexical.terms(sector.replace("-", " "))), asked, self._lexical
            )
            for sector in sectors
        }
        best = max(shares.values(), default=0.0)
        if best < SECTOR_NAMED:
            return frozenset()
        return frozenset(sector for sector, share in shares.items() if share >= best - NEARLY)


def _stance(question: str) -> str:
    against, favour = bool(_AGAINST.search(question)), bool(_FOR.search(question))
    if against == favour:
        return ""
    return "conflicts" if against else "supports"


def _place_in(question: str, documents: Sequence[Document]) -> str:
    """A place of the library's documents that a question names."""
    if _ABROAD.search(question):
        return "abroad"
    low = f" {' '.join(re.findall(r'[a-z]+', question.lower()))} "
    for demonym, place in _DEMONYMS.items():
        low = low.replace(f" {demonym} ", f" {place} ")
    parts = {
        part.strip().lower()
        for document in documents
        for part in re.split(r",| and ", document.details.place)
        if part.strip()
    }
    named = [part for part in parts if f" {part} " in low]
    return max(named, key=len, default="")


def _is_in(asked: str, place: str) -> bool:
    if asked == "abroad":
        return bool(_COUNTRIES.search(place)) and not _FROM_HOME.match(place)
    return asked in place.lower()
