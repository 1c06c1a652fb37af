"""Whether what was found answers: trees read as they were grown, and rows that fit them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from assistant.evidence import EVIDENCE_FEATURES
from assistant.weighing import Boosted, load_boosted
from evals.calibrate import BOOSTED, POOL_ROWS, as_full_trees, read_rows


def test_a_tree_is_followed_to_its_leaf_and_the_leaves_add_up() -> None:
    once = ([1, 0, 0], [0.5, 2.0, 4.0], [-3.0, -1.0, 1.0, 3.0])
    always = ([0, 0, 0], [0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25])
    asked, thresholds, leaves = (np.array(held) for held in zip(once, always, strict=True))
    trees = Boosted(0.5, asked, thresholds, leaves)
    rows = np.array([[1.0, 0.5], [3.0, 0.1], [4.0, 0.6], [4.1, 0.6]])
    expected = np.array([-3.0, -1.0, 1.0, 3.0]) + 0.75
    assert trees.probabilities(rows) == pytest.approx(1 / (1 + np.exp(-expected)))


def test_what_is_written_of_the_trees_says_what_they_said() -> None:
    ensemble: Any = import_module("sklearn.ensemble")
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(90, 3))
    model = ensemble.GradientBoostingClassifier(**BOOSTED)
    model.fit(rows, rows[:, 1] + draw.normal(size=90) > 0.5)
    held = as_full_trees(model, rows[:1])
    trees = Boosted(
        held["start"], *(np.array(held[name]) for name in ("asked", "thresholds", "leaves"))
    )
    said = model.predict_proba(rows)[:, 1]
    assert trees.probabilities(rows) == pytest.approx(said, abs=0.01)
    assert said.min() < 0.3 < 0.7 < said.max()


def test_the_shipped_trees_tell_the_pools_questions_apart() -> None:
    rows = read_rows(POOL_ROWS)
    likely = load_boosted("evidence", EVIDENCE_FEATURES).probabilities(rows.rows)
    assert np.median(likely[rows.labels]) > np.median(likely[~rows.labels]) + 0.2


def test_trees_for_other_features_are_refused() -> None:
    with pytest.raises(ValueError, match="evidence"):
        load_boosted("evidence", EVIDENCE_FEATURES[1:])
