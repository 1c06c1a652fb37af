"""The quoting writer: the fewest sentences of the library that answer a question."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assistant.conversation import Query
from assistant.weighing import Logistic
from corpus.lexical import LexicalIndex
from corpus.types import Passage

# A further sentence must be nearly as good as the best one, and say something else.
NEARLY = 0.5
ALIKE = 0.75  # shared words, of the words of the shorter sentence
ALIKE_WITH_FIGURES = 0.4
LOOKED_THROUGH = 40  # quotations, for the same statement elsewhere

# Sections that list or introduce rather than say.
_LISTING = re.compile(
    r"^(sources?|references|bibliography|contents|table of contents|notes|further reading|index|"
    r"acknowledgements?)\b",
    re.IGNORECASE,
)
_SELF_DESCRIPTION = re.compile(r"^This is a Plumbline (brief|guide)\b")
_ABOUT_EVIDENCE = re.compile(
    r"\b(cannot be (?:told|known|ruled out)|sources? (?:collected )?here|statements? collected|"
    r"not (?:a )?(?:randomised|trial|proof)|own account|not settle|no (?:result|evidence)s?)\b",
    re.IGNORECASE,
)
_ABOUT_PRINCIPLES = re.compile(
    r"\b(principles? \d|runs? against|is classed|classed (?:in|as)|in this library|stance)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_FIGURE = re.compile(r"£?\d[\d,]*(?:\.\d+)?(?:\s?(?:million|billion|per cent|%))?")
_DANGLING = re.compile(
    r"^(it|its|they|their|this|these|that|those|he|she|his|her|such|both|the latter|the former|"
    r"however|but|and|also|by contrast|as a result|instead|in addition)\b",
    re.IGNORECASE,
)
_ASKS_FOR_FIGURE = re.compile(
    r"\b(how (much|many|long|far|large|big|often)|what (share|proportion|percentage|number|rate|"
    r"amount|sum|figure|margin)s?|how .{0,20} (cost|spend|spent|save)|cost|costs|price|savings?|"
    r"saved|rates?|per cent|figures?|numbers?)\b",
    re.IGNORECASE,
)
_ASKS_FOR_MONEY = re.compile(
    r"\b(how much|costs?|spend|spent|spending|budget|price|saved|savings?|funding|money|£)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quotation:
    """A run of sentences of one passage, chosen to answer: offsets in its page."""

    passage: Passage
    start: int
    end: int
    score: float  # how likely it is to say what was asked for, from 0 to 1
    features: tuple[float, ...] = ()  # in the order of FEATURES

    @property
    def text(self) -> str:
        """The characters quoted."""
        begin = self.passage.chunk.start
        return self.passage.chunk.text[self.start - begin : self.end - begin]


# What tells how well a sentence answers; the order is that of the weights.
FEATURES = (
    "sentence_cosine",
    "chunk_cosine",
    "passage_score",
    "coverage",  # of the question's words, by rarity, in the sentence, its headings or its title
    "own_coverage",  # of the same in the sentence alone
    "title_share",  # of the title's words that the question has
    "rarest_missing",  # how rare the rarest of the question's words is that neither has, 0 to 1
    "years",  # share of the question's years that the sentence has; 0 when it names none
    "figure",
    "figure_asked",  # it has a figure and one was asked for
    "money_asked",  # it has a sum of money and one was asked for
    "no_figure_asked",  # it has none although one was asked for
    "about_evidence",  # it speaks of what the sources can show
    "about_principles",  # it files something under a principle
    "dangling",
    "length",  # in words, as a logarithm
    "table_row",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be quoted, with its features in the order of FEATURES."""

    passage: Passage
    start: int
    end: int
    features: tuple[float, ...]


