"""Marks by a chat model, twice, with the two held against each other. Optional: no figure of a
suite or a gate depends on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.chat_model import ChatModel, ChatModelFault
from corpus.errors import ConfigurationError
from evals.intervals import Figure, mean, rate
from evals.questions import QuestionCase
from evals.runs.folder import RunFolder
from evals.runs.replies import Reply, reply_from

PROMPT = Path(__file__).parent / "prompts" / "rubric.txt"
MARKS = ("complete", "faithful", "to_the_point", "neutral")
TIMES = 2
APART = 2  # marks that differ by so much disagree


class Marks(BaseModel):
    """What the model says of one answer; anything else in its reply makes it unusable."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    complete: int = Field(ge=1, le=5)
    faithful: int = Field(ge=1, le=5)
    to_the_point: int = Field(ge=1, le=5)
    neutral: int = Field(ge=1, le=5)
    why: str = ""


def check_independence(folder: RunFolder, model: str, *, same_model: bool) -> str:
    """What must be said beside the marks; empty when the model judges another's answers.

    Raises ConfigurationError when it would judge its own and that was not asked for.
    """
    writer = str(folder.read("run.json")["target"]["model"])
    if not writer or writer != model:
        return ""
    if not same_model:
        raise ConfigurationError(
            f"{model!r} wrote the answers of this run: its marks would be of its own work.",
            fix="Name another model, or say --same-model; the report will then say so.",
        )
    return f"The judge, {model}, is the model that wrote these answers."


def judge_answers(
    folder: RunFolder,
    set_name: str,
    cases: Sequence[QuestionCase],
    model: ChatModel,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Each answer with the marks of each time; a reply that cannot be used is kept as a fault."""
    system = PROMPT.read_text(encoding="utf-8")
    by_id = {case.id: case for case in cases}
    outputs = [
        row
        for row in folder.rows("outputs", set_name)
        if row.get("reply") and row["id"] in by_id and row["epoch"] == 1
    ]
    rows: list[dict[str, Any]] = []
    for done, output in enumerate(outputs, start=1):
        user = _material(by_id[output["id"]], reply_from(output["reply"]))
        told = [_asked(model, system, user) for _ in range(TIMES)]
        marks = [said for said in told if isinstance(said, Marks)]
        rows.append(
            {
                "id": output["id"],
                "marks": [said.model_dump() for said in marks],
                "faults": [said for said in told if isinstance(said, str)],
                "disagree": [
                    name
                    for name in MARKS
                    if len(marks) == TIMES
                    and abs(getattr(marks[0], name) - getattr(marks[1], name)) >= APART
                ],
            }
        )
        if progress is not None:
            progress(done, len(outputs))
    return rows


def summarise_marks(rows: Sequence[dict[str, Any]]) -> dict[str, Figure]:
    """The mean of each mark over the answers that were marked twice, and how often the two differ.

    An answer with a reply that could not be used counts in `unusable` and in nothing else.
    """
    whole = [row for row in rows if len(row["marks"]) == TIMES]
    figures = {
        name: mean([sum(said[name] for said in row["marks"]) / TIMES for row in whole])
        for name in MARKS
    }
    figures["disagree"] = rate(sum(bool(row["disagree"]) for row in whole), len(whole))
    figures["unusable"] = rate(len(rows) - len(whole), len(rows))
    return figures


def _asked(model: ChatModel, system: str, user: str) -> Marks | str:
    try:
        said = model.text(system, user)
    except ChatModelFault as fault:
        return str(fault)
    try:
        return Marks.model_validate_json(said[said.find("{") : said.rfind("}") + 1])
    except ValidationError:
        return f"not the JSON asked for: {said[:200]}"


def _material(case: QuestionCase, reply: Reply) -> str:
    lines = ["<<<QUESTION", case.question, "<<<POINTS", *case.expected_points, "<<<ANSWER"]
    for sentence in reply.sentences:
        lines.append(sentence.text)
        lines += [f"  quoted: {cited.quote}" for cited in sentence.citations]
    return "\n".join([*lines, reply.message, ">>>"])
