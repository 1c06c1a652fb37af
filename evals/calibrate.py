"""Fit the small models of `assistant/weights.json`.

    python -m evals.calibrate --questions evals/sets/questions.yaml \
        evals/sets/questions-broad.yaml

Needs a library that holds the starter documents (PLUMBLINE_DATA_DIR). Prints how well each model
tells right from wrong on questions that it was not fitted on (five folds over conversations), then
fits on all of them and writes the file.

The evidence model is fitted on the rows of `evals/pool-rows.csv` too: numbers about questions of a
public pool, without their words. `--pool CORPUS CASES` makes these again, which a change of the
features, of the retriever or of the sentence weights calls for.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
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
from assistant.weighing import WEIGHTS, Boosted, Logistic
from corpus.embedding import Embedder
from corpus.filters import Filters
from corpus.settings import load_settings
from corpus.store import Store
from evals.answerability import is_answerable, labelled, quotations_for
from evals.answers import makes_point
from evals.folds import FOLDS, folds_of
from evals.pools import fill, load_cases, load_passages, pool_settings
from evals.questions import QuestionCase, load_questions

POOL_ROWS = Path(__file__).parent / "pool-rows.csv"
SPLITS = 5  # into folds, of which the boosted trees' figures are the mean
DEPTH = 3  # of a tree
BOOSTED: dict[str, Any] = {
    "n_estimators": 120,
    "learning_rate": 0.04,
    "max_depth": DEPTH,
    "max_features": 0.25,
    "subsample": 0.5,
    "min_samples_leaf": 12,
    "random_state": 0,
}
INVERSE_RIDGE = 0.003  # of the logistic models, over standardised features; evals/README.md
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
                    rows.append(evidence_features(pool.query, ranked, store.matrix))
                    labels.append(label)
                    groups.append(case.group)
    return Labelled(np.array(rows), np.array(labels), groups, np.ones(len(rows)))


def pool_rows(corpus: Path, cases: Path, weights: dict[str, Any]) -> Labelled:
    """Every labelled question of a public pool, searched for in a library of the pool's own."""
    store = Store(pool_settings(load_settings(), corpus))
    fill(store.library, store.embedder, load_passages(corpus))
    store.catch_up()
    retriever = Retriever(store)
    writer = QuotingWriter(store.lexical, _model(weights["sentences"]))
    rows: list[tuple[float, ...]] = []
    labels: list[bool] = []
    groups: list[str] = []
    for case in labelled(load_cases(cases)):
        query, ranked = quotations_for(case, store, retriever, writer)
        if ranked:
            rows.append(evidence_features(query, ranked, store.matrix))
            labels.append(is_answerable(case))
            groups.append(case.conversation)
    store.close()
    return Labelled(np.array(rows), np.array(labels), groups, np.ones(len(rows)))


def write_rows(data: Labelled, file: Path) -> None:
    """Numbers and labels as CSV; conversations are numbered."""
    number = {group: place for place, group in enumerate(dict.fromkeys(data.groups))}
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("conversation", "answerable", *EVIDENCE_FEATURES))
        for group, label, row in zip(data.groups, data.labels, data.rows, strict=True):
            writer.writerow((number[group], int(label), *(f"{value:.4f}" for value in row)))


def read_rows(file: Path) -> Labelled:
    """What `write_rows` wrote. Raises ValueError when that was of other features."""
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        if next(reader)[2:] != list(EVIDENCE_FEATURES):
            raise ValueError(f"{file.name} is of other features; run evals.calibrate --pool.")
        held = list(reader)
    rows = np.array([[float(value) for value in row[2:]] for row in held])
    labels = np.array([row[1] == "1" for row in held])
    return Labelled(rows, labels, [row[0] for row in held], np.ones(len(rows)))


def _facts_by_document() -> dict[str, set[str]]:
    """The statements that each starter document says it states, by document id."""
    corpus = Path(__file__).parent.parent / "corpus"
    facts: dict[str, set[str]] = {}
    for file in (*corpus.glob("documents/*.md"), *corpus.glob("manuscripts/*.md")):
        matter = yaml.safe_load(file.read_text(encoding="utf-8").split("---\n", 2)[1])
        facts[matter["id"]] = set(matter["facts"])
    return facts


def fit(data: Labelled, features: Sequence[str]) -> dict[str, Any]:
    """The model on all rows, with its area under the curve on rows it was not fitted on."""
    linear: Any = import_module("sklearn.linear_model")
    selection: Any = import_module("sklearn.model_selection")
    metrics: Any = import_module("sklearn.metrics")

    def fitted(rows: Any, labels: Any, counts: Any) -> Any:
        spread = rows.std(axis=0)
        scale = np.where(spread < 1e-6, 1.0, spread)  # a feature that never varies tells nothing
        model = linear.LogisticRegression(C=INVERSE_RIDGE, max_iter=2000)
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


