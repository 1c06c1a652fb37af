"""The library over HTTP: its documents, their pages, adding and removing."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import AfterValidator
from typing_extensions import TypedDict

from api.bodies import plain_text
from api.opening import held_document, opened_page, original_file
from api.problems import Problem
from api.service import Service, ServiceDep
from api.shapes import (
    DocumentJson,
    ReportJson,
    ShownJson,
    document_json,
    report_json,
    shown_json,
)
from corpus.errors import UserError
from corpus.library import PUBLIC
from ingest.details import MANIFEST
from ingest.ingesting import Report

router = APIRouter(prefix="/v1/documents", tags=["documents"])

MOST_FILES = 100  # in one request
LONGEST_QUOTE = 4000  # characters to mark on a picture
COLLECTION_NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"

Version = Annotated[
    str | None, Query(max_length=96, description="An older version, as a citation names it.")
]
Start = Annotated[int, Query(ge=0, le=1_000_000_000)]
End = Annotated[int, Query(ge=0, le=1_000_000_000)]


class DocumentsPageJson(TypedDict):
    """Some of the documents, by title, and how many there are in all."""

    documents: list[DocumentJson]
    total: int
    limit: int
    offset: int


class BlockJson(TypedDict):
    """One laid-out piece of a page: its text from `start` to `end`."""

    kind: str
    start: int
    end: int
    level: int


class OpenedPageJson(TypedDict):
    """A page as it is kept and quoted."""

    document_id: str
    version_id: str
    current: bool  # false when a newer version has taken this one's place
    title: str
    number: int
    page_count: int
    text: str
    blocks: list[BlockJson]
    picture: str | None  # the address of the page's picture; null when it is not a PDF


@router.get("")
def list_documents(
    service: ServiceDep,
    collection: Annotated[str | None, Query(max_length=64)] = None,
    q: Annotated[str, Query(max_length=200), AfterValidator(plain_text)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> DocumentsPageJson:
    """List the documents by title; `q` keeps those whose title or publisher has these words."""
    documents = [
        document
        for document in service.store.library.documents()
        if (collection is None or document.collection == collection)
        and q.lower() in f"{document.details.title}\n{document.details.publisher}".lower()
    ]
    shown = documents[offset : offset + limit]
    return {
        "documents": [document_json(document) for document in shown],
        "total": len(documents),
        "limit": limit,
        "offset": offset,
    }


@router.get("/{document_id}")
def read_document(document_id: str, service: ServiceDep) -> ShownJson:
    """Read a document's text, page by page, as `plumbline show` prints it."""
    document = held_document(service, document_id)
    return shown_json(document, service.store.library.pages(document.version_id))


@router.get("/{document_id}/pages/{number}")
def read_page(
    document_id: str, number: int, service: ServiceDep, version: Version = None
) -> OpenedPageJson:
    """Read one page with its layout; offsets of citations are offsets in its text."""
    opened = opened_page(service, document_id, number, version)
    picture = f"/v1/documents/{document_id}/pages/{number}/picture.png?version={opened.version_id}"
    return {
        "document_id": document_id,
        "version_id": opened.version_id,
        "current": opened.is_current,
        "title": opened.document.details.title,
        "number": number,
        "page_count": opened.document.pages,
        "text": opened.page.text,
        "blocks": [
            {"kind": block.kind.value, "start": block.start, "end": block.end, "level": block.level}
            for block in opened.page.blocks
        ],
        "picture": picture if opened.pdf else None,
    }


@router.get(
    "/{document_id}/pages/{number}/picture.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "The page, as it looks."}},
)
def draw_page(
    document_id: str,
    number: int,
    service: ServiceDep,
    version: Version = None,
    quote: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006 (fastapi copies it)
    start: Start = 0,
    end: End = 0,
    scale: Annotated[float, Query(ge=0.5, le=3, allow_inf_nan=False)] = 1.5,
) -> Response:
    """Draw a page of a PDF with words marked: those of `quote`, or from `start` to `end`."""
    opened = opened_page(service, document_id, number, version)
    if opened.pdf is None:
        raise Problem(
            404,
            f"{document_id!r} is not a PDF, so its pages have no picture.",
            fix="Read the page's text instead.",
            code="no_picture",
        )
    quotes = [text[:LONGEST_QUOTE] for text in (*quote, opened.page.text[start:end])]
    wanted = tuple(text for text in quotes if text.strip())
    picture = service.pictures.picture(opened.pdf, number, quotes=wanted, scale=scale)
    return Response(
        picture, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"}
    )


