"""How near the sets are to what anything was trained or fitted on.

Near is told by shared words and pairs of words, weighed by rarity: quick enough to be asked in
every test run. `python -m evals.nearness` adds nearness in meaning, which takes about a minute.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from corpus.principles import load_principles
from evals.attacks import load_attacks
from evals.checks import load_pairs
from evals.clauses import load_clauses, load_training_clauses
from evals.questions import load_questions

SETS = Path(__file__).parent / "sets"
FITTED = ("questions.yaml", "questions-broad.yaml")  # what evals.calibrate fits the small models on
CLAUSE_SETS = ("clauses.jsonl", "clauses-held-out.jsonl")
LIMIT = 0.6  # of likeness in words, from which a case is near something trained on


@dataclass(frozen=True, slots=True)
class Near:
    """A text of a set and the nearest text that something was trained on."""

    text: str
    trained: str
    likeness: float


def training_clauses() -> list[str]:
    """Every clause that the judge is trained on, and the examples that its principles carry."""
    examples = [example.text for principle in load_principles() for example in principle.examples]
    return [clause.text for clause in load_training_clauses()] + examples


def measured_clauses() -> list[str]:
    """Every clause, wording and line of a draft in our own sets."""
    texts = [clause.text for name in CLAUSE_SETS for clause in load_clauses(SETS / name)]
    for pair in load_pairs(SETS / "pairs.jsonl"):
        texts += [pair.first, pair.second]
    for attack in load_attacks(SETS / "attacks.jsonl"):
        texts += [line for line in attack.clean.split("\n") if len(line.split()) > 3]
    return list(dict.fromkeys(texts))


def fitted_questions() -> list[str]:
    """Every question that the small models are fitted on."""
    return [case.question for name in FITTED for case in load_questions(SETS / name)]


def measured_questions() -> list[str]:
    """Every question of the sets that nothing is fitted on."""
    names = [file.name for file in sorted(SETS.glob("questions*.yaml")) if file.name not in FITTED]
    return [case.question for name in names for case in load_questions(SETS / name)]


def nearest_in_words(texts: Sequence[str], trained: Sequence[str]) -> list[Near]:
    """For each text the nearest trained one, nearest pair first; likeness from 0 to 1."""
    text_module: Any = import_module("sklearn.feature_extraction.text")
    vectoriser = text_module.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    matrix = vectoriser.fit_transform([*trained, *texts])
    likeness = (matrix[len(trained) :] @ matrix[: len(trained)].T).toarray()
    return _ordered(texts, trained, likeness)


def nearest_in_meaning(texts: Sequence[str], trained: Sequence[str]) -> list[Near]:
    """The same by the cosine of the shipped sentence vectors."""
    from corpus.embedding import Embedder

    embedder = Embedder()
    return _ordered(
        texts, trained, embedder.embed_documents(texts) @ embedder.embed_documents(trained).T
    )


def _ordered(texts: Sequence[str], trained: Sequence[str], likeness: Any) -> list[Near]:
    best = likeness.argmax(axis=1)
    found = [
        Near(text, trained[int(place)], float(likeness[number, int(place)]))
        for number, (text, place) in enumerate(zip(texts, best, strict=True))
    ]
    return sorted(found, key=lambda near: -near.likeness)


def main() -> int:
    """Print the nearest pairs by words and by meaning."""
    results: dict[str, Any] = {}
    for name, texts, trained in (
        ("clauses", measured_clauses(), training_clauses()),
        ("questions", measured_questions(), fitted_questions()),
    ):
        for how, found in (
            ("words", nearest_in_words(texts, trained)),
            ("meaning", nearest_in_meaning(texts, trained)),
        ):
            values = np.array([near.likeness for near in found])
            results[f"{name}.{how}"] = {
                "n": len(found),
                "highest": round(float(values[0]), 3),
                "p95": round(float(np.percentile(values, 95)), 3),
            }
            print(f"\n{name}, by {how}: {len(found)} texts")
            for near in found[:5]:
                print(f"  {near.likeness:.3f}  {near.text}\n         {near.trained}")
    print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
