"""A pool of judged passages within a run: rankings and whether the passages answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assistant.evidence import open_evidence
from assistant.quoting import FEATURES, QuotingWriter
from assistant.retrieval import Retriever
from assistant.weighing import load_logistic
from corpus.settings import Settings
from corpus.store import Store
from evals.answerability import run_answerability
from evals.pools import fill, load_cases, load_passages, pool_settings
from evals.retrieval import run_retrieval
from evals.runs.folder import Row, case_sha

KEPT = 20  # of a ranking


def pool_rows(
    corpus: Path,
    cases: Path,
    settings: Settings,
    *,
    limit: int | None,
    progress: Callable[[int, int], None],
) -> list[Row]:
    """An output line for each question in each form, and one for each labelled question."""
    questions = load_cases(cases)[:limit]
    store = Store(pool_settings(settings, corpus))
    try:
        fill(store.library, store.embedder, load_passages(corpus))
        store.catch_up()
        retriever = Retriever(store)
        ranked = run_retrieval(questions, store, retriever, progress=progress)
        judged = run_answerability(
            questions,
            store,
            retriever,
            QuotingWriter(store.lexical, load_logistic("sentences", FEATURES)),
            open_evidence(store),
            progress=progress,
        )
    finally:
        store.close()
    rows: list[Row] = [
        {
            "id": f"{outcome.case.id}#{outcome.form}",
            "epoch": 1,
            "case_sha": case_sha(outcome.case),
            "group": outcome.case.conversation,
            "form": outcome.form,
            "domain": outcome.case.domain,
            "question": outcome.case.question,
            "relevant": list(outcome.case.relevant),
            "ranking": [name for name, _ in outcome.ranking[:KEPT]],
            "measures": outcome.measures,
            "error": outcome.error,
        }
        for outcome in ranked
    ]
    rows += [
        {
            "id": f"{outcome.case.id}#answerable",
            "epoch": 1,
            "case_sha": case_sha(outcome.case),
            "group": outcome.case.conversation,
            "form": "answerable",
            "domain": outcome.case.domain,
            "question": outcome.case.question,
            "answerable": outcome.answerable,
            "probability": outcome.probability,
            "error": outcome.error,
        }
        for outcome in judged
    ]
    return rows
