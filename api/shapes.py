"""The JSON that programs rely on: our types as plain dicts, for the command line and for HTTP.

Names stay as they are here; fields may be added. `quote` equals the page's text from `start` to
`end`, character for character.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any, NotRequired, cast

# pydantic wants this TypedDict, not typing's, before Python 3.12.
from typing_extensions import TypedDict

from corpus.types import Details

if TYPE_CHECKING:
    from assistant.checks.types import Report as CheckReport
    from assistant.types import Answer, AnswerSentence, AnswerTable
    from corpus.filters import Filters
    from corpus.types import Citation, Document, Page, Passage
    from ingest.ingesting import Report, Result


class SourceJson(TypedDict):
    """What is said about a document wherever it is named."""

    title: str
    publisher: str
    published: str | None  # ISO date
    standing: str
    url: str  # of the original; empty when not known
    place: str


class CitationJson(TypedDict):
    """Exact characters of a page, and the address that opens them."""

    document_id: str
    version_id: str
    title: str
    publisher: str
    published: str | None
    standing: str
    url: str  # of the original; empty when not known
    page: int
    start: int
    end: int
    quote: str
    link: str  # on this server, e.g. "/documents/wigan/pages/3?version=wigan.v1&start=10&end=90"


class SentenceJson(TypedDict):
    """One sentence of an answer."""

    text: str
    citations: list[CitationJson]


class TableRowJson(TypedDict):
    """One thing compared; an empty cell is one that the library has no evidence for."""

    label: str
    document_id: str
    cells: list[list[SentenceJson]]


class TableJson(TypedDict):
    """Things side by side; `columns` are the aspects asked about."""

    columns: list[str]
    rows: list[TableRowJson]


class AnswerJson(TypedDict):
    """`plumbline ask --json`."""

    completeness: str
    declined: str | None
    sentences: list[SentenceJson]
    missing: list[str]
    message: str  # what a person reads where there are no sentences, or beside them
    notes: list[str]  # how the answer came to be
    table: TableJson | None  # of a comparison; its sentences are among `sentences` too
    read: int | None  # documents looked through, where that was all of them
    elapsed_ms: float
    filters: NotRequired[FiltersJson | None]  # the part of the library that was asked, over HTTP
    # Of wording that was checked: the report as `plumbline check --format json` has it; else null.
    check: dict[str, Any] | None


class FiltersJson(TypedDict, total=False):
    """The conditions that were set, and no others."""

    collection: str
    documents: list[str]
    sectors: list[str]
    principles: list[int]
    standings: list[str]
    published_from: str  # ISO date
    published_to: str
    place: str
    as_of: str


class PassageJson(SourceJson):
    """One of `plumbline search --json`."""

    document_id: str
    version_id: str
    page: int
    start: int
    end: int
    text: str
    heading: str
    score: float
    link: str


class SearchJson(TypedDict):
    """`plumbline search --json`."""

    passages: list[PassageJson]


class PageJson(TypedDict):
    """A page's text as it is kept and quoted."""

    number: int
    text: str


class ShownJson(SourceJson):
    """`plumbline show --json`."""

    document_id: str
    version_id: str
    version: int
    collection: str
    page_count: int
    pages: list[PageJson]


class DocumentJson(SourceJson):
    """One of `plumbline list --json`."""

    document_id: str
    version_id: str
    version: int
    collection: str
    kind: str
    licence: str
    sectors: list[str]
    principles: list[tuple[int, str]]
    pages: int
    chunks: int


class DocumentsJson(TypedDict):
    """`plumbline list --json`."""

    documents: list[DocumentJson]


class FaultJson(TypedDict):
    """Why one file failed."""

    code: str
    message: str


class ResultJson(TypedDict):
    """What became of one file."""

    path: str
    outcome: str
    document_id: str | None
    version: int | None
    pages: int
    chunks: int
    warnings: list[str]
    error: FaultJson | None


class ReportJson(TypedDict):
    """`plumbline ingest --json`."""

    documents: list[ResultJson]
    totals: dict[str, int]  # by outcome, and "skipped"
    skipped: list[str]  # files in a folder that no reader takes


def page_link(document_id: str, page: int, *, version_id: str, start: int = 0, end: int = 0) -> str:
    """The address, on the server, of a page with `start` to `end` marked; none when they meet."""
    marked = f"&start={start}&end={end}" if end > start else ""
    return f"/documents/{document_id}/pages/{page}?version={version_id}{marked}"


def details_in(passages: Iterable[Passage]) -> dict[str, Details]:
    """The details of each document that was found, by its id: what `answer_json` wants beside."""
    return {passage.chunk.document_id: passage.details for passage in passages}


