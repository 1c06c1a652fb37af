"""A chat model as a judge beside the embedded one, with every quotation proved.

Anybody's server may be behind it. What it does wrong on one clause or one principle leaves the
embedded judge's verdict there, and is counted and told; it never loses the report.
"""

from __future__ import annotations

import logging
import re
import string
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from assistant.chat_model import ChatModel, ChatModelFault
from assistant.checks.embedded_judge import Verdicts
from assistant.checks.masking import masked
from assistant.checks.types import Verdict
from corpus.principles import Principle

logger = logging.getLogger(__name__)

PROMPT = Path(__file__).parent / "judge_prompt.txt"
AT_ONCE = 4  # clauses that it is asked about at the same time
MOST_FAULTS = 5  # one after another, after which it is not asked again
LONGEST_CLAUSE = 4_000  # characters that it is shown
LABELS = (Verdict.SILENT, Verdict.SUPPORTS, Verdict.CONFLICTS)  # by label number
UNPROVED = "its verdict rested on words that are not in the clause"
MISFORMED = "its reply had not the form that was asked for"


class _Said(BaseModel):
    principle: str = Field(max_length=20)
    verdict: Literal["supports", "conflicts", "silent"]
    criterion: str = Field(default="", max_length=20)
    quote: str = Field(default="", max_length=2_000)
    reason: str = Field(default="", max_length=600)
    confidence: float = Field(ge=0, le=1)
    rewording: str = Field(default="", max_length=2_000)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model says of one clause and one principle; its quotation stands in the clause."""

    verdict: Verdict
    confidence: float
    quote: str = ""
    criterion: str = ""
    reason: str = ""
    rewording: str = ""


@dataclass(slots=True)
class Opinions:
    """What the model says of clauses: an opinion for each (clause, principle) that it gave one."""

    held: dict[tuple[int, int], Opinion] = field(default_factory=dict[tuple[int, int], Opinion])
    faults: Counter[str] = field(default_factory=Counter[str])  # reasons, with clauses
    unproved: int = 0  # single verdicts that were left out


class ModelJudge:
    """Says of texts what they do to principles, by one chat model."""

    least_confidence = 0.5

    def __init__(self, model: ChatModel, principles: Sequence[Principle]) -> None:
        self.model = model
        self.principles = tuple(principles)
        self.note = f"Judged by {model.name}."
        self._system = string.Template(PROMPT.read_text(encoding="utf-8")).substitute(
            principles="\n\n".join(_principle(held) for held in principles)
        )
        self._schema = _schema([held.id for held in principles])

    def judge(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Verdicts:
        """Verdicts on texts, as arrays; where the model gave none, silent with no confidence."""
        opinions = self.opinions(texts, progress=progress)
        shape = (len(texts), len(self.principles))
        likely, confidence = np.zeros(shape, dtype=np.int64), np.zeros(shape)
        for place, opinion in opinions.held.items():
            likely[place] = LABELS.index(opinion.verdict)
            confidence[place] = opinion.confidence
        scores = np.full((*shape, 3), np.log(1e-3))
        np.put_along_axis(
            scores, likely[..., None], np.log(np.maximum(confidence, 1e-3))[..., None], -1
        )
        return Verdicts(likely, confidence, scores)

    def opinions(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Opinions:
        """What the model says of each text; it is left alone when it fails again and again."""
        found = Opinions()
        in_a_row = 0
        lock = threading.Lock()

        def ask(row: int) -> None:
            nonlocal in_a_row
            with lock:
                given_up = in_a_row >= MOST_FAULTS
            fault = "it was not asked any more" if given_up else ""
            reply: list[Any] = []
            if not given_up:
                try:
                    reply = self._ask(masked(texts[row]))
                except ChatModelFault as error:
                    fault = str(error)
            with lock:
                in_a_row = in_a_row + 1 if fault else 0
                if fault:
                    found.faults[fault] += 1
                else:
                    self._take(found, row, texts[row], reply)
                if progress is not None:
                    progress(1)

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="model-judge") as pool:
            list(pool.map(ask, range(len(texts))))
        return found

    def _ask(self, text: str) -> list[Any]:
        user = (
            f"The clause, between the lines of equals signs:\n=====\n{text[:LONGEST_CLAUSE]}\n====="
        )
        reply = self.model.structured(self._system, user, self._schema)
        verdicts: object = reply.get("verdicts")
        if not isinstance(verdicts, list) or not verdicts:
            raise ChatModelFault(MISFORMED)
        return cast("list[Any]", verdicts)

    def _take(self, found: Opinions, row: int, text: str, reply: list[Any]) -> None:
        """Take in what can be proved of one reply."""
        columns = {held.id: column for column, held in enumerate(self.principles)}
        taken = 0
        for item in reply:
            try:
                said = _Said.model_validate(item)
            except ValidationError:
                found.unproved += 1
                continue
            column = columns.get(said.principle)
            if column is None or (row, column) in found.held:
                continue
            verdict = Verdict(said.verdict)
            if verdict is not Verdict.SILENT and not stands_in(said.quote, masked(text)):
                found.unproved += 1
                continue
            known = {criterion.id for criterion in self.principles[column].criteria}
            found.held[row, column] = Opinion(
                verdict,
                said.confidence,
                quote=said.quote,
                criterion=said.criterion if said.criterion in known else "",
                reason=" ".join(said.reason.split()).rstrip("."),
                rewording=" ".join(said.rewording.split()),
            )
            taken += 1
        if not taken:
            found.faults[MISFORMED] += 1


def stands_in(quote: str, text: str) -> bool:
    """Whether a quotation's words stand in a text, letter for letter, white space aside."""
    return span_of(quote, text) is not None


def span_of(quote: str, text: str) -> tuple[int, int] | None:
    """Where a quotation stands in a text; any run of white space matches any other."""
    words = quote.split()
    if not words:
        return None
    found = re.search(r"\s+".join(map(re.escape, words)), text)
    return (found.start(), found.end()) if found else None


def _principle(held: Principle) -> str:
    lines = [f"{held.id} {held.title}", held.statement]
    if held.conflict:
        lines.append(f"Against it: {held.conflict}")
    for criterion in held.criteria:
        lines.append(f"- {criterion.id} {criterion.title}: {criterion.text}")
        if criterion.conflict:
            lines.append(f"  Against it: {criterion.conflict}")
    lines += [f"{example.label}: “{example.text}”" for example in held.examples]
    return "\n".join(lines)


def _schema(ids: Sequence[str]) -> dict[str, Any]:
    texts = {name: {"type": "string"} for name in ("criterion", "quote", "reason", "rewording")}
    item = {
        "principle": {"type": "string", "enum": list(ids)},
        "verdict": {"type": "string", "enum": ["supports", "conflicts", "silent"]},
        "confidence": {"type": "number"},
        **texts,
    }
    return {
        "title": "verdicts_on_a_clause",
        "description": "One verdict for each principle.",
        "type": "object",
        "properties": {
            "verdicts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": item,
                    "required": list(item),
                    "additionalProperties": False,
                },
            }
        },
        "required": ["verdicts"],
        "additionalProperties": False,
    }
