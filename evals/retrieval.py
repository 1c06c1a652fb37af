"""`plumbline eval retrieval`: does the retriever find the passages that people judged relevant?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from assistant.conversation import Query, understand
from assistant.retrieval import Retriever
from corpus.store import Store
from evals.intervals import Figure, mean
from evals.pools import PoolCase

FORMS = ("last-turn", "conversation", "rewrite")
MEASURES = ("R@5", "R@10", "nDCG@5", "nDCG@10", "RR@10")
DEPTH = 100  # passages of a ranking that are kept


@dataclass(frozen=True, slots=True)
class RetrievalOutcome:
    """One question in one form: its ranking, best first, and its measures."""

    case: PoolCase
    form: str
    ranking: tuple[tuple[str, float], ...]  # (passage id, score)
    measures: dict[str, float]
    error: str = ""


def run_retrieval(
    cases: Sequence[PoolCase],
    store: Store,
    retriever: Retriever,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[RetrievalOutcome]:
    """Rank the pool for every judged question, in each form that it has."""
    judged = [case for case in cases if case.relevant]
    names = {
        document.version_id: document_key
        for document_key, document in _documents_by_key(store).items()
    }
    outcomes: list[RetrievalOutcome] = []
    for done, case in enumerate(judged):
        for form in FORMS:
            if form == "rewrite" and case.rewrite is None:
                continue
            try:
                ranking = _ranking(_query(case, form, store), retriever, names)
            except Exception as error:  # a crash is a failed case, and the run goes on
                outcomes.append(
                    RetrievalOutcome(case, form, (), dict.fromkeys(MEASURES, 0.0), repr(error))
                )
                continue
            outcomes.append(RetrievalOutcome(case, form, ranking, _measure(case, ranking)))
        if progress is not None:
            progress(done + 1, len(judged))
    return outcomes


def summarise_retrieval(outcomes: Sequence[RetrievalOutcome]) -> dict[str, Figure]:
    """Each measure of each form by name, e.g. `conversation.nDCG@10`."""
    metrics: dict[str, Figure] = {}
    for form in FORMS:
        members = [outcome for outcome in outcomes if outcome.form == form]
        if not members:
            continue
        groups = [outcome.case.conversation for outcome in members]
        for measure in MEASURES:
            values = [outcome.measures[measure] for outcome in members]
            metrics[f"{form}.{measure}"] = mean(values, groups=groups)
    return metrics


def _query(case: PoolCase, form: str, store: Store) -> Query:
    text = case.rewrite if form == "rewrite" and case.rewrite else case.question
    turns = case.history if form == "conversation" else ()
    return understand(text, turns, store.embedder, store.lexical)


def _ranking(
    query: Query, retriever: Retriever, names: dict[str, str]
) -> tuple[tuple[str, float], ...]:
    """Passages of the pool by their best chunk."""
    best: dict[str, float] = {}
    for passage in retriever.rank(query):
        best.setdefault(names[passage.chunk.version_id], passage.score)
    return tuple(list(best.items())[:DEPTH])


def _measure(case: PoolCase, ranking: Sequence[tuple[str, float]]) -> dict[str, float]:
    measures: Any = import_module("ir_measures")  # it has no types
    judgements = {case.id: dict.fromkeys(case.relevant, 1)}
    # The measures sort by score; ranks keep ties in our order.
    run = {case.id: {name: float(-rank) for rank, (name, _) in enumerate(ranking)}}
    wanted = [measures.parse_measure(name) for name in MEASURES]
    found = measures.calc_aggregate(wanted, judgements, run)
    return {str(measure): float(value) for measure, value in found.items()}


def _documents_by_key(store: Store) -> dict[str, Any]:
    by_id = {document.id: document for document in store.library.documents(collection="pool")}
    return {
        file.key: by_id[file.document_id]
        for file in store.library.stored_files()
        if file.collection == "pool"
    }
