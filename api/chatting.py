"""One question and its answer within a conversation, for programs and for the page alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from typing_extensions import TypedDict

from api.metrics import Metrics
from api.service import Service
from api.shapes import AnswerJson, answer_json, details_in, sentence_json
from api.streaming import Told
from assistant.types import Answer, AnswerEvent, Finished, Role, Searched, Turn, Wrote
from corpus.conversations import Message, new_id
from corpus.filters import Filters

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
    question and its answer are kept, together, when the answer is finished.
    """

    def __init__(
        self,
        service: Service,
        metrics: Metrics,
        message: str,
        *,
        conversation_id: str | None,
        filters: Filters | None,
    ) -> None:
        self._conversations = service.conversations
        self._metrics = metrics
        self._message = message
        self._starting = conversation_id is None
        self.conversation_id = conversation_id or new_id()
        self.message_id = new_id()
        turns: list[Turn] = []
        if conversation_id is not None:
            earlier = service.conversations.messages(conversation_id, last=MOST_TURNS)
            turns = [turn_of(held) for held in earlier]
        self._events: Iterator[AnswerEvent] = service.assistant().answer(
            message, turns, filters=filters or Filters()
        )
        first = next(self._events)
        if not isinstance(first, Searched):
            raise TypeError(f"An answer began with {type(first).__name__}, not with Searched.")
        self._searched = first
        self._details = details_in(first.passages)

    def told(self) -> Iterator[Told]:
        """`searched`, a `sentence` each, and one `answer`."""
        searched: SearchedJson = {
            "conversation_id": self.conversation_id,
            "message_id": self.message_id,
            "question": self._searched.question,
            "passages": len(self._searched.passages),
        }
        yield Told("searched", searched)
        for event in self._events:
            if isinstance(event, Wrote):
                yield Told("sentence", sentence_json(event.sentence, self._details))
            elif isinstance(event, Finished):
                yield Told("answer", self._kept(event.answer))

    def finish(self) -> ChatJson:
        """The whole answer."""
        last = None
        for told in self.told():
            last = told
        if last is None or last.event != "answer":
            raise RuntimeError("The assistant ended without an answer.")
        return cast("ChatJson", last.data)

    def _kept(self, answer: Answer) -> ChatJson:
        """The answer, after it has been stored."""
        shown = answer_json(answer, self._details)
        self._conversations.add_exchange(
            self.conversation_id,
            question=self._message,
            message_id=self.message_id,
            text=answer.text,
            answer=shown,
            elapsed_ms=answer.elapsed_ms,
            starting=self._starting,
        )
        self._metrics.count_answer(shown["completeness"], shown["declined"])
        return {
            **shown,
            "conversation_id": self.conversation_id,
            "message_id": self.message_id,
            "question": self._searched.question,
        }


def turn_of(message: Message) -> Turn:
    """A kept message as the assistant takes it; a declined one is marked, and so left out."""
    declined = bool(message.answer and message.answer.get("declined"))
    return Turn(Role(message.role), message.text, declined=declined)
