"""The assistant as people meet it: questions go to the library, wording to the checker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from assistant.answering import Assistant
from assistant.checks.checking import Checker, Wanted
from assistant.checks.clauses import pasted_page
from assistant.checks.saying import reasons_said, rewording_said, verdicts_said
from assistant.checks.types import Finding, Report
from assistant.routing import CheckAsked, FollowUp, FollowUpKind, read_route
from assistant.types import (
    Answer,
    AnswerEvent,
    AnswerSentence,
    Completeness,
    Finished,
    Searched,
    Turn,
    Wrote,
)
from corpus.errors import NotFound, UserError
from corpus.filters import Filters
from corpus.store import Store
from corpus.types import Chunk, Citation, Passage

NO_PRECEDENT = "Where something like it was tried: nothing in the library."
NAME = "your wording"


class RoutedAssistant:
    """An assistant, and a checker that is made at its first use."""

    def __init__(
        self, assistant: Assistant, store: Store, make_checker: Callable[[], Checker]
    ) -> None:
        self._assistant = assistant
        self._store = store
        self._make_checker = make_checker
        self._making = threading.Lock()

    @cached_property
    def _checker(self) -> Checker:
        return self._make_checker()

    @property
    def checker(self) -> Checker:
        """The checker of drafts over the same library."""
        with self._making:
            return self._checker

    def search(
        self, question: str, *, limit: int = 10, filters: Filters | None = None
    ) -> list[Passage]:
        """As `Assistant.search`."""
        return self._assistant.search(question, limit=limit, filters=filters)

    def answer(
        self, question: str, turns: Sequence[Turn] = (), *, filters: Filters | None = None
    ) -> Iterator[AnswerEvent]:
        """The events of an answer, as `Assistant.answer` has them, whoever gives it.

        What was checked is not kept: a follow-up checks it again, which takes a second.
        """
        route = read_route(question, turns)
        if route is None:
            yield from self._assistant.answer(question, turns, filters=filters)
        else:
            yield from self._checked(route)

    def _checked(self, route: CheckAsked | FollowUp) -> Iterator[AnswerEvent]:
        started = time.perf_counter()
        asked = route.asked if isinstance(route, FollowUp) else route
        self._store.catch_up()
        try:
            report = self.checker.check(
                NAME, [pasted_page(asked.text)], wanted=Wanted(supports=True, fragments=True)
            )
        except UserError as error:  # another language
            yield Searched(asked.text, ())
            message = f"{error.problem} {error.fix}"
            yield Finished(
                Answer(Completeness.NONE, message=message, elapsed_ms=_milliseconds(started))
            )
            return
        findings = self._about(report, route.principles)
        sentences = [] if _of_wording_alone(route) else _precedents(findings)
        yield Searched(asked.text, tuple(self._passages(sentences)))
        for sentence in sentences:
            yield Wrote(sentence)
        message = self._said(route, report)
        if findings and not sentences and not _of_wording_alone(route):
            message = f"{message}\n{NO_PRECEDENT}".strip()
        yield Finished(
            Answer(
                Completeness.COMPLETE,
                tuple(sentences),
                message=message,
                notes=report.notes,
                elapsed_ms=_milliseconds(started),
                check=report,
            )
        )

    def _said(self, route: CheckAsked | FollowUp, report: Report) -> str:
        principles = self.checker.principles
        if isinstance(route, FollowUp):
            if route.kind is FollowUpKind.WHY:
                return reasons_said(report, principles, route.principles)
            if route.kind is FollowUpKind.REWORD:
                return rewording_said(report, principles, route.principles)
            if route.kind is FollowUpKind.PRECEDENT:
                return ""
        return verdicts_said(report, principles, route.principles)

    def _about(self, report: Report, numbers: Sequence[int]) -> list[Finding]:
        ids = {held.id for held in self.checker.principles if held.number in numbers}
        return [
            found for found in report.findings if not numbers or found.judgement.principle in ids
        ]

    def _passages(self, sentences: Sequence[AnswerSentence]) -> Iterator[Passage]:
        for sentence in sentences:
            for cited in sentence.citations:
                try:
                    document = self._store.library.document(cited.document_id)
                except NotFound:
                    continue  # removed since its citation was proved
                yield Passage(_chunk(cited), 0.0, document.details)


def _of_wording_alone(route: CheckAsked | FollowUp) -> bool:
    """Whether the answer is about the wording and not about where it was tried."""
    return isinstance(route, FollowUp) and route.kind in (FollowUpKind.WHY, FollowUpKind.REWORD)


def _precedents(findings: Sequence[Finding]) -> list[AnswerSentence]:
    """A sentence for each precedent, each cited place once."""
    sentences: dict[tuple[str, int, int], AnswerSentence] = {}
    for found in findings:
        for held in found.precedents:
            cited = held.citation
            stands = "supports" if held.stance == "supports" else "runs against"
            text = (
                f"{held.title}, which {stands} {found.judgement.principle}: "
                f"{' '.join(cited.quote.split())}"
            )
            place = (cited.version_id, cited.page, cited.start)
            sentences.setdefault(place, AnswerSentence(text, (cited,)))
    return list(sentences.values())


def _chunk(cited: Citation) -> Chunk:
    return Chunk(
        cited.version_id, cited.document_id, cited.page, cited.start, cited.end, cited.quote
    )


def _milliseconds(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
