"""From the pages of a draft to its clauses, with exact offsets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from assistant.checks.lead_ins import LeadIns
from assistant.checks.types import Clause
from corpus.sentences import page_sentences
from corpus.types import Block, BlockKind, Page

LEAST_WORDS = 4  # fewer make no commitment, unless a lead-in does
LEAST_WORDS_UNSTOPPED = 10  # of a paragraph that ends without a stop
MOST_NUMBERS = 0.4  # bare numbers for each word
MOST_LEAD_IN = 12  # of a list item that only introduces those under it
STOPS = '.!?;:…”"'
MOST_TOGETHER = 60  # words of a sentence and the short one that leans on it

_NEVER = frozenset({BlockKind.HEADING, BlockKind.CAPTION, BlockKind.FOOTNOTE, BlockKind.CODE})
_LEANING = re.compile(
    r"(?:this|that|these|those|it|they|such|in doing so|to do so|by doing so)\b", re.IGNORECASE
)
_MARKER = re.compile(
    r"(?:(?:[-–•▪●◦‣■□*]|\d{1,2}[.)]|\(?[a-z]\))\s+|\d{1,2}[.)](?=[A-Z“\"]))(?=\S)"
)
# An item may end in words that introduce the items after it.
_INTRODUCES = re.compile(r"[.!?]\s+([^.!?:]{2,80}:)\s*$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"(?<!\S)\d[\d,.]*(?!\S)")
_FURNITURE = re.compile(
    r"(?:page \d+(?: of \d+)?|\d+|(?:table of )?contents|(?:fig(?:ure)?|table|chart|box) \d+.*|"
    r"(?:https?://|www\.)\S+|©.*|(?:published|printed|promoted) (?:(?:and|&) \w+ )?by\b.*|"
    r"isbn\b.*|all rights reserved.*|"
    r".{3,80}? is a registered (?:society|charity|company|political party)\b.*)",
    re.IGNORECASE | re.DOTALL,
)
_CONTENTS_LINE = re.compile(
    r".{3,120}?(?:\.\s?){4,}\s*\d{1,3}|.{3,80}\t+\s*\d{1,3}|[^.]{3,120}\|\s*\d{1,3}|"
    r"(?:[^\d.!?]{6,}\s\d{1,3}(?:\s|$)){2,}",
    re.DOTALL,
)

# The last word of a sentence that is broken off, whatever letter the rest begins with.
_HANGING = re.compile(
    r"\b(?:an?|the|and|or|of|to|in|for|with|by|from|on|at|that|which|as|our|their|its|also)$"
)
_PAGE_NUMBER = re.compile(r"(?:^|\s)(\d{1,3})$")
LEAST_NUMBERED = 5  # lines that end in a page number, of a page of contents


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence, or a list item or table row whole, on its way to being a clause."""

    start: int
    end: int
    kind: BlockKind
    begins: bool  # whether its block begins with it
    ends: bool  # whether its block ends with it
    level: int = 0  # of a list item


def whole_clause(page: Page) -> Clause:
    """All of a page as one clause, for wording too short to be a clause in a draft."""
    start = len(page.text) - len(page.text.lstrip())
    text = page.text.strip()
    return Clause("c1", text, page.number, start, start + len(text))


def split_clauses(pages: Iterable[Page]) -> list[Clause]:
    """The clauses of a draft in reading order.

    A list item is one clause, with the words that introduce the list as its lead-in; a table row
    is one; elsewhere a sentence is one, together with a short next sentence that only points back
    to it. Headings, captions, footnotes, contents and page furniture are none.
    """
    splitter = _Splitter()
    for page in pages:
        splitter.read(page)
    # The first words of a sentence count only with its rest.
    whole = [
        clause
        for clause in splitter.clauses
        if clause.goes_on
        or clause.text.rstrip()[-1] in STOPS
        or _says_something(clause.text, clause.lead_in)
    ]
    return [replace(clause, id=f"c{number}") for number, clause in enumerate(whole, start=1)]


