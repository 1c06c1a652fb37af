"""Conversations as they are kept: questions, and answers as the interface gave them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Engine, delete, exists, func, insert, or_, select, update

from corpus import tables
from corpus.errors import NotFound

TITLE_CHARACTERS = 80
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its messages."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    messages: int


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `answer` is the whole answer as the interface gave it; None for a question."""

    id: str
    role: str  # "user" or "assistant"
    text: str
    answer: Mapping[str, Any] | None
    created_at: datetime
    elapsed_ms: float | None


def new_id() -> str:
    """An id for a conversation or a message; not to be guessed."""
    return secrets.token_hex(16)


def title_from(question: str) -> str:
    """A conversation's first title: its first question, cut at a word."""
    words = " ".join(question.split())
    if len(words) <= TITLE_CHARACTERS:
        return words
    cut = words[: TITLE_CHARACTERS - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut) + "…"


class Conversations:
    """The conversations of one library."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(
        self, *, containing: str = "", limit: int = 20, offset: int = 0
    ) -> tuple[list[Conversation], int]:
        """A page of conversations, last used first, and how many there are in all.

        `containing` keeps those with these words in the title or in a message.
        """
        conversation = tables.conversation
        wanted = _containing(containing)
        query = (
            select(conversation, _message_count().label("messages"))
            .where(*wanted)
            .order_by(conversation.c.updated_at.desc(), conversation.c.id)
            .limit(limit)
            .offset(offset)
        )
        count = select(func.count()).select_from(conversation).where(*wanted)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
            return [_conversation(row) for row in rows], connection.scalar(count) or 0

    def get(self, conversation_id: str) -> Conversation:
        """One conversation. Raises NotFound."""
        _check_id(conversation_id)
        conversation = tables.conversation
        query = select(conversation, _message_count().label("messages")).where(
            conversation.c.id == conversation_id
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise _no_such_conversation(conversation_id)
        return _conversation(row)

    def messages(
        self, conversation_id: str, *, last: int | None = None, before: str | None = None
    ) -> list[Message]:
        """The messages of a conversation in order, or only its last few. Raises NotFound.

        `before` is the id of an answer: that one, its question and what follows are left out.
        """
        self.get(conversation_id)
        message = tables.message
        if before is not None and _ID.fullmatch(before) is None:
            raise no_such_answer(before)
        query = (
            select(message)
            .where(message.c.conversation_id == conversation_id)
            .order_by(message.c.position.desc())
            .limit(last)
        )
        with self._engine.connect() as connection:
            if before is not None:
                place = connection.scalar(
                    select(message.c.position).where(
                        message.c.id == before, message.c.conversation_id == conversation_id
                    )
                )
                if place is None:
                    raise no_such_answer(before)
                query = query.where(message.c.position < place - 1)
            rows = connection.execute(query).mappings().all()
        return [_message(row) for row in reversed(rows)]

    def answer(self, message_id: str) -> Message:
        """One answer by its message's id. Raises NotFound, for a question too."""
        if _ID.fullmatch(message_id) is None:
            raise no_such_answer(message_id)
        message = tables.message
        query = select(message).where(message.c.id == message_id, message.c.role == "assistant")
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise no_such_answer(message_id)
        return _message(row)

    def has_answer(self, message_id: str) -> bool:
        """Whether an answer of this id is kept."""
        query = select(tables.message.c.id).where(tables.message.c.id == message_id)
        with self._engine.connect() as connection:
            return connection.scalar(query) is not None

    def rename(self, conversation_id: str, title: str) -> Conversation:
        """Give a conversation another title. Raises NotFound."""
        _check_id(conversation_id)
        conversation = tables.conversation
        with self._engine.begin() as connection:
            done = connection.execute(
                update(conversation)
                .where(conversation.c.id == conversation_id)
                .values(title=title, updated_at=datetime.now(UTC))
            )
        if done.rowcount == 0:
            raise _no_such_conversation(conversation_id)
        return self.get(conversation_id)

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation with its messages. Raises NotFound."""
        _check_id(conversation_id)
        conversation = tables.conversation
        with self._engine.begin() as connection:
            done = connection.execute(
                delete(conversation).where(conversation.c.id == conversation_id)
            )
        if done.rowcount == 0:
            raise _no_such_conversation(conversation_id)

    def add_exchange(
        self,
        conversation_id: str,
        *,
        question: str,
        message_id: str,
        text: str,
        answer: Mapping[str, Any],
        elapsed_ms: float,
        starting: bool,
    ) -> None:
        """Store a question and its answer together; `starting` makes the conversation too.

        Raises NotFound when the conversation has been deleted meanwhile.
        """
        now = datetime.now(UTC)
        conversation, message = tables.conversation, tables.message
        with self._engine.begin() as connection:
            if starting:
                connection.execute(
                    insert(conversation).values(
                        id=conversation_id,
                        title=title_from(question),
                        created_at=now,
                        updated_at=now,
                    )
                )
            else:
                # Writing first takes the lock, so two answers at once get different positions.
                done = connection.execute(
                    update(conversation)
                    .where(conversation.c.id == conversation_id)
                    .values(updated_at=now)
                )
                if done.rowcount == 0:
                    raise _no_such_conversation(conversation_id)
            last = connection.scalar(
                select(func.max(message.c.position)).where(
                    message.c.conversation_id == conversation_id
                )
            )
            position = 0 if last is None else last + 1
            shared = {"conversation_id": conversation_id, "created_at": now}
            connection.execute(
                insert(message),
                [
                    {
                        **shared,
                        "id": new_id(),
                        "position": position,
                        "role": "user",
                        "text": question,
                        "answer": None,
                        "elapsed_ms": None,
                    },
                    {
                        **shared,
                        "id": message_id,
                        "position": position + 1,
                        "role": "assistant",
                        "text": text,
                        "answer": dict(answer),
                        "elapsed_ms": elapsed_ms,
                    },
                ],
            )


def _containing(words: str) -> tuple[ColumnElement[bool], ...]:
    if not words:
        return ()
    conversation, message = tables.conversation, tables.message
    said = exists().where(
        message.c.conversation_id == conversation.c.id,
        message.c.text.icontains(words, autoescape=True),
    )
    return (or_(conversation.c.title.icontains(words, autoescape=True), said),)


def _message_count() -> Any:
    message = tables.message
    return (
        select(func.count())
        .select_from(message)
        .where(message.c.conversation_id == tables.conversation.c.id)
        .scalar_subquery()
    )


def _check_id(conversation_id: str) -> None:
    """Raise NotFound for what cannot be an id, which some databases refuse to look up at all."""
    if _ID.fullmatch(conversation_id) is None:
        raise _no_such_conversation(conversation_id)


def _no_such_conversation(conversation_id: str) -> NotFound:
    return NotFound(
        f"There is no conversation {conversation_id[:40]!r}.",
        fix="Leave conversation_id out to start one; GET /v1/conversations lists those there are.",
    )


def no_such_answer(message_id: str) -> NotFound:
    """What is said of an id that is no answer's."""
    return NotFound(
        f"There is no answer {message_id[:40]!r}.",
        fix="Its conversation may have been deleted; GET /v1/conversations lists those there are.",
    )


def _conversation(row: Mapping[Any, Any]) -> Conversation:
    return Conversation(
        id=row["id"],
        title=row["title"],
        created_at=_utc(row["created_at"]),
        updated_at=_utc(row["updated_at"]),
        messages=row["messages"],
    )


def _message(row: Mapping[Any, Any]) -> Message:
    return Message(
        id=row["id"],
        role=row["role"],
        text=row["text"],
        answer=cast("Mapping[str, Any] | None", row["answer"]),
        created_at=_utc(row["created_at"]),
        elapsed_ms=row["elapsed_ms"],
    )


def _utc(moment: datetime) -> datetime:
    # SQLite keeps no time zone; what is written is always UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
