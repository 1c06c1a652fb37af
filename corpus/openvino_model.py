"""The shipped model on OpenVINO: the vectors of every token of many texts.

On two cores of an AMD EPYC it takes three quarters of the processor time of torch in the same
precision, and starts in half a second where torch takes six. It reads the ONNX file that
`corpus.export_onnx` makes and checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

BATCH = 8  # texts of about one length; more leave the processor's cache
_MARGIN = 8  # tokens; lengths are rounded up to this, so that fewer shapes are prepared

States = npt.NDArray[np.float32]  # (tokens, dimensions)
Offsets = npt.NDArray[np.int64]  # (tokens, 2): the characters of each token


def openvino_is_there() -> bool:
    """Whether the library is installed; there are processors without a build of it."""
    return find_spec("openvino") is not None


class OpenVinoModel:
    """Tokenise and run, several batches at a time, each on a core of its own."""

    def __init__(
        self, file: Path, tokenizer_folder: Path, *, precision: str, threads: int, most_tokens: int
    ) -> None:
        from tokenizers import Tokenizer

        openvino: Any = import_module("openvino")  # its types are not complete
        self._tokenizer = Tokenizer.from_file(str(tokenizer_folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(most_tokens)
        self._tokenizer.no_padding()
        compiled = openvino.Core().compile_model(
            str(file),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": threads,
            },
        )
        self._queue: Any = openvino.AsyncInferQueue(compiled, threads)
        self._queue.set_callback(_hand_over)
        self._one = Lock()  # the queue is told when all is done, not when one caller's part is

    def states(self, texts: Sequence[str], take: Callable[[int, States, Offsets], None]) -> None:
        """Give `take` the number of each text, its tokens' vectors and their characters.

        In no particular order; the vectors are only there until `take` returns.
        """
        encodings: list[Any] = self._tokenizer.encode_batch(list(texts))
        lengths = [len(encoding.ids) for encoding in encodings]
        order = sorted(range(len(texts)), key=lengths.__getitem__)
        with self._one:
            for first in range(0, len(order), BATCH):
                batch = order[first : first + BATCH]
                width = -(-lengths[batch[-1]] // _MARGIN) * _MARGIN
                ids = np.zeros((len(batch), width), dtype=np.int64)
                mask = np.zeros_like(ids)
                for row, number in enumerate(batch):
                    ids[row, : lengths[number]] = encodings[number].ids
                    mask[row, : lengths[number]] = 1
                members = [
                    (number, lengths[number], np.array(encodings[number].offsets, dtype=np.int64))
                    for number in batch
                ]
                self._queue.start_async({"input_ids": ids, "attention_mask": mask}, (members, take))
            self._queue.wait_all()


def _hand_over(
    request: Any,
    given: tuple[list[tuple[int, int, Offsets]], Callable[[int, States, Offsets], None]],
) -> None:
    members, take = given
    found: States = request.get_output_tensor().data
    for row, (number, length, offsets) in enumerate(members):
        take(number, found[row, :length], offsets)
