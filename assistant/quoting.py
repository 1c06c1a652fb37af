"""The quoting writer: the fewest sentences of the library that answer a question."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from assistant.conversation import Query
from corpus.lexical import LexicalIndex
from corpus.types import Passage

# Shares in a sentence's score; chosen on our own question set (see evals/README.md).
MEANING = 0.5
WORDS = 0.35
KIND = 0.15
# A further sentence must be nearly as good as the best one, and say something else.
NEARLY = 0.8
ALIKE = 0.75  # shared words, of the words of the shorter sentence
ALIKE_WITH_FIGURES = 0.4

# Sections that list or introduce rather than say.
_LISTING = re.compile(
    r"^(sources?|references|bibliography|contents|table of contents|notes|further reading|index|"
    r"acknowledgements?)\b",
    re.IGNORECASE,
)
_SELF_DESCRIPTION = re.compile(r"^This is a Plumbline (brief|guide)\b")
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
    score: float  # how well it answers, from about 0 to 1
    coverage: float  # share of the question's words, by rarity, that it or its title has

    @property
    def text(self) -> str:
        """The characters quoted."""
        begin = self.passage.chunk.start
        return self.passage.chunk.text[self.start - begin : self.end - begin]


class QuotingWriter:
    """Chooses quotations by meaning, by words, and by the kind of answer asked for."""

    def __init__(self, lexical: LexicalIndex) -> None:
        self._lexical = lexical

    def rank(
        self, query: Query, passages: Sequence[Passage], *, leaving_out: Collection[str] = ()
    ) -> list[Quotation]:
        """Every sentence of the passages as a quotation, best first.

        Terms in `leaving_out` do not count: inside one document, its name tells nothing apart.
        """
        weights = self._weights(query, leaving_out)
        wants_figure = bool(_ASKS_FOR_FIGURE.search(query.text))
        wants_money = bool(_ASKS_FOR_MONEY.search(query.text))
        ranked: list[Quotation] = []
        for passage in passages:
            chunk = passage.chunk
            if _LISTING.match(chunk.heading.rsplit(" > ", 1)[-1]):
                continue
            context = set(self._lexical.terms(f"{passage.details.title} {chunk.heading}"))
            for (start, end), cosine in zip(chunk.sentences, passage.sentence_cosines, strict=True):
                text = chunk.text[start - chunk.start : end - chunk.start]
                if _SELF_DESCRIPTION.match(text):
                    continue
                terms = set(self._lexical.terms(text))
                coverage = _coverage(weights, terms | context)
                own_coverage = _coverage(weights, terms)
                kind = _kind_match(text, wants_figure=wants_figure, wants_money=wants_money)
                score = MEANING * cosine + WORDS * (coverage + own_coverage) / 2 + KIND * kind
                ranked.append(Quotation(passage, start, end, score, coverage))
        return sorted(ranked, key=lambda quotation: -quotation.score)

    def choose(
        self,
        ranked: Sequence[Quotation],
        *,
        most: int,
        nearly: float = NEARLY,
        most_a_document: int | None = None,
        beside: Sequence[Quotation] = (),
    ) -> list[Quotation]:
        """The few quotations to show, best first: nearly as good as the best, and not alike.

        `beside` are those already chosen for another part of the answer, which none may repeat.
        """
        chosen: list[Quotation] = []
        for quotation in ranked:
            if len(chosen) == most or (chosen and quotation.score < nearly * chosen[0].score):
                break
            document_id = quotation.passage.chunk.document_id
            held_of_it = sum(held.passage.chunk.document_id == document_id for held in chosen)
            if most_a_document is not None and held_of_it >= most_a_document:
                continue
            if not any(self._alike(quotation, held) for held in (*beside, *chosen)):
                chosen.append(_with_what_it_leans_on(quotation))
        return chosen

    def _weights(self, query: Query, leaving_out: Collection[str]) -> dict[str, float]:
        """The query's terms by weight and rarity; a word that the library lacks is the rarest."""
        total = len(self._lexical) + 1
        return {
            term: weight * math.log(total / (self._lexical.frequency(term) + 0.5))
            for term, weight in query.terms.items()
            if term not in leaving_out
        }

    def _alike(self, one: Quotation, other: Quotation) -> bool:
        """Whether two sentences say the same: most words shared, or the same figures."""
        mine, theirs = set(self._lexical.terms(one.text)), set(self._lexical.terms(other.text))
        shared = len(mine & theirs) / max(1, min(len(mine), len(theirs)))
        figures, others = _figures(one.text), _figures(other.text)
        same_figures = bool(figures) and bool(others) and (figures <= others or others <= figures)
        return shared >= ALIKE or (same_figures and shared >= ALIKE_WITH_FIGURES)


def reading_order(quotations: Sequence[Quotation]) -> list[Quotation]:
    """Quotations by document, the best document first, each document's in the order of its text."""
    documents: dict[str, float] = {}
    for quotation in quotations:
        document_id = quotation.passage.chunk.document_id
        documents[document_id] = max(documents.get(document_id, 0.0), quotation.score)
    return sorted(
        quotations,
        key=lambda quotation: (
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


def _kind_match(text: str, *, wants_figure: bool, wants_money: bool) -> float:
    """1 when a sentence has the kind of answer asked for, 0.5 when none is, 0 when it lacks it."""
    if wants_money:
        return 1.0 if "£" in text else 0.4 if _figures(text) else 0.0
    if wants_figure:
        return 1.0 if _figures(text) else 0.0
    return 0.5


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
    return Quotation(
        quotation.passage,
        spans[position - 1][0],
        quotation.end,
        quotation.score,
        quotation.coverage,
    )
