"""From a question to an answer: scope, search, choose, prove, judge, say."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from assistant.comparing import Comparison, all_quoted
from assistant.composing import ComposingWriter, Composition
from assistant.conversation import answered_turns, understand
from assistant.evidence import Evidence
from assistant.finding import PASSAGES, Finder, Found
from assistant.premises import premise_note, unfounded_figures
from assistant.proving import prove
from assistant.quoting import Quotation, QuotingWriter, reading_order
from assistant.retrieval import Retriever
from assistant.scope import NOTHING_FOUND, OFFERS, declined_by_wording
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
        self._composer = composer
        self._finder = Finder(store, retriever, writer, evidence)

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
        found = self._finder.find(question, turns, filters or Filters())
        yield Searched(question, tuple(found.passages))
        sentences: list[AnswerSentence] = []
        for sentence in self._written(question, found):
            sentences.append(sentence)
            yield Wrote(sentence)
        if not sentences:
            yield Finished(_nothing_found(question, found, started))
            return
        found.notes += self._newer_versions(sentences)
        unfounded = unfounded_figures(question, (held.chunk.text for held in found.passages))
        if unfounded:
            found.notes.append(premise_note(unfounded))
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

    def _alone(self, question: str, turns: Sequence[Turn]) -> tuple[str, Sequence[Turn]]:
        """The question as it stands alone, where a chat model can say it; else with its turns."""
        kept = answered_turns(turns)
        if self._composer is None or not kept:
            return question, turns
        rewritten = self._composer.rewrite(question, kept)
        return (question, turns) if rewritten == question else (rewritten, ())

    # -- writing ----------------------------------------------------------------------------

    def _written(self, question: str, found: Found) -> Iterator[AnswerSentence]:
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


def _shown_to_model(found: Found) -> list[Passage]:
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


def _nothing_found(question: str, found: Found, started: float) -> Answer:
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
