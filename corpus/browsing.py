"""What a person browsing the library asks of it: who has these words, which versions, who cites."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Text, exists, select
from sqlalchemy import cast as sql_cast

from corpus import tables
from corpus.library import Library

SNIPPET = 160  # characters shown around words that were found


@dataclass(frozen=True, slots=True)
class VersionState:
    """One state of a document, without its text."""

    id: str
    number: int
    file_name: str
    size: int  # bytes
    pages: int
    added_at: datetime
    retired_at: datetime | None  # None for the one that is searched
    from_path: bool  # whether a file of the server holds it too, so that ingest may bring it back
    warnings: tuple[str, ...]
    hidden: tuple[Mapping[str, Any], ...]  # {"page", "kind", "text"} of what was dropped


@dataclass(frozen=True, slots=True)
class Spot:
    """Where words were found: a page, and its text around the first of them."""

    page: int
    before: str
    found: str
    after: str


@dataclass(frozen=True, slots=True)
class Citing:
    """An answer that was kept and quotes a document."""

    conversation_id: str
    message_id: str
    question: str
    pages: tuple[int, ...]
    asked_at: datetime


def versions_of(library: Library, document_id: str) -> list[VersionState]:
    """Every version of a document, the newest first; empty when there is no such document."""
    version = tables.version
    query = (
        select(version)
        .where(version.c.document_id == document_id)
        .order_by(version.c.number.desc())
    )
    with library.engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        VersionState(
            id=row["id"],
            number=row["number"],
            file_name=row["file_name"],
            size=row["size"],
            pages=row["page_count"],
            added_at=_utc(row["added_at"]),
            retired_at=_utc(row["retired_at"]) if row["retired_at"] else None,
            from_path=bool(row["path"]),
            warnings=tuple(row["warnings"]),
            hidden=tuple(row["hidden"]),
        )
        for row in rows
    ]


def versions_in_force(library: Library, document_ids: Iterable[str]) -> dict[str, str]:
    """The current version of each of these documents that the library holds."""
    version = tables.version
    query = select(version.c.document_id, version.c.id).where(
        version.c.document_id.in_(set(document_ids)), version.c.retired_at.is_(None)
    )
    with library.engine.connect() as connection:
        return {row.document_id: row.id for row in connection.execute(query)}


def versions_with_words(library: Library, words: Sequence[str]) -> set[str]:
    """The ids of the current versions whose title, publisher or text has every one of the words.

    Each word may stand anywhere, in capitals or not, and inside a longer word.
    """
    version, page = tables.version, tables.page
    query = select(version.c.id).where(version.c.retired_at.is_(None))
    for word in words:
        said = exists().where(
            page.c.version_id == version.c.id, page.c.text.icontains(word, autoescape=True)
        )
        query = query.where(
            version.c.title.icontains(word, autoescape=True)
            | version.c.publisher.icontains(word, autoescape=True)
            | said
        )
    with library.engine.connect() as connection:
        return set(connection.scalars(query))


def spot_of(library: Library, version_id: str, words: Sequence[str]) -> Spot | None:
    """The page of a version that has most of the words, at the first; None where none has any."""
    best: tuple[int, Spot] | None = None
    for page in library.pages(version_id):
        folded = page.text.lower()
        # A few letters change their length in lower case; such a page's places cannot be trusted.
        held = [word for word in words if word.lower() in folded]
        if not held or len(folded) != len(page.text) or (best and len(held) <= best[0]):
            continue
        at = folded.index(held[0].lower())
        start, end = at, at + len(held[0])
        spot = Spot(
            page.number,
            _on_one_line(page.text[max(0, start - SNIPPET // 2) : start].partition(" ")[2]),
            page.text[start:end],
            _on_one_line(page.text[end : end + SNIPPET].rpartition(" ")[0]),
        )
        best = (len(held), spot)
    return best[1] if best else None


def answers_citing(library: Library, document_id: str, *, limit: int = 50) -> list[Citing]:
    """The answers that were kept and quote a document, the latest first; at most `limit`."""
    message = tables.message
    query = (
        select(message)
        .where(
            message.c.role == "assistant",
            sql_cast(message.c.answer, Text).contains(f'"{document_id}"', autoescape=True),
        )
        .order_by(message.c.created_at.desc())
        .limit(limit)
    )
    found: list[Citing] = []
    with library.engine.connect() as connection:
        for row in connection.execute(query).mappings().all():
            pages = _cited_pages(cast("Mapping[str, Any]", row["answer"]), document_id)
            if not pages:
                continue  # it names the document, and quotes another
            asked = connection.scalar(
                select(message.c.text).where(
                    message.c.conversation_id == row["conversation_id"],
                    message.c.position == row["position"] - 1,
                )
            )
            found.append(
                Citing(
                    conversation_id=row["conversation_id"],
                    message_id=row["id"],
                    question=asked or "",
                    pages=pages,
                    asked_at=_utc(row["created_at"]),
                )
            )
    return found


def _cited_pages(answer: Mapping[str, Any], document_id: str) -> tuple[int, ...]:
    pages = {
        int(citation["page"])
        for sentence in answer.get("sentences", [])
        for citation in sentence.get("citations", [])
        if citation.get("document_id") == document_id
    }
    return tuple(sorted(pages))


def _on_one_line(text: str) -> str:
    """Text with each run of white space as one space, at its ends too."""
    return re.sub(r"\s+", " ", text)


def _utc(moment: datetime) -> datetime:
    # SQLite keeps no time zone; what is written is always UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
