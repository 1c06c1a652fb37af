"""From the words of a page to lines, columns and blocks, by where they stand.

Three steps, each on its own: `segments` joins words into runs of a line without a wide gap;
`in_order` finds columns and tables among them; `blocks` joins the lines of each column into
headings, paragraphs, list items, table rows and footnotes. Coordinates are points, y downwards.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from corpus.types import BlockKind
from ingest.pdf_words import Box, Colour, Word
from ingest.table_rows import Cell, count_headers, table_lines

_WIDE_GAP = 0.9  # of the type size; a wider gap may part columns or cells
_SPACE = 0.14  # of the type size; a narrower gap is none
_GUTTER = 0.7  # of the type size; the narrowest space between columns
_FEWEST_LINES = 3  # on both sides of the space between columns
_MOST_SEGMENTS = 4_000  # on a page; a drawing with more labels is read in the file's order
_LONGEST_CELL = 24  # characters; the lines of text columns are longer, as a rule
_LONG_CELL = 8  # lines; what reads on for longer is a column, unless lines are drawn beside it
_MOST_BETWEEN = 12  # notes and pulled quotes between the two parts of a paragraph
_LONGEST_HEADING = 160  # characters

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_BULLETS = "•‣⁃∙◦▪▫●○■□◆◇►▶➢➤➔→✓✔✗✘❖❑❏⬤⚫·∎"
_PRIVATE_USE = re.compile("[\ue000-\uf8ff]")
_BULLET = re.compile(rf"(?:[{_BULLETS}\ue000-\uf8ff]|[–—*-](?=\s)|o(?=\s))\s*")
_NUMBERED = re.compile(
    r"(?:\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|\d{1,2}(?:\.\d{1,3}){1,3}\.?)(?=\s)"
)
_NUMBER_MARK = re.compile(r"\(?(?:\d{1,2}|[a-z]|[ivx]{1,5})[.)]")
_MARKER = re.compile(
    rf"(?:[{_BULLETS}\ue000-\uf8ff–—*-]|o|\(?(?:\d{{1,3}}|[a-zA-Z]|[ivx]{{1,5}})[.)]"
    r"|\d{1,2}(?:\.\d{1,3}){1,3}\.?)"
)
_NOTE = re.compile(r"(?:\d{1,3}|[*†‡§¹²³⁴-⁹]+)\s*(?=[\w\"'“‘(])")
_CAPTION = re.compile(
    r"(?:figure|fig\.|table|chart|box|graph|source|sources)\s*:?\s*\d*\b[\w.]*", re.I
)
_NUMBER_CELL = re.compile(r"[£$€(+\-–]*[\d.,]+[%)*mbnk]{0,3}|[-–—]|n/a", re.I)
_LEADERS = re.compile(r"(?:\s*[.·…_]\s*){4,}")
_ENDS_SENTENCE = re.compile(r"[.!?:;][\"'”’)\]]*\d{0,3}$")
_HYPHENS = ("\x02", "\ufffe", "\u00ad", "-", "\u2010")


@dataclass(slots=True)
class Segment:
    """Words of one line that stand close together."""

    text: str
    x0: float
    x1: float
    y: float  # the baseline
    size: float  # of most of its characters
    bold: bool  # throughout
    number: int  # its place in the file's own order
    marker: float = 0.0  # where the text begins after a bullet or number; 0 without one
    symbol: bool = False  # begins with a sign from a font of pictures
    colour: Colour = (0, 0, 0, 255)  # of its first word

    @property
    def top(self) -> float:
        """About where its capitals end."""
        return self.y - self.size * 0.72

    @property
    def bottom(self) -> float:
        """About where its descenders end."""
        return self.y + self.size * 0.22


@dataclass(slots=True)
class Column:
    """Lines that are read one after the other, from top to bottom."""

    lines: list[Segment]


@dataclass(slots=True)
class Grid:
    """The rows of a table: for each cell its lines and the number of its column."""

    rows: list[list[tuple[int, int, list[Segment]]]]  # (column, columns spanned, lines)
    ruled: bool = False
    shaded_header: bool = False


@dataclass(slots=True)
class Piece:
    """A block before it has its place in a page's text; lines still apart for hyphen repair."""

    kind: BlockKind
    lines: list[str]
    size: float = 0.0
    bold: bool = False
    level: int = 0
    follows: bool = False  # belongs to the list or table of the piece before it
    x0: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    full: bool = False  # its last line leaves no space for another word


@dataclass(slots=True)
class Measures:
    """What is usual in the whole document."""

    body: float = 10.0  # points, the size of most characters
    leading: dict[float, float] = field(default_factory=dict[float, float])  # by size, rounded
    bold_body: bool = False  # whether most of the text is bold
    colour: Colour = (0, 0, 0, 255)  # of most of the text


# ---------------------------------------------------------------- words to segments


def segments(words: Sequence[Word]) -> list[Segment]:
    """The words as runs of lines, in the file's order as far as that runs along the lines."""
    runs: list[list[Word]] = []
    for word in words:
        if runs and _continues(runs[-1], word):
            runs[-1].append(word)
        else:
            runs.append([word])
    found = [_segment(run, number) for number, run in enumerate(runs)]
    return _joined_across(_with_initials(found))


def mark_bullets(found: Sequence[Segment], bullets: Sequence[Box]) -> None:
    """Put a bullet before the lines that have a drawn one, where two or more stand in a column."""
    beside: list[tuple[Segment, Box]] = []
    for item in found:
        for box in bullets:
            _, top, right, bottom = box
            middle = (top + bottom) / 2
            if (
                -0.5 <= item.x0 - right <= 2.2 * item.size
                and item.y - 0.9 * item.size <= middle <= item.y + 0.1 * item.size
                and bottom - top <= 0.9 * item.size
            ):
                beside.append((item, box))
                break
    columns = Counter(round(box[0] / 2) for _, box in beside)
    for item, box in beside:
        if columns[round(box[0] / 2)] > 1 and not item.marker:
            item.text, item.marker, item.x0 = f"• {item.text}", item.x0, box[0]