class _Asked:
    """A query as its sentences are held against it."""

    def __init__(self, query: Query, lexical: LexicalIndex, leaving_out: Collection[str]) -> None:
        total = len(lexical) + 1
        self._rarest = math.log(2 * total)
        # A word that the library lacks is the rarest.
        self._rarity = {
            term: max(0.0, math.log(total / (lexical.frequency(term) + 0.5)))
            for term in query.terms
            if term not in leaving_out
        }
        self._weights = {term: query.terms[term] * rarity for term, rarity in self._rarity.items()}
        self._own = [term for term in query.own_terms if term in self._rarity]
        self._years = set(_YEAR.findall(query.text))
        self._wants_figure = bool(_ASKS_FOR_FIGURE.search(query.text))
        self._wants_money = bool(_ASKS_FOR_MONEY.search(query.text))

    def features(
        self, text: str, terms: set[str], *, title: set[str], context: set[str]
    ) -> dict[str, float]:
        """The features that can be told from words alone."""
        figure, money = bool(_figures(text)), "£" in text
        missing = [self._rarity[term] for term in self._own if term not in terms | context]
        return {
            "coverage": _coverage(self._weights, terms | context),
            "own_coverage": _coverage(self._weights, terms),
            "title_share": len(title & set(self._own)) / max(1, len(title)),
            "rarest_missing": max(missing, default=0.0) / self._rarest,
            "years": len(self._years & set(_YEAR.findall(text))) / max(1, len(self._years)),
            "figure": float(figure),
            "figure_asked": float(figure and self._wants_figure),
            "money_asked": float(money and self._wants_money),
            "no_figure_asked": float(not figure and (self._wants_figure or self._wants_money)),
            "about_evidence": float(bool(_ABOUT_EVIDENCE.search(text))),
            "about_principles": float(bool(_ABOUT_PRINCIPLES.search(text))),
            "dangling": float(bool(_DANGLING.match(text))),
            "length": math.log(max(1, len(text.split()))),
            "table_row": float(" | " in text),
        }


class QuotingWriter:
    """Chooses quotations by meaning, by words, and by the kind of answer asked for."""

    def __init__(self, lexical: LexicalIndex, weights: Logistic) -> None:
        self._lexical = lexical
        self._weights = weights

    def rank(
        self, query: Query, passages: Sequence[Passage], *, leaving_out: Collection[str] = ()
    ) -> list[Quotation]:
        """Every sentence of the passages as a quotation, best first.

        Terms in `leaving_out` do not count: inside one document, its name tells nothing apart.
        """
        found = list(self.candidates(query, passages, leaving_out=leaving_out))
        if not found:
            return []
        features = np.array([candidate.features for candidate in found])
        scores = self._weights.probabilities(features)
        ranked = [
            Quotation(
                candidate.passage, candidate.start, candidate.end, float(score), candidate.features
            )
            for candidate, score in zip(found, scores, strict=True)
        ]
        return sorted(ranked, key=lambda quotation: -quotation.score)

    def candidates(
        self, query: Query, passages: Sequence[Passage], *, leaving_out: Collection[str] = ()
    ) -> Iterator[Candidate]:
        """Every sentence of the passages that may be quoted, with its features."""
        asked = _Asked(query, self._lexical, leaving_out)
        best = max((passage.score for passage in passages), default=1.0) or 1.0
        for passage in passages:
            chunk = passage.chunk
            if _LISTING.match(chunk.heading.rsplit(" > ", 1)[-1]):
                continue
            title = set(self._lexical.terms(passage.details.title))
            context = title | set(self._lexical.terms(chunk.heading))
            for (start, end), cosine in zip(chunk.sentences, passage.sentence_cosines, strict=True):
                text = chunk.text[start - chunk.start : end - chunk.start]
                if _SELF_DESCRIPTION.match(text):
                    continue
                values = asked.features(
                    text, set(self._lexical.terms(text)), title=title, context=context
                )
                values |= {
                    "sentence_cosine": cosine,
                    "chunk_cosine": passage.cosine,
                    "passage_score": passage.score / best,
                }
                yield Candidate(passage, start, end, tuple(values[name] for name in FEATURES))

    def choose(
        self,
        ranked: Sequence[Quotation],
        *,
        most: int,
        nearly: float = NEARLY,
        most_a_document: int | None = None,
        beside: Sequence[Quotation] = (),
        alike: bool = False,
    ) -> list[Quotation]:
        """The few quotations to show, best first: nearly as good as the best, and not alike.

        `beside` are those already chosen for another part of the answer, which none may repeat;
        `alike` lets them say the same, where each speaks for its document.
        """
        chosen: list[Quotation] = []
        for quotation in ranked:
            if len(chosen) == most or (chosen and quotation.score < nearly * chosen[0].score):
                break
            document_id = quotation.passage.chunk.document_id
            held_of_it = sum(held.passage.chunk.document_id == document_id for held in chosen)
            if most_a_document is not None and held_of_it >= most_a_document:
                continue
            if alike:
                chosen.append(quotation)
            elif not any(self._alike(quotation, held) for held in (*beside, *chosen)):
                chosen.append(_with_what_it_leans_on(self._best_placed(quotation, ranked)))
        return chosen

    def _best_placed(self, quotation: Quotation, ranked: Sequence[Quotation]) -> Quotation:
        """The same statement from the document that the question names, if one makes it too."""
        named = FEATURES.index("title_share")
        return max(
            (
                other
                for other in ranked[:LOOKED_THROUGH]
                if other is quotation
                or (other.score >= NEARLY * quotation.score and self._alike(other, quotation))
            ),
            key=lambda other: (other.features[named], other.score),
            default=quotation,
        )

    def _alike(self, one: Quotation, other: Quotation) -> bool:
        """Whether two sentences say the same: most words shared, or the same figures."""
        mine, theirs = set(self._lexical.terms(one.text)), set(self._lexical.terms(other.text))
        shared = len(mine & theirs) / max(1, min(len(mine), len(theirs)))
        figures, others = _figures(one.text), _figures(other.text)
        same_figures = bool(figures) and bool(others) and (figures <= others or others <= figures)
        return shared >= ALIKE or (same_figures and shared >= ALIKE_WITH_FIGURES)


