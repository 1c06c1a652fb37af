"""Drafts checked over HTTP: a file or pasted text in, a report out in each of its forms.

A report is kept in the library's database until someone deletes it.
"""

from __future__ import annotations

import json
import queue
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from pydantic import ValidationError
from typing_extensions import TypedDict

from api.bodies import MOST_DRAFT, CheckBody, WaiversBody
from api.checking import check_one, read_draft
from api.document_routes import safe_name, store_upload
from api.problems import Problem
from api.service import Service, ServiceDep
from api.streaming import MEDIA_TYPE as EVENT_STREAM
from api.streaming import Told, event_stream
from assistant.checks.checking import Telling, Wanted
from assistant.checks.commenting import commented
from assistant.checks.comparing import waived
from assistant.checks.formats import FORMATS
from assistant.checks.formats.as_json import report_json
from assistant.checks.formats.from_json import report_from_json
from assistant.checks.types import Waiver
from corpus.checked import CheckedDraft

router = APIRouter(prefix="/v1/checks", tags=["checks"])

TYPES = {
    "text": "text/plain",
    "json": "application/json",
    "html": "text/html",
    "md": "text/markdown",
    "csv": "text/csv",
    "sarif": "application/sarif+json",
    "junit": "application/xml",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
PASTED = "Pasted text"


class CheckedDraftJson(TypedDict):
    """A checked draft without its report; the counts are of findings."""

    id: str
    name: str
    created_at: datetime
    clauses: int
    conflicts: int
    unsure: int
    supports: int


class CheckedDraftsJson(TypedDict):
    """Some of the checked drafts, the newest first, and how many there are in all."""

    checks: list[CheckedDraftJson]
    total: int
    limit: int
    offset: int


class DraftPageJson(TypedDict):
    """A page of a draft: the offsets of its clauses are offsets in `text`."""

    number: int
    text: str


class DraftPagesJson(TypedDict):
    """A draft's text as it was read."""

    pages: list[DraftPageJson]


async def _json_sent(request: Request) -> CheckBody | None:
    """The body of a request that sends JSON instead of a form."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        return None
    try:
        return CheckBody.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise Problem(
            422,
            f"{where}: {first['msg']}.",
            fix='Send {"text": "…"} as JSON, or a form with `file` or `text`.',
            code="nothing_to_check",
        ) from error


@router.post(
    "",
    response_model=None,
    openapi_extra={
        "requestBody": {"content": {"application/json": {"schema": CheckBody.model_json_schema()}}}
    },
)
def check(
    request: Request,
    service: ServiceDep,
    sent: Annotated[CheckBody | None, Depends(_json_sent)],
    file: Annotated[UploadFile | None, File(description="The draft.")] = None,
    text: Annotated[str, Form(max_length=MOST_DRAFT, description="Or its text.")] = "",
    name: Annotated[str, Form(max_length=200, description="What to call pasted text.")] = "",
    supports: Annotated[bool, Form(description="List clauses that support, too.")] = False,
    min_confidence: Annotated[float, Form(ge=0, le=1, allow_inf_nan=False)] = 0.0,
    against: Annotated[str, Form(max_length=32, description="An earlier check's id.")] = "",
) -> Response | dict[str, Any]:
    """Check a draft; asked for text/event-stream, tells `progress` and then one `report`.

    Compared with an earlier check (`against`), it takes over that one's waivers.
    """
    asked = sent or CheckBody(
        text=text, name=name, supports=supports, min_confidence=min_confidence, against=against
    )
    if (file is None) == (not asked.text.strip()):
        raise Problem(
            422,
            "There must be a file or a text, and not both.",
            fix="Send a form with `file`, or with `text`; or JSON with `text`.",
            code="nothing_to_check",
        )
    # What an earlier check is asked for is looked up here, so a wrong id still has a status code.
    if asked.against:
        service.checked.report(asked.against)
    job = _Job(service, secrets.token_hex(16), asked)
    job.store(file)
    if EVENT_STREAM in request.headers.get("accept", ""):
        return event_stream(_told(job), request.url.path)
    return job.run(None)


@router.get("")
def list_checks(
    service: ServiceDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> CheckedDraftsJson:
    """List the drafts that were checked, the newest first."""
    found, total = service.checked.list(limit=limit, offset=offset)
    return {
        "checks": [_checked_json(held) for held in found],
        "total": total,
        "limit": limit,
        "offset": offset,
    }


@router.get("/{check_id}/pages")
def read_draft_pages(service: ServiceDep, check_id: str) -> DraftPagesJson:
    """Read the draft itself, page by page."""
    pages = service.checked.pages(check_id)
    return {"pages": [{"number": page.number, "text": page.text} for page in pages]}


@router.put("/{check_id}/waivers")
def set_waivers(service: ServiceDep, check_id: str, body: WaiversBody) -> dict[str, Any]:
    """Accept findings by name, with a reason and a last day; those accepted before are left."""
    report = report_from_json(service.checked.report(check_id))
    known = {found.fingerprint for found in report.findings}
    waivers = [
        Waiver(held.fingerprint, held.name, held.reason, held.expires) for held in body.waivers
    ]
    if unknown := [held.fingerprint for held in waivers if held.fingerprint not in known]:
        raise Problem(
            422,
            f"No finding of this check has the fingerprint {unknown[0]!r}.",
            fix="Take the fingerprints from the findings of GET /v1/checks/{id}.",
            code="unknown_finding",
        )
    inline = [found.waiver for found in report.findings if found.waiver and found.waiver.inline]
    findings, _ = waived(report.findings, [*inline, *waivers], date.today())
    held = {"id": check_id, **report_json(replace(report, findings=tuple(findings)))}
    service.checked.replace_report(check_id, held)
    return held


@router.get("/{check_id}.{form}")
def get_report_in(service: ServiceDep, check_id: str, form: str) -> Response:
    """A report in one of its forms: json, html, md, csv, sarif, junit, text, docx."""
    return get_report(service, check_id, form)


@router.get("/{check_id}")
def get_report(service: ServiceDep, check_id: str, form: str = "json") -> Response:
    """A report in one of its forms: json, html, md, csv, sarif, junit, text, docx."""
    held = service.checked.report(check_id)
    if form not in TYPES:
        raise Problem(
            404,
            f"There is no form {form[:20]!r} of a report.",
            fix=f"The forms are {', '.join(TYPES)}.",
            code="not_found",
        )
    report = report_from_json(held)
    if form == "docx":
        original = service.checked.original(check_id)
        if original is None:
            raise Problem(
                404,
                "This draft was no .docx, so there is none to put comments into.",
                fix=f"The other forms are {', '.join(name for name in TYPES if name != 'docx')}.",
                code="not_found",
            )
        content = commented(original, report)
    elif form == "json":
        content = json.dumps(held, ensure_ascii=False).encode()
    else:
        content = FORMATS[form](report).encode()
    # Whatever a draft holds, a browser runs none of it.
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(content, media_type=TYPES[form], headers=headers)


@router.delete("/{check_id}", status_code=204)
def delete_report(service: ServiceDep, check_id: str) -> Response:
    """Delete a report and its draft."""
    service.checked.delete(check_id)
    return Response(status_code=204)


@dataclass(frozen=True, slots=True)
class _Job:
    """One draft to check, in a folder of its own while that lasts."""

    service: Service
    id: str
    asked: CheckBody

    @property
    def folder(self) -> Path:
        return self.service.incoming / f"check-{self.id}"

    def store(self, file: UploadFile | None) -> None:
        """Put the draft where a reader can open it. Raises UserError when the disk is full."""
        name = safe_name(file.filename) if file else "draft.md"
        path = self.folder / name
        if file is not None:
            store_upload(file, path)
            return
        path.parent.mkdir(parents=True)
        path.write_text(self.asked.text, encoding="utf-8")

    def run(self, progress: Telling | None) -> dict[str, Any]:
        """Check the draft and keep the report; one that fails is not kept."""
        try:
            return self._run(progress)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, progress: Telling | None) -> dict[str, Any]:
        asked, kept = self.asked, self.service.checked
        [path] = self.folder.iterdir()
        draft = read_draft(path)
        if asked.text:
            draft = replace(draft, name=asked.name or PASTED)
        earlier = report_from_json(kept.report(asked.against)) if asked.against else None
        report = check_one(
            self.service.checker(),
            draft,
            Wanted(supports=asked.supports, min_confidence=asked.min_confidence),
            against=earlier,
            waivers=[
                found.waiver
                for found in (earlier.findings if earlier else ())
                if found.waiver and not found.waiver.inline
            ],
            progress=progress,
        )
        held = {"id": self.id, **report_json(report)}
        kept.add(
            self.id,
            name=draft.name,
            report=held,
            pages=draft.pages,
            original=path.read_bytes() if path.suffix.lower() == ".docx" else None,
        )
        return held


def _told(job: _Job) -> Iterator[Told]:
    """`progress` while the check runs in a thread of its own, and then its `report`.

    A caller who goes away finds the report kept all the same, under the id that was told.
    """
    events: queue.Queue[Told | BaseException] = queue.Queue()

    def tell(doing: str, done: int, total: int) -> None:
        events.put(Told("progress", {"id": job.id, "doing": doing, "done": done, "total": total}))

    threading.Thread(target=lambda: _work(job, tell, events.put), name="check", daemon=True).start()
    while not isinstance(event := events.get(), BaseException):
        yield event
        if event.event == "report":
            return
    raise event


def _work(job: _Job, tell: Telling, put: Callable[[Told | BaseException], None]) -> None:
    try:
        put(Told("report", job.run(tell)))
    except Exception as error:  # told to the caller as the stream's last event
        put(error)


def _checked_json(held: CheckedDraft) -> CheckedDraftJson:
    return {
        "id": held.id,
        "name": held.name,
        "created_at": held.created_at,
        "clauses": held.clauses,
        "conflicts": held.conflicts,
        "unsure": held.unsure,
        "supports": held.supports,
    }