def _continues(run: Sequence[Word], word: Word) -> bool:
    last = run[-1]
    if (
        word.y == last.y
        and word.size == last.size
        and 0 <= word.x0 - last.x1 <= _WIDE_GAP * word.size
        and word.text.isascii()
    ):
        return True  # as nearly all words do
    if last.text[-1:] in ("\x02", "\ufffe") and not word.joined and word.x0 < last.x1 - 1:
        return False
    size = max(last.size, word.size)
    base = run[0] if abs(run[0].size - word.size) < abs(last.size - word.size) else last
    if min(abs(word.y - last.y), abs(word.y - base.y)) > 0.42 * size:
        return False
    if word.size < 0.5 * last.size and not word.joined:
        return abs(word.y - last.y) < 0.2 * size
    if _is_right_to_left(word.text) or _is_right_to_left(last.text):
        apart = max(word.x0 - last.x1, last.x0 - word.x1)
        return apart <= _WIDE_GAP * size
    gap = word.x0 - last.x1
    if word.x0 < last.x0 - 0.3 * size:
        return False
    return -1.2 * size <= gap <= _WIDE_GAP * size


def _is_right_to_left(text: str) -> bool:
    return not text.isascii() and bool(_RIGHT_TO_LEFT.search(text))


def _segment(run: Sequence[Word], number: int) -> Segment:
    parts = [run[0].text]
    for before, word in pairwise(run):
        gap = word.x0 - before.x1
        near = (
            word.joined
            or (0 <= gap <= 0.16 * word.size and word.text[0] == "-")
            or (
                gap < -0.02 * word.size
                and not _is_right_to_left(word.text)
                and before.x0 < word.x0
                and gap > -0.5 * word.size
            )
        )
        # pdfium parts words in spaced-out type and joins what a wide kern sets apart.
        if not near or gap > 0.45 * word.size:
            parts.append(" ")
        parts.append(word.text)
    size, base = _main_type(run)
    return Segment(
        "".join(parts),
        min(word.x0 for word in run),
        max(word.x1 for word in run),
        base,
        size,
        all(word.bold for word in run if word.text not in _BULLETS and not word.symbol),
        number,
        marker=run[1].x0 if _marks(run) else 0.0,
        symbol=run[0].symbol,
        colour=run[-1].colour,
    )


def _main_type(run: Sequence[Word]) -> tuple[float, float]:
    """The size and the baseline of most of its characters."""
    first = run[0]
    if all(word.size == first.size and word.y == first.y for word in run):
        return round(first.size, 1), round(first.y, 2)
    sizes: Counter[float] = Counter()
    bases: Counter[float] = Counter()
    for word in run:
        sizes[round(word.size, 1)] += len(word.text)
        bases[round(word.y, 2)] += len(word.text)
    size = max(sizes, key=lambda item: (sizes[item], item))
    return size, max(bases, key=lambda item: bases[item])


def _marks(run: Sequence[Word]) -> bool:
    """Whether the run begins with a sign that is set off from its text."""
    if len(run) < 2 or len(run[0].text) > 6 or run[1].joined:
        return False
    return run[0].symbol or run[0].text in _BULLETS or bool(_NUMBER_MARK.fullmatch(run[0].text))


def _joined_across(found: list[Segment]) -> list[Segment]:
    """Runs that stand side by side on one line as one, though the file has them apart."""
    if len(found) > _MOST_SEGMENTS:
        return found
    rows = rows_of(found)
    kept: list[Segment] = []
    for row in rows:
        row.sort(key=lambda item: item.x0)
        row = _with_even_gaps(row)
        line: list[Segment] = []
        for item in row:
            if line and _meets(line[-1], item):
                line[-1] = _merged(line[-1], item)
            else:
                line.append(item)
        kept += line
    kept.sort(key=lambda item: item.number)
    return kept


def _with_even_gaps(row: list[Segment]) -> list[Segment]:
    """The row with words put together that a justified line sets apart by even wide gaps."""
    kept: list[Segment] = []
    start = 0
    while start < len(row):
        end = start
        gap = row[end + 1].x0 - row[end].x1 if end + 1 < len(row) else 0.0
        while (
            end + 1 < len(row)
            and 0 < gap <= 2.2 * row[end].size
            and abs((row[end + 1].x0 - row[end].x1) - gap) <= 0.1 * gap
            and row[end + 1].number == row[end].number + 1
            and row[end + 1].size == row[end].size
            and not _NUMBER_CELL.fullmatch(row[end + 1].text)
        ):
            end += 1
        if end - start >= 2:
            line = row[start]
            for item in row[start + 1 : end + 1]:
                line = _merged(line, item)
            kept.append(line)
            start = end + 1
        else:
            kept.append(row[start])
            start += 1
    return kept


def _meets(left: Segment, right: Segment) -> bool:
    size = max(left.size, right.size)
    if abs(left.y - right.y) > 0.35 * size:
        return False
    gap = right.x0 - left.x1
    if gap < -0.5 * size:
        return False
    if _MARKER.fullmatch(left.text) or (left.symbol and len(left.text) == 1):
        return gap <= 5 * size
    return gap <= 0.6 * size and min(left.size, right.size) > 0.5 * size


def _merged(left: Segment, right: Segment) -> Segment:
    gap = right.x0 - left.x1
    size = max(left.size, right.size)
    is_marker = bool(_MARKER.fullmatch(left.text)) or (left.symbol and len(left.text) == 1)
    one, other = (left, right)
    if _is_right_to_left(left.text) and _is_right_to_left(right.text):
        one, other = right, left
    space = " " if gap > _SPACE * size or is_marker else ""
    text = one.text + space + other.text
    main = left if len(left.text) > len(right.text) else right
    return Segment(
        text,
        min(left.x0, right.x0),
        max(left.x1, right.x1),
        main.y,
        main.size,
        right.bold if is_marker else left.bold and right.bold,
        min(left.number, right.number),
        marker=right.x0 if is_marker else left.marker,
        symbol=left.symbol,
        colour=right.colour if is_marker else left.colour,
    )


