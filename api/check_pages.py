"""The review desk's pages: check a draft, read its findings beside it, waive, compare, take away.

All of it works by forms and links; static/check.js makes it quicker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import PurePath
from typing import Annotated, cast

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.bodies import MOST_DRAFT, WaiverBody, WaiversBody
from api.check_routes import check, set_waivers
from api.desk import (
    CHANGES,
    LEAST,
    SYMBOLS,
    VERDICTS,
    Asked,
    ShownFinding,
    admitted,
    at_a_glance,
    changes,
    clause_marks,
    gravest_first,
    map_rows,
    numbered,
    stretches,
)
from api.draft_text import draft_parts
from api.page_frame import framed
from api.problems import Problem, problem_from
from api.service import Service, ServiceDep
from assistant.checks.comparing import compared, waived
from assistant.checks.formats.from_json import report_from_json
from assistant.checks.types import Report, Waiver
from corpus.errors import NotFound, UserError
from corpus.principles import load_principles
from ingest.formats import SUPPORTED

router = APIRouter(include_in_schema=False, default_response_class=Response)

LISTED = 20  # earlier checks on one page
WAIVED_FOR = timedelta(days=180)  # what the form proposes
FORMS = {  # to take away, by the name that /v1/checks gives each
    "docx": ("Word, with comments", "docx"),
    "html": ("Web page", "html"),
    "md": ("Markdown", "md"),
    "csv": ("Spreadsheet (CSV)", "csv"),
    "sarif": ("SARIF", "sarif"),
    "json": ("JSON", "json"),
}

Short = Annotated[str, Query(max_length=40)]


@router.get("/check")
def start(
    request: Request, service: ServiceDep, page: Short = "1", deleted: Short = ""
) -> Response:
    """Where a draft is given in, and the earlier checks."""
    return _start_page(request, service, page=_number(page), deleted=bool(deleted))


@router.post("/check")
async def give_in(
    request: Request,
    service: ServiceDep,
    file: Annotated[UploadFile | None, File()] = None,
    text: Annotated[str, Form()] = "",
    supports: Annotated[bool, Form()] = False,
    against: Annotated[str, Form()] = "",
) -> Response:
    """Check a draft by the form, for browsers without JavaScript."""
    sent = file if file is not None and file.filename else None
    problem = _not_to_be_checked(sent, text)
    if not problem:
        try:
            held = await run_in_threadpool(
                check,
                request,
                service,
                None,
                file=sent,
                text=text,
                supports=supports,
                against=against,
            )
        except (UserError, Problem) as error:
            problem = _told(error)
        else:
            check_id = cast("dict[str, str]", held)["id"]
            return RedirectResponse(f"/checks/{check_id}{Asked(against=against).query()}", 303)
    return _start_page(request, service, problem=problem, text=text[:MOST_DRAFT], against=against)


@router.get("/checks/{check_id}")
def desk(
    request: Request,
    service: ServiceDep,
    check_id: str,
    principle: Short = "",
    verdict: Short = "",
    confidence: Short = "",
    change: Short = "",
    waived: Short = "",
    order: Short = "",
    against: Short = "",
    part: Short = "1",
) -> Response:
    """The draft as it reads, with its findings marked in place and listed beside it."""
    asked = Asked(
        principle=principle,
        verdict=verdict if verdict in VERDICTS else "",
        confidence=confidence if confidence in LEAST else "",
        change=change if change in CHANGES else "",
        waived=waived if waived in ("no", "only") else "",
        order=order if order == "gravest" else "",
        against=against,
        part=_number(part),
    )
    return _desk_page(request, service, check_id, asked)


@router.get("/checks/{check_id}/map")
def heat_map(
    request: Request, service: ServiceDep, check_id: str, against: Short = "", part: Short = "1"
) -> Response:
    """Clauses by principles."""
    opened = _opened(service, check_id, against)
    asked = Asked(against=against, part=_number(part))
    parts = stretches(opened.report, opened.page_numbers, opened.findings)
    asked = replace(asked, part=min(asked.part, len(parts)))
    part_of = {page: held.number for held in parts for page in held.pages}
    here = set(parts[asked.part - 1].pages)
    return framed(
        request,
        "check-map.html",
        here="Check",
        check_id=check_id,
        opened=opened,
        asked=asked,
        parts=parts,
        rows=map_rows(
            [item for item in opened.report.clauses if item.clause.page in here],
            opened.findings,
            f"/checks/{check_id}",
            part_of,
            asked,
        ),
        glance=at_a_glance(opened.report),
        symbols={verdict.value: symbol for verdict, symbol in SYMBOLS.items()},
    )


@router.get("/checks/{check_id}/coverage")
def coverage(request: Request, service: ServiceDep, check_id: str, against: Short = "") -> Response:
    """What the whole draft does for each principle and criterion, and what it never mentions."""
    opened = _opened(service, check_id, against)
    principles = {held.id: held for held in load_principles()}
    return framed(
        request,
        "check-coverage.html",
        here="Check",
        check_id=check_id,
        opened=opened,
        asked=Asked(against=against),
        principles=principles,
        never=[row for row in opened.report.coverage if not row.mentioned],
    )


@router.get("/checks/{check_id}/compare")
def compare_form(
    request: Request, service: ServiceDep, check_id: str, against: Short = ""
) -> Response:
    """Choose what to compare with, and see what has become of the findings."""
    return _compare_page(request, service, check_id, against)


@router.post("/checks/{check_id}/compare")
async def compare_upload(
    request: Request,
    service: ServiceDep,
    check_id: str,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Check an earlier draft that was never checked here, and compare with it."""
    if file is None or not file.filename:
        return _compare_page(request, service, check_id, "", problem="Choose a file first.")
    supports = any(shown.verdict == "supports" for shown in _opened(service, check_id, "").findings)
    try:
        held = await run_in_threadpool(
            check, request, service, None, file=file, text="", supports=supports
        )
    except (UserError, Problem) as error:
        return _compare_page(request, service, check_id, "", problem=_told(error))
    against = cast("dict[str, str]", held)["id"]
    return RedirectResponse(f"/checks/{check_id}/compare?against={against}", 303)


