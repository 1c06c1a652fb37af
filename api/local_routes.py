"""What only the command line on this machine may ask, by the token in the data folder."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import StreamingResponse

from api.bodies import LocalAskBody, LocalIngestBody, filters_of
from api.guarding import TOKEN_HEADER, same_secret
from api.problems import Problem
from api.service import Service, ServiceDep, Stopping
from api.shapes import AnswerJson, answer_json, details_in, report_json
from api.streaming import Told, event_stream
from assistant.types import Finished, Searched
from corpus.filters import Filters
from corpus.types import Details
from ingest.ingesting import Progress


def _only_from_here(
    request: Request, token: Annotated[str, Header(alias=TOKEN_HEADER)] = ""
) -> None:
    held: str | None = request.app.state.local_token
    if not held or not same_secret(token, held):
        raise Problem(
            403,
            "This address is for the command line on the server's own machine.",
            fix="Use POST /v1/documents or POST /v1/chat instead.",
            code="not_local",
        )


router = APIRouter(
    prefix="/v1/local", dependencies=[Depends(_only_from_here)], include_in_schema=False
)


@router.post("/ask")
def ask(body: LocalAskBody, service: ServiceDep) -> AnswerJson:
    """Answer a question as `plumbline ask` does; nothing is kept."""
    details: dict[str, Details] = {}
    for event in service.assistant().answer(
        body.question,
        [turn.turn() for turn in body.turns],
        filters=filters_of(body.filters) or Filters(),
    ):
        if isinstance(event, Searched):
            details = details_in(event.passages)
        elif isinstance(event, Finished):
            return answer_json(event.answer, details)
    raise RuntimeError("The assistant ended without an answer.")


@router.post("/ingest")
async def ingest(request: Request, body: LocalIngestBody, service: ServiceDep) -> StreamingResponse:
    """Ingest files of this machine: `progress` events, then one `report` or one `error`."""
    return event_stream(_ingested(service, body), request.url.path)


async def _ingested(service: Service, body: LocalIngestBody) -> AsyncIterator[Told]:
    from api.commands import ingest_here

    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[Told | None] = asyncio.Queue()
    abandoned = threading.Event()

    def tell(progress: Progress) -> None:
        service.stop_if_asked()
        if abandoned.is_set():
            raise Stopping
        told = Told(
            "progress", {"done": progress.done, "total": progress.total, "name": progress.name}
        )
        loop.call_soon_threadsafe(waiting.put_nowait, told)

    def work() -> dict[str, Any]:
        report = ingest_here(
            service.store,
            [Path(path) for path in body.paths],
            collection=body.collection,
            prune=body.prune,
            rebuild=body.rebuild,
            sources=body.sources,
            progress=tell,
        )
        return dict(report_json(report))

    def end(done: asyncio.Future[dict[str, Any]]) -> None:
        if not done.cancelled():
            done.exception()  # looked at, so that asyncio does not complain when nobody waits
        waiting.put_nowait(None)

    job = asyncio.wrap_future(service.submit(work))
    job.add_done_callback(end)
    try:
        while (told := await waiting.get()) is not None:
            yield told
        yield Told("report", await job)
    finally:
        # The caller has gone: what is stored stays, and the rest is left.
        abandoned.set()
