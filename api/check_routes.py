"""Drafts checked over HTTP: a file or pasted text in, a report out in each of its forms.

A report is kept as the texts of its forms, in a folder of its own, until someone deletes it.
"""

from __future__ import annotations

import queue
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import FileResponse

from api.checking import check_file
from api.document_routes import safe_name, store_upload
from api.problems import Problem
from api.service import Service, ServiceDep
from api.streaming import MEDIA_TYPE as EVENT_STREAM
from api.streaming import Told, event_stream
from assistant.checks.checking import Telling, Wanted
from assistant.checks.commenting import commented
from assistant.checks.formats import FORMATS
from assistant.checks.formats.as_json import report_json
from corpus.errors import UserError

router = APIRouter(prefix="/v1/checks", tags=["checks"])

MOST_TEXT = 400_000  # characters of pasted text
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
_ID = re.compile(r"[0-9a-f]{32}")


@router.post("", response_model=None)
def check(
    request: Request,
    service: ServiceDep,
    file: Annotated[UploadFile | None, File(description="The draft.")] = None,
    text: Annotated[str, Form(max_length=MOST_TEXT, description="Or its text.")] = "",
    supports: Annotated[bool, Form(description="List clauses that support, too.")] = False,
) -> Response | dict[str, Any]:
    """Check a draft; asked for text/event-stream, tells `progress` and then one `report`."""
    if (file is None) == (not text.strip()):
        raise Problem(
            422,
            "There must be a file or a text, and not both.",
            fix="Send a form with `file`, or with `text`.",
            code="nothing_to_check",
        )
    check_id = secrets.token_hex(16)
    folder = _folder(service, check_id)
    draft = folder / "draft" / (safe_name(file.filename) if file else "draft.md")
    try:
        if file is not None:
            store_upload(file, draft)
        else:
            draft.parent.mkdir(parents=True)
            draft.write_text(text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise UserError(
            f"The draft could not be stored: {error.strerror or error}.",
            fix="Free some disk space on the server and send it again.",
            code="storage_full",
        ) from error
    wanted = Wanted(supports=supports)
    if EVENT_STREAM in request.headers.get("accept", ""):
        return event_stream(_told(service, check_id, draft, wanted), request.url.path)
    return _checked(service, check_id, draft, wanted, None)


@router.get("/{check_id}")
def get_report(service: ServiceDep, check_id: str, form: str = "json") -> FileResponse:
    """A report in one of its forms: json, html, md, csv, sarif, junit, text, docx."""
    file = _folder(service, _known(check_id)) / "report" / form if form in TYPES else None
    if file is None or not file.is_file():
        raise Problem(
            404,
            "There is no such report, or not in that form.",
            fix=f"The forms are {', '.join(TYPES)}; docx is there for a .docx only.",
            code="not_found",
        )
    # Whatever a draft holds, a browser runs none of it.
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return FileResponse(file, media_type=TYPES[form], headers=headers)


@router.delete("/{check_id}", status_code=204)
def delete_report(service: ServiceDep, check_id: str) -> Response:
    """Delete a report and its draft."""
    folder = _folder(service, _known(check_id))
    if not folder.is_dir():
        raise Problem(404, "There is no such report.", fix="Check its id.", code="not_found")
    shutil.rmtree(folder)
    return Response(status_code=204)


def _told(service: Service, check_id: str, draft: Path, wanted: Wanted) -> Iterator[Told]:
    """`progress` while the check runs in a thread of its own, and then its `report`."""
    events: queue.Queue[Told | BaseException | None] = queue.Queue()

    def tell(doing: str, done: int, total: int) -> None:
        events.put(Told("progress", {"doing": doing, "done": done, "total": total}))

    def work() -> None:
        try:
            events.put(Told("report", _checked(service, check_id, draft, wanted, tell)))
        except Exception as error:  # told to the caller as the stream's last event
            events.put(error)
        else:
            events.put(None)

    threading.Thread(target=work, name="check", daemon=True).start()
    while (event := events.get()) is not None:
        if isinstance(event, BaseException):
            raise event
        yield event


def _checked(
    service: Service, check_id: str, draft: Path, wanted: Wanted, progress: Telling | None
) -> dict[str, Any]:
    """Check a stored draft and keep the report in every form; a draft that fails is not kept."""
    folder = _folder(service, check_id)
    try:
        report = check_file(service.checker(), draft, wanted, progress=progress)
        forms = folder / "report"
        forms.mkdir()
        for form, write in FORMATS.items():
            (forms / form).write_text(write(report), encoding="utf-8")
        if draft.suffix.lower() == ".docx":
            (forms / "docx").write_bytes(commented(draft.read_bytes(), report))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return {"id": check_id, **report_json(report)}


def _folder(service: Service, check_id: str) -> Path:
    return service.settings.data_dir / "checks" / check_id


def _known(check_id: str) -> str:
    if not _ID.fullmatch(check_id):
        raise Problem(404, "There is no such report.", fix="Check its id.", code="not_found")
    return check_id
