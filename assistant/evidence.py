"""Whether what was found answers the question: complete, partial or none.

A small logistic model of eight features, fitted on our own question set and on the same questions
with every document that answers them taken away. `evals/README.md` has its error.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assistant.conversation import Query
from assistant.features import FEATURES
from assistant.quoting import Quotation
from assistant.types import Completeness
from assistant.weighing import Logistic

EVIDENCE_FEATURES = (
    "best",  # how likely the best sentence is to say what was asked for
    "best_three",  # the mean of the best three
    "coverage",  # of the question's words, by rarity, by the best of three
    "rarest_missing",  # the rarest word that none of the best three has, nor their titles
    "sentence_cosine",
    "chunk_cosine",
    "passages_agree",  # share of the best three that come from one document
    "leaning",
)
LEAST = 0.2  # probability below which nothing is answered; the curve is in evals/README.md
WHOLE = 0.6  # probability from which an answer is called complete

_LOOKED_AT = 3


class Evidence:
    """Decides how much of a question its ranked quotations answer."""

    def __init__(self, model: Logistic) -> None:
        self._model = model

    def probability(self, query: Query, ranked: Sequence[Quotation]) -> float:
        """How likely it is that the quotations answer the question, from 0 to 1."""
        if not ranked:
            return 0.0
        features = np.array([evidence_features(query, ranked)])
        return float(self._model.probabilities(features)[0])

    def judge(
        self, query: Query, ranked: Sequence[Quotation], *, least: float = LEAST
    ) -> Completeness:
        """How much of the question they answer; nothing, when that is less likely than `least`."""
        likely = self.probability(query, ranked)
        if likely < least:
            return Completeness.NONE
        return Completeness.COMPLETE if likely >= WHOLE else Completeness.PARTIAL


def evidence_features(query: Query, ranked: Sequence[Quotation]) -> tuple[float, ...]:
    """The features of EVIDENCE_FEATURES, in its order, from quotations ranked best first."""
    top = ranked[:_LOOKED_AT]

    def values(name: str) -> list[float]:
        position = FEATURES.index(name)
        return [quotation.features[position] for quotation in top]

    documents = [quotation.passage.chunk.document_id for quotation in top]
    return (
        top[0].score,
        sum(quotation.score for quotation in top) / len(top),
        max(values("coverage")),
        min(values("rarest_missing")),
        max(values("sentence_cosine")),
        max(values("chunk_cosine")),
        max(documents.count(document) for document in documents) / len(documents),
        query.leaning,
    )
