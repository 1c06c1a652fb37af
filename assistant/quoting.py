"""The quoting writer: the fewest sentences of the library that answer a question."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assistant.conversation import Query
from assistant.features import (
    FEATURES,
    About,
    Candidate,
    asks_for_figure,
    candidates,
    dangles,
    wording,
)
from assistant.weighing import Logistic
from corpus.lexical import LexicalIndex
from corpus.types import Passage

# A further sentence must be nearly as good as the best one, and say something else.
NEARLY = 0.5
ALIKE = 0.75  # shared words, of the words of the shorter sentence
ALIKE_WITH_FIGURES = 0.4
# Chosen on our own questions by cross-validation; see evals/README.md.
ASIDE = 0.5
LOOKED_THROUGH = 40  # quotations, for the same statement elsewhere


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


class QuotingWriter:
    """Chooses quotations by meaning, by words, and by the kind of answer asked for.

    `together` weighs sentences of answers that are put together from several documents; without
    it, those are weighed as any other.
    """

    def __init__(
        self, lexical: LexicalIndex, weights: Logistic, together: Logistic | None = None
    ) -> None:
        self._lexical = lexical
        self._weights = weights
        self._together = together or weights

    def rank(
        self,
        query: Query,
        passages: Sequence[Passage],
        *,
        leaving_out: Collection[str] = (),
        about: About | None = None,
        together: bool = False,
    ) -> list[Quotation]:
        """Every sentence of the passages as a quotation, best first.

        Terms in `leaving_out` do not count: inside one document, its name tells nothing apart.
        """
        found = list(self.candidates(query, passages, leaving_out=leaving_out, about=about))
        if not found:
            return []
        model = self._together if together else self._weights
        scores = model.probabilities(np.array([candidate.features for candidate in found]))
        ranked = [
            Quotation(
                candidate.passage, candidate.start, candidate.end, float(score), candidate.features
            )
            for candidate, score in zip(found, scores, strict=True)
        ]
        return sorted(ranked, key=lambda quotation: -quotation.score)

    def candidates(
        self,
        query: Query,
        passages: Sequence[Passage],
        *,
        leaving_out: Collection[str] = (),
        about: About | None = None,
    ) -> Iterator[Candidate]:
        """Every sentence of the passages that may be quoted, with its features."""
        return candidates(query, passages, self._lexical, leaving_out=leaving_out, about=about)

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
            held_of_it = sum(one.passage.chunk.document_id == document_id for one in chosen)
            if most_a_document is not None and held_of_it >= most_a_document:
                continue
            if alike:
                chosen.append(quotation)
            elif not self._said(quotation, held := (*beside, *chosen)):
                chosen.append(_with_what_it_leans_on(self._best_placed(quotation, ranked, held)))
        return chosen

    def alike(self, one: Quotation, other: Quotation) -> bool:
        """Whether two sentences say the same: most words shared, or the same figures."""
        mine, theirs = set(self._lexical.terms(one.text)), set(self._lexical.terms(other.text))
        shared = len(mine & theirs) / max(1, min(len(mine), len(theirs)))
        held, others = wording(one.text).figures, wording(other.text).figures
        same_figures = bool(held) and bool(others) and (held <= others or others <= held)
        return shared >= ALIKE or (same_figures and shared >= ALIKE_WITH_FIGURES)

    def _said(self, quotation: Quotation, held: Sequence[Quotation]) -> bool:
        return any(self.alike(quotation, other) for other in held)

    def _best_placed(
        self, quotation: Quotation, ranked: Sequence[Quotation], held: Sequence[Quotation]
    ) -> Quotation:
        """The same statement where it is made best.

        That is in the document that the question names, and together with what belongs to it.
        """
        named, about = FEATURES.index("title_share"), FEATURES.index("about")
        mine = wording(quotation.text).figures

        def placed(other: Quotation) -> tuple[float, float, int, float]:
            theirs = wording(other.text).figures
            return (
                other.features[about],
                other.features[named],
                len(theirs) if mine <= theirs else 0,
                other.score,
            )

        return max(
            (
                other
                for other in ranked[:LOOKED_THROUGH]
                if other is quotation
                or (
                    other.score >= NEARLY * quotation.score
                    and self.alike(other, quotation)
                    and not self._said(other, held)
                )
            ),
            key=placed,
            default=quotation,
        )


def with_summaries_first(
    ranked: Sequence[Quotation], *, times: float, anywhere: bool = False
) -> list[Quotation]:
    """Quotations ranked again, those that sum a document up with figures counting more.

    A document of which the question is about says in its summary, in few sentences, what it says
    one by one further down; what files it under a principle, or speaks of limits that nobody
    asked about, counts half. `anywhere` prefers the summaries of other documents too.
    """

    def weighed(quotation: Quotation) -> float:
        held = dict(zip(FEATURES, quotation.features, strict=True))
        about = anywhere or held["about"]
        more = times if held["in_summary"] and held["figure"] and about else 1.0
        aside = (held["about_principles"] or held["in_limits"]) and not held["limits_asked"]
        return min(1.0, quotation.score * more * (ASIDE if aside else 1.0))

    again = [replace(quotation, score=weighed(quotation)) for quotation in ranked]
    return sorted(again, key=lambda quotation: -quotation.score)


def sums_up(quotation: Quotation) -> bool:
    """Whether a sentence stands in its document's summary."""
    return bool(quotation.features[FEATURES.index("in_summary")])


def sums_up_with_figures(quotation: Quotation) -> bool:
    """Whether a sentence stands in its document's summary and holds a figure."""
    return sums_up(quotation) and bool(quotation.features[FEATURES.index("figure")])


def stands_under_limits(quotation: Quotation) -> bool:
    """Whether a sentence stands where its document says what is disputed or not known."""
    return bool(quotation.features[FEATURES.index("in_limits")])


def reading_order(question: str, quotations: Sequence[Quotation]) -> list[Quotation]:
    """Quotations by document, the best document first, each document's in the order of its text.

    Where a figure was asked for, sentences that hold one come first.
    """
    wants_figure = asks_for_figure(question)
    documents: dict[str, float] = {}
    for quotation in quotations:
        document_id = quotation.passage.chunk.document_id
        documents[document_id] = max(documents.get(document_id, 0.0), quotation.score)
    return sorted(
        quotations,
        key=lambda quotation: (
            wants_figure and not wording(quotation.text).figures,
            -documents[quotation.passage.chunk.document_id],
            quotation.passage.chunk.document_id,
            quotation.passage.chunk.page,
            quotation.start,
        ),
    )


def _with_what_it_leans_on(quotation: Quotation) -> Quotation:
    """The same quotation from the sentence before, when its own first word points back to it."""
    spans = quotation.passage.chunk.sentences
    position = spans.index((quotation.start, quotation.end))
    if position == 0 or not dangles(quotation.text):
        return quotation
    return replace(quotation, start=spans[position - 1][0])