@router.post("/checks/{check_id}/waive")
def waive(
    request: Request,
    service: ServiceDep,
    check_id: str,
    fingerprint: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    expires: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "",
) -> Response:
    """Accept a finding in somebody's name."""
    opened = _opened(service, check_id, "")
    given = {"fingerprint": fingerprint, "name": name, "reason": reason, "expires": expires}
    fault = ""
    try:
        body = WaiverBody.model_validate(given)
        if not body.name or not body.reason:
            fault = "A waiver needs a name and a reason."
        elif body.expires < date.today():
            fault = f"The last day, {body.expires:%d %B %Y}, has gone by already."
    except ValidationError as error:
        wrong = {str(held["loc"][0]) for held in error.errors()}
        fault = (
            "Give the last day of the waiver as a date, like 2027-01-31."
            if wrong == {"expires"}
            else "A waiver needs a name, a reason (at most 2,000 characters) and a last day."
        )
    else:
        if not fault:
            others = [
                held for held in _kept_waivers(opened.report) if held["fingerprint"] != fingerprint
            ]
            set_waivers(
                service, check_id, WaiversBody.model_validate({"waivers": [*others, given]})
            )
            return _back(check_id, back, opened.findings, fingerprint)
    return _desk_page(
        request,
        service,
        check_id,
        _asked_of(back),
        problem=fault,
        waiving=given,
    )


@router.post("/checks/{check_id}/unwaive")
def unwaive(
    service: ServiceDep,
    check_id: str,
    fingerprint: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "",
) -> Response:
    """Withdraw a waiver."""
    opened = _opened(service, check_id, "")
    others = [held for held in _kept_waivers(opened.report) if held["fingerprint"] != fingerprint]
    set_waivers(service, check_id, WaiversBody.model_validate({"waivers": others}))
    return _back(check_id, back, opened.findings, fingerprint)


