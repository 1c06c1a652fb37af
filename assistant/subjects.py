"""Which documents a question names: programmes, places, bodies that titles are about."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from corpus.lexical import LexicalIndex
from corpus.principles import load_principles
from corpus.store import Store
from corpus.types import Document

NAMED = 0.6  # least share of a title's words, by rarity, that the question must have
SECTOR_NAMED = 0.9  # share of its words, by rarity: "early" alone does not name "early-years"
LEAST_TERMS = 2  # of a part of a title that names it all the same
WHOLE = 0.95  # share from which a name of some words is all there, however common they are
MOST_COMMON_OF_WHOLE = 0.1
MOST_COMMON = 0.02  # a title is not named by words that more of the library's chunks use than this
MOST_WITH_PAIR = 2  # titles with the same two words in a row, which then name them
FEW = 12.0  # chunks with a word, which are never too many to tell a document by it
MOST_COMMON_POINTER = 0.06  # of the chunks may use a word that points at one document
LEAST_USES = 3  # of a word by the document that it points at
MUCH_MORE = 3.0  # than by the next document
MOST_OF_A_PLACE = 10  # documents; more do not tell what is asked about
LOOKED_AT = 80  # chunks with a word, for who uses it most
_COUNTS_KEPT = 4_000  # words, with the documents that use each
_NUMBERED = re.compile(
    r"\b(?:principles?|P)\s?((?:\d(?:,| and| or|\s|$){1,3})+|\d)\b", re.IGNORECASE
)
# What people call the shipped principles and sectors, besides their names.
_PRINCIPLE_WORDS = {
    1: re.compile(r"\b(?:outcomes? first|start\w* (?:with|from) outcomes?)\b", re.IGNORECASE),
    2: re.compile(r"\bplace[- ]based\b", re.IGNORECASE),
    3: re.compile(r"\bpower to (?:\w+ )?(?:people|communit)|people more power\b", re.IGNORECASE),
    4: re.compile(
        r"\b(?:prevention (?:first|principle)|principle of prevention|putting prevention)\b",
        re.IGNORECASE,
    ),
    5: re.compile(
        r"\b(?:r ?& ?d|research and development) (?:principle|infrastructure|one|idea)\b",
        re.IGNORECASE,
    ),
    6: re.compile(r"\b(?:decentrali[sz]ed markets?|markets? work)\b", re.IGNORECASE),
    7: re.compile(r"\borganic (?:structural )?change\b", re.IGNORECASE),
}
_SECTOR_WORDS = {
    sector: re.compile(rf"\b(?:{words})\b")
    for sector, words in {
        "health": r"nhs|hospitals?|health(?:care)?(?! ?-?led)(?<!mental health)|gps?|patients",
        "mental-health": r"mental health|psychiatric",
        "adult-social-care": r"adult (?:social )?care|social care for (?:older|adult)\w*|"
        r"homecare|"
        r"home care|care homes?|older people|elderly|(?<!children's )(?<!childrens )social care",
        "childrens-social-care": r"child(?:ren)?'?s? (?:social care|services|homes?)|"
        r"looked[- ]after|"
        r"foster\w*|child protection|children in care",
        "schools": r"schools?|pupils?|teachers?|education",
        "policing": r"polic(?:e|ing)|violence|knife crime",
        "prisons-probation": r"prisons?|probation|prisoners?|reoffending|offenders",
        "early-years": r"early years|nurser(?:y|ies)|under[- ]fives|toddlers|babies",
        "employment-support": r"employment|job ?cent(?:re|er)s?|unemploy\w+|"
        r"back to work|job(?:less)?",
        "housing-homelessness": r"homeless\w*|housing|rough sleep\w*",
        "local-government": r"local government|local authorit(?:y|ies)|town halls?",
    }.items()
}
_PARTS = re.compile(r" and |: | \(")
_NAME = re.compile(r"\b[A-Z][a-z]+\b")
_WHAT_WAS_DONE = re.compile(
    r"^(?:the )?(?:proposed|creation of|abolition of|introduction of|fall in|shift from|rise of|"
    r"reform of|study of)\s+(?:the |a )?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A document that a question names, and the question's terms that name it."""

    document: Document
    terms: frozenset[str]
    share: float  # of the title's words, by rarity


