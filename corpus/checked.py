"""Checked drafts as they are kept: the report, the pages it is about, and a .docx as it came."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, update

from corpus import tables
from corpus.errors import NotFound
from corpus.types import Block, BlockKind, Page

_ID = re.compile(r"[0-9a-f]{32}")
_SUMMARY = ("id", "name", "created_at", "clauses", "conflicts", "unsure", "supports")


@dataclass(frozen=True, slots=True)
class CheckedDraft:
    """A checked draft without its report; the counts are of findings."""

    id: str
    name: str
    created_at: datetime
    clauses: int
    conflicts: int
    unsure: int
    supports: int


class CheckedDrafts:
    """The checked drafts of one library. A report is kept as the JSON that the interface gives."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        check_id: str,
        *,
        name: str,
        report: Mapping[str, Any],
        pages: Sequence[Page],
        original: bytes | None,
    ) -> None:
        """Keep a report with the draft's pages and, of a .docx, its bytes."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(tables.checked_draft).values(
                    id=check_id,
                    name=name,
                    created_at=datetime.now(UTC),
                    report=dict(report),
                    pages=[_page_json(page) for page in pages],
                    original=original,
                    **_counts(report),
                )
            )

    def list(self, *, limit: int = 20, offset: int = 0) -> tuple[list[CheckedDraft], int]:
        """Some checked drafts, the newest first, and how many there are in all."""
        draft = tables.checked_draft
        query = (
            select(*(draft.c[name] for name in _SUMMARY))
            .order_by(draft.c.created_at.desc(), draft.c.id)
            .limit(limit)
            .offset(offset)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
            total = connection.scalar(select(func.count()).select_from(draft)) or 0
        return [_checked_draft(row) for row in rows], total

    def report(self, check_id: str) -> dict[str, Any]:
        """The report as it was kept. Raises NotFound."""
        return dict(self._column(check_id, "report"))

    def pages(self, check_id: str) -> list[Page]:
        """The draft's pages with their layout, in order. Raises NotFound."""
        return [_page(held) for held in self._column(check_id, "pages")]

    def original(self, check_id: str) -> bytes | None:
        """The draft as it came, where it was a .docx. Raises NotFound."""
        return self._column(check_id, "original")

    def replace_report(self, check_id: str, report: Mapping[str, Any]) -> None:
        """Keep a report instead of the one there was. Raises NotFound."""
        draft = tables.checked_draft
        with self._engine.begin() as connection:
            done = connection.execute(
                update(draft)
                .where(draft.c.id == check_id)
                .values(report=dict(report), **_counts(report))
            )
        if done.rowcount == 0:
            raise _no_such_check(check_id)

    def delete(self, check_id: str) -> None:
        """Delete a report with its draft. Raises NotFound."""
        _check_id(check_id)
        draft = tables.checked_draft
        with self._engine.begin() as connection:
            done = connection.execute(delete(draft).where(draft.c.id == check_id))
        if done.rowcount == 0:
            raise _no_such_check(check_id)

    def _column(self, check_id: str, name: str) -> Any:
        _check_id(check_id)
        draft = tables.checked_draft
        with self._engine.connect() as connection:
            row = connection.execute(
                select(draft.c[name]).where(draft.c.id == check_id)
            ).one_or_none()
        if row is None:
            raise _no_such_check(check_id)
        return row[0]


def _page_json(page: Page) -> dict[str, Any]:
    return {
        "number": page.number,
        "text": page.text,
        "blocks": [[held.kind.value, held.start, held.end, held.level] for held in page.blocks],
    }


def _page(held: Mapping[str, Any]) -> Page:
    blocks = tuple(
        Block(BlockKind(kind), start, end, level) for kind, start, end, level in held["blocks"]
    )
    return Page(held["number"], held["text"], blocks)


def _counts(report: Mapping[str, Any]) -> dict[str, int]:
    verdicts = [found["verdict"] for found in report["findings"]]
    return {
        "clauses": len(report["clauses"]),
        "conflicts": verdicts.count("conflicts"),
        "unsure": verdicts.count("unsure"),
        "supports": verdicts.count("supports"),
    }


def _check_id(check_id: str) -> None:
    """Raise NotFound for what cannot be an id, which some databases refuse to look up at all."""
    if _ID.fullmatch(check_id) is None:
        raise _no_such_check(check_id)


def _no_such_check(check_id: str) -> NotFound:
    return NotFound(
        f"There is no check {check_id[:40]!r}.",
        fix="GET /v1/checks lists those there are; POST /v1/checks makes one.",
    )


def _checked_draft(row: Mapping[Any, Any]) -> CheckedDraft:
    created: datetime = row["created_at"]
    # SQLite keeps no time zone; what is written is always UTC.
    moment = created if created.tzinfo else created.replace(tzinfo=UTC)
    return CheckedDraft(
        id=row["id"],
        name=row["name"],
        created_at=moment,
        clauses=row["clauses"],
        conflicts=row["conflicts"],
        unsure=row["unsure"],
        supports=row["supports"],
    )