def rows_of(found: Iterable[Segment]) -> list[list[Segment]]:
    """Segments with about the same baseline, from the top; within a row from the left."""
    rows: list[list[Segment]] = []
    for item in sorted(found, key=lambda one: (one.y, one.x0)):
        if rows:
            last = rows[-1][0]
            if item.y - last.y <= 0.3 * max(2.0, min(item.size, last.size)):
                rows[-1].append(item)
                continue
        rows.append([item])
    for row in rows:
        row.sort(key=lambda one: one.x0)
    return rows


# ---------------------------------------------------------------- columns and tables


def in_order(found: Sequence[Segment], rules: Sequence[Box]) -> list[Column | Grid]:
    """The columns and tables of a page in the order in which a person reads them."""
    if not found:
        return []
    if len(found) > _MOST_SEGMENTS:
        return [Column(sorted(found, key=lambda item: item.number))]
    rest = list(found)
    tables: list[tuple[Box, Grid]] = []
    for box, grid, inside in _ruled_tables(rest, rules):
        tables.append((box, grid))
        taken = {id(item) for item in inside}
        rest = [item for item in rest if id(item) not in taken]
    # A table takes its place among the columns as one wide line.
    holders: list[tuple[Segment, Grid]] = [
        (Segment("\0table", box[0], box[2], box[3], box[3] - box[1], False, -1), grid)
        for box, grid in tables
    ]
    by_id = {id(holder): grid for holder, grid in holders}
    result: list[Column | Grid] = []
    middle, margin = _without_margin([*rest, *(holder for holder, _ in holders)])
    for part in [*_cut(middle, depth=0), *([Column(_lines(margin))] if margin else [])]:
        if isinstance(part, Grid):
            result.append(part)
            continue
        lines: list[Segment] = []
        for line in part.lines:
            if id(line) in by_id:
                if lines:
                    result.append(Column(lines))
                    lines = []
                result.append(by_id[id(line)])
            else:
                lines.append(line)
        if lines:
            result.append(Column(lines))
    return result


def _without_margin(found: Sequence[Segment]) -> tuple[list[Segment], list[Segment]]:
    """The text, and the few words that stand beside all of it, such as a tab with a number."""
    whole = sum(len(item.text) for item in found)
    spans: list[list[float]] = []
    for item in sorted(found, key=lambda one: one.x0):
        if spans and item.x0 < spans[-1][1] + 6:
            spans[-1][1] = max(spans[-1][1], item.x1)
        else:
            spans.append([item.x0, item.x1])
    if not 1 < len(spans) < 6:
        return list(found), []
    margin: list[Segment] = []
    for left, right in (spans[0], spans[-1]):
        beside = [item for item in found if left <= item.x0 and item.x1 <= right]
        few = sum(len(item.text) for item in beside) * 30 <= whole
        if few and len(rows_of(beside)) <= 4 and not any(map(_is_table, beside)):
            margin += beside
    taken = {id(item) for item in margin}
    return [item for item in found if id(item) not in taken], margin


def _is_table(item: Segment) -> bool:
    return item.number == -1


def _cut(found: Sequence[Segment], *, depth: int) -> Iterator[Column | Grid]:
    gutter = _best_gutter(found) if depth < 12 and len(found) > 3 else None
    if gutter is None:
        lines, strays = _without_strays(found)
        yield Column(_lines(lines))
        for stray in strays:
            yield Column([stray])
        return
    x, top, bottom = _without_next_heading(found, _without_last_words(found, gutter))
    above = [item for item in found if item.y <= top]
    below = [item for item in found if item.y >= bottom]
    within = [item for item in found if top < item.y < bottom]
    left = [item for item in within if (item.x0 + item.x1) / 2 < x]
    right = [item for item in within if (item.x0 + item.x1) / 2 >= x]
    if above:
        yield from _cut(above, depth=depth + 1)
    if _tabular(left, right):
        yield _open_table(within)
    elif (level := _level_break(left, right)) is not None:
        yield from _cut([item for item in within if item.y < level], depth=depth + 1)
        yield from _cut([item for item in within if item.y >= level], depth=depth + 1)
    else:
        yield from _cut(left, depth=depth + 1)
        yield from _cut(right, depth=depth + 1)
    if below:
        yield from _cut(below, depth=depth + 1)


def _without_strays(found: Sequence[Segment]) -> tuple[list[Segment], list[Segment]]:
    """The lines, and the few words that stand far to the right of some of them."""
    strays: list[Segment] = []
    rows = rows_of(found)
    for row in rows:
        for one, other in pairwise(row):
            apart = other.x0 - one.x1 > 3 * max(one.size, other.size)
            if (apart or one in strays) and not (_is_table(one) or _is_table(other)):
                strays.append(other)
    letters = sum(len(item.text) for item in found)
    if len(rows) < 4 or len(strays) > 3 or sum(len(i.text) for i in strays) * 10 > letters:
        return list(found), []
    taken = {id(item) for item in strays}
    return [item for item in found if id(item) not in taken], strays


def _without_last_words(
    found: Sequence[Segment], gutter: tuple[float, float, float]
) -> tuple[float, float, float]:
    """The gutter without the short last lines of the wide paragraph that ends above it."""
    x, top, bottom = gutter
    wide = [item for item in found if item.y == top]
    if not wide:
        return gutter
    last = max(wide, key=lambda item: item.x1)
    for row in rows_of(item for item in found if top < item.y < bottom)[:2]:
        line = row[0]
        begins = last.marker or last.x0
        if (
            len(row) > 1
            or abs(line.size - last.size) > 0.08 * last.size
            or line.bold != last.bold
            or line.marker
            or line.y - last.y > 1.7 * last.size
            or min(abs(line.x0 - begins), abs(line.x0 - last.x0)) > last.size
            or _ENDS_SENTENCE.search(last.text)
            or not (line.text[:1].islower() or last.text[-1:] in _HYPHENS or line.x1 > x)
        ):
            break
        top, last = line.y, line
    return x, top, bottom


