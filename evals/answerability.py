"""`plumbline eval answerability`: is it known when the passages do not answer a question?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assistant.conversation import Query, understand
from assistant.evidence import LEAST, Evidence
from assistant.finding import PASSAGES
from assistant.quoting import Quotation, QuotingWriter
from assistant.retrieval import Retriever
from corpus.store import Store
from evals.intervals import RESAMPLES, Figure, rate
from evals.pools import PoolCase

ANSWERABLE, UNANSWERABLE = "ANSWERABLE", "UNANSWERABLE"  # other labels are left out
COVERAGES = (0.5, 0.7, 0.8, 0.9, 1.0)  # shares of questions answered, of the curve


@dataclass(frozen=True, slots=True)
class AnswerabilityOutcome:
    """How likely it was thought that one question is answered, and whether it is."""

    case: PoolCase
    answerable: bool
    probability: float
    error: str = ""


def labelled(cases: Sequence[PoolCase]) -> list[PoolCase]:
    """The cases of which it is said whether the pool answers them."""
    return [case for case in cases if case.answerability.upper() in (ANSWERABLE, UNANSWERABLE)]


def is_answerable(case: PoolCase) -> bool:
    """Whether the pool answers a labelled case."""
    return case.answerability.upper() == ANSWERABLE


def quotations_for(
    case: PoolCase, store: Store, retriever: Retriever, writer: QuotingWriter
) -> tuple[Query, list[Quotation]]:
    """A case as it is understood in its conversation, and the quotations found, best first."""
    query = understand(case.question, case.history, store.embedder, store.lexical)
    return query, writer.rank(query, retriever.retrieve(query, limit=PASSAGES))


def run_answerability(
    cases: Sequence[PoolCase],
    store: Store,
    retriever: Retriever,
    writer: QuotingWriter,
    evidence: Evidence,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[AnswerabilityOutcome]:
    """Ask every labelled question in its conversation."""
    asked = labelled(cases)
    outcomes: list[AnswerabilityOutcome] = []
    for done, case in enumerate(asked, start=1):
        answerable = is_answerable(case)
        try:
            query, ranked = quotations_for(case, store, retriever, writer)
            outcome = AnswerabilityOutcome(case, answerable, evidence.probability(query, ranked))
        except Exception as error:  # a crash is a failed case, and the run goes on
            outcome = AnswerabilityOutcome(case, answerable, float(not answerable), repr(error))
        outcomes.append(outcome)
        if progress is not None:
            progress(done, len(asked))
    return outcomes


def summarise_answerability(outcomes: Sequence[AnswerabilityOutcome]) -> dict[str, Figure]:
    """The area under the curve, abstentions at the shipped threshold, and risk by coverage.

    The risk at a coverage is the share of unanswerable questions among those answered, when the
    likeliest so many are answered.
    """
    truth = np.array([outcome.answerable for outcome in outcomes])
    likely = np.array([outcome.probability for outcome in outcomes])
    abstained = likely < LEAST
    metrics = {
        "auroc": _area(truth, likely),
        "abstained_right": rate(int((abstained & ~truth).sum()), int((~truth).sum())),
        "abstained_wrong": rate(int((abstained & truth).sum()), int(truth.sum())),
        "crashed": rate(sum(bool(outcome.error) for outcome in outcomes), len(outcomes)),
    }
    order = np.argsort(-likely, kind="stable")
    for coverage in COVERAGES:
        answered = order[: max(1, round(coverage * len(order)))]
        metrics[f"risk_at_{coverage:.0%}"] = rate(int((~truth[answered]).sum()), len(answered))
    return metrics


def _area(truth: npt.NDArray[np.bool_], likely: npt.NDArray[np.float64]) -> Figure:
    """AUROC by ranks, ties counting half, with a percentile bootstrap interval.

    Source: Hanley and McNeil, "The Meaning and Use of the Area under a ROC Curve", 1982.
    """

    def area(chosen: npt.NDArray[np.int64]) -> float:
        good, bad = likely[chosen][truth[chosen]], likely[chosen][~truth[chosen]]
        if not len(good) or not len(bad):
            return 0.5
        below = np.searchsorted(np.sort(bad), good, side="left")
        through = np.searchsorted(np.sort(bad), good, side="right")
        return float((below + through).sum() / (2 * len(good) * len(bad)))

    n = len(truth)
    if n == 0:
        return Figure(0.0, 0, 0.0, 0.0)
    draws = np.random.default_rng(0).integers(0, n, size=(RESAMPLES // 2, n))
    low, high = np.percentile([area(draw) for draw in draws], [2.5, 97.5])
    return Figure(area(np.arange(n)), n, float(low), float(high))
