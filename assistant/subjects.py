"""Which documents a question names: programmes, places, bodies that titles are about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.lexical import LexicalIndex
from corpus.library import Library
from corpus.principles import load_principles
from corpus.types import Document

NAMED = 0.6  # least share of a title's words, by rarity, that the question must have
SECTOR_NAMED = 0.4  # "prisons" names the sector "prisons-probation"
MOST_COMMON = 0.02  # a title is not named by words that more of the library's chunks use than this


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
        self._titles: list[tuple[Document, dict[str, float]]] = []

    def named_in(self, terms: Sequence[str]) -> list[Subject]:
        """The documents that a question's terms name, the most fully named first.

        Where one title's words are a part of another's that is named too, only the fuller stays.
        """
        self._refresh()
        asked = set(terms)
        total = max(1, len(self._lexical))
        found: list[Subject] = []
        for document, weights in self._titles:
            shared = {term for term in weights if term in asked}
            rarest = min((self._lexical.frequency(term) for term in shared), default=total)
            share = sum(weights[term] for term in shared) / (sum(weights.values()) or 1.0)
            if share >= NAMED and rarest <= max(3, MOST_COMMON * total):
                found.append(Subject(document, frozenset(shared), share))
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
            if self._share(words, asked) >= NAMED
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
            if self._share(words, asked - spent) >= SECTOR_NAMED
        }
        of_sector = [
            document for document in documents if asked_sectors & set(document.details.sectors)
        ]
        return of_sector or documents, spent

    def _share(self, words: set[str], asked: set[str]) -> float:
        """The share of some words, by rarity, that are among those asked."""
        total = len(self._lexical) + 1
        rarity = {
            word: max(0.1, math.log(total / (self._lexical.frequency(word) + 0.5)))
            for word in words
        }
        held = sum(weight for word, weight in rarity.items() if word in asked)
        return held / (sum(rarity.values()) or 1.0)

    def _refresh(self) -> None:
        generation = self._library.generation()
        if generation == self._generation:
            return
        total = len(self._lexical) + 1
        self._titles = []
        for document in self._library.documents():
            weights = {
                term: math.log(total / (self._lexical.frequency(term) + 0.5))
                for term in self._lexical.terms(document.details.title)
            }
            if weights:
                self._titles.append((document, weights))
        self._generation = generation