def answer_json(answer: Answer, details: Mapping[str, Details]) -> AnswerJson:
    """An answer; `details` are those of the documents that were found (see `details_in`)."""
    return {
        "completeness": answer.completeness.value,
        "declined": answer.declined.value if answer.declined else None,
        "sentences": [sentence_json(sentence, details) for sentence in answer.sentences],
        "missing": list(answer.missing),
        "message": answer.message,
        "notes": list(answer.notes),
        "table": _table_json(answer.table, details) if answer.table else None,
        "read": answer.read,
        "elapsed_ms": answer.elapsed_ms,
        "check": _check_json(answer.check),
    }


def _check_json(report: CheckReport | None) -> dict[str, Any] | None:
    if report is None:
        return None
    from assistant.checks.formats.as_json import report_json as check_report_json

    return check_report_json(report)


def _table_json(table: AnswerTable, details: Mapping[str, Details]) -> TableJson:
    return {
        "columns": list(table.columns),
        "rows": [
            {
                "label": row.label,
                "document_id": row.document_id,
                "cells": [
                    [sentence_json(sentence, details) for sentence in cell] for cell in row.cells
                ],
            }
            for row in table.rows
        ],
    }


def sentence_json(sentence: AnswerSentence, details: Mapping[str, Details]) -> SentenceJson:
    """One sentence of an answer with its citations."""
    return {
        "text": sentence.text,
        "citations": [
            _citation_json(citation, details.get(citation.document_id, Details()))
            for citation in sentence.citations
        ],
    }


def filters_json(filters: Filters) -> FiltersJson | None:
    """The part of the library that a question was put to; None for the whole of it."""
    told = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(filters).items()
        if value
    }
    return cast("FiltersJson", told) or None


def search_json(passages: Sequence[Passage]) -> SearchJson:
    """What a search found, best first."""
    return {"passages": [_passage_json(passage) for passage in passages]}


def shown_json(document: Document, pages: Sequence[Page]) -> ShownJson:
    """A document with the text of some or all of its pages."""
    return {
        "document_id": document.id,
        "version_id": document.version_id,
        "version": document.version,
        "collection": document.collection,
        "page_count": document.pages,
        "pages": [{"number": page.number, "text": page.text} for page in pages],
        **_source_json(document.details),
    }


def documents_json(documents: Sequence[Document]) -> DocumentsJson:
    """The documents of the library, without their text."""
    return {"documents": [document_json(document) for document in documents]}


def document_json(document: Document) -> DocumentJson:
    """A document without its text."""
    details = document.details
    return {
        "document_id": document.id,
        "version_id": document.version_id,
        "version": document.version,
        "collection": document.collection,
        "kind": details.kind,
        "licence": details.licence,
        "sectors": list(details.sectors),
        "principles": list(details.principles),
        "pages": document.pages,
        "chunks": document.chunks,
        **_source_json(details),
    }


def report_json(report: Report) -> ReportJson:
    """What became of each file, and how many there were of each outcome."""
    from ingest.ingesting import Outcome

    totals = {outcome.value: report.count(outcome) for outcome in Outcome}
    return {
        "documents": [_result_json(result) for result in report.results],
        "totals": {**totals, "skipped": len(report.skipped)},
        "skipped": list(report.skipped),
    }


def _citation_json(citation: Citation, details: Details) -> CitationJson:
    return {
        "document_id": citation.document_id,
        "version_id": citation.version_id,
        "title": citation.title,
        "publisher": details.publisher,
        "published": _iso(details),
        "standing": details.standing.value,
        "url": details.url,
        "page": citation.page,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "link": page_link(
            citation.document_id,
            citation.page,
            version_id=citation.version_id,
            start=citation.start,
            end=citation.end,
        ),
    }


def _passage_json(passage: Passage) -> PassageJson:
    chunk = passage.chunk
    return {
        "document_id": chunk.document_id,
        "version_id": chunk.version_id,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
        "heading": chunk.heading,
        "score": passage.score,
        "link": page_link(
            chunk.document_id,
            chunk.page,
            version_id=chunk.version_id,
            start=chunk.start,
            end=chunk.end,
        ),
        **_source_json(passage.details),
    }


def _source_json(details: Details) -> SourceJson:
    return {
        "title": details.title,
        "publisher": details.publisher,
        "published": _iso(details),
        "standing": details.standing.value,
        "url": details.url,
        "place": details.place,
    }


def _result_json(result: Result) -> ResultJson:
    return {
        "path": result.path,
        "outcome": result.outcome.value,
        "document_id": result.document_id or None,
        "version": result.version or None,
        "pages": result.pages,
        "chunks": result.chunks,
        "warnings": list(result.warnings),
        "error": {"code": result.error[0], "message": result.error[1]} if result.error else None,
    }


def _iso(details: Details) -> str | None:
    return details.published.isoformat() if details.published else None
