"""One question and its answer within a conversation, for programs and for the page alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from typing_extensions import TypedDict

from api.shapes import AnswerJson, answer_json, details_in, filters_json, sentence_json
from api.streaming import Told
from assistant.types import (
    Answer,
    AnswerEvent,
    AnswerSentence,
    Completeness,
    Finished,
    Role,
    Searched,
    Turn,
    Wrote,
)
from corpus.conversations import Message, new_id
from corpus.filters import Filters

if TYPE_CHECKING:
    from api.metrics import Metrics
    from api.service import Service

MOST_TURNS = 20  # earlier messages that a question is understood with


class ChatJson(AnswerJson):
    """What `POST /v1/chat` answers."""

    conversation_id: str
    message_id: str
    question: str  # as it was understood


class SearchedJson(TypedDict):
    """The first event of a stream."""

    conversation_id: str
    message_id: str
    question: str
    passages: int


class Exchange:
    """A question whose passages have been found and whose answer is still to be told.

    Making one raises what can go wrong: an unknown conversation, a library that is not ready. The
    question and its answer are kept, together, when the answer is finished or stopped.
    `instead_of` is an earlier answer of the conversation: the question is understood as that one's
    was, with the turns before it.
    """

    def __init__(
        self,
        service: Service,
        metrics: Metrics,
        message: str,
        *,
        conversation_id: str | None,
        filters: Filters | None,
        message_id: str | None = None,
        instead_of: str | None = None,
    ) -> None:
        self._conversations = service.conversations
        self._metrics = metrics
        self._starting = conversation_id is None
        self._began = time.perf_counter()
        self.asked = message
        self.conversation_id = conversation_id or new_id()
        self.message_id = message_id or new_id()
        turns: list[Turn] = []
        if conversation_id is not None:
            earlier = service.conversations.messages(
                conversation_id, last=MOST_TURNS, before=instead_of
            )
            turns = [turn_of(held) for held in earlier]
        self._filters = filters or Filters()
        self._events: Iterator[AnswerEvent] = service.assistant().answer(
            message, turns, filters=self._filters
        )
        first = next(self._events)
        if not isinstance(first, Searched):
            raise TypeError(f"An answer began with {type(first).__name__}, not with Searched.")
        self._searched = first
        self._details = details_in(first.passages)
        self._said: list[AnswerSentence] = []
        self._lock = threading.Lock()
        self._kept: ChatJson | None = None

    def told(self) -> Iterator[Told]:
        """`searched`, a `sentence` each, and one `answer`; no more once it has been stopped."""
        searched: SearchedJson = {
            "conversation_id": self.conversation_id,
            "message_id": self.message_id,
            "question": self._searched.question,
            "passages": len(self._searched.passages),
        }
        yield Told("searched", searched)
        for event in self._events:
            with self._lock:
                if self._kept is not None:
                    return
                if isinstance(event, Wrote):
                    self._said.append(event.sentence)
            if isinstance(event, Wrote):
                yield Told("sentence", sentence_json(event.sentence, self._details))
            elif isinstance(event, Finished):
                yield Told("answer", self._keep(event.answer))

    def finish(self) -> ChatJson:
        """The whole answer."""
        last = None
        for told in self.told():
            last = told
        if last is None or last.event != "answer":
            raise RuntimeError("The assistant ended without an answer.")
        return cast("ChatJson", last.data)

    def stop(self, note: str) -> ChatJson:
        """End it with the sentences that have been told; the whole answer when it has ended."""
        with self._lock:
            said = tuple(self._said)
        return self._keep(
            Answer(
                Completeness.PARTIAL if said else Completeness.NONE,
                said,
                message="" if said else note,
                notes=(note,) if said else (),
                elapsed_ms=(time.perf_counter() - self._began) * 1000,
            )
        )

    def _keep(self, answer: Answer) -> ChatJson:
        """The answer as it is stored; the one that was stored first, when another comes later."""
        with self._lock:
            if self._kept is not None:
                return self._kept
            kept: ChatJson = {
                **answer_json(answer, self._details),
                "conversation_id": self.conversation_id,
                "message_id": self.message_id,
                "question": self._searched.question,
                "filters": filters_json(self._filters),
            }
            self._conversations.add_exchange(
                self.conversation_id,
                question=self.asked,
                message_id=self.message_id,
                text=answer.text,
                answer=kept,
                elapsed_ms=answer.elapsed_ms,
                starting=self._starting,
            )
            self._kept = kept
        self._metrics.count_answer(kept["completeness"], kept["declined"])
        return kept


def turn_of(message: Message) -> Turn:
    """A kept message as the assistant takes it; a declined one is marked, and so left out."""
    declined = bool(message.answer and message.answer.get("declined"))
    return Turn(Role(message.role), message.text, declined=declined)
