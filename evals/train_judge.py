"""`make train-judge`: the embedded judge, trained from the committed clauses and written as ONNX.

The shipped sentence encoder is fine-tuned with one attention a label: for each principle and
polarity it learns which words of a clause to look at, so that one commitment among several is not
averaged away. (Mullenbach et al., "Explainable Prediction of Medical Codes from Clinical Text",
2018, where it is called label-wise attention.)

A tenth of the clauses is held out, contrast pairs whole: on it the confidence is calibrated and
the figures in `assistant/checks/judge.json` are measured. Several members start from one head and
see the clauses in orders of their own, some of them joined in twos; what is shipped is the average
of their weights, which costs no more to run than one. (Wortsman et al., "Model soups", 2022.) The
weights are then packed as int8 and must agree with the trained ones, or nothing is written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import random
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.checks.embedded_judge import (
    CARD,
    LABELS,
    MODEL,
    MOST_TOKENS,
    scores_by_onnx,
)
from assistant.checks.masking import masked
from assistant.checks.types import Verdict
from corpus.embedding import shipped_model_folder
from evals.augmenting import with_some_joined
from evals.checks import CheckOutcomes, summarise_checks
from evals.clauses import LabelledClause, label_f1s, load_training_clauses
from evals.packing import pack

WEIGHTS = Path("build")  # as trained, before int8: judge-1.pt and so on
HELD_OUT = 0.1
BATCH = 32
POOL = 16 * BATCH  # within which clauses are sorted by length
ENCODER_RATE = 1e-4
HEAD_RATE = 1e-3
CLASS_WEIGHT = 2.0  # of supports and conflicts beside silent, which is eight times as common
SMOOTHING = 0.03
DROPOUT = 0.1
PRECISION_OF_CONFLICTS = 0.89  # of those shown; in whole real drafts it is far lower (JUDGE.md)
MOST_LOST = 0.005  # mean F1 that int8 may cost
PRINCIPLES = 7

Scores = npt.NDArray[np.float64]  # (clauses, principles, silent | supports | conflicts)


@dataclass(frozen=True, slots=True)
class Member:
    """One training of those whose weights are averaged."""

    seed: int
    joined: float  # of the clauses of an epoch, in twos
    epochs: int

    @property
    def weights(self) -> Path:
        """Where its weights are kept."""
        return WEIGHTS / f"judge-{self.seed}.pt"


MEMBERS = (Member(1, 0.35, 5), Member(2, 0.35, 5), Member(3, 0.0, 5), Member(4, 0.0, 5))


@dataclass(frozen=True, slots=True)
class Calibration:
    """From scores to probabilities: a temperature, and what is added for the two rarer labels."""

    temperature: float
    supports: float
    conflicts: float

    def probabilities(self, scores: Scores) -> Scores:
        """Calibrated probabilities, in the shape of the scores."""
        moved = scores / self.temperature + np.array([0.0, self.supports, self.conflicts])
        moved = np.exp(moved - moved.max(-1, keepdims=True))
        return moved / moved.sum(-1, keepdims=True)


def split(
    clauses: Sequence[LabelledClause],
) -> tuple[list[LabelledClause], list[LabelledClause]]:
    """Training and held-out clauses; the two sides of a contrast stay together.

    Which are held out turns on their names alone, so that it stays as it is when clauses are added.
    """
    training: list[LabelledClause] = []
    held_out: list[LabelledClause] = []
    for clause in clauses:
        name = (clause.pair or clause.id).encode()
        share = int.from_bytes(hashlib.sha256(name).digest()[:4]) / 2**32
        (held_out if share < HELD_OUT else training).append(clause)
    return training, held_out


def network() -> tuple[Any, Any]:
    """The untrained judge and the tokeniser of its encoder."""
    import torch
    from torch import nn

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    transformers: Any = import_module("transformers")  # its types are not complete
    folder = str(shipped_model_folder())
    encoder = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager")
    width = encoder.config.hidden_size
    outputs = PRINCIPLES * len(LABELS)

    class Judge(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder
            self.dropout = nn.Dropout(DROPOUT)
            self.looks = nn.Linear(width, outputs, bias=False)
            self.weights = nn.Parameter(torch.zeros(outputs, width))
            self.bias = nn.Parameter(torch.full((outputs,), -1.5))
            self.whole = nn.Linear(width, outputs)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            states = self.encoder(
                input_ids=input_ids, attention_mask=attention_mask
            ).last_hidden_state
            mask = attention_mask[:, :, None].to(states.dtype)
            mean = (states * mask).sum(1) / mask.sum(1)
            looks = (self.looks(states) + (mask - 1) * 1e4).softmax(1)
            seen = torch.einsum("btl,btd->bld", looks, self.dropout(states))
            scores = (seen * self.weights).sum(-1) + self.bias + self.whole(self.dropout(mean))
            scores = scores.view(-1, PRINCIPLES, len(LABELS))
            return torch.cat([torch.zeros_like(scores[:, :, :1]), scores], -1)

    return Judge(), transformers.AutoTokenizer.from_pretrained(folder)


def train(model: Any, tokenizer: Any, clauses: Sequence[LabelledClause], member: Member) -> None:
    """Fit the judge; disputed cells teach nothing, and words keep the meanings they came with."""
    import torch
    from torch import nn

    torch.manual_seed(member.seed)
    chooser = random.Random(member.seed)
    encoder, head = [], []
    for name, parameter in model.named_parameters():
        if "word_embeddings" in name:
            parameter.requires_grad_(False)  # words that no clause uses would be left behind
        else:
            (encoder if name.startswith("encoder.") else head).append(parameter)
    optimiser = torch.optim.AdamW(
        [{"params": encoder, "lr": ENCODER_RATE}, {"params": head, "lr": HEAD_RATE}],
        weight_decay=0.01,
        fused=True,
    )
    steps = member.epochs * math.ceil((1 - member.joined / 2) * len(clauses) / BATCH)
    warm = int(0.06 * steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: max(0.0, min((step + 1) / warm, (steps - step) / (steps - warm)))
    )
    loss_of = nn.CrossEntropyLoss(
        weight=torch.tensor([1.0, CLASS_WEIGHT, CLASS_WEIGHT]),
        label_smoothing=SMOOTHING,
        ignore_index=-1,
    )
    model.train()
    started = time.monotonic()
    for epoch in range(member.epochs):
        total = 0.0
        epoch_clauses = with_some_joined(clauses, member.joined, chooser)
        batches = batches_of_like_length(epoch_clauses, tokenizer, chooser)
        for batch in batches:
            ids, mask = _tokens(tokenizer, [clause.text for clause in batch])
            wanted = torch.tensor([_targets(clause) for clause in batch])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                scores = model(ids, mask)
            loss = loss_of(scores.float().reshape(-1, 3), wanted.reshape(-1))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(
            f"member {member.seed}, epoch {epoch + 1} of {member.epochs}: "
            f"loss {total / len(batches):.3f}, {time.monotonic() - started:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    model.eval()


def batches_of_like_length(
    clauses: Sequence[LabelledClause], tokenizer: Any, chooser: random.Random
) -> list[list[LabelledClause]]:
    """Every clause once, in batches of like length and random order.

    Length is counted in word pieces: by characters a fifth of what is worked out would be padding.
    """
    shuffled = chooser.sample(list(clauses), len(clauses))
    lengths = [len(ids) for ids in tokenizer([c.text for c in shuffled])["input_ids"]]
    batches: list[list[LabelledClause]] = []
    for first in range(0, len(shuffled), POOL):
        pool = range(first, min(first + POOL, len(shuffled)))
        near = [shuffled[index] for index in sorted(pool, key=lengths.__getitem__)]
        batches += [near[start : start + BATCH] for start in range(0, len(near), BATCH)]
    chooser.shuffle(batches)
    return batches


def scores_by_torch(model: Any, tokenizer: Any, texts: Sequence[str]) -> Scores:
    """The scores of texts, before calibration."""
    import torch

    found: list[Any] = []
    with torch.inference_mode():
        for first in range(0, len(texts), BATCH):
            ids, mask = _tokens(tokenizer, texts[first : first + BATCH])
            found.append(model(ids, mask).double().numpy())
    return np.concatenate(found)


def calibrate(scores: Scores, clauses: Sequence[LabelledClause]) -> Calibration:
    """The calibration with the least log loss on held-out clauses."""
    optimize: Any = import_module("scipy.optimize")
    wanted, counted = _truth(clauses)

    def loss(parameters: Any) -> float:
        held = Calibration(float(np.exp(parameters[0])), parameters[1], parameters[2])
        likely = np.take_along_axis(held.probabilities(scores), wanted[..., None], -1)[..., 0]
        return float(-np.log(np.maximum(likely, 1e-9))[counted].mean())

    best = optimize.minimize(loss, np.zeros(3), method="Nelder-Mead").x
    return Calibration(float(np.exp(best[0])), float(best[1]), float(best[2]))


def least_confidence(
    scores: Scores, calibration: Calibration, clauses: Sequence[LabelledClause]
) -> float:
    """The confidence from which the conflicts shown are right as often as they should be."""
    wanted, counted = _truth(clauses)
    likely = scores.argmax(-1)
    conflict = LABELS.index(Verdict.CONFLICTS) + 1
    confidence = np.take_along_axis(calibration.probabilities(scores), likely[..., None], -1)[
        ..., 0
    ]
    for least in np.arange(0.3, 0.9, 0.02):
        shown = counted & (likely == conflict) & (confidence >= least)
        if shown.any() and (wanted[shown] == conflict).mean() >= PRECISION_OF_CONFLICTS:
            return round(float(least), 2)
    return 0.9


def export(model: Any, target: Path) -> None:
    """Write the judge as ONNX with int8 weights."""
    import torch

    whole = target.with_suffix(".float.onnx")
    ids = torch.ones((2, 16), dtype=torch.long)
    batch, length = torch.export.Dim("batch", min=1), torch.export.Dim("length", min=2, max=512)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (ids, torch.ones_like(ids)),
            str(whole),
            input_names=["input_ids", "attention_mask"],
            output_names=["scores"],
            dynamic_shapes=({0: batch, 1: length}, {0: batch, 1: length}),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    pack(whole, target)
    whole.unlink()


def labelled() -> tuple[list[LabelledClause], list[LabelledClause]]:
    """Training and held-out clauses, as the judge will see them: parties and names masked."""
    return split([replace(clause, text=masked(clause.text)) for clause in load_training_clauses()])


def train_member(number: int) -> Path:
    """Train one member on one thread and keep its weights, whatever fails afterwards."""
    import torch

    member = MEMBERS[number]
    torch.set_num_threads(1)  # two trainings side by side waste less than one on two threads
    torch.manual_seed(0)  # the heads start alike, or their average would mean nothing
    training, _ = labelled()
    model, tokenizer = network()
    train(model, tokenizer, training, member)
    WEIGHTS.mkdir(exist_ok=True)
    torch.save(model.state_dict(), member.weights)
    return member.weights


def average(files: Sequence[Path]) -> dict[str, Any]:
    """The mean of the weights in the files."""
    import torch

    held = [torch.load(file, weights_only=True) for file in files]
    return {
        name: torch.stack([weights[name].float() for weights in held]).mean(0).to(value.dtype)
        for name, value in held[0].items()
    }


def share_flipped(clauses: Sequence[LabelledClause], likely: npt.NDArray[np.int64]) -> float:
    """Of the principles that a contrast pair turns from supports to conflicts: the share turned."""
    sides: dict[str, list[int]] = {}
    for index, clause in enumerate(clauses):
        if clause.pair:
            sides.setdefault(clause.pair, []).append(index)
    turned = [
        {int(likely[one, column]), int(likely[other, column])} == {1, 2}
        for one, other in (pair for pair in sides.values() if len(pair) == 2)
        for column in range(PRINCIPLES)
        if {clauses[one].labels[column], clauses[other].labels[column]} == {1, 2}
    ]
    return sum(turned) / max(1, len(turned))


def cross_fitted(scores: Scores, clauses: Sequence[LabelledClause]) -> Scores:
    """Probabilities by a calibration that each clause had no part in."""
    found = np.zeros_like(scores)
    for fold in range(2):
        inside = np.arange(len(clauses)) % 2 == fold
        others = [clause for clause, held in zip(clauses, inside, strict=True) if not held]
        found[inside] = calibrate(scores[~inside], others).probabilities(scores[inside])
    return found


def main() -> int:
    """Train, average, calibrate, export, check, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--trained", type=Path, nargs="+", help="average these weights and do not train again"
    )
    arguments = parser.parse_args()
    started = time.monotonic()
    files: Sequence[Path] = arguments.trained or train_members()
    training, held_out = labelled()
    texts = [clause.text for clause in held_out]
    model, tokenizer = network()
    alone: list[float] = []
    for file in files:
        model.load_state_dict(average([file]))
        model.eval()
        by_member = scores_by_torch(model, tokenizer, texts)
        alone.append(float(label_f1s(held_out, by_member.argmax(-1)).mean()))
    model.load_state_dict(average(files))
    by_torch = scores_by_torch(model, tokenizer, texts)
    draft = MODEL.with_suffix(".new.onnx")
    export(model, draft)
    by_onnx = scores_by_onnx(draft, texts)
    likely = by_onnx.argmax(-1)
    f1s = label_f1s(held_out, likely)
    exact = float(label_f1s(held_out, by_torch.argmax(-1)).mean())
    if f1s.mean() < exact - MOST_LOST:
        draft.unlink()
        raise RuntimeError(
            f"int8 costs too much: mean F1 {f1s.mean():.3f} against {exact:.3f}. The weights are "
            f"in {WEIGHTS}; --trained takes them up again."
        )
    calibration = calibrate(by_onnx, held_out)
    outcomes = CheckOutcomes(
        tuple(held_out),
        likely,
        np.take_along_axis(cross_fitted(by_onnx, held_out), likely[..., None], -1)[..., 0],
        0.0,
    )
    used = {file.name for file in files}
    names = [str(number) for number in range(1, PRINCIPLES + 1)]
    draft.replace(MODEL)
    CARD.write_text(
        json.dumps(
            {
                "temperature": round(calibration.temperature, 4),
                "supports": round(calibration.supports, 4),
                "conflicts": round(calibration.conflicts, 4),
                "least_confidence": least_confidence(by_onnx, calibration, held_out),
                "clauses": len(training),
                "held_out": len(held_out),
                "members": [asdict(member) for member in MEMBERS if member.weights.name in used],
                "mean_f1_held_out_of_members": [round(value, 4) for value in alone],
                "mean_f1_held_out_before_int8": round(exact, 4),
                "mean_f1_held_out": round(float(f1s.mean()), 4),
                "f1_supports_held_out": [round(float(value), 3) for value in f1s[:PRINCIPLES]],
                "f1_conflicts_held_out": [round(float(value), 3) for value in f1s[PRINCIPLES:]],
                "ece_held_out": round(summarise_checks(outcomes, names)["ece"].value, 4),
                "flips_held_out": round(share_flipped(held_out, likely), 4),
                "minutes": None if arguments.trained else round((time.monotonic() - started) / 60),
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )
    print(CARD.read_text(encoding="utf-8"))
    return 0


def train_members() -> list[Path]:
    """Train every member, as many at a time as there are cores."""
    with ProcessPoolExecutor(
        min(len(MEMBERS), os.cpu_count() or 1), mp_context=get_context("spawn")
    ) as pool:
        return list(pool.map(train_member, range(len(MEMBERS))))


def _tokens(tokenizer: Any, texts: Sequence[str]) -> tuple[Any, Any]:
    encoded = tokenizer(
        list(texts), padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt"
    )
    return encoded["input_ids"], encoded["attention_mask"]


def _targets(clause: LabelledClause) -> list[int]:
    return [
        -1 if disputed else label
        for label, disputed in zip(clause.labels, clause.disputed, strict=True)
    ]


def _truth(
    clauses: Sequence[LabelledClause],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The labels (clauses, principles), and which of them count."""
    wanted = np.array([clause.labels for clause in clauses], dtype=np.int64)
    return wanted, ~np.array([clause.disputed for clause in clauses], dtype=np.bool_)


if __name__ == "__main__":
    sys.exit(main())
