"""From use to test: what readers said of answers, as draft cases that a person completes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Engine, select

from corpus import tables
from corpus.conversations import Conversations, Message
from corpus.errors import ConfigurationError
from corpus.feedback import FeedbackBook, Rating
from evals.questions import QuestionCase, load_questions


@dataclass(frozen=True, slots=True)
class Draft:
    """A question from use with what was wrong, still without what its answer must say."""

    message_id: str
    question: str
    earlier: tuple[str, ...]  # questions before it in its conversation
    said: str
    cited: tuple[str, ...]  # ids of documents
    reasons: tuple[str, ...]
    comment: str
    asked_for: bool  # "add to test set", and not only a thumb down


class Decision(BaseModel):
    """What a person made of a draft."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    message_id: str
    keep: bool
    type: str = "lookup"
    question: str = ""  # where the wording must change, for example to stand alone
    answerable: bool = True
    expected_points: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    refusal_reason: (
        Literal["out-of-scope", "future", "personal-advice", "party-political"] | None
    ) = None


class Reviewed:
    """The drafts that were decided on, kept beside the runs: {message id: kept or not}."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._held: dict[str, bool] = (
            json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        )

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._held

    def add(self, message_id: str, *, kept: bool) -> None:
        """Decided."""
        self._held[message_id] = kept
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._held, indent=1) + "\n", encoding="utf-8")


def drafts_in(engine: Engine, reviewed: Reviewed) -> list[Draft]:
    """Every answer that is wanted in tests, or had a thumb down with a reason or a comment."""
    conversations = Conversations(engine)
    drafts: list[Draft] = []
    for kept in FeedbackBook(engine).list():
        told = kept.feedback
        complained = told.rating is Rating.BAD and bool(told.reasons or told.comment)
        if told.message_id in reviewed or not (told.wanted_in_tests or complained):
            continue
        before = _up_to(engine, conversations, told.message_id)
        questions = [message.text for message in before if message.role == "user"]
        answer: Mapping[str, Any] = before[-1].answer or {}
        drafts.append(
            Draft(
                message_id=told.message_id,
                question=questions[-1],
                earlier=tuple(questions[:-1]),
                said=before[-1].text,
                cited=tuple(
                    dict.fromkeys(
                        str(cited["document_id"])
                        for sentence in answer.get("sentences", ())
                        for cited in sentence["citations"]
                    )
                ),
                reasons=tuple(reason.value for reason in told.reasons),
                comment=told.comment,
                asked_for=told.wanted_in_tests,
            )
        )
    return drafts


def read_decisions(file: Path) -> list[Decision]:
    """Decisions as JSON lines. Raises ConfigurationError naming the line that is wrong."""
    found: list[Decision] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(Decision.model_validate_json(line))
        except ValidationError as error:
            fault = error.errors()[0]
            raise ConfigurationError(
                f"{file}:{number}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}.",
                fix='A line is like {"message_id", "keep": true, "expected_points": […]}.',
            ) from error
    return found


def add_case(draft: Draft, decision: Decision, into: Path) -> QuestionCase:
    """Complete a draft and append it to a question set, which must still load with it.

    Raises ConfigurationError when an answerable case does not say what its answer must say.
    """
    if decision.answerable and not decision.expected_points:
        raise ConfigurationError(
            f"The case from {draft.message_id} says nothing of what its answer must say.",
            fix="Give expected_points, or say that it cannot be answered.",
        )
    case: dict[str, Any] = {
        "id": f"use-{draft.message_id[:12]}",
        "type": decision.type,
        "question": decision.question or draft.question,
        "answerable": decision.answerable,
        "expected_points": list(decision.expected_points),
        "sources": list(decision.sources or (draft.cited if decision.answerable else ())),
        "tags": list(dict.fromkeys([*decision.tags, "from-use"])),
    }
    if decision.refusal_reason:
        case["refusal_reason"] = decision.refusal_reason
    before = into.read_text(encoding="utf-8") if into.is_file() else ""
    text = before + yaml.safe_dump([case], sort_keys=False, allow_unicode=True, width=100)
    whole = into.with_name(into.name + ".part")
    whole.write_text(text, encoding="utf-8")
    try:
        cases = load_questions(whole)
    except ConfigurationError:
        whole.unlink()
        raise
    whole.replace(into)
    return cases[-1]


def as_json(draft: Draft) -> dict[str, Any]:
    """A draft for programs."""
    return asdict(draft)


def _up_to(engine: Engine, conversations: Conversations, message_id: str) -> list[Message]:
    """The messages of an answer's conversation, from the first to the answer."""
    query = select(tables.message.c.conversation_id).where(tables.message.c.id == message_id)
    with engine.connect() as connection:
        conversation_id = str(connection.execute(query).scalar_one())
    messages = conversations.messages(conversation_id)
    place = next(number for number, held in enumerate(messages) if held.id == message_id)
    return list(messages[: place + 1])
