"""Server-sent events: the only place that knows what they look like on the wire."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import iterate_in_threadpool
from starlette.responses import StreamingResponse

from api.problems import Problem, internal_problem, problem_body, problem_from
from corpus.errors import UserError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Told:
    """One event: its name, what it says, and where a listener who comes back may go on."""

    event: str
    data: Mapping[str, Any]
    id: str = ""


def event_stream(events: Iterator[Told] | AsyncIterator[Told], instance: str) -> StreamingResponse:
    """A response that tells `events` as they come.

    An exception becomes the last event, `error`, whose data is a problem; so a stream ends with
    exactly one event of the kind that its iterator ends with, or with one `error`.
    """
    return StreamingResponse(
        _as_sse(events, instance),
        media_type=MEDIA_TYPE,
        # Proxies that gather a response before passing it on would spoil it.
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _as_sse(
    events: Iterator[Told] | AsyncIterator[Told], instance: str
) -> AsyncIterator[bytes]:
    told = events if isinstance(events, AsyncIterator) else iterate_in_threadpool(events)
    try:
        async for event in told:
            yield _encoded(event)
    except UserError as error:
        yield _encoded(Told("error", problem_body(problem_from(error), instance)))
    except Problem as problem:
        yield _encoded(Told("error", problem_body(problem, instance)))
    except Exception:
        logger.exception("a stream ended in an error")
        yield _encoded(Told("error", problem_body(internal_problem(), instance)))


def _encoded(told: Told) -> bytes:
    # JSON holds no line break, so one data line is enough.
    place = f"id: {told.id}\n" if told.id else ""
    return f"{place}event: {told.event}\ndata: {json.dumps(told.data)}\n\n".encode("ascii")
