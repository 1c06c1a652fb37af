"""How much of what was said before goes into the query for a follow-up.

A question that goes on from the last answer needs more of it than one that turns elsewhere, and how
near the question and the turns are to each other tells which it is. A network of eight hidden units
says by what factor each share of the earlier turns is raised or lowered. `evals.fit_carrying` has
fitted it, and `evals/README.md` says how well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus.embedding import Vector

FILE = Path(__file__).parent / "carrying.json"
# The order is that of the weights. Nearness is a cosine.
FEATURES = (
    "question_user",  # of the question and the user turn before
    "question_answer",  # of the question and the last answer
    "question_nearest_user",  # of the question and the nearest user turn
    "question_joined",  # of the question and both read as one text
    "user_answer",  # of the user turn before and the last answer
    "leaning",
)
FACTORS = ("users", "joined", "answer", "user_words", "answer_words")
# Of a factor's logarithm. No more than twice: the pool's conversations keep to one thing, and a
# question that turns elsewhere must not drown in what was said.
LEAST, MOST = -2.5, 0.7

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Factors:
    """What each share of the earlier turns is multiplied by."""

    users: float
    joined: float
    answer: float
    user_words: float
    answer_words: float


@dataclass(frozen=True, slots=True)
class Carrying:
    """A fitted network: the features of FEATURES in, the logarithms of FACTORS out."""

    mean: Numbers
    scale: Numbers
    hidden: Numbers  # (units, features + 1), the last column added whatever the features are
    out: Numbers  # (factors, units + 1), likewise

    def factors(self, features: Sequence[float]) -> Factors:
        """The factors for one question."""
        scaled = np.clip((np.array(features) - self.mean) / self.scale, -3, 3)
        units = np.tanh(self.hidden[:, :-1] @ scaled + self.hidden[:, -1])
        logarithms = np.clip(self.out[:, :-1] @ units + self.out[:, -1], LEAST, MOST)
        return Factors(*np.exp(logarithms).tolist())


@cache
def load_carrying() -> Carrying:
    """The shipped one. Raises ValueError when it was fitted on other features."""
    held = json.loads(FILE.read_text(encoding="utf-8"))
    if held["features"] != list(FEATURES) or held["factors"] != list(FACTORS):
        raise ValueError(f"{FILE.name} is for other features; run evals.fit_carrying.")
    return Carrying(*(np.array(held[name]) for name in ("mean", "scale", "hidden", "out")))


def nearness(
    question: Vector,
    users: Sequence[Vector],
    joined: Vector | None,
    answer: Vector | None,
    leaning: float,
) -> tuple[float, ...]:
    """The features of FEATURES, in its order; `users` are the user turns, the latest last.

    A cosine with what is not there is 0, and 1 with the joined text.
    """
    near = [float(user @ question) for user in users]
    return (
        near[-1] if near else 0.0,
        float(answer @ question) if answer is not None else 0.0,
        max(near, default=0.0),
        float(joined @ question) if joined is not None else 1.0,
        float(users[-1] @ answer) if users and answer is not None else 0.0,
        leaning,
    )