@router.get("/checks/{check_id}/delete")
def confirm_deletion(request: Request, service: ServiceDep, check_id: str) -> Response:
    """Ask before a check is deleted."""
    return framed(
        request,
        "check-delete.html",
        here="Check",
        check_id=check_id,
        opened=_opened(service, check_id, ""),
    )


@router.post("/checks/{check_id}/delete")
def delete(service: ServiceDep, check_id: str) -> Response:
    """Delete a check with its draft."""
    service.checked.delete(check_id)
    return RedirectResponse("/check?deleted=yes", 303)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A kept check, as it stands today."""

    check_id: str
    report: Report
    findings: list[ShownFinding]
    page_numbers: tuple[int, ...]
    against: str  # the name of the draft compared with; empty where none is
    forms: dict[str, tuple[str, str, str]]  # to take away: label, address, file name

    @property
    def counts(self) -> dict[str, int]:
        """Findings by verdict, those waived apart."""
        held = {"conflicts": 0, "unsure": 0, "supports": 0, "waived": 0}
        for shown in self.findings:
            held["waived" if shown.finding.waiver else shown.verdict] += 1
        return held

    @property
    def compared(self) -> bool:
        """Whether it says what has changed, since a draft that may be gone by now."""
        return bool(self.report.fixed) or any(held.change for held in self.report.findings)

    @property
    def changed(self) -> dict[str, int]:
        """Findings by what has become of them since the draft compared with."""
        return changes(self.report)

    @property
    def paged(self) -> bool:
        """Whether its pages are sheets that a reader knows."""
        return self.report.name.lower().endswith(".pdf")


def _opened(service: Service, check_id: str, against: str) -> _Opened:
    """A check with its waivers as they hold today, compared with another when one is named.

    Raises NotFound.
    """
    report = report_from_json(service.checked.report(check_id))
    waivers = [found.waiver for found in report.findings if found.waiver]
    findings, _ = waived(report.findings, waivers, date.today())
    report = replace(report, findings=tuple(findings))
    name = ""
    earlier = _kept_report(service, against) if against else None
    if earlier is not None:
        name = earlier.name
        findings, fixed = compared(report.findings, earlier.findings)
        report = replace(report, findings=tuple(findings), fixed=tuple(fixed))
    stem = PurePath(report.name).stem or "draft"
    has_docx = service.checked.original(check_id) is not None
    return _Opened(
        check_id,
        report,
        numbered(report, load_principles()),
        tuple(page.number for page in service.checked.pages(check_id)),
        name,
        {
            form: (label, f"/v1/checks/{check_id}.{form}", f"{stem}-checked.{suffix}")
            for form, (label, suffix) in FORMS.items()
            if form != "docx" or has_docx
        },
    )


def _kept_report(service: Service, check_id: str) -> Report | None:
    """A kept report; None when it has been deleted since."""
    try:
        return report_from_json(service.checked.report(check_id))
    except NotFound:
        return None


def _start_page(
    request: Request,
    service: Service,
    *,
    page: int = 1,
    problem: str = "",
    text: str = "",
    against: str = "",
    deleted: bool = False,
) -> Response:
    held, total = service.checked.list(limit=LISTED, offset=(page - 1) * LISTED)
    return framed(
        request,
        "check.html",
        422 if problem else 200,
        here="Check",
        checks=held,
        total=total,
        page=page,
        pages=max(1, -(-total // LISTED)),
        problem=problem,
        text=text,
        against=against,
        deleted=deleted,
        formats=SUPPORTED,
        most_megabytes=service.settings.max_upload_mb,
        most_characters=MOST_DRAFT,
    )


def _desk_page(
    request: Request,
    service: Service,
    check_id: str,
    asked: Asked,
    *,
    problem: str = "",
    waiving: dict[str, str] | None = None,
) -> Response:
    opened = _opened(service, check_id, asked.against)
    found = admitted(opened.findings, asked)
    parts = stretches(opened.report, opened.page_numbers, found)
    asked = replace(asked, part=min(asked.part, len(parts)))
    here = set(parts[asked.part - 1].pages)
    shown = [held for held in found if held.finding.clause.page in here]
    pages = [page for page in service.checked.pages(check_id) if page.number in here]
    clauses = [item for item in opened.report.clauses if item.clause.page in here]
    return framed(
        request,
        "check-desk.html",
        422 if problem else 200,
        here="Check",
        check_id=check_id,
        opened=opened,
        asked=asked,
        found=len(found),
        shown=gravest_first(shown) if asked.order == "gravest" else shown,
        parts=parts,
        draft=draft_parts(pages, clause_marks(clauses, shown), paged=opened.paged),
        principles=[(row.principle, row.title) for row in opened.report.coverage],
        problem=problem,
        waiving=waiving or {},
        proposed=(date.today() + WAIVED_FOR).isoformat(),
        today=date.today().isoformat(),
    )


def _compare_page(
    request: Request, service: Service, check_id: str, against: str, *, problem: str = ""
) -> Response:
    opened = _opened(service, check_id, against)
    others, _ = service.checked.list(limit=100)
    return framed(
        request,
        "check-compare.html",
        422 if problem else 200,
        here="Check",
        check_id=check_id,
        opened=opened,
        asked=Asked(against=against),
        against_id=against,
        others=[held for held in others if held.id != check_id],
        changes=opened.changed,
        part_of={
            page: part.number
            for part in stretches(opened.report, opened.page_numbers, [])
            for page in part.pages
        },
        problem=problem,
        formats=SUPPORTED,
    )


def _told(error: UserError | Problem) -> str:
    """What is wrong and what to do, as a page says it."""
    fault = error if isinstance(error, Problem) else problem_from(error)
    return f"{fault.detail} {fault.fix}"


def _not_to_be_checked(file: UploadFile | None, text: str) -> str:
    """Why there is nothing to check; empty where there is."""
    if file is None and not text.strip():
        return "Choose a file, or paste the text of your draft."
    if file is not None and text.strip():
        return "There is a file and pasted text. Take one away: one draft is checked at a time."
    if len(text) > MOST_DRAFT:
        return (
            f"The pasted text has {len(text):,} characters, and at most {MOST_DRAFT:,} are taken. "
            "Send it as a file."
        )
    return ""


def _kept_waivers(report: Report) -> list[dict[str, str]]:
    """The waivers that were given here and not in the draft itself."""
    held = {found.fingerprint: found.waiver for found in report.findings if found.waiver}
    return [
        _waiver_given(fingerprint, waiver)
        for fingerprint, waiver in held.items()
        if not waiver.inline
    ]


def _waiver_given(fingerprint: str, waiver: Waiver) -> dict[str, str]:
    return {
        "fingerprint": fingerprint,
        "name": waiver.name,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
    }


def _back(
    check_id: str, back: str, findings: list[ShownFinding], fingerprint: str
) -> RedirectResponse:
    """To the desk as it was, at the finding concerned."""
    at = next((shown.anchor for shown in findings if shown.finding.fingerprint == fingerprint), "")
    place = f"#{at}" if at else ""
    return RedirectResponse(f"/checks/{check_id}{_asked_of(back).query()}{place}", 303)


def _asked_of(query: str) -> Asked:
    """What a desk's address asks for, from what a form sends back."""
    from urllib.parse import parse_qs

    held = {name: values[0][:40] for name, values in parse_qs(query[:1000].lstrip("?")).items()}
    part = _number(held.pop("part", "1"))
    known = {name: value for name, value in held.items() if name in Asked.__slots__}
    return Asked(**known, part=part)  # pyright: ignore[reportArgumentType]


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,5}", text) else 1
