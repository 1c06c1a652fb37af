"""What pdfium finds on one page: its words with their places, and the lines drawn around them.

Coordinates are points. In a `Word` they are those of a reader who holds the page so that the
word stands upright: x grows to the right and y downwards.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ingest.reading import HiddenKind

SMALLEST_TYPE = 2.0  # points; smaller type is not read by people
_MOST_SHAPES = 20_000  # shapes of a page that are looked at; a drawing may have a million
_MOST_CHARACTERS = 400_000  # of one page
_ALIKE = 10  # of 255; colours this close in every channel cannot be told apart
_OCR_COVER = 0.5  # of the page; a picture this large is a scan
_BOLD_WEIGHT = 600
_SOFT = "\u00ad\ufffe\x02"  # a hyphen that pdfium takes for the division of a word
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|extrab", re.I)
_NO_TEXT = re.compile(r"\s")

Box = tuple[float, float, float, float]  # left, top, right, bottom; y downwards
Colour = tuple[int, int, int, int]  # red, green, blue, alpha


@dataclass(slots=True)
class Word:
    """Characters without a space between them, from one text object."""

    text: str
    x0: float
    x1: float
    y: float  # the baseline
    size: float  # of the type, as printed
    bold: bool
    angle: int  # degrees, anticlockwise, in which the line runs on the unturned page
    joined: bool  # no space between the word before it and this one
    colour: Colour = (0, 0, 0, 255)
    symbol: bool = False  # set in a font of pictures, such as Wingdings


@dataclass(slots=True)
class PageWords:
    """The visible words of one page in the order of the file, with what surrounds them."""

    width: float
    height: float
    angle: int  # in which most of the text runs
    words: list[Word]
    box: Box  # of the page, for words at `angle`
    rules: list[Box] = field(default_factory=list[Box])  # thin lines drawn, for words at `angle`
    hidden: list[tuple[HiddenKind, str]] = field(default_factory=list[tuple[HiddenKind, str]])
    from_ocr: bool = False
    unmapped: int = 0  # characters whose font does not say what they are


@dataclass(frozen=True, slots=True)
class _Style:
    """What is the same for all characters of a text object."""

    size: float
    bold: bool
    angle: int
    colour: Colour
    mode: int
    symbol: bool


@dataclass(slots=True)
class _Shape:
    left: float
    bottom: float
    right: float
    top: float
    colour: Colour | None  # of its filling; None for a picture or a pattern
    filled: bool
    picture: bool = False


def page_words(raw: Any, page: Any, text_page: Any) -> PageWords:
    """Everything on the page. `raw` is pypdfium2's C layer; the others are its handles."""
    return _PageReader(raw, page, text_page).read()


