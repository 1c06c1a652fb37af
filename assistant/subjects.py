"""Which documents a question names: programmes, places, bodies that titles are about."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.lexical import LexicalIndex
from corpus.library import Library
from corpus.principles import load_principles
from corpus.types import Document

NAMED = 0.6  # least share of a title's words, by rarity, that the question must have
SECTOR_NAMED = 0.4  # "prisons" names the sector "prisons-probation"
LEAST_TERMS = 2  # of a part of a title that names it all the same
WHOLE = 0.95  # share from which a name of some words is all there, however common they are
MOST_COMMON_OF_WHOLE = 0.1
MOST_COMMON = 0.02  # a title is not named by words that more of the library's chunks use than this
_PARTS = re.compile(r" and |: | \(")
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
    """The titles of one library, read again when the library changes."""

    def __init__(self, library: Library, lexical: LexicalIndex) -> None:
        self._library = library
        self._lexical = lexical
        self._generation = -1
        self._principles = load_principles()
        self._titles: list[tuple[Document, tuple[dict[str, float], ...]]] = []

    def named_in(self, terms: Sequence[str]) -> list[Subject]:
        """The documents that a question's terms name, the most fully named first.

        Where one title's words are a part of another's that is named too, only the fuller stays.
        """
        self._refresh()
        asked = set(terms)
        total = max(1, len(self._lexical))
        found: list[Subject] = []
        for document, names in self._titles:
            for weights in names:
                shared = {term for term in weights if term in asked}
                rarest = min((self._lexical.frequency(term) for term in shared), default=total)
                share = sum(weights[term] for term in shared) / (sum(weights.values()) or 1.0)
                whole = share >= WHOLE and len(shared) >= LEAST_TERMS
                common = MOST_COMMON_OF_WHOLE if whole else MOST_COMMON
                if share >= NAMED and rarest <= max(3, common * total):
                    found.append(Subject(document, frozenset(shared), share))
                    break
        found.sort(key=lambda subject: (-len(subject.terms), -subject.share))
        kept: list[Subject] = []
        for subject in found:
            if not any(subject.terms <= fuller.terms for fuller in kept):
                kept.append(subject)
        return kept

    def tagged_in(self, terms: Sequence[str]) -> tuple[list[Document], frozenset[str]]:
        """The documents tagged with a principle that a question names, in the sector it names.

        Also returns the question's terms that name them. Both are empty when no principle is
        named; the sector counts only where the two together leave documents.
        """
        self._refresh()
        asked = set(terms)
        named = {
            principle.number: frozenset(words & asked)
            for principle in self._principles
            for words in [set(self._lexical.terms(principle.title))]
            if share_named(words, asked, self._lexical) >= NAMED
        }
        if not named:
            return [], frozenset()
        spent = frozenset(term for words in named.values() for term in words)
        documents = [
            document
            for document, _ in self._titles
            if any(
                number in named and stance in ("supports", "conflicts")
                for number, stance in document.details.principles
            )
        ]
        sectors = {sector for document in documents for sector in document.details.sectors}
        asked_sectors = {
            sector
            for sector in sectors
            for words in [set(self._lexical.terms(sector.replace("-", " ")))]
            if share_named(words, asked - spent, self._lexical) >= SECTOR_NAMED
        }
        of_sector = [
            document for document in documents if asked_sectors & set(document.details.sectors)
        ]
        return of_sector or documents, spent

    def _refresh(self) -> None:
        generation = self._library.generation()
        if generation == self._generation:
            return
        self._titles = [
            (document, names)
            for document in self._library.documents()
            if (names := self._names(document.details.title))
        ]
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
