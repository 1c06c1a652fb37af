"""Running headers, footers and page numbers: what is on a page for the hand that turns it.

They would stand in the middle of sentences that run over two pages, and would be found by
searches on every page.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

EDGE = 0.12  # of the page's height, at the top and at the bottom
SIDE = 0.1  # of its width, at the left and at the right
_FEWEST = 3  # pages that a line must be on
_SHARE = 0.4  # of the pages of a short document
_DENSE = 0.2  # of the pages from the first to the last of them; a table's head comes now and then
_NEAR = 8.0  # points by which its place may differ
_SLOT_SHARE = 0.3  # of the pages that have a line at a place, for other lines there to count
_TURNED_SHARE = 0.1  # the same for lines that run up or down the page
_LONGEST = 120  # characters of a line that only its place makes a running header

_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W_]+")
_PAGE_NUMBER = re.compile(
    r"[-–—|•\s]*(?:page|p\.?)?\s*(\d{1,4})\s*(?:(?:of|/)\s*\d{1,4})?[-–—|•.\s]*", re.I
)
_ROMAN = re.compile(r"[-–—\s]*[ivxl]{1,7}[-–—\s]*", re.I)


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """A line near an edge of its page."""

    page: int  # its place in the document, from 0
    text: str
    y: float  # from the top of the page, in points
    x: float  # its left end, from the left of the page
    size: float
    edge: str  # "top", "bottom", "side", or "turned" where it runs in another direction
    outer: int  # lines of the same edge that are further out
    apart: bool  # more than a line's space from the text within
    same_size: bool  # as most of the document's text


def furniture(lines: Sequence[EdgeLine], pages: int, *, first_page: str = "") -> set[int]:
    """The places in `lines` of those that belong to the page and not to the text.

    The head of the first page stays, unless `first_page`, its whole text, says the same again:
    it may be all that names the publication.
    """
    repeated = _repeated(lines, pages)
    numbers = _page_numbers(lines)
    found = repeated | numbers | _beside_numbers(lines, numbers)
    found |= _in_slots(lines, found, pages)
    heads = {n for n in repeated if not lines[n].page and lines[n].edge == "top"}
    words = _spelt(first_page)
    said_again = {lines[n].outer for n in heads if words.count(_spelt(lines[n].text)) > 1}
    return found - {n for n in heads if lines[n].outer not in said_again}


def _spelt(text: str) -> str:
    return "".join(_LETTERS.findall(text.lower()))


def _key(line: EdgeLine) -> str:
    return " ".join(_LETTERS.findall(_DIGITS.sub("0", line.text.lower())))


def _repeated(lines: Sequence[EdgeLine], pages: int) -> set[int]:
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        key = _key(line)
        if key and (line.edge == "side" or not _DIGITS.fullmatch(line.text.strip())):
            groups[line.edge, key].append(number)
    found: set[int] = set()
    for (edge, _), members in groups.items():
        reach = _NEAR * (4 if edge == "side" else 1)
        places: defaultdict[int, list[int]] = defaultdict(list)
        for member in members:
            places[int(lines[member].y // reach)].append(member)
        # Pages that are laid out alike give one answer for all the lines at a place.
        answers: dict[tuple[float, float, float], bool] = {}
        for member in members:
            line = lines[member]
            alike = (round(line.y), round(line.x), round(line.size, 1))
            if alike not in answers:
                at = int(line.y // reach)
                others = [lines[n] for step in (-1, 0, 1) for n in places.get(at + step, ())]
                answers[alike] = _is_repeated(line, others, reach, pages)
            if answers[alike]:
                found.add(member)
    # What stands further in than a line of the text is text, however often it is repeated.
    inner: dict[tuple[int, str], int] = {}
    for number, line in enumerate(lines):
        if number not in found and line.edge in ("top", "bottom") and not _may_be_number(line.text):
            place = (line.page, line.edge)
            inner[place] = min(inner.get(place, 1_000), line.outer)
    return {
        number
        for number in found
        if lines[number].outer <= inner.get((lines[number].page, lines[number].edge), 1_000)
    }


def _is_repeated(line: EdgeLine, others: Sequence[EdgeLine], reach: float, pages: int) -> bool:
    """Whether lines of the same words stand at its place on enough pages."""
    near = {
        other.page
        for other in others
        if abs(other.y - line.y) <= reach
        and abs(other.size - line.size) <= 0.6
        and (line.edge != "side" or abs(other.x - line.x) <= _NEAR)
    }
    if len(near) < _DENSE * (max(near) - min(near) + 1):
        return False
    return len(near) >= _FEWEST or (len(near) >= 2 and len(near) >= _SHARE * pages)


def _may_be_number(text: str) -> bool:
    return bool(_PAGE_NUMBER.fullmatch(text) or _ROMAN.fullmatch(text))


def _page_numbers(lines: Sequence[EdgeLine]) -> set[int]:
    """Bare numbers that go up with the pages, and Roman ones."""
    offsets: Counter[int] = Counter()
    numbered: dict[int, int] = {}
    for number, line in enumerate(lines):
        match = _PAGE_NUMBER.fullmatch(line.text.strip())
        if match:
            numbered[number] = int(match[1]) - line.page
    for offset in {(lines[number].page, offset) for number, offset in numbered.items()}:
        offsets[offset[1]] += 1
    outermost: dict[tuple[int, str], int] = {}
    for number, offset in numbered.items():
        line = lines[number]
        if offsets[offset] >= 2 or (offset == 1 and line.outer == 0):
            place = (line.page, line.edge)
            outermost[place] = min(outermost.get(place, 1_000), line.outer)
    # Further in, a number of the page's own count is one of the text.
    found = {
        number
        for number, offset in numbered.items()
        if (offsets[offset] >= 2 or offset == 1)
        and outermost.get((lines[number].page, lines[number].edge)) == lines[number].outer
    }
    roman: defaultdict[int, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        if _ROMAN.fullmatch(line.text.strip()) and line.outer == 0:
            roman[round(line.y / 4)].append(number)
    for members in roman.values():
        if len({lines[member].page for member in members}) >= 2:
            found.update(members)
    return found


def _beside_numbers(lines: Sequence[EdgeLine], numbers: set[int]) -> set[int]:
    """What stands on one line with a page number, in other type than the text's."""
    places = {(lines[n].page, lines[n].edge): lines[n] for n in numbers if lines[n].outer == 0}
    found: set[int] = set()
    for number, line in enumerate(lines):
        beside = places.get((line.page, line.edge))
        if (
            beside is not None
            and line.outer == 0
            and line.apart
            and not line.same_size
            and abs(line.size - beside.size) <= 0.6
            and len(line.text) <= _LONGEST
        ):
            found.add(number)
    return found


def _in_slots(lines: Sequence[EdgeLine], known: set[int], pages: int) -> set[int]:
    """Lines at the place of a running header: the names of chapters too short to repeat them."""
    slots: defaultdict[tuple[str, int, int], set[int]] = defaultdict(set)
    sure: Counter[tuple[str, int, int]] = Counter()
    for number, line in enumerate(lines):
        if line.outer == 0 or number in known:
            slot = _slot(line)
            slots[slot].add(line.page)
            sure[slot] += number in known
    share = {"top": _SLOT_SHARE, "bottom": _SLOT_SHARE, "turned": _TURNED_SHARE}
    return {
        number
        for number, line in enumerate(lines)
        if number not in known
        and line.edge in share
        and line.apart
        and (not line.same_size or line.edge == "turned")
        and len(line.text) <= _LONGEST
        and len(slots[_slot(line)]) >= max(4, share[line.edge] * pages)
        and sure[_slot(line)] * 2 >= len(slots[_slot(line)])
    }


def _slot(line: EdgeLine) -> tuple[str, int, int]:
    return line.edge, round(line.y / 2), round(line.size * 2)