class _PageReader:
    def __init__(self, raw: Any, page: Any, text_page: Any) -> None:
        self._raw = raw
        self._page = page
        self._text = text_page
        self._styles: dict[int, _Style] = {}
        self._fonts: dict[int, tuple[bool, bool]] = {}

    def read(self) -> PageWords:
        left, bottom, right, top = self._page_box()
        words, places, unmapped = self._words()
        angle = _main_angle(words)
        shapes = self._shapes()
        box = (left, bottom, right, top)
        hidden: list[tuple[HiddenKind, str]] = []
        from_ocr = self._is_scan(words, shapes, box)
        kept: list[Word] = []
        why_last: HiddenKind | None = None
        colours = {(255, 255, 255)} | {s.colour[:3] for s in shapes if s.filled and s.colour}
        suspects: dict[tuple[int, int, int], bool] = {}
        for word, (px, py, mode) in zip(words, places, strict=True):
            why = _why_hidden(word, px, py, mode, box, from_ocr=from_ocr)
            if why is None:
                colour = word.colour[:3]
                if colour not in suspects:
                    suspects[colour] = any(_alike(colour, other) for other in colours)
                if suspects[colour] and not from_ocr and mode != 3:
                    middle = _middle(word)
                    if _unseen_against(colour, _behind(shapes, *middle)):
                        why = HiddenKind.WHITE
            if why is None:
                if why_last is not None:
                    word.joined = False
                kept.append(word)
            elif hidden and why is why_last:
                gap = "" if word.joined else " "
                if len(hidden[-1][1]) < 400:
                    hidden[-1] = (why, hidden[-1][1] + gap + word.text)
            else:
                hidden.append((why, word.text))
            why_last = why
        if len(kept) != len(words):
            angle = _main_angle(kept)
        return PageWords(
            width=right - left,
            height=top - bottom,
            angle=angle,
            words=kept,
            box=turned_box(box, angle),
            rules=[turned_box((s.left, s.bottom, s.right, s.top), angle) for s in _rules(shapes)],
            hidden=hidden,
            from_ocr=from_ocr,
            unmapped=unmapped,
        )

    def _page_box(self) -> Box:
        """Left, bottom, right, top of what a viewer shows."""
        box = self._raw.FS_RECTF()
        if self._raw.FPDF_GetPageBoundingBox(self._page, ctypes.byref(box)):
            return box.left, box.bottom, box.right, box.top
        return 0.0, 0.0, 612.0, 792.0

    def _characters(self) -> tuple[list[int], list[str]]:
        """The indices of the characters for pdfium, and the characters."""
        raw, text = self._raw, self._text
        count = min(raw.FPDFText_CountChars(text), _MOST_CHARACTERS)
        if count <= 0:
            return [], []
        get = raw.FPDFText_GetUnicode
        return list(range(count)), [chr(get(text, index) or 0xFFFD) for index in range(count)]

    def _words(self) -> tuple[list[Word], list[tuple[float, float, int]], int]:
        """The words, and for each the place of its first letter on the page and render mode."""
        text = self._text
        object_of = self._raw.FPDFText_GetTextObject
        address = ctypes.c_void_p
        del address
        words: list[Word] = []
        places: list[tuple[float, float, int]] = []
        unmapped = 0
        indices, characters = self._characters()
        first = -1
        current = 0
        joined = False
        last_style: _Style | None = None

        def finish(end: int) -> None:
            nonlocal last_style, unmapped
            content = "".join(characters[first:end])
            style = self._style(current, first)
            found = self._word(content, first, end - 1, style, joined)
            last_style = style
            if found is not None:
                words.append(found[0])
                places.append(found[1])
                unmapped += content.count("\ufffd")

        for index in indices:
            character = characters[index]
            if character <= " " and character != "\x02" or character in "\u00a0\u2003\u2002\u3000":
                if first >= 0:
                    finish(index)
                    first = -1
                joined = False
                continue
            holder = object_of(text, index)
            key = ctypes.cast(holder, ctypes.c_void_p).value or 0
            if first < 0:
                first, current = index, key
            elif key != current:
                finish(index)
                first, current, joined = index, key, True
        if first >= 0:
            finish(len(characters))
        return words, places, unmapped

    def _word(
        self, content: str, first: int, last: int, style: _Style, joined: bool
    ) -> tuple[Word, tuple[float, float, int]] | None:
        left, right = ctypes.c_double(), ctypes.c_double()
        bottom, top = ctypes.c_double(), ctypes.c_double()
        x, y = ctypes.c_double(), ctypes.c_double()
        raw, text, by = self._raw, self._text, ctypes.byref
        raw.FPDFText_GetCharOrigin(text, first, by(x), by(y))
        corners: list[tuple[float, float]] = []
        for index in (first, last) if last != first else (first,):
            if not raw.FPDFText_GetCharBox(text, index, by(left), by(right), by(bottom), by(top)):
                continue
            corners += [(left.value, bottom.value), (right.value, top.value)]
            if style.angle % 180:
                corners += [(left.value, top.value), (right.value, bottom.value)]
        if not corners:
            return None
        px, py = x.value, y.value
        if style.angle:
            cosine, sine = _turn(style.angle)
            along = [cx * cosine + cy * sine for cx, cy in corners]
            base = px * sine - py * cosine
        else:
            along = [corner[0] for corner in corners]
            base = -py
        x0, x1 = min(along), max(along)
        if not (math.isfinite(x0) and math.isfinite(x1) and math.isfinite(base)):
            return None
        word = Word(
            content,
            x0,
            x1,
            base,
            style.size,
            style.bold,
            style.angle,
            joined,
            style.colour,
            style.symbol,
        )
        middle_x = (min(c[0] for c in corners) + max(c[0] for c in corners)) / 2
        middle_y = (min(c[1] for c in corners) + max(c[1] for c in corners)) / 2
        return word, (middle_x, middle_y, style.mode)

    def _style(self, key: int, index: int) -> _Style:
        known = self._styles.get(key)
        if known is not None:
            return known
        raw, text = self._raw, self._text
        holder = raw.FPDFText_GetTextObject(text, index)
        matrix = raw.FS_MATRIX()
        scale, angle = 1.0, 0
        if raw.FPDFText_GetMatrix(text, index, ctypes.byref(matrix)):
            scale = math.hypot(matrix.c, matrix.d)
            if matrix.a or matrix.b:
                angle = round(math.degrees(math.atan2(matrix.b, matrix.a))) % 360
        for upright in (0, 90, 180, 270, 360):
            if abs(angle - upright) <= 3:
                angle = upright % 360
        size = raw.FPDFText_GetFontSize(text, index) * scale
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        by = ctypes.byref
        colour: Colour = (0, 0, 0, 255)
        if raw.FPDFText_GetFillColor(text, index, by(red), by(green), by(blue), by(alpha)):
            colour = (red.value, green.value, blue.value, alpha.value)
        mode = raw.FPDFTextObj_GetTextRenderMode(holder) if holder else 0
        bold, symbol = self._font(holder)
        style = _Style(abs(size) or 1.0, bold or mode == 2, angle, colour, mode, symbol)
        if key:
            self._styles[key] = style
        return style

    def _font(self, holder: Any) -> tuple[bool, bool]:
        """Whether the font is bold, and whether it is one of pictures."""
        raw = self._raw
        font = raw.FPDFTextObj_GetFont(holder) if holder else None
        key = ctypes.cast(font, ctypes.c_void_p).value if font else None
        if not key:
            return False, False
        known = self._fonts.get(key)
        if known is None:
            buffer = ctypes.create_string_buffer(200)
            raw.FPDFFont_GetBaseFontName(font, buffer, 200)
            name = buffer.value.decode("utf-8", "replace")
            bold = bool(_BOLD_NAME.search(name)) or raw.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT
            symbol = bool(re.search(r"wingding|dingbat|webding|symbol", name, re.I))
            known = self._fonts[key] = (bold, symbol)
        return known

    def _shapes(self) -> list[_Shape]:
        """Filled shapes, pictures and lines in drawing order, in page coordinates."""
        raw, page = self._raw, self._page
        count = raw.FPDFPage_CountObjects(page)
        found: list[_Shape] = []
        seen = 0

        def walk(items: Iterator[Any], matrix: tuple[float, ...] | None, depth: int) -> None:
            nonlocal seen
            for item in items:
                kind = raw.FPDFPageObj_GetType(item)
                if kind == raw.FPDF_PAGEOBJ_TEXT:
                    continue
                seen += 1
                if seen > _MOST_SHAPES:
                    return
                if kind == raw.FPDF_PAGEOBJ_FORM:
                    if depth < 6:
                        inner = raw.FS_MATRIX()
                        raw.FPDFPageObj_GetMatrix(item, ctypes.byref(inner))
                        own = (inner.a, inner.b, inner.c, inner.d, inner.e, inner.f)
                        children = (
                            raw.FPDFFormObj_GetObject(item, number)
                            for number in range(max(0, raw.FPDFFormObj_CountObjects(item)))
                        )
                        walk(children, _product(own, matrix), depth + 1)
                    continue
                shape = self._shape(item, kind, matrix)
                if shape is not None:
                    found.append(shape)

        walk((raw.FPDFPage_GetObject(page, number) for number in range(max(0, count))), None, 0)
        return found

    def _shape(self, item: Any, kind: int, matrix: tuple[float, ...] | None) -> _Shape | None:
        raw, by = self._raw, ctypes.byref
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        if not raw.FPDFPageObj_GetBounds(item, by(left), by(bottom), by(right), by(top)):
            return None
        corners = [(left.value, bottom.value), (right.value, top.value)]
        if matrix is not None:
            a, b, c, d, e, f = matrix
            corners += [(left.value, top.value), (right.value, bottom.value)]
            corners = [(a * x + c * y + e, b * x + d * y + f) for x, y in corners]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        if not all(map(math.isfinite, (*xs, *ys))):
            return None
        place = (min(xs), min(ys), max(xs), max(ys))
        if kind != raw.FPDF_PAGEOBJ_PATH:
            return _Shape(*place, None, True, picture=kind == raw.FPDF_PAGEOBJ_IMAGE)
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        raw.FPDFPath_GetDrawMode(item, by(fill), by(stroke))
        if not fill.value and not stroke.value:
            return None
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        colour: Colour | None = None
        get = raw.FPDFPageObj_GetFillColor if fill.value else raw.FPDFPageObj_GetStrokeColor
        if get(item, by(red), by(green), by(blue), by(alpha)):
            colour = (red.value, green.value, blue.value, alpha.value)
        return _Shape(*place, colour, bool(fill.value))

    def _is_scan(self, words: Sequence[Word], shapes: Sequence[_Shape], box: Box) -> bool:
        """Whether the page is a picture with unseen text behind it, as OCR programs leave it."""
        unseen = sum(1 for style in self._styles.values() if style.mode == 3)
        if not words or unseen * 2 < len(self._styles):
            return False
        area = max(1.0, (box[2] - box[0]) * (box[3] - box[1]))
        covered = sum(
            (shape.right - shape.left) * (shape.top - shape.bottom)
            for shape in shapes
            if shape.picture
        )
        return covered >= _OCR_COVER * area


