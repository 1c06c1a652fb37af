"""Which documents a question names: programmes, places, bodies that titles are about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.lexical import LexicalIndex
from corpus.library import Library
from corpus.types import Document

NAMED = 0.6  # least share of a title's words, by rarity, that the question must have
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
