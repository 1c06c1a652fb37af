"""`plumbline eval answers`: do the answers say what they should, prove it, and refuse rightly?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.answering import Assistant
from assistant.types import Answer, Completeness, Finished, Role, Turn
from corpus.embedding import Embedder
from corpus.library import Library
from evals.figures import figures
from evals.intervals import Figure, mean, median, rate
from evals.questions import QuestionCase

# Least cosine of an answer's sentence to a point that it is said to make. Where they share the
# point's figures, which rarely coincide by chance, a looser likeness will do, and a point of a few
# words ("84 per cent") may be read together with its question.
CLOSE = 0.5
CLOSE_WITH_FIGURES = 0.4


@dataclass(frozen=True, slots=True)
class AnswerOutcome:
    """What one case came to."""

    case: QuestionCase
    answer: Answer | None  # None when it crashed
    points: tuple[bool, ...]  # for each expected point, whether the answer makes it
    quotes_verified: tuple[bool, ...]  # for each citation, whether its page holds its quote
    supported: tuple[bool, ...]  # for each citation, whether it supports its sentence
    milliseconds: float
    error: str = ""

    @property
    def refused(self) -> bool:
        """Whether nothing was answered."""
        return self.answer is not None and self.answer.completeness is Completeness.NONE


def run_answers(
    cases: Sequence[QuestionCase],
    assistant: Assistant,
    library: Library,
    embedder: Embedder,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[AnswerOutcome]:
    """Answer and score every case; later turns of a conversation see our own earlier answers."""
    said: dict[str, tuple[str, Answer]] = {}
    outcomes: list[AnswerOutcome] = []
    for done, case in enumerate(cases):
        turns = [turn for earlier in case.previous for turn in _turns(*said[earlier])]
        started = time.perf_counter()
        try:
            answer = _final(assistant, case.question, turns)
        except Exception as error:  # a crash is a failed case, and the run goes on
            outcomes.append(AnswerOutcome(case, None, (), (), (), 0.0, repr(error)))
            said[case.id] = (case.question, Answer(Completeness.NONE))
            continue
        elapsed = (time.perf_counter() - started) * 1000
        said[case.id] = (case.question, answer)
        outcomes.append(_score(case, answer, library, embedder, elapsed))
        if progress is not None:
            progress(done + 1, len(cases))
    return outcomes


def summarise(outcomes: Sequence[AnswerOutcome]) -> dict[str, Figure]:
    """The metrics of a run by name; a crashed case counts as failed in each that it bears on."""
    answerable = [outcome for outcome in outcomes if outcome.case.answerable]
    unanswerable = [outcome for outcome in outcomes if not outcome.case.answerable]
    answered = [outcome for outcome in outcomes if outcome.answer and outcome.answer.sentences]
    points = [
        (float(made), outcome.case.group, bool(figures(point)))
        for outcome in answerable
        for point, made in zip(
            outcome.case.expected_points,
            outcome.points or (False,) * len(outcome.case.expected_points),
            strict=True,
        )
    ]
    with_figures = [point for point in points if point[2]]
    supported = [hit for outcome in answered for hit in outcome.supported]
    verified = [hit for outcome in answered for hit in outcome.quotes_verified]
    labels = [
        outcome.answer is not None and outcome.answer.completeness is _truth(outcome)
        for outcome in outcomes
    ]
    metrics = {
        "point_recall": mean([made for made, _, _ in points], groups=[g for _, g, _ in points]),
        "figure_accuracy": mean(
            [made for made, _, _ in with_figures], groups=[g for _, g, _ in with_figures]
        ),
        "citation_precision": rate(sum(supported), len(supported)),
        "citation_recall": rate(
            sum(1 for outcome in answered if outcome.answer for _ in _proved(outcome)),
            sum(len(outcome.answer.sentences) for outcome in answered if outcome.answer),
        ),
        "quotes_verified": rate(sum(verified), len(verified)),
        "refused_right": rate(sum(outcome.refused for outcome in unanswerable), len(unanswerable)),
        "refused_wrong": rate(sum(outcome.refused for outcome in answerable), len(answerable)),
        "completeness_right": rate(sum(labels), len(labels)),
        "crashed": rate(sum(outcome.answer is None for outcome in outcomes), len(outcomes)),
        "sentences_median": median([float(_length(outcome)) for outcome in answered]),
        "latency_p50_ms": median([outcome.milliseconds for outcome in outcomes]),
    }
    for kind in sorted({outcome.case.type for outcome in answered}):
        lengths = [float(_length(outcome)) for outcome in answered if outcome.case.type == kind]
        metrics[f"sentences_median.{kind}"] = median(lengths)
    for kind in sorted({outcome.case.type for outcome in answerable}):
        members = [outcome for outcome in answerable if outcome.case.type == kind]
        made = [float(hit) for outcome in members for hit in outcome.points]
        metrics[f"point_recall.{kind}"] = mean(made)
    return metrics


def makes_point(
    point: str,
    question: str,
    sentences: Sequence[str],
    embedder: Embedder,
    *,
    close: float = CLOSE,
) -> bool:
    """Whether one sentence is close to a point in meaning and holds each of its figures."""
    wanted = figures(point)
    holding = [text for text in sentences if wanted <= figures(text)]
    if not holding:
        return False
    vectors = np.stack([embedder.embed_query(text) for text in holding])
    nearest = float((vectors @ embedder.embed_query(point)).max())
    if not wanted:
        return nearest >= close
    with_question = float((vectors @ embedder.embed_query(f"{question} {point}")).max())
    return max(nearest, with_question) >= CLOSE_WITH_FIGURES


def _score(
    case: QuestionCase, answer: Answer, library: Library, embedder: Embedder, elapsed: float
) -> AnswerOutcome:
    texts = [sentence.text for sentence in answer.sentences]
    verified: list[bool] = []
    supported: list[bool] = []
    for sentence in answer.sentences:
        for citation in sentence.citations:
            page = library.page(citation.version_id, citation.page)
            verified.append(page.text[citation.start : citation.end] == citation.quote)
            supported.append(
                figures(sentence.text, words=False) <= figures(citation.quote, words=False)
                and float(
                    embedder.embed_query(sentence.text) @ embedder.embed_query(citation.quote)
                )
                >= CLOSE
            )
    return AnswerOutcome(
        case=case,
        answer=answer,
        points=tuple(
            makes_point(point, case.question, texts, embedder) for point in case.expected_points
        ),
        quotes_verified=tuple(verified),
        supported=tuple(supported),
        milliseconds=elapsed,
    )


def _proved(outcome: AnswerOutcome) -> list[int]:
    """The positions of the answer's sentences that have a supporting citation."""
    assert outcome.answer is not None
    proved: list[int] = []
    first = 0
    for position, sentence in enumerate(outcome.answer.sentences):
        last = first + len(sentence.citations)
        if any(outcome.supported[first:last]):
            proved.append(position)
        first = last
    return proved


def _truth(outcome: AnswerOutcome) -> Completeness:
    """What the answer should have said of itself, by the points that it makes."""
    if not outcome.case.answerable or not any(outcome.points):
        return Completeness.NONE
    return Completeness.COMPLETE if all(outcome.points) else Completeness.PARTIAL


def _length(outcome: AnswerOutcome) -> int:
    return len(outcome.answer.sentences) if outcome.answer else 0


def _turns(question: str, answer: Answer) -> tuple[Turn, Turn]:
    declined = answer.completeness is Completeness.NONE
    return (
        Turn(Role.USER, question),
        Turn(Role.ASSISTANT, answer.text, declined=declined),
    )


def _final(assistant: Assistant, question: str, turns: Sequence[Turn]) -> Answer:
    for event in assistant.answer(question, turns):
        if isinstance(event, Finished):
            return event.answer
    raise RuntimeError("The assistant ended without an answer.")