def _why_hidden(
    word: Word, px: float, py: float, mode: int, box: Box, *, from_ocr: bool
) -> HiddenKind | None:
    left, bottom, right, top = box
    if not (left - 1 <= px <= right + 1 and bottom - 1 <= py <= top + 1):
        return HiddenKind.OFF_PAGE
    if from_ocr:
        return None
    if mode in (3, 7) or word.colour[3] < 8:
        return HiddenKind.INVISIBLE
    if word.size < SMALLEST_TYPE:
        return HiddenKind.TINY
    return None


def _alike(one: Sequence[int], other: Sequence[int]) -> bool:
    return all(abs(a - b) <= _ALIKE for a, b in zip(one[:3], other[:3], strict=True))


def _unseen_against(colour: Sequence[int], behind: Colour | None) -> bool:
    return behind is not None and _alike(colour, behind)


def _behind(shapes: Sequence[_Shape], x: float, y: float) -> Colour | None:
    """The colour of the topmost filling at a place; None for a picture; white without either."""
    for shape in reversed(shapes):
        if not shape.filled or not (
            shape.left <= x <= shape.right and shape.bottom <= y <= shape.top
        ):
            continue
        if shape.colour is None:
            return None
        if shape.colour[3] >= 8:
            return shape.colour
    return (255, 255, 255, 255)