def _level_break(left: Sequence[Segment], right: Sequence[Segment]) -> float | None:
    """Where one pair of columns ends and the next begins; None where it is one pair.

    Only the file's own order tells: both columns above the white space come before both below.
    """
    rows = rows_of([*left, *right])
    bottom = float("-inf")
    for row in rows:
        y, size = row[0].y, row[0].size
        if bottom > float("-inf") and min(item.top for item in row) - bottom >= 0.8 * size:
            parts = [
                [item.number for item in side if (item.y < y) is above]
                for above in (True, False)
                for side in (left, right)
            ]
            if min(map(len, parts)) >= 2 and (
                max(parts[0]) < min(parts[1])
                and max(parts[1]) < min(parts[2])
                and median(parts[2]) < min(parts[3])  # boxes are drawn after the text, as a rule
            ):
                return y
        bottom = max(bottom, *(item.bottom for item in row))
    return None


def _without_next_heading(
    found: Sequence[Segment], gutter: tuple[float, float, float]
) -> tuple[float, float, float]:
    """The gutter without the heading at its foot that belongs to the wide text below it."""
    x, top, bottom = gutter
    if bottom == float("inf"):
        return gutter
    within = sorted((i for i in found if top < i.y < bottom), key=lambda item: item.y)
    sides = [[i for i in within if ((i.x0 + i.x1) / 2 < x) is left] for left in (True, False)]
    if not all(sides):
        return gutter
    shorter_end = min(side[-1].y for side in sides)
    size = median(item.size for item in within)
    kept = list(within)
    while kept and kept[-1].y > shorter_end and len(within) - len(kept) < 3:
        last = kept[-1]
        if not (last.size >= 1.12 * size or (last.bold and not kept[0].bold)):
            break
        kept.pop()
    if len(kept) == len(within) or not kept:
        return gutter
    return x, top, (kept[-1].y + within[len(kept)].y) / 2