class Subjects:
    """The titles of one library, read again when the store has caught up with a change of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._library = store.library
        self._lexical = store.lexical
        self._generation = -1
        self._principles = load_principles()
        self._titles: list[tuple[Document, tuple[dict[str, float], ...]]] = []
        self._ordered: dict[str, tuple[str, ...]] = {}  # the terms of titles, by document id
        self._pairs_in: dict[str, set[tuple[str, str]]] = {}
        self._in_place: dict[str, set[str]] = {}  # documents by a name in their place
        self._with_pair: dict[tuple[str, str], set[str]] = {}  # documents by two terms in a row
        self._kept_counts = lru_cache(maxsize=_COUNTS_KEPT)(self._counts)

    def named_in(self, question: str) -> list[Subject]:
        """The documents that a question names, the most fully named first.

        Where one title's words are a part of another's that is named too, only the fuller stays.
        """
        self._refresh()
        asked = set(self._lexical.terms(question))
        pairs = self._pairs(question)
        total = max(1, len(self._lexical))
        found: list[Subject] = []
        for document, names in self._titles:
            phrase = self._phrase_of(document.id, pairs)
            best = Subject(document, phrase, 0.0) if phrase else None
            for weights in names:
                shared = frozenset(term for term in weights if term in asked)
                rarest = min((self._lexical.frequency(term) for term in shared), default=total)
                share = sum(weights[term] for term in shared) / (sum(weights.values()) or 1.0)
                whole = share >= WHOLE and len(shared) >= LEAST_TERMS
                common = MOST_COMMON_OF_WHOLE if whole else MOST_COMMON
                if share >= NAMED and rarest <= max(FEW, common * total):
                    best = Subject(document, shared | phrase, share)
                    break
            if best is not None:
                found.append(best)
        found.sort(key=lambda subject: (-len(subject.terms), -subject.share))
        kept: list[Subject] = []
        for subject in found:
            # One name of two documents, as "Housing First", names both, though one is fuller.
            whole = 2 * len(subject.terms) >= len(set(self._ordered[subject.document.id]))
            if whole or not any(subject.terms <= fuller.terms for fuller in kept):
                kept.append(subject)
        return kept

    def _pairs(self, text: str) -> set[tuple[str, str]]:
        """The words of a text that stand beside one another, as terms, two by two."""
        words = re.findall(r"[\w&’'-]+|[^\w\s]", text)
        terms = [self._lexical.terms(word) for word in words]
        return {(one[-1], other[0]) for one, other in pairwise(terms) if one and other} | {
            pair for held in terms for pair in pairwise(held)
        }

    def _phrase_of(self, document_id: str, pairs: set[tuple[str, str]]) -> frozenset[str]:
        """The words of a title that stand in a row in a question, where they tell titles apart.

        They are rare in the library, or half of the title.
        """
        ordered = self._ordered[document_id]
        most = max(FEW, MOST_COMMON_POINTER * len(self._lexical))
        telling = [
            pair
            for pair in self._pairs_in[document_id] & pairs
            if len(self._with_pair[pair]) <= MOST_WITH_PAIR
        ]
        words = frozenset(term for pair in telling for term in pair)
        rare = any(min(map(self._lexical.frequency, pair)) <= most for pair in telling)
        return words if rare or 2 * len(words) >= len(set(ordered)) else frozenset()

    def pointed_at(self, question: str) -> list[Subject]:
        """The documents that a question's rare words point at, in the order of the words.

        A word points at the document about something tried that uses it much more than any
        other such document does: "Lansley", "tutoring". Less sure than a name.
        """
        tried = {document.id: document for document in self.tried()}
        found: dict[str, Subject] = {}
        most = max(FEW, MOST_COMMON_POINTER * len(self._lexical))
        for word in dict.fromkeys(re.findall(r"[^\W\d_]{3,}", question)):
            # A name is known by its capital.
            least = 1 if word[0].isupper() and not question.startswith(word) else LEAST_USES
            for term in self._lexical.terms(word):
                if not 0 < self._lexical.frequency(term) <= most:
                    continue
                uses = self._uses(term, tried)
                (first, owner), second = uses[0], uses[1][0]
                if owner and first >= least and first >= MUCH_MORE * second:
                    held = found.get(owner)
                    words = (held.terms if held else frozenset[str]()) | {term}
                    found[owner] = Subject(tried[owner], words, 0.0)
        return list(found.values())

    def title_terms(self, document_id: str) -> frozenset[str]:
        """The terms of a document's title."""
        return frozenset(self._ordered[document_id])

    def _uses(self, term: str, among: Collection[str]) -> list[tuple[int, str]]:
        """How often the two documents that use a word most use it; 0 where there is none."""
        counts = self._kept_counts(term, self._generation)
        ranked = sorted(
            ((count, name) for name, count in counts.items() if name in among), reverse=True
        )
        return [*ranked, (0, ""), (0, "")][:2]

    def _counts(self, term: str, _generation: int) -> dict[str, int]:
        """How often documents use a word, by id, in the chunks where it counts most."""
        numbers = [number for number, _ in self._lexical.search({term: 1.0}, limit=LOOKED_AT)]
        counts: dict[str, int] = {}
        for held in self._library.chunks(numbers).values():
            document_id = held.chunk.document_id
            count = self._lexical.terms(held.chunk.text).count(term)
            counts[document_id] = counts.get(document_id, 0) + count
        return counts

    def principles_in(self, question: str, terms: Sequence[str]) -> dict[int, frozenset[str]]:
        """The principles that a question names, by number or in words, and the naming terms."""
        asked = set(terms)
        numbered = {
            int(digit)
            for found in _NUMBERED.finditer(question)
            for digit in re.findall(r"\d", found[1])
        }
        named: dict[int, frozenset[str]] = {}
        for principle in self._principles:
            words = set(self._lexical.terms(principle.title))
            short = _PRINCIPLE_WORDS.get(principle.number)
            if principle.number in numbered:
                naming = (words & asked) | {"principl", str(principle.number)}
                named[principle.number] = frozenset(naming)
            elif not numbered and (
                share_named(words, asked, self._lexical) >= NAMED
                or (short is not None and short.search(question))
            ):
                named[principle.number] = frozenset(words & asked)
        return named

    def explaining(self, principles: Collection[int]) -> list[Document]:
        """The documents that say what some principles ask: tagged as being about one of them."""
        self._refresh()
        return [
            document
            for document, _ in self._titles
            if len(document.details.principles) == 1
            and document.details.principles[0][0] in principles
            and document.details.principles[0][1] == "about"
        ]

    def sectors_in(self, question: str) -> frozenset[str]:
        """The sectors of the library's documents that a question names, in any of their words."""
        self._refresh()
        low = question.lower()
        spoken = {sector for sector, words in _SECTOR_WORDS.items() if words.search(low)}
        known = {sector for document, _ in self._titles for sector in document.details.sectors}
        if spoken & known:
            return frozenset(spoken & known)
        asked = set(self._lexical.terms(question))
        shares = {
            sector: share_named(
                set(self._lexical.terms(sector.replace("-", " "))), asked, self._lexical
            )
            for sector in known
        }
        best = max(shares.values(), default=0.0)
        if best < SECTOR_NAMED:
            return frozenset()
        return frozenset(sector for sector, share in shares.items() if share >= best)

    def placed_in(self, question: str) -> frozenset[str]:
        """The documents about a place that a question names, by id, where they are few."""
        self._refresh()
        found = (self._in_place.get(name, set()) for name in _NAME.findall(question))
        few = (documents for documents in found if len(documents) <= MOST_OF_A_PLACE)
        return frozenset[str]().union(*few)

    def tried(
        self, principles: Collection[int] = (), sectors: Collection[str] = ()
    ) -> list[Document]:
        """The documents about something tried: tagged for or against a principle.

        Of those principles and sectors, where any are given; the sectors count only where
        principle and sector together leave documents.
        """
        self._refresh()
        documents = [
            document
            for document, _ in self._titles
            if any(
                (not principles or number in principles) and stance in ("supports", "conflicts")
                for number, stance in document.details.principles
            )
        ]
        of_sector = [
            document for document in documents if set(sectors) & set(document.details.sectors)
        ]
        return of_sector or documents

    def _refresh(self) -> None:
        generation = self._store.generation
        if generation == self._generation:
            return
        self._titles = [
            (document, names)
            for document in self._library.documents()
            if (names := self._names(document.details.title))
        ]
        self._ordered = {
            document.id: self._lexical.terms(document.details.title) for document, _ in self._titles
        }
        self._in_place = {}
        for document, _ in self._titles:
            for name in _NAME.findall(document.details.place):
                self._in_place.setdefault(name, set()).add(document.id)
        self._with_pair = {}
        self._pairs_in = {
            document.id: self._pairs(document.details.title) for document, _ in self._titles
        }
        for document_id, pairs in self._pairs_in.items():
            for pair in pairs:
                self._with_pair.setdefault(pair, set()).add(document_id)
        self._generation = generation

    def _names(self, title: str) -> tuple[dict[str, float], ...]:
        """The names in a title, as terms with their rarity: the whole, and parts of some words.

        "Family Hubs and Best Start Family Hubs" is named by either; "Creation of Police Scotland"
        by what was created.
        """
        total = len(self._lexical) + 1
        bare = _WHAT_WAS_DONE.sub("", title)
        names: list[dict[str, float]] = []
        for name in dict.fromkeys((title, bare, *_PARTS.split(bare))):
            weights = {
                term: math.log(total / (self._lexical.frequency(term) + 0.5))
                for term in self._lexical.terms(name)
            }
            if weights and (name == title or len(weights) >= LEAST_TERMS):
                names.append(weights)
        return tuple(names)


def share_named(words: set[str], asked: set[str], lexical: LexicalIndex) -> float:
    """The share of some words, by rarity, that are among those asked."""
    total = len(lexical) + 1
    rarity = {word: max(0.1, math.log(total / (lexical.frequency(word) + 0.5))) for word in words}
    held = sum(weight for word, weight in rarity.items() if word in asked)
    return held / (sum(rarity.values()) or 1.0)