def _middle(word: Word) -> tuple[float, float]:
    """The middle of a word in page coordinates."""
    x, y = (word.x0 + word.x1) / 2, word.y - word.size * 0.3
    cosine, sine = _turn(word.angle)
    return x * cosine + y * sine, x * sine - y * cosine


def _rules(shapes: Sequence[_Shape]) -> Iterator[_Shape]:
    """Thin drawn lines, and the edges of drawn frames and coloured bands."""
    for shape in shapes:
        if shape.picture or shape.colour is None:
            continue
        if shape.filled and _alike(shape.colour, (255, 255, 255)):
            continue
        width, height = shape.right - shape.left, shape.top - shape.bottom
        if width < 4 and height < 4:
            continue
        if min(width, height) <= 3:
            yield shape
        elif min(width, height) <= 200:
            s = shape
            yield _Shape(s.left, s.bottom, s.right, s.bottom, s.colour, s.filled)
            yield _Shape(s.left, s.top, s.right, s.top, s.colour, s.filled)
            if not s.filled:
                yield _Shape(s.left, s.bottom, s.left, s.top, s.colour, s.filled)
                yield _Shape(s.right, s.bottom, s.right, s.top, s.colour, s.filled)


def _main_angle(words: Sequence[Word]) -> int:
    counts: Counter[int] = Counter()
    for word in words:
        counts[word.angle] += len(word.text)
    return max(counts, key=lambda angle: (counts[angle], -angle)) if counts else 0


def _turn(angle: int) -> tuple[float, float]:
    exact = {0: (1.0, 0.0), 90: (0.0, 1.0), 180: (-1.0, 0.0), 270: (0.0, -1.0)}
    return exact.get(angle) or (math.cos(math.radians(angle)), math.sin(math.radians(angle)))


def turned_box(box: Box, angle: int) -> Box:
    """A box of the page (left, bottom, right, top) as seen by a reader of text at `angle`."""
    left, bottom, right, top = box
    cosine, sine = _turn(angle)
    corners = [(left, bottom), (left, top), (right, bottom), (right, top)]
    xs = [x * cosine + y * sine for x, y in corners]
    ys = [x * sine - y * cosine for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _product(inner: tuple[float, ...], outer: tuple[float, ...] | None) -> tuple[float, ...]:
    if outer is None:
        return inner
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )
