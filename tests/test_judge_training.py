"""What the judge of drafts is trained on: whole, without near copies, split and joined fairly."""

from __future__ import annotations

import random
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.embedding import shipped_model_folder
from evals.augmenting import join, with_some_joined
from evals.clauses import LabelledClause, load_training_clauses
from evals.near_copies import near_copies
from evals.packing import pack
from evals.train_judge import (
    BATCH,
    Calibration,
    batches_of_like_length,
    share_flipped,
    split,
)

NONE = (0, 0, 0, 0, 0, 0, 0)
SURE = (False,) * 7


def clause(name: str, text: str, labels: tuple[int, ...] = NONE, pair: str = "") -> LabelledClause:
    return LabelledClause(name, text, labels, SURE, pair=pair)


def test_no_training_clause_is_a_near_copy_of_another() -> None:
    assert [
        (copy.first.text, copy.second.text) for copy in near_copies(load_training_clauses())
    ] == []


def test_a_clause_with_a_word_or_two_changed_is_a_near_copy() -> None:
    one = clause("a", "Councils in every county will be free to set fares on their own buses.")
    other = clause("b", "Councils in every county will be free to set fares on all their buses.")
    unlike = clause("c", "Every county should have a museum of buses, and we would pay for it.")
    [copy] = near_copies([one, other, unlike])
    assert (copy.first.id, copy.second.id) == ("a", "b")
    assert [(found.first.id, found.second.id) for found in near_copies([unlike, one], [other])] == [
        ("a", "b")
    ]


def test_the_sides_of_a_contrast_pair_may_be_alike() -> None:
    text = "Councils in every county will be free to set fares on their own buses."
    sides = [
        clause("a", text, pair="p"),
        clause("b", text.replace("free", "unable"), pair="p"),
    ]
    assert near_copies(sides) == []


def test_the_held_out_clauses_stay_the_same_when_others_are_added() -> None:
    clauses = load_training_clauses()
    training, held_out = split(clauses)
    assert 0.08 < len(held_out) / len(clauses) < 0.12
    assert not {c.pair for c in training if c.pair} & {c.pair for c in held_out}
    assert split(clauses[:2000])[1] == [c for c in clauses[:2000] if c in held_out]


def test_two_clauses_joined_have_the_labels_of_both() -> None:
    one = clause("a", "We will hire 900 guards.", (2, 0, 0, 0, 0, 1, 0))
    other = clause("b", "We will give parks to parishes.", (0, 1, 0, 0, 0, 2, 0))
    joined = join(one, other, random.Random(1))
    assert "hire 900 guards" in joined.text
    assert "give parks to parishes" in joined.text
    assert joined.labels[:5] == (2, 1, 0, 0, 0)
    assert joined.disputed == (False,) * 5 + (True, False)  # for and against: teaches nothing


@pytest.mark.parametrize("seed", range(4))
def test_joining_loses_no_clause(seed: int) -> None:
    clauses = [
        replace(clause(str(n), f"We will open road number {n}."), labels=NONE) for n in range(40)
    ]
    found = with_some_joined(clauses, 0.5, random.Random(seed))
    assert len(found) == 30
    assert sorted(int(name) for c in found for name in c.id.split("+")) == list(range(40))


def test_batches_hold_every_clause_once_and_little_padding() -> None:
    transformers: Any = import_module("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(shipped_model_folder()))
    clauses = load_training_clauses()[:2000]
    batches = batches_of_like_length(clauses, tokenizer, random.Random(1))
    assert sorted(c.id for batch in batches for c in batch) == sorted(c.id for c in clauses)
    assert max(len(batch) for batch in batches) == BATCH
    lengths = [[len(tokenizer(c.text)["input_ids"]) for c in batch] for batch in batches]
    padded = sum(max(batch) * len(batch) for batch in lengths)
    assert sum(map(sum, lengths)) / padded > 0.9


def test_packed_weights_are_a_third_of_the_size_and_score_alike(tmp_path: Path) -> None:
    onnx: Any = import_module("onnx")
    onnxruntime: Any = import_module("onnxruntime")
    chance = np.random.default_rng(0)
    weights = {
        "table": chance.normal(size=(500, 64)).astype(np.float32),
        "matrix": chance.normal(size=(64, 32)).astype(np.float32),
    }
    make = onnx.helper
    graph = make.make_graph(
        [
            make.make_node("Gather", ["table", "ids"], ["rows"]),
            make.make_node("MatMul", ["rows", "matrix"], ["scores"]),
        ],
        "small",
        [make.make_tensor_value_info("ids", onnx.TensorProto.INT64, [1, "n"])],
        [make.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, [1, "n", 32])],
        [onnx.numpy_helper.from_array(held, name) for name, held in weights.items()],
    )
    whole, packed = tmp_path / "whole.onnx", tmp_path / "packed.onnx"
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(whole))
    pack(whole, packed)
    assert packed.stat().st_size < 0.3 * whole.stat().st_size
    ids = np.arange(500)[None]
    [exact], [found] = (
        onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"]).run(
            None, {"ids": ids}
        )
        for file in (whole, packed)
    )
    assert np.abs(found - exact).mean() < 0.01 * np.abs(exact).mean()


def test_a_flip_counts_when_both_sides_are_right() -> None:
    sides = [
        clause("a", "Powers will go to councils.", (0, 1, 0, 0, 0, 0, 0), pair="p"),
        clause("b", "Powers will go from councils.", (0, 2, 0, 0, 0, 0, 0), pair="p"),
    ]
    right = np.array([side.labels for side in sides])
    assert share_flipped(sides, right) == 1.0
    assert share_flipped(sides, right[[0, 0]]) == 0.0


def test_calibrated_shares_add_up_to_one_and_follow_the_scores() -> None:
    scores = np.array([[[0.0, 2.0, -1.0]]])
    shares = Calibration(1.5, -0.5, -0.5).probabilities(scores)
    assert shares.sum() == pytest.approx(1.0)
    assert shares.argmax() == 1
