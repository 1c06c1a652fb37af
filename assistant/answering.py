"""From a question to an answer: scope, search, choose, prove, judge, say."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.as_of import as_of_day
from assistant.asking import Asked, Kind, read_question
from assistant.comparing import Comparison, Row, all_quoted, aspects_of
from assistant.composing import ComposingWriter, Composition
from assistant.conversation import Query, answered_turns, part_of, understand
from assistant.evidence import Evidence
from assistant.listing import Facets, Listings
from assistant.proving import prove
from assistant.quoting import Quotation, QuotingWriter, reading_order, with_results_first
from assistant.retrieval import Retriever
from assistant.scope import NOTHING_FOUND, OFFERS, declined_by_wording
from assistant.subjects import Subject, Subjects
from assistant.types import (
    Answer,
    AnswerEvent,
    AnswerSentence,
    AnswerTable,
    Completeness,
    Decline,
    Finished,
    Searched,
    TableRow,
    Turn,
    Wrote,
)
from corpus.errors import NotFound
from corpus.filters import Filters
from corpus.store import Store
from corpus.types import Passage

PASSAGES = 12  # that a point is chosen from
SURVEYED = 40  # that a survey is chosen from
SENTENCES = 3  # that say a point
TOGETHER = 6  # that make a comparison or a survey
COMPARED = 4  # things side by side
LISTED = 2_000  # passages that a list of documents is quoted from
LEAST_FOR_A_SURVEY = 0.15  # evidence is seldom worded like a broad question about it


class Assistant:
    """Answers questions from one store."""

    def __init__(
        self,
        store: Store,
        retriever: Retriever,
        writer: QuotingWriter,
        evidence: Evidence,
        composer: ComposingWriter | None = None,
    ) -> None:
        self._store = store
        self._retriever = retriever
        self._writer = writer
        self._evidence = evidence
        self._composer = composer
        self._subjects = Subjects(store.library, store.lexical)
        self._listings = Listings(store.library, store.lexical)

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

        Everything that can fail happens before the first event; a chat model's failure is no
        failure, as quotations take its place.
        """
        started = time.perf_counter()
        declined = declined_by_wording(question)
        if declined is not None:
            yield Searched(question, ())
            yield Finished(_declined(declined, started))
            return
        self._store.catch_up()
        question, turns = self._alone(question, turns)
        found = self._find(question, turns, filters or Filters())
        yield Searched(question, tuple(found.passages))
        sentences: list[AnswerSentence] = []
        for sentence in self._written(question, found):
            sentences.append(sentence)
            yield Wrote(sentence)
        if not sentences:
            yield Finished(_nothing_found(question, found, started))
            return
        found.notes += self._newer_versions(sentences)
        yield Finished(
            Answer(
                found.completeness,
                tuple(sentences),
                missing=tuple(found.missing),
                message=found.message,
                notes=tuple(found.notes),
                table=self._table(found.compared, sentences) if found.compared else None,
                read=found.read,
                elapsed_ms=_milliseconds(started),
            )
        )

    # -- understanding ----------------------------------------------------------------------

    def _alone(self, question: str, turns: Sequence[Turn]) -> tuple[str, Sequence[Turn]]:
        """The question as it stands alone, where a chat model can say it; else with its turns."""
        kept = answered_turns(turns)
        if self._composer is None or not kept:
            return question, turns
        rewritten = self._composer.rewrite(question, kept)
        return (question, turns) if rewritten == question else (rewritten, ())

    def _understand(self, question: str, turns: Sequence[Turn]) -> Query:
        return understand(question, turns, self._store.embedder, self._store.lexical)

    def queries(self, asked: Asked, turns: Sequence[Turn]) -> list[Query]:
        """The query for each question in a question."""
        whole = self._understand(asked.question, turns)
        if len(asked.parts) == 1:
            return [whole]
        return [part_of(whole, self._understand(part, ())) for part in asked.parts]

    # -- finding ----------------------------------------------------------------------------

    def _find(self, question: str, turns: Sequence[Turn], filters: Filters) -> _Found:
        day = as_of_day(question)
        if day is not None:
            filters = replace(filters, as_of=day)
        facets = self._listings.facets(question)
        if facets is not None:
            return self._list(question, facets, filters)
        asked = read_question(question)
        if asked.kind is Kind.POINT:
            return self._find_points(asked, turns, filters)
        return self._find_together(asked, turns, filters)

    def _find_points(self, asked: Asked, turns: Sequence[Turn], filters: Filters) -> _Found:
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

    def _find_together(self, asked: Asked, turns: Sequence[Turn], filters: Filters) -> _Found:
        """Sentences from several documents: for each thing compared, or over the library."""
        question = asked.question
        query = self._understand(question, turns)
        subjects = self._subjects.named_in(query.own_terms)
        if asked.kind is Kind.COMPARISON and len(subjects) >= 2:
            return self._compare(query, subjects[:COMPARED], filters)
        found = _Found()
        tagged, naming = self._subjects.tagged_in(query.own_terms)
        if asked.kind is Kind.SURVEY and tagged:
            # Asked what a principle means in practice: what happened where it was tried.
            only = replace(filters, documents=tuple(document.id for document in tagged))
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

    def _compare(self, query: Query, subjects: Sequence[Subject], filters: Filters) -> _Found:
        """Some sentences for each thing compared, or one for each aspect that is named."""
        found = _Found()
        names = frozenset(term for subject in subjects for term in subject.terms)
        aspects = aspects_of(query.text, names, self._store.lexical.terms)
        rows: list[Row] = []
        for subject in subjects:
            title = subject.document.details.title
            only = replace(filters, documents=(subject.document.id,))
            cells: list[tuple[Quotation, ...]] = []
            for aspect in aspects or [query.text]:
                asked = self._understand(f"{title}: {aspect}", ()) if aspects else query
                passages = self._retriever.retrieve(asked, limit=PASSAGES, filters=only)
                ranked = self._writer.rank(asked, passages, leaving_out=names)
                if aspects and self._evidence.judge(asked, ranked) is Completeness.NONE:
                    ranked = []
                chosen = self._writer.choose(
                    ranked,
                    most=1 if aspects else TOGETHER // len(subjects),
                    nearly=0.2,
                    beside=found.chosen,
                )
                cells.append(tuple(chosen))
                state = Completeness.COMPLETE if chosen else Completeness.NONE
                found.add(
                    f"{title}: {aspect}" if aspects else title, query, passages, chosen, state
                )
            rows.append((title, subject.document.id, tuple(cells)))
        found.compared = Comparison(tuple(aspects or ("What the library holds",)), tuple(rows))
        return found

    def _list(self, question: str, facets: Facets, filters: Filters) -> _Found:
        """Every document with the tags asked for, each by its own most telling sentence."""
        found = _Found()
        documents, looked_at = self._listings.matching(facets)
        documents = [
            document
            for document in documents
            if filters.admit(document.id, document.collection, document.details)
        ]
        found.read = looked_at
        query = self._understand(question, ())
        if not documents:
            found.add(question, query, [], [], Completeness.NONE)
            return found
        only = replace(filters, documents=tuple(document.id for document in documents))
        passages = self._retriever.rank(query, filters=only, candidates=LISTED)
        ranked = self._writer.rank(query, passages)
        chosen = self._writer.choose(
            ranked, most=len(documents), nearly=0.0, most_a_document=1, alike=True
        )
        named = {quotation.passage.chunk.document_id for quotation in chosen}
        found.add(question, query, passages, chosen, Completeness.COMPLETE)
        found.listed = {document.id: document.details.title for document in documents}
        found.message = (
            f"{len(documents)} of the library's {looked_at} documents are tagged: {facets.said()}. "
            "All of them were looked at."
        )
        found.missing += [
            document.details.title for document in documents if document.id not in named
        ]
        return found

    # -- writing ----------------------------------------------------------------------------

    def _written(self, question: str, found: _Found) -> Iterator[AnswerSentence]:
        """The chat model's sentences where there is one and it serves; else quotations."""
        if (
            self._composer is not None
            and found.chosen
            and found.compared is None
            and not found.listed
        ):
            outcome = Composition()
            wrote = False
            for sentence in self._composer.write(question, _shown_to_model(found), outcome):
                wrote = True
                yield sentence
            found.notes += _told(outcome, self._composer.model.name, wrote=wrote)
            if outcome.fault and wrote:
                found.states.append(Completeness.PARTIAL)
            if wrote or (outcome.nothing and not outcome.fault):
                return
        ordered = (
            all_quoted(found.compared.rows)
            if found.compared
            else reading_order(question, found.chosen)
        )
        for quotation in ordered:
            sentence = self._proved(quotation, found.listed)
            if sentence is not None:
                yield sentence

    def _proved(self, quotation: Quotation, listed: Mapping[str, str]) -> AnswerSentence | None:
        citation = prove(self._store.library, quotation.passage, quotation.start, quotation.end)
        if citation is None:
            return None
        text = " ".join(citation.quote.split())
        title = listed.get(citation.document_id)
        return AnswerSentence(f"{title}: {text}" if title else text, (citation,))

    def _table(self, compared: Comparison, sentences: Sequence[AnswerSentence]) -> AnswerTable:
        """The sentences in their cells; a cell whose quotation was not proved is empty."""
        proved = {
            (cited.version_id, cited.page, cited.start, cited.end): sentence
            for sentence in sentences
            for cited in sentence.citations
        }

        def cell(quotations: Sequence[Quotation]) -> tuple[AnswerSentence, ...]:
            places = [
                (held.passage.chunk.version_id, held.passage.chunk.page, held.start, held.end)
                for held in quotations
            ]
            return tuple(proved[place] for place in places if place in proved)

        return AnswerTable(
            compared.aspects,
            tuple(
                TableRow(title, document_id, tuple(cell(quotations) for quotations in cells))
                for title, document_id, cells in compared.rows
            ),
        )

    def _newer_versions(self, sentences: Sequence[AnswerSentence]) -> list[str]:
        """A note for each cited version that a newer one has replaced."""
        cited = {
            citation.document_id: citation
            for sentence in sentences
            for citation in sentence.citations
        }
        notes: list[str] = []
        for document_id, citation in cited.items():
            try:
                now = self._store.library.document(document_id)
            except NotFound:
                continue  # removed since; its citation was proved before that
            if now.version_id != citation.version_id:
                day = f", of {now.details.published}" if now.details.published else ""
                notes.append(
                    f"A newer version of {citation.title} is in the library (version "
                    f"{now.version}{day}); this answer quotes the one in force then."
                )
        return notes


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
    compared: Comparison | None = None
    listed: dict[str, str] = field(default_factory=dict[str, str])  # titles by document id
    read: int | None = None  # documents, where all were looked at
    message: str = ""
    notes: list[str] = field(default_factory=list[str])

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


