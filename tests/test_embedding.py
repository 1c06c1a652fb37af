"""Vectors: one space for passages and questions, by any route and with any model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from corpus.embedding import Embedder, SpannedText, Vectors, onnx_file
from corpus.errors import ConfigurationError

PASSAGES = (
    "Wigan Council had saved £115 million by 2017.",
    "Buses will run every ten minutes on the main routes.",
    "The pilots ended in March, and 84 per cent of tenants were still in their homes. " * 8,
    "Yes.",
)


def cosines(ours: Vectors, theirs: Vectors) -> Vectors:
    return (ours * theirs).sum(axis=1)


# -- the shipped model --------------------------------------------------------------------------


def test_vectors_have_unit_length_and_the_order_of_their_texts(embedder: Embedder) -> None:
    vectors = embedder.embed_documents(PASSAGES)
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    # Whatever order they were computed in.
    alone = np.vstack([embedder.embed_documents([text]) for text in PASSAGES])
    assert cosines(vectors, alone).min() > 0.999


def test_a_question_in_other_words_is_nearest_to_its_passage(embedder: Embedder) -> None:
    vectors = embedder.embed_documents(PASSAGES)
    question = embedder.embed_query("How much less did the local authority spend?")
    assert int((vectors @ question).argmax()) == 0


def test_a_question_asked_again_is_not_embedded_again() -> None:
    embedder = Embedder(threads=1)
    first = embedder.embed_query("How much did it save?")
    assert embedder.embed_query("How much did it save?") is first
    with pytest.raises(ValueError, match="read-only"):
        first += 1  # it would be another question from then on


def test_the_quick_routes_agree_with_torch(embedder: Embedder) -> None:
    assert onnx_file().is_file(), "`make env` makes it"
    by_torch = Embedder(precision="float32", threads=1, quick=False).embed_documents(PASSAGES)
    by_openvino = embedder.embed_documents(PASSAGES)
    by_onnx = np.stack([embedder.embed_query(text) for text in PASSAGES])
    assert cosines(by_torch, by_openvino).min() > 0.999
    assert cosines(by_torch, by_onnx).min() > 0.999


def test_the_vectors_of_sentences_are_the_same_by_both_routes(embedder: Embedder) -> None:
    texts = [
        SpannedText(text, ((0, len(text) // 2), (len(text) // 2, len(text)))) for text in PASSAGES
    ]
    _, ours = embedder.embed_spans(texts)
    _, theirs = Embedder(precision="float32", threads=1, quick=False).embed_spans(texts)
    assert min(cosines(a, b).min() for a, b in zip(ours, theirs, strict=True)) > 0.999


def test_both_precisions_agree() -> None:
    full = Embedder(precision="float32", threads=1).embed_documents(PASSAGES)
    short = Embedder(precision="bfloat16", threads=1).embed_documents(PASSAGES)
    assert cosines(full, short).min() > 0.999


def test_progress_adds_up_to_the_texts(embedder: Embedder) -> None:
    told: list[int] = []
    embedder.embed_documents(["Yes."] * 70, progress=told.append)
    assert sum(told) == 70
    assert len(told) > 1


def test_nothing_gives_nothing(embedder: Embedder) -> None:
    vectors, spans = embedder.embed_spans([])
    assert len(vectors) == len(spans) == 0


# -- spans --------------------------------------------------------------------------------------


def test_a_sentence_gets_a_vector_of_its_own_from_the_same_pass(embedder: Embedder) -> None:
    first, second = "The council saved money.", "Buses run every ten minutes."
    text = f"{first} {second}"
    spanned = SpannedText(text, ((0, len(first)), (len(first) + 1, len(text))))
    [whole], [sentences] = embedder.embed_spans([spanned])
    assert sentences.shape == (2, 384)
    assert np.linalg.norm(sentences, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert float(whole @ embedder.embed_documents([text])[0]) > 0.999
    question = embedder.embed_query("How often is there public transport?")
    assert float(sentences[1] @ question) > float(sentences[0] @ question)


def test_a_span_past_the_models_reach_gets_the_vector_of_the_whole(embedder: Embedder) -> None:
    text = "word " * 600 + "The end."
    [whole], [sentences] = embedder.embed_spans(
        [SpannedText(text, ((0, 4), (len(text) - 8, len(text))))]
    )
    assert sentences[1].tolist() == whole.tolist()
    assert sentences[0].tolist() != whole.tolist()


# -- other models -------------------------------------------------------------------------------


def other_model(folder: Path, *, pooling: str) -> str:
    """A sentence-transformers model of a few words, one layer and random weights."""
    words = ["[PAD]", "[UNK]", "the", "council", "saved", "money", "buses", "run", "often", "."]
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()  # pyright: ignore[reportAttributeAccessIssue]
    fast: Any = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=64
    )
    fast.save_pretrained(str(folder / "transformer"))
    model: Any = BertModel(
        BertConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
    )
    model.save_pretrained(str(folder / "transformer"))
    transformer = Transformer(str(folder / "transformer"))
    pool: Any = Pooling(32, pooling)  # pyright: ignore[reportArgumentType]
    SentenceTransformer(modules=[transformer, pool], device="cpu").save(str(folder / "model"))
    return str(folder / "model")


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_any_sentence_transformers_model_can_be_named(tmp_path: Path, pooling: str) -> None:
    name = other_model(tmp_path, pooling=pooling)
    embedder = Embedder(name, precision="float32", threads=1)
    assert embedder.fingerprint == name
    first, second = "the council saved money .", "buses run often ."
    texts = [
        SpannedText(f"{first} {second}", ((0, len(first)), (len(first) + 1, 43))),
        SpannedText(second),
    ]
    vectors, spans = embedder.embed_spans(texts)
    assert vectors.shape == (2, 32)
    assert [part.shape for part in spans] == [(2, 32), (0, 32)]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    # A question goes the same way as a passage.
    assert float(embedder.embed_query(second) @ vectors[1]) == pytest.approx(1.0, abs=1e-4)
    plain = SentenceTransformer(name, device="cpu").encode(
        [text.text for text in texts], normalize_embeddings=True
    )
    assert cosines(vectors, np.asarray(plain)).min() > 0.9999


def test_a_model_that_cannot_be_loaded_is_named_with_what_to_do(tmp_path: Path) -> None:
    embedder = Embedder(str(tmp_path), threads=1)
    with pytest.raises(ConfigurationError, match=str(tmp_path)) as raised:
        embedder.embed_query("anything")
    assert "PLUMBLINE_EMBEDDING_MODEL" in raised.value.fix
