"""The optional second look: a small cross-encoder, made here and loaded as anyone's is."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from assistant.reranking import LOOKED_AT, SHARE, Reranker, open_reranker
from corpus.errors import UserError
from corpus.settings import Settings
from corpus.types import Chunk, Details, Passage


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder of one layer with weights that were never trained, saved to a folder."""
    import torch
    from sentence_transformers import CrossEncoder

    transformers: Any = import_module("transformers")  # its lazy names have no types
    base, whole = (tmp_path_factory.mktemp(name) for name in ("base", "cross-encoder"))
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] wigan saved money buses run often the council".split()
    (base / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(0)
    shape = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64, num_labels=1,
    )  # fmt: skip
    transformers.BertForSequenceClassification(shape).save_pretrained(base)
    transformers.BertTokenizerFast(str(base / "vocab.txt"), model_max_length=64).save_pretrained(
        base
    )
    CrossEncoder(str(base), device="cpu").save_pretrained(str(whole))
    return whole


def passage(text: str, score: float) -> Passage:
    chunk = Chunk(version_id=f"{text}.v1", document_id=text, page=1, start=0, end=9, text=text)
    return Passage(chunk, score, Details(title="Wigan"))


def test_passages_are_put_in_the_order_of_both_scores(cross_encoder: Path) -> None:
    given = [
        passage("buses run often", 0.9),
        passage("wigan saved money", 0.8),
        passage("the council", 0.1),
    ]
    reranker = open_reranker(Settings(reranker_model=str(cross_encoder), threads=1))
    assert reranker is not None
    ranked = reranker.rerank("what has wigan saved", given)
    assert {held.chunk.text for held in ranked} == {held.chunk.text for held in given}
    assert [held.score for held in ranked] == sorted((held.score for held in ranked), reverse=True)
    before = {held.chunk.text: held.score for held in given}
    second_look = [(held.score - (1 - SHARE) * before[held.chunk.text]) / SHARE for held in ranked]
    assert min(second_look) == pytest.approx(0, abs=1e-6)
    assert max(second_look) == pytest.approx(1, abs=1e-6)


def test_passages_beyond_those_looked_at_stay_behind_them(cross_encoder: Path) -> None:
    given = [passage(f"the council {number}", 1 - number / 100) for number in range(LOOKED_AT + 3)]
    ranked = Reranker(str(cross_encoder), threads=1).rerank("the council", given)
    assert ranked[LOOKED_AT:] != []
    assert [held.chunk.text for held in ranked[LOOKED_AT:]] == [
        held.chunk.text for held in given[LOOKED_AT:]
    ]


def test_no_passages_need_no_model() -> None:
    assert Reranker("no such model").rerank("anything", []) == []


def test_without_the_setting_there_is_none() -> None:
    assert open_reranker(Settings()) is None


def test_a_model_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(UserError, match="missing"):
        Reranker(missing).rerank("anything", [passage("the council", 1.0)])
