"""From a question to an answer: scope, search, choose, prove, judge, say."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from assistant.asking import Asked, Kind, read_question
from assistant.conversation import Query, part_of, understand
from assistant.evidence import Evidence
from assistant.proving import prove
from assistant.quoting import Quotation, QuotingWriter, reading_order, with_results_first
from assistant.retrieval import Retriever
from assistant.scope import NOTHING_FOUND, OFFERS, declined_by_wording
from assistant.subjects import Subjects
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

PASSAGES = 12  # that a point is chosen from
SURVEYED = 40  # that a survey is chosen from
SENTENCES = 3  # that say a point
TOGETHER = 6  # that make a comparison or a survey
COMPARED = 3  # things side by side
LEAST_FOR_A_SURVEY = 0.15  # evidence is seldom worded like a broad question about it


class Assistant:
    """Answers questions from one store."""

    def __init__(
        self, store: Store, retriever: Retriever, writer: QuotingWriter, evidence: Evidence
    ) -> None:
        self._store = store
        self._retriever = retriever
        self._writer = writer
        self._evidence = evidence
        self._subjects = Subjects(store.library, store.lexical)

    def search(
        self, question: str, *, limit: int = 10, filters: Filters | None = None
    ) -> list[Passage]:
        """The passages nearest to a question, best first; empty when there are none."""
        self._store.catch_up()
        query = self._understand(question, ())
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
        asked = read_question(question)
        if asked.kind is Kind.POINT:
            found = self._find_points(asked, turns, filters)
        else:
            found = self._find_together(asked, turns, filters)
        yield Searched(question, tuple(found.passages))
        sentences: list[AnswerSentence] = []
        for quotation in reading_order(question, found.chosen):
            sentence = self._proved(quotation)
            if sentence is not None:
                sentences.append(sentence)
                yield Wrote(sentence)
        if not sentences:
            yield Finished(_nothing_found(question, found, started))
            return
        yield Finished(
            Answer(
                found.completeness,
                tuple(sentences),
                missing=tuple(found.missing),
                elapsed_ms=_milliseconds(started),
            )
        )

    # -- finding ----------------------------------------------------------------------------

    def _find_points(self, asked: Asked, turns: Sequence[Turn], filters: Filters | None) -> _Found:
        """The fewest sentences for each question in a question."""
        found = _Found()
        for part, query in zip(asked.parts, self.queries(asked, turns), strict=True):
            passages = self._retriever.retrieve(query, limit=PASSAGES, filters=filters)
            ranked = self._writer.rank(query, passages)
            completeness = self._evidence.judge(query, ranked)
            most = SENTENCES if len(asked.parts) == 1 else 2
            chosen = (
                []
                if completeness is Completeness.NONE
                else self._writer.choose(ranked, most=most, beside=found.chosen)
            )
            found.add(part, query, passages, chosen, completeness)
        return found

    def queries(self, asked: Asked, turns: Sequence[Turn]) -> list[Query]:
        """The query for each question in a question."""
        whole = self._understand(asked.question, turns)
        if len(asked.parts) == 1:
            return [whole]
        return [part_of(whole, self._understand(part, ())) for part in asked.parts]

    def _find_together(
        self, asked: Asked, turns: Sequence[Turn], filters: Filters | None
    ) -> _Found:
        """Sentences from several documents: for each thing compared, or over the library."""
        found = _Found()
        question = asked.question
        query = self._understand(question, turns)
        subjects = self._subjects.named_in(query.own_terms)
        if asked.kind is Kind.COMPARISON and len(subjects) >= 2:
            names = frozenset(term for subject in subjects for term in subject.terms)
            for subject in subjects[:COMPARED]:
                only = replace(filters or Filters(), documents=(subject.document.id,))
                passages = self._retriever.retrieve(query, limit=PASSAGES, filters=only)
                ranked = self._writer.rank(query, passages, leaving_out=names)
                chosen = self._writer.choose(
                    ranked,
                    most=TOGETHER // min(len(subjects), COMPARED),
                    nearly=0.2,
                    beside=found.chosen,
                )
                completeness = Completeness.COMPLETE if chosen else Completeness.NONE
                found.add(subject.document.details.title, query, passages, chosen, completeness)
            return found
        tagged, naming = self._subjects.tagged_in(query.own_terms)
        if asked.kind is Kind.SURVEY and tagged:
            # Asked what a principle means in practice: what happened where it was tried.
            only = replace(
                filters or Filters(), documents=tuple(document.id for document in tagged)
            )
            passages = self._retriever.retrieve(query, limit=SURVEYED, filters=only)
            ranked = with_results_first(self._writer.rank(query, passages, leaving_out=naming))
            chosen = self._writer.choose(ranked, most=TOGETHER, nearly=0.0, most_a_document=1)
            completeness = Completeness.PARTIAL if chosen else Completeness.NONE
            found.add(question, query, passages, chosen, completeness)
            return found
        passages = self._retriever.retrieve(query, limit=SURVEYED, filters=filters)
        ranked = self._writer.rank(query, passages)
        completeness = self._evidence.judge(query, ranked, least=LEAST_FOR_A_SURVEY)
        chosen = (
            []
            if completeness is Completeness.NONE
            else self._writer.choose(ranked, most=TOGETHER, nearly=0.2, most_a_document=2)
        )
        found.add(question, query, passages, chosen, completeness)
        return found

    def _understand(self, question: str, turns: Sequence[Turn]) -> Query:
        return understand(question, turns, self._store.embedder, self._store.lexical)

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


@dataclass(slots=True)
class _Found:
    """What was found for the parts of a question."""

    passages: list[Passage] = field(default_factory=list[Passage])
    chosen: list[Quotation] = field(default_factory=list[Quotation])
    missing: list[str] = field(default_factory=list[str])
    states: list[Completeness] = field(default_factory=list[Completeness])
    leaning: float = 0.0  # of the first part

    def add(
        self,
        part: str,
        query: Query,
        passages: Sequence[Passage],
        chosen: Sequence[Quotation],
        completeness: Completeness,
    ) -> None:
        """Take in what was found for one part."""
        if not self.states:
            self.leaning = query.leaning
        known = {passage.chunk.id for passage in self.passages}
        self.passages += [passage for passage in passages if passage.chunk.id not in known]
        self.chosen += chosen
        self.states.append(completeness)
        if completeness is Completeness.NONE:
            self.missing.append(part)

    @property
    def completeness(self) -> Completeness:
        """Of the whole question: complete only when every part is."""
        if all(state is Completeness.COMPLETE for state in self.states):
            return Completeness.COMPLETE
        if all(state is Completeness.NONE for state in self.states):
            return Completeness.NONE
        return Completeness.PARTIAL


def _nothing_found(question: str, found: _Found, started: float) -> Answer:
    """The answer when the library has no evidence, in scope or far outside it."""
    best = max((passage.cosine for passage in found.passages), default=0.0)
    if found.leaning == 0 and best < FOREIGN:
        return _declined(Decline.OUT_OF_SCOPE, started)
    return Answer(
        Completeness.NONE,
        missing=(question,),
        message=NOTHING_FOUND,
        elapsed_ms=_milliseconds(started),
    )


# No passage of a reform library comes this near to a question about something else altogether.
FOREIGN = 0.30


def _milliseconds(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
