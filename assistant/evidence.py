"""Whether what was found answers the question: complete, partial or none.

A few boosted trees over features that mean the same in any library. They are fitted on our own
questions, on those questions with every document that answers them taken away, and on a public
pool of conversations about other things. `evals/README.md` has the error and the trade-off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from assistant.conversation import Query
from assistant.features import FEATURES
from assistant.quoting import Quotation
from assistant.types import Completeness
from assistant.weighing import Boosted, load_boosted
from corpus.store import Store
from corpus.vectors import VectorMatrix

EVIDENCE_FEATURES = (
    "best",  # how likely the best sentence is to say what was asked for
    "best_three",  # the mean of the best three
    "nearest",  # the highest cosine of a sentence
    "nearest_three",  # the mean of the three highest
    "above_typical",  # how far it is above the mean of the library's chunks
    "deviations",  # the same in standard deviations
    "chunk_cosine",  # the highest
    "chunk_deviations",
    "coverage",  # of the query's words, by rarity, by the best of three
    "coverage_nearest",  # by the sentence of the highest cosine
    "own_coverage_nearest",  # by that sentence without its headings
    "rarest_missing",  # the rarest word that none of the best three has, nor their titles
    "passages_agree",  # share of the best three that come from one document
    "leaning",
    "length",  # of the question in words, as a logarithm
)
LEAST = 0.25  # probability below which nothing is answered; the curve is in evals/README.md
FAR_OFF = 0.28  # cosine of the nearest sentence, below which a question is about something else
LEAST_NEAR = 0.43  # cosine of the nearest sentence, below which nothing is said of a broad question
WHOLE = 0.6  # probability from which an answer is called complete

# What is typical cannot be told from a handful of chunks. The more a library is short of so many,
# the more it is taken for what it is, on average, of our questions over the starter library.
ENOUGH_CHUNKS = 200
USUAL, USUAL_DEVIATION = 0.20, 0.096

_LOOKED_AT = 3
_COSINE = FEATURES.index("sentence_cosine")


class Evidence:
    """Decides how much of a question its ranked quotations answer."""

    def __init__(self, model: Boosted, matrix: VectorMatrix) -> None:
        self._model = model
        self._matrix = matrix

    def probability(self, query: Query, ranked: Sequence[Quotation]) -> float:
        """How likely it is that the quotations answer the question, from 0 to 1."""
        if not ranked:
            return 0.0
        features = np.array([evidence_features(query, ranked, self._matrix)])
        return float(self._model.probabilities(features)[0])

    def judge(self, query: Query, ranked: Sequence[Quotation]) -> Completeness:
        """How much of the question they answer."""
        likely = self.probability(query, ranked)
        if likely < LEAST or _nearest(ranked) < FAR_OFF:
            return Completeness.NONE
        return Completeness.COMPLETE if likely >= WHOLE else Completeness.PARTIAL

    def bears_on(self, query: Query, ranked: Sequence[Quotation]) -> bool:
        """Whether the quotations are about what a broad question asks.

        Evidence is seldom worded like a question about it, but it is near to it in meaning.
        """
        return _nearest(ranked) >= LEAST_NEAR or self.judge(query, ranked) is not Completeness.NONE


def open_evidence(store: Store) -> Evidence:
    """The shipped decision over an opened store."""
    return Evidence(load_boosted("evidence", EVIDENCE_FEATURES), store.matrix)


def evidence_features(
    query: Query, ranked: Sequence[Quotation], matrix: VectorMatrix
) -> tuple[float, ...]:
    """The features of EVIDENCE_FEATURES, in its order, from quotations ranked best first."""
    top = ranked[:_LOOKED_AT]

    def of(quotation: Quotation, name: str) -> float:
        return quotation.features[FEATURES.index(name)]

    near = sorted(ranked, key=lambda quotation: -of(quotation, "sentence_cosine"))[:_LOOKED_AT]
    nearest = of(near[0], "sentence_cosine")
    chunk_cosine = max(quotation.passage.cosine for quotation in ranked)
    typical, deviation = _typical(query, matrix)
    documents = [quotation.passage.chunk.document_id for quotation in top]
    return (
        top[0].score,
        sum(quotation.score for quotation in top) / len(top),
        nearest,
        sum(of(quotation, "sentence_cosine") for quotation in near) / len(near),
        nearest - typical,
        (nearest - typical) / deviation,
        chunk_cosine,
        (chunk_cosine - typical) / deviation,
        max(of(quotation, "coverage") for quotation in top),
        of(near[0], "coverage"),
        of(near[0], "own_coverage"),
        min(of(quotation, "rarest_missing") for quotation in top),
        max(documents.count(document) for document in documents) / len(documents),
        query.leaning,
        math.log(max(1, len(query.text.split()))),
    )


def _nearest(ranked: Sequence[Quotation]) -> float:
    return max((quotation.features[_COSINE] for quotation in ranked), default=0.0)


def _typical(query: Query, matrix: VectorMatrix) -> tuple[float, float]:
    """The mean and the deviation of the library's cosines with a question."""
    typical, deviation = matrix.typical(query.vector)
    known = min(1.0, len(matrix) / ENOUGH_CHUNKS)
    return (
        known * typical + (1 - known) * USUAL,
        known * deviation + (1 - known) * USUAL_DEVIATION,
    )