def _best_gutter(found: Sequence[Segment]) -> tuple[float, float, float] | None:
    """(x, top, bottom) of the white space that parts most lines from their neighbours.

    Tried are the strips to the left of each segment that has another beside it: the left edge
    of a column is straight where the right edge of the one before it is ragged.
    """
    size = (
        median(item.size for item in found if not _is_table(item))
        if any(not _is_table(item) for item in found)
        else 10.0
    )
    margin = max(_GUTTER * size, 5.0)
    edges: dict[int, float] = {}
    by_y = sorted(found, key=lambda item: item.y)
    for number, item in enumerate(by_y):
        for other in _beside(by_y, number):
            if other.x1 <= item.x0 - margin:
                bucket = int(item.x0 // 4)
                edges[bucket] = min(edges.get(bucket, item.x0), item.x0)
                break
    best: tuple[float, float, float] | None = None
    best_score = 0.0
    for x0 in sorted(edges.values())[:120]:
        strip0, strip1 = x0 - margin, x0 - 1.0
        blocking = [item for item in by_y if item.x0 < strip1 and item.x1 > strip0]
        bounds = [float("-inf"), *(item.y for item in blocking), float("inf")]
        for top, bottom in pairwise(bounds):
            if bottom - top < 2 * size:
                continue
            left = [i for i in by_y if top < i.y < bottom and i.x1 <= strip0 + 0.01]
            right = [i for i in by_y if top < i.y < bottom and i.x0 >= strip1]
            score = _gutter_score(left, right)
            if score > best_score:
                best_score = score
                best = ((strip0 + strip1) / 2, top, bottom)
    return best


def _beside(by_y: Sequence[Segment], number: int) -> Iterator[Segment]:
    item = by_y[number]
    for step in (-1, 1):
        at = number + step
        while 0 <= at < len(by_y):
            other = by_y[at]
            if abs(other.y - item.y) > 0.8 * item.size and not _is_table(other):
                break
            if abs(other.y - item.y) > 600:
                break
            yield other
            at += step


def _gutter_score(left: Sequence[Segment], right: Sequence[Segment]) -> float:
    """How many lines a gutter parts that stand beside each other; 0 for none worth it."""
    if not left or not right:
        return 0.0
    rows_left, rows_right = len(_baselines(left)), len(_baselines(right))
    if min(rows_left, rows_right) < 2 or max(rows_left, rows_right) < _FEWEST_LINES:
        return 0.0
    top = max(min(i.top for i in left), min(i.top for i in right))
    bottom = min(max(i.bottom for i in left), max(i.bottom for i in right))
    if bottom <= top:
        return 0.0
    beside_left = sum(1 for y in _baselines(left) if top <= y <= bottom)
    beside_right = sum(1 for y in _baselines(right) if top <= y <= bottom)
    beside = min(beside_left, beside_right)
    return beside + 0.001 * (rows_left + rows_right) if beside >= 2 else 0.0


def _baselines(found: Iterable[Segment]) -> list[float]:
    return [row[0].y for row in rows_of(found)]


def _tabular(left: Sequence[Segment], right: Sequence[Segment]) -> bool:
    """Whether two sides of a gutter are the cells of rows, not columns of running text."""
    if any(_is_table(item) for item in (*left, *right)):
        return False
    rows = rows_of([*left, *right])
    left_ids = {id(item) for item in left}
    shared = sum(
        1
        for row in rows
        if any(id(i) in left_ids for i in row) and any(id(i) not in left_ids for i in row)
    )
    if shared < _FEWEST_LINES:
        return False
    right_rows = len(rows_of(right))
    if shared < 0.7 * min(right_rows, len(rows_of(left))):
        return False
    for side in (left, right):
        texts = [item.text for item in side]
        if sum(1 for text in texts if _NUMBER_CELL.fullmatch(text)) * 2 > len(texts):
            return True
    lengths_left = [len(item.text) for item in left]
    lengths_right = [len(item.text) for item in right]
    return (
        max(median(lengths_left), median(lengths_right)) <= 2 * _LONGEST_CELL
        and min(median(lengths_left), median(lengths_right)) <= _LONGEST_CELL
        and sum(1 for i in (*left, *right) if i.text[-1:] in ("\x02", "\ufffe", "-")) == 0
        and not _reads_on(left)
        and not _reads_on(right)
    )


def _reads_on(side: Sequence[Segment]) -> bool:
    """Whether the lines of one side are those of sentences, broken to fit the width."""
    lines = sorted(side, key=lambda item: item.y)
    if len(lines) < 3:
        return False
    on = sum(
        1
        for one, other in pairwise(lines)
        if other.text[:1].islower() and not _ENDS_SENTENCE.search(one.text)
    )
    return on * 3 >= len(lines)


def _open_table(found: Sequence[Segment]) -> Grid:
    """A table without drawn lines: columns where the text is parted all the way down."""
    columns = _column_edges([found])
    rows: list[list[tuple[int, int, list[Segment]]]] = []
    previous_y = 0.0
    for row in rows_of(found):
        cells = _cells(row, columns)
        gap = row[0].y - previous_y
        # A line without a first cell, close below another, is the wrapping of its cells.
        wraps = rows and cells and cells[0][0] > 0 and gap < 1.45 * row[0].size
        if wraps and {c[0] for c in cells} <= {c[0] for c in rows[-1]}:
            for column, span, lines in cells:
                for number, (other, other_span, others) in enumerate(rows[-1]):
                    if other == column:
                        rows[-1][number] = (other, max(span, other_span), [*others, *lines])
        else:
            rows.append(cells)
        previous_y = row[0].y
    return Grid(rows)


def _column_edges(bands: Sequence[Sequence[Segment]]) -> list[float]:
    """The left edges of the columns, the first excepted: where no segment of any row stands.

    Segments over half the width are left out: a title may span all columns.
    """
    items = [item for band in bands for item in band]
    if not items:
        return []
    left, right = min(i.x0 for i in items), max(i.x1 for i in items)
    narrow = [i for i in items if i.x1 - i.x0 < 0.75 * (right - left)] or items
    covered: list[list[float]] = []
    for item in sorted(narrow, key=lambda one: one.x0):
        if covered and item.x0 < covered[-1][1] + 2.0:
            covered[-1][1] = max(covered[-1][1], item.x1)
        else:
            covered.append([item.x0, item.x1])
    return [(one[1] + other[0]) / 2 for one, other in pairwise(covered)]


def _cells(row: Iterable[Segment], edges: Sequence[float]) -> list[tuple[int, int, list[Segment]]]:
    cells: dict[int, tuple[int, list[Segment]]] = {}
    for item in row:
        column = sum(1 for edge in edges if edge <= item.x0 + 0.5)
        last = sum(1 for edge in edges if edge < item.x1 - 0.5)
        span, lines = cells.get(column, (1, []))
        cells[column] = (max(span, last - column + 1), [*lines, item])
    return [(column, *cells[column]) for column in sorted(cells)]


# ---------------------------------------------------------------- ruled tables


def _ruled_tables(
    found: Sequence[Segment], rules: Sequence[Box]
) -> Iterator[tuple[Box, Grid, list[Segment]]]:
    """Tables whose rows are parted by drawn lines of one width, one below the other."""
    if not rules:
        return
    levels = _levels([rule for rule in rules if rule[3] - rule[1] <= 3 < rule[2] - rule[0]])
    uprights = [rule for rule in rules if rule[2] - rule[0] <= 3 < rule[3] - rule[1]]
    used: set[int] = set()
    for number, (x0, x1, _) in enumerate(levels):
        if number in used:
            continue
        group = [
            other
            for other in range(number, len(levels))
            if other not in used
            and abs(levels[other][0] - x0) <= 4
            and abs(levels[other][1] - x1) <= 4
        ]
        if len(group) < 3 or x1 - x0 < 60:
            continue
        ys = [levels[other][2] for other in group]
        used.update(group)
        yield from _ruled_group(found, x0, x1, ys, uprights)


def _levels(rules: Sequence[Box]) -> list[tuple[float, float, float]]:
    """Level lines as (x0, x1, y) from the top, with their pieces side by side joined."""
    rows: list[list[Box]] = []
    for rule in sorted(rules, key=lambda one: (one[1] + one[3], one[0])):
        y = (rule[1] + rule[3]) / 2
        if rows and y - (rows[-1][0][1] + rows[-1][0][3]) / 2 <= 1.6:
            rows[-1].append(rule)
        else:
            rows.append([rule])
    found: list[tuple[float, float, float]] = []
    for row in rows:
        y = (row[0][1] + row[0][3]) / 2
        pieces: list[list[float]] = []
        for rule in sorted(row):
            if pieces and rule[0] <= pieces[-1][1] + 6:
                pieces[-1][1] = max(pieces[-1][1], rule[2])
            else:
                pieces.append([rule[0], rule[2]])
        found += [(x0, x1, y) for x0, x1 in pieces]
    return found


def _ruled_group(
    found: Sequence[Segment], x0: float, x1: float, ys: Sequence[float], uprights: Sequence[Box]
) -> Iterator[tuple[Box, Grid, list[Segment]]]:
    """The tables between lines of one width, some of which may belong to the page's frame."""
    inside = [item for item in found if item.x0 >= x0 - 4 and item.x1 <= x1 + 6]
    table: list[_Band] = []
    waiting: list[_Band] = []
    for top, bottom in pairwise(ys):
        items = [item for item in inside if top < item.y <= bottom + 1]
        if not items:
            continue
        band = _Band(top, bottom, items)
        drawn = _upright_edges(band, x0, x1, uprights)
        edges = drawn or _column_edges([items])
        row = len(_cells(items, edges)) > 1 and _is_row(band, edges)
        if row and (drawn or not _is_columns(band, edges)):
            table += [*waiting, band] if table else [band]
            waiting = []
        elif table and len(rows_of(items)) <= 2 and bottom - top < 4 * items[0].size:
            waiting.append(band)  # a heading within the table, if more of it follows
        else:
            if len(table) > 1:
                yield _ruled_table(table, x0, x1, uprights)
            table, waiting = [], []
    if len(table) > 1:
        yield _ruled_table(table, x0, x1, uprights)


@dataclass(slots=True)
class _Band:
    """What stands between two drawn lines."""

    top: float
    bottom: float
    items: list[Segment]


def _is_row(band: _Band, edges: Sequence[float]) -> bool:
    """Whether it is one row of cells, and not columns of text or a page between its rules."""
    rows = rows_of(band.items)
    beside = sum(1 for row in rows if len(_cells(row, edges)) > 1)
    return beside > 0 and len(rows) <= 25 and (beside * 5 >= len(rows) or len(rows) <= 6)


def _is_columns(band: _Band, edges: Sequence[float]) -> bool:
    """Whether it is running text in columns, between lines that part sections of the page."""
    cells = [items for _, _, items in _cells(band.items, edges)]
    return sum(1 for items in cells if len(items) >= _LONG_CELL and _reads_on(items)) > 1


def _upright_edges(band: _Band, x0: float, x1: float, uprights: Sequence[Box]) -> list[float]:
    places = sorted(
        (box[0] + box[2]) / 2
        for box in uprights
        if x0 + 4 < box[0] < x1 - 4 and box[1] < band.bottom - 2 and box[3] > band.top + 2
    )
    return [x for number, x in enumerate(places) if not number or x - places[number - 1] > 3]


def _ruled_table(
    table: Sequence[_Band], x0: float, x1: float, uprights: Sequence[Box]
) -> tuple[Box, Grid, list[Segment]]:
    whole = _Band(table[0].top, table[-1].bottom, [i for band in table for i in band.items])
    edges = _upright_edges(whole, x0, x1, uprights) or _column_edges([b.items for b in table])
    rows = [_cells(band.items, edges) for band in table]
    for row in rows:
        for _, _, lines in row:
            lines.sort(key=lambda item: (item.y, item.x0))
    return (x0, whole.top, x1, whole.bottom), Grid(rows, ruled=True), whole.items


# ---------------------------------------------------------------- lines to blocks


def _lines(found: Sequence[Segment]) -> list[Segment]:
    """The segments of one column as whole lines from the top."""
    lines: list[Segment] = []
    for row in rows_of(found):
        line = row[0]
        for item in row[1:]:
            if _is_table(item) or _is_table(line):
                lines.append(line)
                line = item
                continue
            both_rtl = _is_right_to_left(line.text) and _is_right_to_left(item.text)
            one, other = (item, line) if both_rtl else (line, item)
            main = line if len(line.text) >= len(item.text) else item
            line = Segment(
                f"{one.text} {other.text}",
                line.x0,
                item.x1,
                main.y,
                main.size,
                line.bold and item.bold,
                line.number,
                line.marker,
                line.symbol,
                line.colour,
            )
        lines.append(line)
    return lines


def measures(pages: Iterable[Sequence[Segment]]) -> Measures:
    """What is usual in a document: the size of its text, and the distance of its lines."""
    sizes: Counter[float] = Counter()
    bold = 0
    colours: Counter[Colour] = Counter()
    steps: dict[float, Counter[float]] = {}
    for found in pages:
        before: Segment | None = None
        for item in found:
            sizes[round(item.size * 2) / 2] += len(item.text)
            bold += len(item.text) if item.bold else 0
            colours[item.colour] += len(item.text)
            if before is not None and abs(before.size - item.size) < 0.3:
                step = item.y - before.y
                if 0.8 * item.size <= step <= 2.2 * item.size and abs(item.x0 - before.x0) < 40:
                    counts = steps.setdefault(round(item.size * 2) / 2, Counter())
                    counts[round(step, 1)] += 1
            before = item
    if not sizes:
        return Measures()
    body = max(sizes, key=lambda size: sizes[size])
    leading = {
        size: max(counts, key=lambda step: counts[step])
        for size, counts in steps.items()
        if sum(counts.values()) >= 4
    }
    colour = max(colours, key=lambda one: colours[one])
    return Measures(body, leading, bold * 2 > sum(sizes.values()), colour)


def blocks(
    parts: Sequence[Column | Grid], usual: Measures, join: Callable[[Sequence[str]], str]
) -> list[Piece]:
    """The pieces of a page in reading order. `join` makes one text of the lines of a cell."""
    pieces: list[Piece] = []
    for part in parts:
        if isinstance(part, Grid):
            pieces += _table_pieces(part, join)
        else:
            found = list(_column_pieces(part.lines, usual))
            for piece in found:
                begun = _begun(pieces, piece)
                if begun is None:
                    pieces.append(piece)
                else:
                    begun.lines += piece.lines
                    begun.bottom = piece.bottom
                    begun.full = piece.full
    return pieces


def _begun(pieces: Sequence[Piece], piece: Piece) -> Piece | None:
    """The paragraph that a piece goes on with, in the column before or above a pulled quote."""
    for between, before in enumerate(reversed(pieces[-_MOST_BETWEEN - 1 :])):
        if before.kind not in (BlockKind.HEADING, BlockKind.CAPTION, BlockKind.FOOTNOTE):
            above = before.bottom <= piece.top
            return before if _carries_on(before, piece) and (between or not above) else None
    return None


def _carries_on(before: Piece, piece: Piece) -> bool:
    """Whether a paragraph goes on at the top of the next column."""
    return (
        before.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)
        and piece.kind is BlockKind.PARAGRAPH
        and abs(before.size - piece.size) < 0.6
        and before.bold == piece.bold
        and len(before.lines[-1]) >= _LONGEST_CELL
        and not _ENDS_SENTENCE.search(before.lines[-1])
        and (
            piece.lines[0][:1].islower()
            or before.lines[-1][-1:] in _HYPHENS
            or (before.full and min(len(before.lines), len(piece.lines)) > 1)
        )
    )


