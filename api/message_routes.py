"""What can be done with one answer: say what is good or wrong about it."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from typing_extensions import TypedDict

from api.bodies import FeedbackBody
from api.service import ServiceDep
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