class _Splitter:
    """What has been read of a draft, page by page."""

    def __init__(self) -> None:
        self.clauses: list[Clause] = []
        self._headings: list[tuple[int, str]] = []
        self._lead_ins = LeadIns()

    def read(self, page: Page) -> None:
        """Take in the clauses of the next page."""
        marks = {block.start: block for block in page.blocks if block.kind is BlockKind.HEADING}
        contents = _is_contents(page)
        position = 0
        going_on = False  # whether this block is the rest of an item that was broken off
        for number, piece in enumerate(_pieces(page)):
            for start in sorted(mark for mark in marks if position <= mark < piece.start):
                self._enter(marks[start], page.text)
            position = piece.start
            text = page.text[piece.start : piece.end]
            if contents and text.rstrip()[-1] not in ".!?":
                continue
            if piece.begins:
                broken = self._broken_off(piece, page, first=number == 0)
                # The list goes on over the page, whether or not its last sentence does.
                going_on = broken > 0 or (
                    number == 0
                    and self._lead_ins.last != ""
                    and _is_bare(piece, text)
                    and _leads_to_an_item(piece, page)
                )
                if broken:
                    self._join(broken, text)
                    continue
            self._take(piece, page, going_on=going_on)

    def _enter(self, mark: Block, text: str) -> None:
        """Go on under a heading, which may be a lead-in: "We will:" in large letters."""
        while self._headings and self._headings[-1][0] >= mark.level:
            self._headings.pop()
        title = " ".join(text[mark.start : mark.end].split())
        self._headings.append((mark.level, title))
        self._lead_ins.begin(title if title.endswith(":") else "")

    def _join(self, broken: int, text: str) -> None:
        """Give a clause that was broken off, so many back, its rest."""
        before = self.clauses[-broken]
        self.clauses[-broken] = replace(before, goes_on=" ".join(text.split()))
        if not self._lead_ins.open:
            self._lead_ins.begin(before.lead_in)

    def _take(self, piece: _Piece, page: Page, *, going_on: bool) -> None:
        """Take a piece for a clause, a lead-in, a part of the clause before, or nothing."""
        whole = page.text[piece.start : piece.end]
        marker = _MARKER.match(whole)
        listed = (
            piece.kind is BlockKind.LIST_ITEM
            or marker is not None
            or going_on
            # An item whose mark was not read, as those of large print often are not.
            or (self._lead_ins.open != [] and piece.begins and whole[0].islower())
        )
        if piece.kind is BlockKind.LIST_ITEM:
            self._lead_ins.close_above(piece.level)
        start = piece.start + (marker.end() if marker else 0)
        text = page.text[start : piece.end]
        led_in = self._lead_ins.last
        if self._introduces(piece, text, listed=listed):
            return
        unstopped = piece.ends and not piece.begins and text.rstrip()[-1] not in STOPS
        if not (unstopped or _says_something(text, led_in)):
            return
        if not listed and _is_title(piece, text):
            return
        clause = Clause(
            id="",
            text=text,
            page=page.number,
            start=start,
            end=piece.end,
            lead_in=led_in if piece.begins and listed and not going_on else "",
            heading=" > ".join(title for _, title in self._headings),
        )
        if self.clauses and _leans(self.clauses[-1], clause, page):
            before = self.clauses[-1]
            text = page.text[before.start : clause.end]
            self.clauses[-1] = replace(before, end=clause.end, text=text)
        else:
            self.clauses.append(clause)

    def _introduces(self, piece: _Piece, text: str, *, listed: bool) -> bool:
        """Note what lead-in a piece begins or ends; whether it is nothing else."""
        short = len(text.split()) <= MOST_LEAD_IN
        last_words = _INTRODUCES.search(text)
        if text.rstrip().endswith(":") and not last_words:
            words = " ".join(text.split())
            if listed:
                self._lead_ins.begin_within(piece.level, words, indented=not short)
            else:
                self._lead_ins.begin(words)
            return short or not listed
        words = " ".join(last_words[1].split()) if last_words else ""
        if not listed:
            self._lead_ins.begin(words)
        elif words:
            self._lead_ins.begin_within(piece.level, words)
        return False

    def _broken_off(self, piece: _Piece, page: Page, *, first: bool) -> int:
        """How many clauses back a sentence was broken off that goes on with a piece; 0 for none.

        A page breaks one off at its end, and a quotation set into the text in its middle.
        """
        if not _is_bare(piece, page.text[piece.start : piece.end]):
            return 0
        small = page.text[piece.start].islower()
        # The sentence before an inset first: the inset may want a stop too.
        for back in (2, 1):
            before = self.clauses[-back] if back <= len(self.clauses) else None
            if before is None or before.goes_on or before.text.rstrip()[-1] in STOPS:
                continue
            # In a list, small letters may begin an item whose mark was not read.
            in_a_list = self._lead_ins.last != "" and not (first and before.text[0].isupper())
            rest = small and not in_a_list
            if page.text[piece.start] == "(" or _HANGING.search(before.text):
                rest = rest or page.text[piece.end - 1] in ".!?"  # an inset seldom ends in a stop
            if before.page == page.number and rest and not first:
                return back
            if before.page < page.number and first and back == 1:
                return int(rest or _leads_to_an_item(piece, page))
        return 0


def pasted_page(text: str) -> Page:
    """A page of pasted text, each line of it a paragraph or a list item."""
    blocks: list[Block] = []
    start = 0
    for line in text.split("\n"):
        bare = line.strip()
        if bare:
            at = start + line.index(bare)
            kind = BlockKind.LIST_ITEM if _MARKER.match(bare) else BlockKind.PARAGRAPH
            level = 1 if kind is BlockKind.LIST_ITEM else 0
            blocks.append(Block(kind, at, at + len(bare), level))
        start += len(line) + 1
    return Page(1, text, tuple(blocks))