def with_results_first(ranked: Sequence[Quotation]) -> list[Quotation]:
    """Quotations with a figure before those without, each in the order that they had.

    Sentences that file something under a principle, or speak of the sources, come last.
    """

    def rank(quotation: Quotation) -> int:
        if _ABOUT_PRINCIPLES.search(quotation.text) or _ABOUT_EVIDENCE.search(quotation.text):
            return 2
        return 0 if _figures(quotation.text) else 1

    return sorted(ranked, key=rank)


def reading_order(question: str, quotations: Sequence[Quotation]) -> list[Quotation]:
    """Quotations by document, the best document first, each document's in the order of its text.

    Where a figure was asked for, sentences that hold one come first.
    """
    wants_figure = bool(_ASKS_FOR_FIGURE.search(question))
    documents: dict[str, float] = {}
    for quotation in quotations:
        document_id = quotation.passage.chunk.document_id
        documents[document_id] = max(documents.get(document_id, 0.0), quotation.score)
    return sorted(
        quotations,
        key=lambda quotation: (
            wants_figure and not _figures(quotation.text),
            -documents[quotation.passage.chunk.document_id],
            quotation.passage.chunk.document_id,
            quotation.passage.chunk.page,
            quotation.start,
        ),
    )


def _coverage(weights: dict[str, float], terms: set[str]) -> float:
    total = sum(max(0.0, weight) for weight in weights.values())
    if total == 0:
        return 0.0
    return sum(max(0.0, weight) for term, weight in weights.items() if term in terms) / total


def _figures(text: str) -> frozenset[str]:
    """The figures in a text, without bracketed sources and without bare years."""
    bare = re.sub(r"\([^)]*\b(?:19|20)\d\d\)", "", text)
    return frozenset(
        figure
        for figure in (found.strip(" ,") for found in _FIGURE.findall(bare))
        if not re.fullmatch(r"(?:19|20)\d\d", figure)
    )


def _with_what_it_leans_on(quotation: Quotation) -> Quotation:
    """The same quotation from the sentence before, when its own first word points back to it."""
    spans = quotation.passage.chunk.sentences
    position = spans.index((quotation.start, quotation.end))
    if position == 0 or not _DANGLING.match(quotation.text):
        return quotation
    return replace(quotation, start=spans[position - 1][0])
