"""Clauses made of two: what a judge must learn of sentences that hold several commitments."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from evals.clauses import LabelledClause

_LEAD_IN = re.compile(
    r"^(?:We|Our party|A government of ours|The next government) (?:will|shall) (?=[a-z])"
)
_LEAD_INS = ("We will", "We shall", "Our party will", "The next government will", "We will also")
_BETWEEN = (
    ", and ",
    " and ",
    ", and we will ",
    "; we will ",
    ", while we ",
    " and will ",
    "; and ",
)
_BETWEEN_SENTENCES = (" ", " ", " ", " And ", " Alongside this, ", " At the same time, ", " ")
_PLAIN_START = re.compile(r"^(?:We|Our|The|A|An|In|By|Every|All|No|For|To|There|This|That|It) ")


def with_some_joined(
    clauses: Sequence[LabelledClause], share: float, chooser: random.Random
) -> list[LabelledClause]:
    """The clauses in a new order, with this share of them joined in twos."""
    shuffled = chooser.sample(list(clauses), len(clauses))
    pairs = int(share * len(shuffled) / 2)
    joined = [join(shuffled[2 * index], shuffled[2 * index + 1], chooser) for index in range(pairs)]
    return joined + shuffled[2 * pairs :]


def join(one: LabelledClause, other: LabelledClause, chooser: random.Random) -> LabelledClause:
    """Both clauses as one, under the labels of either; where those clash, the cell is disputed."""
    labels: list[int] = []
    disputed: list[bool] = []
    for first, second, doubtful, doubtful_too in zip(
        one.labels, other.labels, one.disputed, other.disputed, strict=True
    ):
        labels.append(max(first, second))
        disputed.append(doubtful or doubtful_too or (0 < first != second > 0))
    return LabelledClause(
        f"{one.id}+{other.id}",
        _joined_text(one.text, other.text, chooser),
        tuple(labels),
        tuple(disputed),
    )


def _joined_text(one: str, other: str, chooser: random.Random) -> str:
    lead_in, lead_in_too = _LEAD_IN.match(one), _LEAD_IN.match(other)
    if lead_in and lead_in_too and one.endswith(".") and chooser.random() < 0.7:
        between = chooser.choice(_BETWEEN)
        return (
            f"{chooser.choice(_LEAD_INS)} {one[lead_in.end() : -1]}"
            f"{between.replace('we will', 'will') if between.startswith(';') else between}"
            f"{other[lead_in_too.end() :]}"
        )
    between = chooser.choice(_BETWEEN_SENTENCES)
    if between != " " and _PLAIN_START.match(other):
        other = other[0].lower() + other[1:]
    elif between != " ":
        between = " "
    return f"{one}{between}{other}"