def is_english(pages: Iterable[Page]) -> bool:
    """Whether a draft reads as English, by the share of English function words; short ones do."""
    words = [word.lower() for page in pages for word in _WORD.findall(page.text[:20_000])]
    if len(words) < 8:
        return True
    return sum(word in _FUNCTION_WORDS for word in words) / len(words) >= LEAST_FUNCTION_WORDS


LEAST_FUNCTION_WORDS = 0.18  # English policy prose has 0.30 to 0.45; Welsh, French, German < 0.10
_FUNCTION_WORDS = frozenset(
    "the of and to in for that is on by with will we be as are our not from this have it at or "
    "their has all they which who more but an was its can through also would should must into "
    "than so these those your you every were been no any new where when if".split()
)


def _pieces(page: Page) -> Iterator[_Piece]:
    """Whole list items and table rows, and the sentences of everything else."""
    kinds = {block.start: block for block in page.blocks}
    starts = sorted(kinds)
    at = -1
    taken = -1  # the end of an item that was taken whole
    for sentence in page_sentences(page):
        while at + 1 < len(starts) and starts[at + 1] <= sentence.start:
            at += 1
        block = kinds[starts[at]] if at >= 0 else None
        kind = block.kind if block else BlockKind.PARAGRAPH
        if kind in _NEVER or sentence.start < taken:
            continue
        if block and kind in (BlockKind.LIST_ITEM, BlockKind.TABLE_ROW) and _short(page, block):
            taken = block.end
            yield _Piece(
                block.start, block.end, kind, begins=True, ends=True, level=max(block.level, 1)
            )
            continue
        yield _Piece(
            sentence.start,
            sentence.end,
            kind,
            begins=block is None or sentence.start == block.start,
            ends=block is not None and sentence.end == block.end,
            level=max(block.level, 1) if block and kind is BlockKind.LIST_ITEM else 0,
        )


def _is_contents(page: Page) -> bool:
    """Whether a page lists what is on others: many lines end in numbers, and those rise."""
    lines = [
        page.text[block.start : block.end].strip()
        for block in page.blocks
        if block.kind in (BlockKind.PARAGRAPH, BlockKind.TABLE_ROW, BlockKind.LIST_ITEM)
    ]
    numbers = [int(found[1]) for line in lines if (found := _PAGE_NUMBER.search(line))]
    rising = sum(one <= other for one, other in pairwise(numbers))
    return len(numbers) >= max(LEAST_NUMBERED, 0.4 * len(lines)) and rising >= 0.7 * (
        len(numbers) - 1
    )


def _is_title(piece: _Piece, text: str) -> bool:
    """Whether a short paragraph without a stop is a heading that its author did not mark."""
    if text.isupper() and text[-1] not in STOPS:
        return len(text.split()) < LEAST_WORDS_UNSTOPPED  # a row's too: the words of a chart
    whole = piece.kind is BlockKind.PARAGRAPH and piece.begins and piece.ends
    return whole and len(text.split()) < LEAST_WORDS_UNSTOPPED and text[-1] not in STOPS + ",’"


def _short(page: Page, block: Block) -> bool:
    return len(page.text[block.start : block.end].split()) <= MOST_TOGETHER


def _says_something(text: str, lead_in: str) -> bool:
    bare = text.strip()
    if _FURNITURE.fullmatch(bare) or _CONTENTS_LINE.fullmatch(bare):
        return False
    words = _WORD.findall(bare)
    if len(_NUMBER.findall(bare)) > len(words) * MOST_NUMBERS:
        return False  # an index, or a table's figures without its words
    return len(words) >= (1 if lead_in else LEAST_WORDS)


def _is_bare(piece: _Piece, text: str) -> bool:
    return piece.kind is BlockKind.PARAGRAPH and _MARKER.match(text) is None


def _leads_to_an_item(piece: _Piece, page: Page) -> bool:
    """Whether an item follows a paragraph: the list goes on, and so does its last item."""
    after = [block for block in page.blocks if block.start >= piece.end]
    return (
        bool(after)
        and min(after, key=lambda block: block.start).kind is BlockKind.LIST_ITEM
        and not page.text[piece.start : piece.end].rstrip().endswith(":")
    )


def _leans(before: Clause, clause: Clause, page: Page) -> bool:
    """Whether a sentence only goes on about the one before it, in the same paragraph."""
    if before.page != clause.page or clause.lead_in or before.lead_in:
        return False
    between = page.text[before.end : clause.start]
    together = len(page.text[before.start : clause.end].split())
    return "\n" not in between and bool(_LEANING.match(clause.text)) and together <= MOST_TOGETHER
