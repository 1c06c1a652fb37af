"""What readers say of answers, kept beside them; an answer that is deleted takes its own along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, delete, insert, select

from corpus import tables
from corpus.conversations import Conversations


class Rating(StrEnum):
    """A thumb up or down."""

    GOOD = "good"
    BAD = "bad"


class Reason(StrEnum):
    """What is wrong with an answer, or right."""

    WRONG = "wrong"
    SOURCE = "source"
    BESIDE = "beside"
    INCOMPLETE = "incomplete"
    OLD = "old"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one reader says of one answer."""

    message_id: str
    rating: Rating | None
    reasons: tuple[Reason, ...] = ()
    comment: str = ""
    wanted_in_tests: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """Feedback with the time when it was given."""

    feedback: Feedback
    created_at: datetime


class FeedbackBook:
    """The feedback on one library's answers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def give(self, feedback: Feedback) -> Kept:
        """Keep what is said of an answer, in place of what was said before. Raises NotFound."""
        Conversations(self._engine).answer(feedback.message_id)
        now = datetime.now(UTC)
        table = tables.feedback
        with self._engine.begin() as connection:
            connection.execute(delete(table).where(table.c.message_id == feedback.message_id))
            connection.execute(
                insert(table).values(
                    message_id=feedback.message_id,
                    rating=feedback.rating.value if feedback.rating else None,
                    reasons=[reason.value for reason in feedback.reasons],
                    comment=feedback.comment,
                    wanted_in_tests=feedback.wanted_in_tests,
                    created_at=now,
                )
            )
        return Kept(feedback, now)

    def get(self, message_id: str) -> Feedback | None:
        """What was said of one answer."""
        query = select(tables.feedback).where(tables.feedback.c.message_id == message_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _kept(row).feedback if row else None

    def list(self, *, wanted_in_tests: bool = False) -> list[Kept]:
        """All that was said, oldest first; or only of the answers that are wanted in tests."""
        table = tables.feedback
        query = select(table).order_by(table.c.created_at, table.c.message_id)
        if wanted_in_tests:
            query = query.where(table.c.wanted_in_tests)
        with self._engine.connect() as connection:
            return [_kept(row) for row in connection.execute(query).mappings()]

    def of(self, conversation_id: str) -> dict[str, Feedback]:
        """What was said of the answers of one conversation, by message id."""
        table, message = tables.feedback, tables.message
        query = (
            select(table)
            .join(message, message.c.id == table.c.message_id)
            .where(message.c.conversation_id == conversation_id)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return {row["message_id"]: _kept(row).feedback for row in rows}


def _kept(row: Mapping[Any, Any]) -> Kept:
    moment: datetime = row["created_at"]
    return Kept(
        Feedback(
            row["message_id"],
            Rating(row["rating"]) if row["rating"] else None,
            tuple(Reason(name) for name in row["reasons"]),
            row["comment"],
            row["wanted_in_tests"],
        ),
        # SQLite keeps no time zone; what is written is always UTC.
        moment if moment.tzinfo else moment.replace(tzinfo=UTC),
    )
