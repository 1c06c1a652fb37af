"""A draft laid out as it reads, each clause in its place and its telling words marked.

Headings, paragraphs, list items and tables are kept as the reader found them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from api.page_text import without_gaps
from corpus.types import Block, BlockKind, Page

_BULLET = re.compile(r"[-–•▪●◦‣■□*]\s+(?=\S)")
_NUMBER = re.compile(r"\(?\w{1,3}[.)]\s")
_CELL = " | "  # between the cells of a table row, as the readers write it


@dataclass(frozen=True, slots=True)
class Flag:
    """A finding as the draft shows it: a numbered mark behind the clause."""

    number: int
    anchor: str  # where the finding stands
    words: str
    verdict: str  # or "waived"


@dataclass(frozen=True, slots=True)
class ClauseMark:
    """A clause as the draft shows it: where it is, and what hangs on it."""

    id: str
    start: int  # offsets in its page
    end: int
    verdict: str = ""  # the gravest of the findings shown; empty where none is
    flags: tuple[Flag, ...] = ()
    telling: tuple[tuple[int, int], ...] = ()  # offsets in the page


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that are telling, or are not."""

    text: str
    telling: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text within one clause, or between clauses."""

    runs: tuple[Run, ...]
    clause: ClauseMark | None
    first: bool  # whether the clause begins here, and is named here
    last: bool  # whether it ends here, and its findings are named here


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    cells: tuple[tuple[Stretch, ...], ...]
    heads: bool = False  # whether it names the columns


@dataclass(slots=True)
class Part:
    """One piece of a draft: a heading, a paragraph, a whole list, a whole table, a page's edge."""

    kind: str  # "heading", "paragraph", "list", "table", "page", or another BlockKind
    level: int = 0  # of a heading, as its author gave it
    rank: int = 0  # of a heading: its level without gaps, as a list of headings needs it
    page: int = 0  # of a page's edge
    text: tuple[Stretch, ...] = ()
    items: list[Item] = field(default_factory=list["Item"])
    rows: list[Row] = field(default_factory=list[Row])


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list."""

    text: tuple[Stretch, ...]
    level: int
    numbered: bool  # whether its text begins with its number


def draft_parts(
    pages: Sequence[Page], marks: Mapping[int, Sequence[ClauseMark]], *, paged: bool
) -> list[Part]:
    """The pieces of some pages in order; `marks` by page number, in the order of the text.

    `paged` says whether the pages are sheets that a reader knows, whose edges are shown.
    """
    parts: list[Part] = []
    rank = 0
    for page in pages:
        if paged:
            parts.append(Part("page", page=page.number))
        marker = _Marker(page, marks.get(page.number, ()))
        table: list[Block] = []
        for block in without_gaps(page):
            if block.kind is not BlockKind.TABLE_ROW and table:
                parts.append(_table(page, table, marker))
                table = []
            if block.kind is BlockKind.TABLE_ROW:
                table.append(block)
            elif block.kind is BlockKind.LIST_ITEM:
                if not parts or parts[-1].kind != "list":
                    parts.append(Part("list"))
                bullet = _BULLET.match(page.text, block.start, block.end)
                numbered = _NUMBER.match(page.text, block.start, block.end) is not None
                text = marker.stretches(bullet.end() if bullet else block.start, block.end)
                parts[-1].items.append(Item(text, max(block.level, 1), numbered))
            else:
                if block.kind is BlockKind.HEADING:
                    rank = min(max(block.level, 1), rank + 1)
                text = marker.stretches(block.start, block.end)
                parts.append(Part(block.kind.value, level=block.level, rank=rank, text=text))
        if table:
            parts.append(_table(page, table, marker))
    return parts


class _Marker:
    """Cuts a page's text at its clauses and their telling words."""

    def __init__(self, page: Page, marks: Sequence[ClauseMark]) -> None:
        self._text = page.text
        self._marks = sorted(marks, key=lambda mark: mark.start)
        self._begun: set[str] = set()

    def stretches(self, start: int, end: int) -> tuple[Stretch, ...]:
        """The text from `start` to `end`, in pieces."""
        made: list[Stretch] = []
        at = start
        for mark in self._marks:
            first, last = max(mark.start, start), min(mark.end, end)
            if first >= last:
                continue
            if first > at:
                made.append(self._stretch(at, first, None))
            made.append(self._stretch(first, last, mark))
            at = last
        if at < end:
            made.append(self._stretch(at, end, None))
        return tuple(made)

    def _stretch(self, start: int, end: int, mark: ClauseMark | None) -> Stretch:
        if mark is None:
            return Stretch((Run(self._text[start:end], False),), None, False, False)
        begins = mark.id not in self._begun
        self._begun.add(mark.id)
        ends = not self._text[end : mark.end].strip(" |\n")
        return Stretch(tuple(self._runs(start, end, mark)), mark, begins, ends)

    def _runs(self, start: int, end: int, mark: ClauseMark) -> Iterator[Run]:
        at = start
        for first, last in _joined(mark.telling):
            first, last = max(first, at), min(last, end)
            if first >= last:
                continue
            if first > at:
                yield Run(self._text[at:first], False)
            yield Run(self._text[first:last], True)
            at = last
        if at < end:
            yield Run(self._text[at:end], False)


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap made one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _table(page: Page, blocks: Sequence[Block], marker: _Marker) -> Part:
    """Rows as a table; where the rows repeat the names of the columns, those are said once."""
    rows = [list(_cells(page.text, block)) for block in blocks]
    names = [page.text[start:end] for start, end in rows[0]]
    labels = [[_label(page.text[start:end], names) for start, end in row] for row in rows]
    heads = len(rows) > 1 and len(names) > 1 and all(any(row) for row in labels[1:])
    part = Part("table")
    if not heads:
        for row in rows:
            part.rows.append(Row(tuple(marker.stretches(start, end) for start, end in row)))
        return part
    # A column that the header leaves blank comes first.
    columns = [""] * (not all(all(row) for row in labels)) + names
    top = {name: marker.stretches(*cell) for name, cell in zip(names, rows[0], strict=True)}
    part.rows.append(Row(tuple(top.get(column, ()) for column in columns), heads=True))
    for row, labels_of_row in zip(rows[1:], labels[1:], strict=True):
        cells: dict[str, tuple[Stretch, ...]] = {}
        for (start, end), label in zip(row, labels_of_row, strict=True):
            said = f"{label.rstrip(':')}: " if label else ""
            shift = len(said) if said and page.text.startswith(said, start) else 0
            column = label or ""
            cells[column] = (*cells.get(column, ()), *marker.stretches(start + shift, end))
        part.rows.append(Row(tuple(cells.get(column, ()) for column in columns)))
    return part


def _cells(text: str, block: Block) -> Iterator[tuple[int, int]]:
    at = block.start
    for cell in text[block.start : block.end].split(_CELL):
        yield at, at + len(cell)
        at += len(cell) + len(_CELL)


def _label(cell: str, names: Sequence[str]) -> str | None:
    """The column that a cell names itself as, as `Cost: 3` does."""
    return next(
        (name for name in names if cell == name or cell.startswith(f"{name.rstrip(':')}: ")), None
    )
