"""A stored page laid out for reading, with the cited words marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from corpus.types import Block, BlockKind, Page


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that are marked, or are not."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class LaidOut:
    """One block as it is shown."""

    kind: str  # a BlockKind
    level: int
    runs: tuple[Run, ...]


def laid_out(page: Page, *, start: int = 0, end: int = 0) -> list[LaidOut]:
    """The blocks of a page in order, with `page.text[start:end]` marked where it falls on them.

    Text that belongs to no block is shown as a paragraph: every character of the page is shown.
    """
    return [
        LaidOut(block.kind.value, block.level, tuple(_runs(page.text, block, start, end)))
        for block in without_gaps(page)
    ]


def without_gaps(page: Page) -> Iterator[Block]:
    """The blocks of a page in order, and text that belongs to none as paragraphs."""
    reached = 0
    for block in page.blocks:
        yield from _paragraphs(page.text, reached, block.start)
        yield block
        reached = block.end
    yield from _paragraphs(page.text, reached, len(page.text))


def _paragraphs(text: str, start: int, end: int) -> Iterator[Block]:
    for line in text[start:end].splitlines(keepends=True):
        if line.strip():
            yield Block(BlockKind.PARAGRAPH, start, start + len(line.rstrip()))
        start += len(line)


def _runs(text: str, block: Block, start: int, end: int) -> Iterator[Run]:
    first = min(max(start, block.start), block.end)
    last = min(max(end, first), block.end)
    for begin, stop, marked in (
        (block.start, first, False),
        (first, last, True),
        (last, block.end, False),
    ):
        if stop > begin:
            yield Run(text[begin:stop], marked)
