"""From a question to an answer: scope, search, choose, prove, judge, say."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from assistant.conversation import Query, understand
from assistant.evidence import enough
from assistant.proving import prove
from assistant.quoting import Quotation, QuotingWriter, reading_order
from assistant.retrieval import Retriever
from assistant.scope import NOTHING_FOUND, OFFERS, declined_by_wording
from assistant.types import (
    Answer,
    AnswerEvent,
    AnswerSentence,
    Completeness,
    Decline,
    Finished,
    Searched,
    Turn,
    Wrote,
)
from corpus.filters import Filters
from corpus.store import Store
from corpus.types import Passage

PASSAGES = 12  # that an answer is chosen from


class Assistant:
    """Answers questions from one store."""

    def __init__(self, store: Store, retriever: Retriever, writer: QuotingWriter) -> None:
        self._store = store
        self._retriever = retriever
        self._writer = writer

    def search(
        self, question: str, *, limit: int = 10, filters: Filters | None = None
    ) -> list[Passage]:
        """The passages nearest to a question, best first; empty when there are none."""
        self._store.catch_up()
        query = understand(question, (), self._store.embedder, self._store.lexical)
        return self._retriever.retrieve(query, limit=limit, filters=filters)

    def answer(
        self, question: str, turns: Sequence[Turn] = (), *, filters: Filters | None = None
    ) -> Iterator[AnswerEvent]:
        """The events of an answer: one Searched, a Wrote for each sentence, one Finished.

        Everything that can fail happens before the first event.
        """
        started = time.perf_counter()
        declined = declined_by_wording(question)
        if declined is not None:
            yield Searched(question, ())
            yield Finished(_declined(declined, started))
            return
        self._store.catch_up()
        query = understand(question, turns, self._store.embedder, self._store.lexical)
        passages = self._retriever.retrieve(query, limit=PASSAGES, filters=filters)
        ranked = self._writer.rank(query, passages)
        yield Searched(question, tuple(passages))
        completeness = enough(query, ranked)
        if completeness is Completeness.NONE:
            yield Finished(_nothing_found(query, ranked, started))
            return
        sentences: list[AnswerSentence] = []
        for quotation in reading_order(self._writer.choose(ranked)):
            sentence = self._proved(quotation)
            if sentence is not None:
                sentences.append(sentence)
                yield Wrote(sentence)
        if not sentences:
            yield Finished(_nothing_found(query, ranked, started))
            return
        yield Finished(Answer(completeness, tuple(sentences), elapsed_ms=_milliseconds(started)))

    def _proved(self, quotation: Quotation) -> AnswerSentence | None:
        citation = prove(self._store.library, quotation.passage, quotation.start, quotation.end)
        if citation is None:
            return None
        return AnswerSentence(" ".join(citation.quote.split()), (citation,))


def _declined(declined: Decline, started: float) -> Answer:
    return Answer(
        Completeness.NONE,
        declined=declined,
        message=OFFERS[declined],
        elapsed_ms=_milliseconds(started),
    )


def _nothing_found(query: Query, ranked: Sequence[Quotation], started: float) -> Answer:
    """The answer when the library has no evidence, in scope or far outside it."""
    best = max((quotation.passage.cosine for quotation in ranked), default=0.0)
    if query.leaning == 0 and best < FOREIGN:
        return _declined(Decline.OUT_OF_SCOPE, started)
    return Answer(
        Completeness.NONE,
        missing=(query.text,),
        message=NOTHING_FOUND,
        elapsed_ms=_milliseconds(started),
    )


# No passage of a reform library comes this near to a question about something else altogether.
FOREIGN = 0.30


def _milliseconds(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