def _table_pieces(grid: Grid, join: Callable[[Sequence[str]], str]) -> Iterator[Piece]:
    rows: list[list[Cell]] = []
    for row in grid.rows:
        cells: list[Cell] = []
        for column, span, lines in row:
            text = join([line.text for line in lines])
            cells.append(Cell(text, column, span, named=all(line.bold for line in lines)))
        rows.append(cells)
    headers = count_headers(rows)
    if not headers and grid.ruled and len(rows) > 2 and _heads(rows):
        headers = 1
    segments_ = [line for row in grid.rows for _, _, lines in row for line in lines]
    top = min(line.top for line in segments_)
    for number, text in enumerate(table_lines(rows, headers=headers)):
        text = _LEADERS.sub(" ", text)
        yield Piece(
            BlockKind.TABLE_ROW,
            [text],
            size=segments_[0].size,
            follows=number > 0,
            x0=min(line.x0 for line in segments_),
            top=top,
            bottom=max(line.bottom for line in segments_),
        )


def _heads(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether the first row names the columns, though nothing sets it apart."""
    first = [cell for cell in rows[0] if not cell.blank]
    width = max(len([cell for cell in row if not cell.blank]) for row in rows)
    return (
        len(first) == width > 1
        and all(len(cell.text) <= 40 and not re.search(r"\d", cell.text) for cell in first)
        and any(re.search(r"\d", cell.text) for row in rows[1:] for cell in row[1:])
    )


def _column_pieces(lines: Sequence[Segment], usual: Measures) -> Iterator[Piece]:
    lines = [line for line in lines if not (line.symbol and len(line.text) == 1)]
    if not lines:
        return
    if sum(map(_is_right_to_left, (line.text for line in lines))) * 2 > len(lines):
        lines = [_mirrored(line) for line in lines]
    right = max(line.x1 for line in lines)
    leading = _leadings(lines, usual)
    group: list[Segment] = []
    for line in lines:
        if group and _starts_block(group, line, right, leading, usual):
            yield _piece(group, usual)
            group = []
        group.append(line)
    if group:
        piece = _piece(group, usual)
        piece.full = group[-1].x1 >= right - 2.5 * piece.size
        yield piece


def _with_initials(lines: Sequence[Segment]) -> list[Segment]:
    """Large first letters put back before the word that they begin."""
    kept = list(lines)
    for letter in lines:
        if len(letter.text.strip("“\"'‘")) != 1 or not letter.text[-1:].isalpha():
            continue
        near = [
            line
            for line in kept
            if line is not letter
            and letter.size >= 1.8 * line.size
            and letter.y - letter.size <= line.y <= letter.y + 0.3 * line.size
            and -2 <= line.x0 - letter.x1 <= 1.5 * line.size
        ]
        if near:
            first = min(near, key=lambda line: line.y)
            first.text = letter.text + first.text
            for line in near:
                line.x0 = letter.x0
            kept = [line for line in kept if line is not letter]
    return kept


def _mirrored(line: Segment) -> Segment:
    """A line of a script that runs from right to left, for rules made for the other way."""
    marker = -line.marker if line.marker else 0.0
    return replace(line, x0=-line.x1, x1=-line.x0, marker=marker)


def _leadings(lines: Sequence[Segment], usual: Measures) -> dict[float, float]:
    """The usual distance of lines by type size, in this column where it has enough of them."""
    steps: dict[float, list[float]] = {}
    for one, other in pairwise(lines):
        if abs(one.size - other.size) < 0.3 and 0.8 * one.size <= other.y - one.y:
            steps.setdefault(round(one.size * 2) / 2, []).append(round(other.y - one.y, 1))
    found = dict(usual.leading)
    for size, own in steps.items():
        small = sorted(own)[: max(1, len(own) * 2 // 3)]
        if len(own) >= 4:
            common, count = Counter(own).most_common(1)[0]
            known = found.get(size)
            if count * 2 >= len(own) and (known is None or common <= 1.6 * size):
                found[size] = common
            elif known is None or known > small[len(small) // 2] * 1.05:
                found[size] = small[len(small) // 2]
        else:
            found.setdefault(size, min(small[0], 1.35 * size))
    return found


def _starts_block(
    group: Sequence[Segment],
    line: Segment,
    right: float,
    leading: dict[float, float],
    usual: Measures,
) -> bool:
    last = group[-1]
    size = max(last.size, line.size)
    step = line.y - last.y
    usual_step = leading.get(round(line.size * 2) / 2, 1.3 * line.size)
    wraps = line.text[:1].islower() or last.text[-1:] in _HYPHENS
    fits = _next_word_fits(last, line, right)
    reads_on = wraps and not fits and not _ENDS_SENTENCE.search(last.text)
    if reads_on and line.bold == last.bold and abs(line.x0 - last.x0) < size:
        usual_step = max(usual_step, min(step, 1.5 * size))
    if step <= 0 or step > max(1.16 * usual_step, usual_step + 1.5) or step > 2.6 * size:
        return True
    if abs(last.size - line.size) > 0.08 * size:
        return True
    if _is_item(line) and (not _is_numbered(line) or _numbers_on(group[0], last, line)):
        return True
    if (
        last.bold == line.bold
        and last.colour == line.colour
        and ((last.bold and not usual.bold_body) or _is_heading_size(line, usual))
    ):
        # A heading's lines are broken by sense, not where the next word would not fit.
        return bool(_ENDS_SENTENCE.search(last.text)) and not wraps and fits
    # A line under the first word of its item is more of it, though set in bold.
    hangs = bool(group[0].marker) and abs(line.x0 - group[0].marker) < 0.5 * size and not fits
    if last.bold != line.bold and not (wraps and not fits) and not hangs:
        # A bold line that fills the width, then plain text: the lead-in of a paragraph.
        lead_in = last.bold and not fits and not usual.bold_body and _fills(last, line, right)
        if not (lead_in and len(group) < 3 and not _is_heading_size(last, usual)):
            return True
    centred = abs((last.x0 + last.x1) - (line.x0 + line.x1)) < 6
    item_text = group[0].marker
    if item_text and len(group) >= 1:
        if line.x0 < group[0].x0 - 0.8 * size:
            return True
        if len(group) > 1 and line.x0 < group[1].x0 - 0.8 * size:
            return True
        if len(group) == 1 and line.x0 < item_text - 0.8 * size and fits:
            return True
    elif not centred:
        left = min(item.x0 for item in group)
        if line.x0 > last.x0 + 0.8 * size and len(group) > 0 and not wraps:
            return fits or not _is_item(group[0])
        if len(group) > 1 and line.x0 < left - 0.8 * size:
            return True
    return (
        fits
        and not wraps
        and (
            bool(_ENDS_SENTENCE.search(last.text)) or (last.x1 - last.x0) < 0.5 * (right - last.x0)
        )
    )


def _is_numbered(line: Segment) -> bool:
    return bool(_NUMBERED.match(line.text))


def _numbers_on(first: Segment, last: Segment, line: Segment) -> bool:
    """Whether a number at the start of a line is that of an item, not one of a sentence."""
    beside = _is_numbered(first) and abs(first.x0 - line.x0) < line.size
    return beside or bool(_ENDS_SENTENCE.search(last.text)) or line.x0 < last.x0 - 0.5 * line.size


def _fills(last: Segment, line: Segment, right: float) -> bool:
    return last.x1 >= min(right, max(line.x1, last.x1)) - 4 * last.size


def _next_word_fits(last: Segment, line: Segment, right: float) -> bool:
    """Whether the line's first word would have stood in the space that the last line left."""
    word = line.text.split(maxsplit=1)[0] if line.text.strip() else ""
    width = (line.x1 - line.x0) / max(1, len(line.text)) * (len(word) + 1)
    return last.x1 + width < right - 0.3 * line.size


def _is_item(line: Segment) -> bool:
    if line.marker:
        return True
    if line.symbol and len(line.text) > 1 and line.text[1] == " ":
        return True
    match = _BULLET.match(line.text)
    return bool(match and match.end() < len(line.text)) and line.text[0] not in "–—*-o"


def _is_heading_size(line: Segment, usual: Measures) -> bool:
    return line.size >= 1.15 * usual.body


def _piece(group: Sequence[Segment], usual: Measures) -> Piece:
    first = group[0]
    lines = [
        _LEADERS.sub(" ", line.text) if "..." in line.text or ". ." in line.text else line.text
        for line in group
    ]
    text = " ".join(lines)
    letters_of: Counter[float] = Counter()
    for line in group:
        letters_of[line.size] += len(line.text)
    size = max(letters_of, key=lambda one: letters_of[one])
    bold = all(line.bold for line in group)
    piece = Piece(
        BlockKind.PARAGRAPH,
        lines,
        size=size,
        bold=bold,
        x0=first.x0,
        top=first.top,
        bottom=group[-1].bottom,
    )
    letters = sum(map(str.isalpha, text[:_LONGEST_HEADING]))
    looks_headed = (
        size >= 1.15 * usual.body or (bold and not usual.bold_body and len(text) <= 100)
    ) and not re.search(r"[.,;]$", text)
    short = len(text) <= _LONGEST_HEADING and len(group) <= 6
    if _is_item(first) and not (
        short and looks_headed and (_NUMBERED.match(first.text) or first.symbol)
    ):
        piece.kind = BlockKind.LIST_ITEM
        piece.level = 1
        piece.lines[0] = _plain_bullet(piece.lines[0], symbol=first.symbol)
    elif _is_large_heading(piece, text, letters, usual) or _is_bold_heading(
        piece, text, letters, usual
    ):
        piece.kind = BlockKind.HEADING
    elif (
        size >= 1.02 * usual.body
        and all(line.colour != usual.colour for line in group)
        and len(text) <= 100
        and len(group) <= 2
        and letters >= 3
        and not re.search(r"[.,;]$", text)
        and text[0].isupper()
    ):
        piece.kind = BlockKind.HEADING  # it is set apart by its colour
    elif _CAPTION.match(text) and len(text) <= 200 and re.match(r"\S+ \d|source", text, re.I):
        piece.kind = BlockKind.CAPTION
    elif size <= 0.92 * usual.body and _NOTE.match(text):
        piece.kind = BlockKind.FOOTNOTE
    if piece.kind is BlockKind.HEADING:
        piece.lines[0] = _without_sign(piece.lines[0], symbol=first.symbol)
    return piece


def _is_large_heading(piece: Piece, text: str, letters: int, usual: Measures) -> bool:
    sentence = text[-1] == "." and (len(piece.lines) > 1 or len(text) > 60)
    return (
        piece.size >= 1.15 * usual.body
        and len(text) <= _LONGEST_HEADING
        and len(piece.lines) <= 6
        and letters >= 2
        and not sentence
    )


def _is_bold_heading(piece: Piece, text: str, letters: int, usual: Measures) -> bool:
    return (
        piece.bold
        and not usual.bold_body
        and piece.size >= 0.9 * usual.body
        and len(text) <= 100
        and len(piece.lines) <= 2
        and letters >= 3
        and not re.search(r"[.,;]$", text)
        and not text[0].islower()
    )


def _without_sign(text: str, *, symbol: bool) -> str:
    """A heading without the bullet or picture before it."""
    if symbol or text[0] in _BULLETS or _PRIVATE_USE.match(text):
        return text[1:].lstrip() or text
    return text


def _plain_bullet(text: str, *, symbol: bool) -> str:
    """The item with its sign as a bullet, where the sign is one of a font of pictures."""
    if symbol or _PRIVATE_USE.match(text):
        return "• " + text[1:].lstrip()
    if text[0] in _BULLETS:
        return text[0] + " " + text[1:].lstrip()
    return text
