"""What can be done with one answer: hear the rest of it, stop it, say what is wrong with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool
from typing_extensions import TypedDict

from api.bodies import FeedbackBody
from api.service import ServiceDep
from api.streaming import MEDIA_TYPE as EVENT_STREAM
from api.streaming import Told, event_stream
from corpus.feedback import Feedback, Kept

router = APIRouter(prefix="/v1/messages", tags=["chat"])


class FeedbackJson(TypedDict):
    """Feedback as it was kept."""

    message_id: str
    rating: str | None
    reasons: list[str]
    comment: str
    wanted_in_tests: bool
    created_at: datetime


STOPPED = "You stopped this answer before it was finished."


@router.get(
    "/{message_id}/events",
    response_class=Response,
    responses={200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}},
)
async def hear_on(
    request: Request,
    message_id: str,
    service: ServiceDep,
    last_event_id: Annotated[str, Header(max_length=100)] = "",
) -> Response:
    """Hear an answer on from where the connection was lost: `Last-Event-ID`, or from its start.

    The events are those of POST /v1/chat; of an answer that ended a while ago, `answer` alone.
    """
    running = service.exchanges.get(message_id)
    if running is not None:
        return event_stream(running.events(_heard(message_id, last_event_id)), request.url.path)
    message = await run_in_threadpool(service.conversations.answer, message_id)

    async def stored() -> AsyncIterator[Told]:
        yield Told("answer", message.answer or {})

    return event_stream(stored(), request.url.path)


@router.post("/{message_id}/stop", status_code=204)
def stop(message_id: str, service: ServiceDep) -> Response:
    """Stop an answer: what it has said is kept. One that has ended stays as it is."""
    running = service.exchanges.get(message_id)
    if running is not None:
        running.stop(STOPPED)
    else:
        service.conversations.answer(message_id)
    return Response(status_code=204)


@router.post("/{message_id}/feedback")
def give_feedback(message_id: str, body: FeedbackBody, service: ServiceDep) -> FeedbackJson:
    """Say whether an answer is good, and whether it belongs in the test set.

    What is sent takes the place of what was said of the same answer before.
    """
    given = Feedback(
        message_id,
        body.rating,
        tuple(dict.fromkeys(body.reasons)),
        body.comment,
        body.wanted_in_tests,
    )
    return _feedback_json(service.feedback.give(given))


def _heard(message_id: str, last_event_id: str) -> int:
    """How many events the caller has heard; none when the id is not one of this answer's."""
    whose, _, number = last_event_id.rpartition(":")
    heard = whose == message_id and number.isascii() and number.isdigit() and len(number) < 10
    return int(number) if heard else 0


def _feedback_json(kept: Kept) -> FeedbackJson:
    given = kept.feedback
    return {
        "message_id": given.message_id,
        "rating": given.rating.value if given.rating else None,
        "reasons": [reason.value for reason in given.reasons],
        "comment": given.comment,
        "wanted_in_tests": given.wanted_in_tests,
        "created_at": kept.created_at,
    }
