"""From blocks in reading order to pages, for the formats that have no pages of their own.

A page is a section under one heading of the highest level that occurs at least twice; what
stands before the first of them is page 1. A document without such headings is cut at
paragraph ends into pages of about 6,000 characters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import dedent

from corpus.types import Block, BlockKind, Page
from ingest.characters import without_controls, without_unseen
from ingest.reading import HiddenKind, HiddenText, Reading

PAGE_CHARACTERS = 6_000  # about two printed pages
LONGEST_BLOCK = 12_000  # characters; a longer run is cut at a sentence end or a space
LONGEST_HIDDEN = 200  # characters of a hidden text that are kept
MOST_HIDDEN = 500  # hidden texts that are kept; the rest are counted

_TIGHT = frozenset({BlockKind.LIST_ITEM, BlockKind.TABLE_ROW})
_SENTENCE_END = re.compile(r"[.!?。！？]['\"”’)\]]*\s+(?=\S)|[。！？]")


@dataclass(slots=True)
class _Piece:
    kind: BlockKind
    text: str
    level: int
    follows: bool  # belongs to the list or table of the piece before it
    is_title: bool
    starts_page: bool
    notes: tuple[str, ...]
    hidden: list[tuple[HiddenKind, str]] = field(default_factory=list[tuple[HiddenKind, str]])


class Sections:
    """Collects what a reader finds, in reading order, and makes the pages of it."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._waiting: list[tuple[HiddenKind, str]] = []  # hidden before any visible piece
        self._page_break = False
        self._notes: dict[str, str] = {}
        self._hidden = 0
        self.warnings: list[str] = []

    def add(
        self,
        kind: BlockKind,
        text: str,
        *,
        level: int = 0,
        follows: bool = False,
        is_title: bool = False,
        notes: Iterable[str] = (),
    ) -> None:
        """Take in one block; blank text is left out.

        `follows`: the next row of the same table, or the next item of the same list.
        `is_title`: the document's own title, which is not counted as a section.
        `notes`: the names of the footnotes that its text refers to (see `add_note`).
        """
        number = 0
        # Cut first: splitting a line of many megabytes into words takes ten times its memory.
        for part in _cut(text, LONGEST_BLOCK):
            part, unseen = without_unseen(without_controls(part))
            part = _code_lines(part) if kind is BlockKind.CODE else " ".join(part.split())
            if unseen:
                self.hide(HiddenKind.ZERO_WIDTH, unseen)
            if not part:
                continue
            self._pieces.append(
                _Piece(
                    kind,
                    part,
                    level,
                    follows and not number,
                    is_title,
                    self._page_break,
                    () if number else tuple(notes),
                    self._waiting,
                )
            )
            self._waiting = []
            self._page_break = False
            number += 1

    def add_note(self, name: str, text: str) -> None:
        """Take in a footnote or endnote; shown at the end of the page that refers to it."""
        self._notes[name] = text

    def break_page(self) -> None:
        """The next block starts a new page, whatever its kind."""
        self._page_break = True

    def hide(self, kind: HiddenKind, text: str) -> None:
        """Report text that is dropped because a person would not see it."""
        text = " ".join(without_controls(text).split())[:LONGEST_HIDDEN]
        if not text:
            return
        self._hidden += 1
        if self._hidden <= MOST_HIDDEN:
            # The block that it stands in or before is added after it.
            self._waiting.append((kind, text))

    @property
    def is_empty(self) -> bool:
        """Whether no block has been taken in."""
        return not self._pieces

    @property
    def sole_heading(self) -> str:
        """The text of the only level-1 heading; empty when there is none, or more than one."""
        tops = [p.text for p in self._pieces if p.kind is BlockKind.HEADING and p.level == 1]
        return tops[0] if len(tops) == 1 else ""

    @property
    def document_title(self) -> str:
        """The text of the block that was marked as the document's title; empty without one."""
        return next((piece.text for piece in self._pieces if piece.is_title), "")

    def reading(self, *, title: str = "", author: str = "", published: str = "") -> Reading:
        """All that was collected, as pages. A file without visible text gives one empty page."""
        hidden: list[HiddenText] = []
        pages: list[Page] = []
        for number, section in enumerate(self._sections(), start=1):
            pages.append(self._page(number, section))
            hidden += [
                HiddenText(number, kind, text) for piece in section for kind, text in piece.hidden
            ]
        if not pages:
            pages.append(Page(1, ""))
            self.warnings.append("no visible text")
        hidden += [HiddenText(len(pages), kind, text) for kind, text in self._waiting]
        if self._hidden > MOST_HIDDEN:
            self.warnings.append(f"{self._hidden - MOST_HIDDEN} more hidden texts were dropped")
        return Reading(
            pages=tuple(pages),
            title=_one_line(title),
            author=_one_line(author),
            published=published,
            hidden=tuple(hidden),
            warnings=tuple(self.warnings),
        )

    def _sections(self) -> Iterator[list[_Piece]]:
        level = self._section_level()
        section: list[_Piece] = []
        size = 0
        for piece in self._pieces:
            if section and (
                piece.starts_page
                or (_is_heading(piece) and 0 < piece.level <= level and _has_text(section))
                or (not level and size + len(piece.text) > PAGE_CHARACTERS and _ends_well(section))
            ):
                yield section
                section, size = [], 0
            section.append(piece)
            size += len(piece.text) + 2
        if section:
            yield section

    def _section_level(self) -> int:
        """The highest heading level that occurs at least twice; 0 when none does."""
        counts = Counter(
            piece.level for piece in self._pieces if _is_heading(piece) and not piece.is_title
        )
        return min((level for level, count in counts.items() if count > 1), default=0)

    def _page(self, number: int, section: Sequence[_Piece]) -> Page:
        parts: list[str] = []
        blocks: list[Block] = []
        at = 0
        previous: _Piece | None = None
        notes = dict.fromkeys(name for piece in section for name in piece.notes)
        for piece in [*section, *self._note_pieces(notes)]:
            if previous is not None:
                together = piece.follows and piece.kind in _TIGHT and previous.kind is piece.kind
                gap = "\n" if together else "\n\n"
                parts.append(gap)
                at += len(gap)
            parts.append(piece.text)
            blocks.append(Block(piece.kind, at, at + len(piece.text), piece.level))
            at += len(piece.text)
            previous = piece
        return Page(number, "".join(parts), tuple(blocks))

    def _note_pieces(self, names: Iterable[str]) -> Iterator[_Piece]:
        for name in names:
            for part in _cut(_one_line(self._notes.get(name, "")), LONGEST_BLOCK):
                if part.strip():
                    yield _Piece(BlockKind.FOOTNOTE, part.strip(), 0, False, False, False, ())


def _is_heading(piece: _Piece) -> bool:
    return piece.kind is BlockKind.HEADING


def _has_text(section: Sequence[_Piece]) -> bool:
    """Whether a section holds more than headings, which alone would make an empty page."""
    return any(not _is_heading(piece) for piece in section)


def _ends_well(section: Sequence[_Piece]) -> bool:
    """Whether a page may end here: not between a heading and its text."""
    return not _is_heading(section[-1])


def _one_line(text: str) -> str:
    return " ".join(without_unseen(without_controls(text))[0].split())


def _code_lines(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").expandtabs(4).split("\n")]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return dedent("\n".join(lines))


def _cut(text: str, longest: int) -> Iterator[str]:
    """The text in parts of at most `longest` characters, cut at sentence ends or spaces."""
    if len(text) <= longest:
        yield text
        return
    at = 0
    while len(text) - at > longest:
        window = text[at : at + longest]
        ends = [match.end() for match in _SENTENCE_END.finditer(window, longest // 2)]
        end = ends[-1] if ends else window.rfind(" ", longest // 2)
        end = at + (end if end > 0 else longest)
        yield text[at:end]
        at = end
    yield text[at:]
