"""Fit the small models of `assistant/weights.json` on our own question sets.

    python -m evals.calibrate --questions evals/sets/questions.yaml \
        evals/sets/questions-broad.yaml

Needs a library that holds the starter documents (PLUMBLINE_DATA_DIR). Prints how well each model
tells right from wrong on questions that it was not fitted on (five folds over conversations), then
fits on all of them and writes the file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from assistant.evidence import EVIDENCE_FEATURES, Evidence, evidence_features
from assistant.features import FEATURES
from assistant.finding import Finder
from assistant.quoting import QuotingWriter
from assistant.retrieval import Retriever
from assistant.scope import declined_by_wording
from assistant.types import Role, Turn
from assistant.weighing import WEIGHTS, Logistic
from corpus.embedding import Embedder
from corpus.filters import Filters
from corpus.settings import load_settings
from corpus.store import Store
from evals.answers import makes_point
from evals.questions import QuestionCase, load_questions

FOLDS = 5
CLEARLY = 0.62  # a point without figures is learned from sentences that clearly make it


@dataclass(frozen=True, slots=True)
class Labelled:
    """Feature rows with their labels, and the conversation that each comes from."""

    rows: np.ndarray[Any, np.dtype[np.float64]]
    labels: np.ndarray[Any, np.dtype[np.bool_]]
    groups: list[str]
    counts: np.ndarray[Any, np.dtype[np.float64]]  # how much each row counts


class _Remembering(Embedder):
    """The same embedder, asked once for each text: library sentences come up again and again."""

    def __init__(self, inner: Embedder) -> None:
        super().__init__(inner.model, precision=inner.precision, threads=inner.threads)
        self._known: dict[str, Any] = {}

    def embed_query(self, text: str) -> Any:
        if text not in self._known:
            self._known[text] = super().embed_query(text)
        return self._known[text]


def sentences_of(
    cases: Sequence[QuestionCase], store: Store, finder: Finder, *, together: bool
) -> Labelled:
    """Every candidate sentence of every answerable question, with how many points it makes.

    `together` takes the sentences of comparisons and surveys, else those of points.
    """
    writer = QuotingWriter(store.lexical, Logistic((0.0,) * len(FEATURES), 0.0))
    embedder = _Remembering(store.embedder)
    by_id = {case.id: case for case in cases}
    rows: list[tuple[float, ...]] = []
    made: list[int] = []
    groups: list[str] = []
    for case in cases:
        if not case.answerable or not case.expected_points or case.type == "list":
            continue
        for pool in finder.pools(case.question, _expected_turns(case, by_id)):
            if pool.together is not together:
                continue
            for candidate in writer.candidates(
                pool.query, pool.passages, leaving_out=pool.leaving_out, about=pool.about
            ):
                start = candidate.passage.chunk.start
                text = candidate.passage.chunk.text[candidate.start - start : candidate.end - start]
                rows.append(candidate.features)
                made.append(
                    sum(
                        makes_point(point, case.question, [text], embedder, close=CLEARLY)
                        for point in case.expected_points
                    )
                )
                groups.append(case.group)
    counts = np.array(made)
    return Labelled(np.array(rows), counts > 0, groups, np.maximum(1.0, counts))


def evidence_of(
    cases: Sequence[QuestionCase], store: Store, finder: Finder, weights: dict[str, Any]
) -> Labelled:
    """Every question as it is, and every answerable one without the documents that answer it."""
    writer = QuotingWriter(
        store.lexical, _model(weights["sentences"]), _model(weights["sentences_together"])
    )
    by_id = {case.id: case for case in cases}
    facts = _facts_by_document()
    rows: list[tuple[float, ...]] = []
    labels: list[bool] = []
    groups: list[str] = []
    for case in cases:
        if declined_by_wording(case.question) is not None:
            continue
        kinds: list[tuple[Filters | None, bool]] = [(None, case.answerable)]
        if case.answerable and case.fact_ids:
            wanted = set(case.fact_ids)
            others = tuple(name for name, held in facts.items() if not wanted & held)
            kinds.append((Filters(documents=others), False))
        for filters, label in kinds:
            pools = finder.pools(case.question, _expected_turns(case, by_id), filters)
            if len(pools) > 1 and pools[0].together:
                continue  # things compared are each found by name, or not at all
            for pool in pools:
                ranked = writer.rank(
                    pool.query,
                    pool.passages,
                    leaving_out=pool.leaving_out,
                    about=pool.about,
                    together=pool.together,
                )
                if ranked:
                    rows.append(evidence_features(pool.query, ranked))
                    labels.append(label)
                    groups.append(case.group)
    return Labelled(np.array(rows), np.array(labels), groups, np.ones(len(rows)))


def _facts_by_document() -> dict[str, set[str]]:
    """The statements that each starter document says it states, by document id."""
    corpus = Path(__file__).parent.parent / "corpus"
    facts: dict[str, set[str]] = {}
    for file in (*corpus.glob("documents/*.md"), *corpus.glob("manuscripts/*.md")):
        matter = yaml.safe_load(file.read_text(encoding="utf-8").split("---\n", 2)[1])
        facts[matter["id"]] = set(matter["facts"])
    return facts


def fit(data: Labelled, features: Sequence[str], *, strength: float = 1.0) -> dict[str, Any]:
    """The model on all rows, with its area under the curve on rows it was not fitted on."""
    linear: Any = import_module("sklearn.linear_model")
    selection: Any = import_module("sklearn.model_selection")
    metrics: Any = import_module("sklearn.metrics")

    def fitted(rows: Any, labels: Any, counts: Any) -> Any:
        spread = rows.std(axis=0)
        scale = np.where(spread < 1e-6, 1.0, spread)  # a feature that never varies tells nothing
        model = linear.LogisticRegression(C=strength, max_iter=2000)
        model.fit(rows / scale, labels, sample_weight=counts)
        return model.coef_[0] / scale, float(model.intercept_[0])

    held_out = np.zeros(len(data.labels))
    for train, test in selection.GroupKFold(FOLDS).split(data.rows, data.labels, data.groups):
        weights, intercept = fitted(data.rows[train], data.labels[train], data.counts[train])
        held_out[test] = data.rows[test] @ weights + intercept
    weights, intercept = fitted(data.rows, data.labels, data.counts)
    return {
        "weights": {
            name: round(float(weight), 4) for name, weight in zip(features, weights, strict=True)
        },
        "intercept": round(intercept, 4),
        "rows": len(data.labels),
        "positive": int(data.labels.sum()),
        "auroc_held_out": round(float(metrics.roc_auc_score(data.labels, held_out)), 4),
    }


def _model(held: dict[str, Any]) -> Logistic:
    return Logistic(tuple(held["weights"].values()), held["intercept"])


def _expected_turns(case: QuestionCase, by_id: dict[str, QuestionCase]) -> list[Turn]:
    """Earlier turns with the answers that should have been given."""
    turns: list[Turn] = []
    for earlier in (by_id[name] for name in case.previous):
        turns.append(Turn(Role.USER, earlier.question))
        turns.append(
            Turn(
                Role.ASSISTANT,
                ". ".join(earlier.expected_points),
                declined=not earlier.answerable,
            )
        )
    return turns


def _unfitted(store: Store) -> Finder:
    """A finder that only understands and finds: the weights may be of other features yet."""
    nothing = Logistic((0.0,) * len(FEATURES), 0.0)
    evidence = Logistic((0.0,) * len(EVIDENCE_FEATURES), 0.0)
    return Finder(
        store, Retriever(store), QuotingWriter(store.lexical, nothing), Evidence(evidence)
    )


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, required=True, nargs="+")
    arguments = parser.parse_args()
    store = Store(load_settings())
    store.catch_up()
    cases = [case for file in arguments.questions for case in load_questions(file)]
    held = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    finder = _unfitted(store)
    held["sentences"] = fit(sentences_of(cases, store, finder, together=False), FEATURES)
    held["sentences_together"] = fit(sentences_of(cases, store, finder, together=True), FEATURES)
    held["evidence"] = fit(evidence_of(cases, store, finder, held), EVIDENCE_FEATURES)
    print(json.dumps(held, indent=2))
    WEIGHTS.write_text(json.dumps(held, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