@router.get(
    "/{document_id}/file",
    response_class=FileResponse,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "Its bytes."}},
)
def read_file(document_id: str, service: ServiceDep, version: Version = None) -> FileResponse:
    """Download the original, byte for byte as it was added."""
    path, file_name = original_file(service, document_id, version)
    if not path.is_file():
        raise Problem(
            404,
            f"The original of {document_id!r} is not in the data folder any more.",
            fix="Read its text instead; `plumbline doctor` says what else is missing.",
            code="no_file",
        )
    # Never shown in place: a browser would run what an HTML file holds.
    return FileResponse(path, media_type="application/octet-stream", filename=file_name)


@router.post("")
async def add_documents(
    service: ServiceDep,
    files: Annotated[list[UploadFile], File(description="One file or several.")],
    collection: Annotated[str, Form(pattern=COLLECTION_NAME)] = PUBLIC,
) -> ReportJson:
    """Take files into a collection; the report says what became of each.

    A file of the same name as before is a new version of the same document.
    """
    names = [safe_name(file.filename) for file in files]
    if len(files) > MOST_FILES or len(set(names)) < len(names):
        raise Problem(
            422,
            f"{len(files)} files were sent, under {len(set(names))} names.",
            fix=f"Send at most {MOST_FILES} at a time, each with a name of its own.",
            code="invalid",
        )
    report = await service.write(lambda: _take_in(service, names, files, collection))
    service.keep_chroma_up()
    return report_json(report)


@router.delete("/{document_id}", status_code=204)
async def remove_document(document_id: str, service: ServiceDep) -> Response:
    """Remove a document with every version of it."""

    def remove() -> None:
        service.ingester.remove(held_document(service, document_id).id)
        service.store.catch_up()

    await service.write(remove)
    service.keep_chroma_up()
    return Response(status_code=204)


def _take_in(
    service: Service, names: Sequence[str], files: Sequence[UploadFile], collection: str
) -> Report:
    """Put uploads where the readers can open them, ingest them, and clear up."""
    folder = service.incoming / secrets.token_hex(8)
    uploads: dict[Path, str] = {}
    try:
        for number, (name, file) in enumerate(zip(names, files, strict=True)):
            path = folder / str(number) / name  # a folder each: a manifest describes its own
            store_upload(file, path)
            uploads[path] = f"upload:{name}"
        report = service.ingester.ingest(
            list(uploads),
            collection=collection,
            uploads=uploads,
            progress=service.stop_if_asked,
        )
        service.store.catch_up()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    # The caller knows the file by its name, not by where it was for a moment.
    report.results = [replace(held, path=Path(held.path).name) for held in report.results]
    return report


def store_upload(file: UploadFile, path: Path) -> None:
    """Put an upload where a reader can open it. Raises UserError when the disk is full."""
    try:
        path.parent.mkdir(parents=True)
        with path.open("wb") as copy:
            shutil.copyfileobj(file.file, copy)
    except OSError as error:
        raise UserError(
            f"{path.name} could not be stored: {error.strerror or error}.",
            fix="Free some disk space on the server and send it again.",
            code="storage_full",
        ) from error


def safe_name(name: str | None) -> str:
    """A file name without folders or control characters, of at most 120 characters."""
    last = re.split(r"[/\\]", name or "")[-1]
    printable = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    path = PurePosixPath(printable or "document")
    suffix = path.suffix[:12]
    stem = path.name.removesuffix(path.suffix).encode()[:100].decode(errors="ignore") or "document"
    kept = f"{stem}{suffix}"
    return f"{stem} (uploaded){suffix}" if kept.lower() == MANIFEST else kept
