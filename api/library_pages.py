"""The library's pages: browse, search, add, open a document, remove it. They need no JavaScript."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from api.document_routes import COLLECTION_NAME, add_documents, remove_document
from api.opening import held_document, is_pdf
from api.page_frame import framed
from api.problems import Problem
from api.service import ServiceDep
from api.shapes import ReportJson
from api.shelves import SORTS, Browsed, sector_name, shelf
from corpus.browsing import answers_citing, versions_of
from corpus.library import PUBLIC
from corpus.principles import load_principles
from ingest.formats import SUPPORTED

router = APIRouter(include_in_schema=False, default_response_class=Response)

OUTLINE_PAGES = 200  # of a document that are listed with their first words
FIRST_WORDS = 90  # characters of a page in that list

Short = Annotated[str, Query(max_length=200)]


@router.get("/documents")
def browse(
    request: Request,
    service: ServiceDep,
    q: Short = "",
    sector: Short = "",
    principle: Short = "",
    standing: Short = "",
    year: Short = "",
    collection: Short = "",
    sort: Short = "title",
    page: Short = "1",
    removed: Short = "",
) -> Response:
    """What the library holds, narrowed to what is asked for."""
    browsed = Browsed(
        q=" ".join(q.replace("\0", " ").split()),
        sector=sector,
        principle=principle,
        standing=standing,
        year=year,
        collection=collection,
        sort=sort if sort in SORTS else "title",
        page=int(page) if re.fullmatch(r"[1-9][0-9]{0,5}", page) else 1,
    )
    return _library_page(request, service, browsed, removed=removed)


@router.post("/documents")
async def add(
    request: Request,
    service: ServiceDep,
    files: Annotated[list[UploadFile], File()] = [],  # noqa: B006 (fastapi copies it)
    collection: Annotated[str, Form(pattern=COLLECTION_NAME)] = PUBLIC,
) -> Response:
    """Add files by the form, for browsers without JavaScript."""
    named = [file for file in files if file.filename]
    if not named:
        problem = "Choose at least one file first."
        return _library_page(request, service, Browsed(), problem=problem, status=422)
    try:
        report = await add_documents(service, named, collection)
    except Problem as fault:
        return _library_page(
            request,
            service,
            Browsed(),
            problem=f"{fault.detail} {fault.fix}",
            status=fault.status_code,
        )
    return _library_page(request, service, Browsed(), report=report)


@router.get("/documents/{document_id}")
def document(request: Request, document_id: str, service: ServiceDep) -> Response:
    """All that is known of one document."""
    held = held_document(service, document_id)
    library = service.store.library
    versions = versions_of(library, held.id)
    sha256, file_name = library.file_of(held.version_id)
    titles = {principle.number: principle.title for principle in load_principles()}
    return framed(
        request,
        "document.html",
        here="Library",
        document=held,
        current=versions[0],
        versions=versions,
        sectors=[sector_name(sector) for sector in held.details.sectors],
        principles=[
            (number, titles.get(number, ""), stance) for number, stance in held.details.principles
        ],
        outline=[
            (page.number, _first_words(page.text))
            for page in library.pages(held.version_id)[:OUTLINE_PAGES]
        ],
        pdf=is_pdf(service.store.files.path(sha256, file_name)),
        citing=answers_citing(library, held.id),
    )


@router.get("/documents/{document_id}/remove")
def confirm_removal(request: Request, document_id: str, service: ServiceDep) -> Response:
    """Ask before a document is removed, and say what goes with it."""
    held = held_document(service, document_id)
    library = service.store.library
    return framed(
        request,
        "document-remove.html",
        here="Library",
        document=held,
        versions=versions_of(library, held.id),
        citing=answers_citing(library, held.id),
    )


@router.post("/documents/{document_id}/remove")
async def remove(document_id: str, service: ServiceDep) -> Response:
    """Remove a document, and go back to the library, which says so."""
    title = held_document(service, document_id).details.title
    await remove_document(document_id, service)
    return RedirectResponse(f"/documents?{urlencode({'removed': title[:200]})}", 303)


def _library_page(
    request: Request,
    service: ServiceDep,
    browsed: Browsed,
    *,
    removed: str = "",
    problem: str = "",
    report: ReportJson | None = None,
    status: int = 200,
) -> Response:
    library = service.store.library
    shown = shelf(library, load_principles(), browsed)
    return framed(
        request,
        "library.html",
        status,
        here="Library",
        shelf=shown,
        sorts=SORTS,
        removed=removed,
        problem=problem,
        report=report,
        formats=SUPPORTED,
        most_megabytes=service.settings.max_upload_mb,
    )


def _first_words(text: str) -> str:
    words = " ".join(text[: FIRST_WORDS * 3].split())
    if len(words) <= FIRST_WORDS:
        return words
    return words[: FIRST_WORDS - 1].rsplit(" ", 1)[0] + "…"
