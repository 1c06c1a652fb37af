"""Make the ONNX file of the shipped embedding model: `python -m corpus.export_onnx`.

Made once an environment, checked against torch before it is kept: an exporter that silently
gives other numbers (torch's older one does) must not reach an index.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from corpus.embedding import SHIPPED, Embedder, OnnxModel, onnx_file, shipped_model_folder

LEAST_COSINE = 0.9999
PROBES = (
    "How much had the council saved by 2019?",
    "The pilots ended in March, and 84 per cent of tenants were still in their homes. " * 12,
    "£1.1 billion",
)


def export(target: Path) -> float:
    """Write the ONNX file to `target`; returns the least cosine to torch over the probes.

    Raises RuntimeError, and leaves nothing behind, when the two disagree.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch

    transformers: Any = import_module("transformers")  # its types are not complete
    folder = shipped_model_folder()
    model = transformers.AutoModel.from_pretrained(str(folder), attn_implementation="eager").eval()

    class Tokens(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask)[0]

    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".draft.onnx")
    ids = torch.ones((2, 16), dtype=torch.long)
    batch, length = torch.export.Dim("batch", min=1), torch.export.Dim("length", min=2, max=512)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Tokens(),
            (ids, torch.ones_like(ids)),
            str(draft),
            input_names=["input_ids", "attention_mask"],
            dynamic_shapes=({0: batch, 1: length}, {0: batch, 1: length}),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    expected = Embedder(SHIPPED, precision="float32", quick=False).embed_documents(PROBES)
    made = np.vstack([OnnxModel(draft, folder).encode([text]) for text in PROBES])
    least = float((expected * made).sum(axis=1).min())
    if least < LEAST_COSINE:
        draft.unlink()
        raise RuntimeError(f"The export disagrees with torch: least cosine {least:.5f}.")
    draft.replace(target)
    return least


def main() -> int:
    """Make the file unless it is there."""
    target = onnx_file()
    if target.is_file():
        return 0
    logging.disable(logging.WARNING)
    print(f"Preparing the embedding model for quick start ({target.name}) …", file=sys.stderr)
    least = export(target)
    print(f"Done; least cosine to torch {least:.6f}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