def fit_boosted(own: Labelled, pool: Labelled, features: Sequence[str]) -> dict[str, Any]:
    """Trees on both kinds of rows, which count alike, as do answered and unanswered of each."""
    ensemble: Any = import_module("sklearn.ensemble")
    metrics: Any = import_module("sklearn.metrics")

    def fitted(kept: Sequence[tuple[Labelled, Any]]) -> Any:
        rows = np.concatenate([data.rows[chosen] for data, chosen in kept])
        labels = np.concatenate([data.labels[chosen] for data, chosen in kept])
        counts = np.concatenate([_evened(data.labels[chosen]) for data, chosen in kept])
        model = ensemble.GradientBoostingClassifier(**BOOSTED)
        return model.fit(rows, labels, sample_weight=counts * len(counts) / counts.sum())

    areas: dict[str, list[float]] = {"own": [], "pool": []}
    for seed in range(SPLITS):
        places = [folds_of(data.groups, seed) for data in (own, pool)]
        scores = [np.zeros(len(data.labels)) for data in (own, pool)]
        for fold in range(FOLDS):
            model = fitted([(own, places[0] != fold), (pool, places[1] != fold)])
            for data, place, score in zip((own, pool), places, scores, strict=True):
                score[place == fold] = model.decision_function(data.rows[place == fold])
        for name, data, score in zip(areas, (own, pool), scores, strict=True):
            areas[name].append(float(metrics.roc_auc_score(data.labels, score)))
    model = fitted([(data, np.ones(len(data.labels), dtype=bool)) for data in (own, pool)])
    return {
        "features": list(features),
        **as_full_trees(model, own.rows[:1]),
        "rows": {"own": len(own.labels), "pool": len(pool.labels)},
        "auroc_held_out": {name: round(float(np.mean(held)), 4) for name, held in areas.items()},
    }


def _evened(labels: Any) -> Any:
    """Weights by which either label counts half, and all together one."""
    return np.where(labels, 0.5 / max(1, labels.sum()), 0.5 / max(1, (~labels).sum()))


def as_full_trees(model: Any, row: Any) -> dict[str, Any]:
    """Trees as `assistant.weighing.Boosted` reads them: a leaf that comes early is repeated."""
    asked: list[list[int]] = []
    thresholds: list[list[float]] = []
    leaves: list[list[float]] = []
    for [grown] in model.estimators_:
        tree = grown.tree_
        level = [0]
        asked.append([])
        thresholds.append([])
        for _ in range(DEPTH):
            following: list[int] = []
            for node in level:
                ends = tree.children_left[node] < 0
                asked[-1].append(0 if ends else int(tree.feature[node]))
                thresholds[-1].append(0.0 if ends else round(float(tree.threshold[node]), 5))
                following += (
                    [node, node] if ends else [tree.children_left[node], tree.children_right[node]]
                )
            level = following
        rate = model.learning_rate
        leaves.append([round(rate * float(tree.value[node][0][0]), 5) for node in level])
    held = Boosted(0.0, np.array(asked), np.array(thresholds), np.array(leaves))
    start = float(model.decision_function(row)[0]) - _log_odds(held.probabilities(row)[0])
    return {
        "start": round(start, 5),
        "asked": asked,
        "thresholds": thresholds,
        "leaves": leaves,
    }


def _log_odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


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
    none = np.zeros((1, 1))
    evidence = Evidence(Boosted(0.0, none.astype(np.int64), none, np.zeros((1, 2))), store.matrix)
    return Finder(store, Retriever(store), QuotingWriter(store.lexical, nothing), evidence)


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, required=True, nargs="+")
    parser.add_argument("--pool", type=Path, nargs=2, metavar=("CORPUS", "CASES"))
    parser.add_argument("--keep-sentences", action="store_true", help="fit the evidence alone")
    arguments = parser.parse_args()
    store = Store(load_settings())
    store.catch_up()
    cases = [case for file in arguments.questions for case in load_questions(file)]
    held = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    finder = _unfitted(store)
    if not arguments.keep_sentences:
        for name, together in (("sentences", False), ("sentences_together", True)):
            held[name] = fit(sentences_of(cases, store, finder, together=together), FEATURES)
    if arguments.pool:
        corpus, pool_cases = arguments.pool
        write_rows(pool_rows(corpus, pool_cases, held), POOL_ROWS)
    own = evidence_of(cases, store, finder, held)
    held["evidence"] = fit_boosted(own, read_rows(POOL_ROWS), EVIDENCE_FEATURES)
    print({name: model["auroc_held_out"] for name, model in held.items()})
    text = json.dumps(held, indent=2)
    # Numbers of one tree on one line.
    text = re.sub(r"\[\s+([-\d.e,\s]+?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    WEIGHTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
