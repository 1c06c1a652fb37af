"""From the cells of a table to one line a row, each cell with the name of its column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST_COLUMN_NAME = 80  # characters; a longer first row is text, not names


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, at its top left place; what a merged cell covers has no cells of its own."""

    text: str
    column: int  # counted from 0
    columns: int = 1  # how many it spans
    named: bool = False  # whether the author marked it as a header, or set it in bold

    @property
    def blank(self) -> bool:
        """Whether there is nothing to read in it."""
        return not self.text.strip()


def table_lines(rows: Sequence[Sequence[Cell]], *, headers: int) -> list[str]:
    """The header rows as `A | B | C`, each further row as `A: x | B: y | C: z`.

    `headers` counts the header rows at the top; with none, rows read `x | y | z`. Empty
    cells and empty rows are left out. Names in several header rows are joined from the top.
    """
    names = _column_names(rows[:headers])
    lines: list[str] = []
    for number, row in enumerate(rows):
        filled = [cell for cell in row if not cell.blank]
        if number < headers or not names:
            line = " | ".join(_flat(cell.text) for cell in filled)
        else:
            line = " | ".join(_labelled(cell, names) for cell in filled)
        if line:
            lines.append(line)
    return lines


def count_headers(rows: Sequence[Sequence[Cell]], *, marked: int = 0) -> int:
    """How many rows at the top name the columns.

    `marked` is the count that the file itself states. Otherwise the first row does, when all
    its cells are filled, short, different and marked as headers; above it, rows of one cell
    (a title over the whole width) count as well.
    """
    if len(rows) < 2:
        return 0
    if marked:
        return min(marked, len(rows) - 1)
    width = max((cell.column + cell.columns for row in rows for cell in row), default=0)
    if width < 2:
        return 0
    for number, row in enumerate(rows[:3]):
        if len(rows) == number + 1:
            return 0
        filled = [cell for cell in row if not cell.blank]
        if len(filled) == 1 and filled[0].columns == width:
            continue
        if len(filled) < 2 or not all(cell.named for cell in filled):
            return 0
        texts = [_flat(cell.text) for cell in filled]
        distinct = len(set(texts)) == len(texts)
        if distinct and max(map(len, texts)) <= _LONGEST_COLUMN_NAME:
            return number + 1
        return 0
    return 0


def _column_names(rows: Sequence[Sequence[Cell]]) -> dict[int, str]:
    names: dict[int, list[str]] = {}
    width = max((cell.column + cell.columns for row in rows for cell in row), default=0)
    for row in rows:
        for cell in row:
            if cell.blank or (cell.columns >= width > 1):
                continue  # a title over the whole table names no column
            for column in range(cell.column, cell.column + cell.columns):
                parts = names.setdefault(column, [])
                if _flat(cell.text) not in parts:
                    parts.append(_flat(cell.text))
    return {column: " ".join(parts) for column, parts in names.items()}


def _labelled(cell: Cell, names: dict[int, str]) -> str:
    text = _flat(cell.text)
    name = names.get(cell.column, "").rstrip(":")
    return f"{name}: {text}" if name and name != text else text


def _flat(text: str) -> str:
    return " ".join(text.split())