def _shown_to_model(found: _Found) -> list[Passage]:
    """The passages that a chat model writes from: those of the quotations first."""
    quoted = {quotation.passage.chunk.id for quotation in found.chosen}
    return sorted(found.passages, key=lambda passage: passage.chunk.id not in quoted)[:PASSAGES]


def _told(outcome: Composition, model: str, *, wrote: bool) -> list[str]:
    """What a person is told of how the chat model served."""
    notes: list[str] = []
    if outcome.fault:
        rest = (
            "what it had written until then is shown"
            if wrote
            else "the answer is made of quotations instead"
        )
        notes.append(f"The chat model {model} could not finish: {outcome.fault}; {rest}.")
    elif wrote:
        notes.append(f"Written by {model}; every sentence was checked against its citation.")
    elif not outcome.nothing:
        notes.append(
            f"Nothing that the chat model {model} wrote could be proved; the answer is made of "
            "quotations instead."
        )
    if outcome.dropped and wrote:
        notes.append(
            f"{outcome.dropped} of its sentences could not be proved and "
            f"{'is' if outcome.dropped == 1 else 'are'} not shown."
        )
    return notes


def _nothing_found(question: str, found: _Found, started: float) -> Answer:
    """The answer when the library has no evidence, in scope or far outside it."""
    best = max((passage.cosine for passage in found.passages), default=0.0)
    if found.leaning == 0 and best < FOREIGN:
        return _declined(Decline.OUT_OF_SCOPE, started)
    return Answer(
        Completeness.NONE,
        missing=(question,),
        message=NOTHING_FOUND,
        notes=tuple(found.notes),
        read=found.read,
        elapsed_ms=_milliseconds(started),
    )


# No passage of a reform library comes this near to a question about something else altogether.
FOREIGN = 0.30


def _milliseconds(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
