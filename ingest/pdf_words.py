"""What pdfium finds on one page: its words with their places, and the lines drawn around them.

Coordinates are points. In a `Word` they are those of a reader who holds the page so that the
word stands upright: x grows to the right and y downwards.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ingest.reading import HiddenKind

SMALLEST_TYPE = 2.0  # points; smaller type is not read by people
_SMALL_PAGE = 300.0  # points; a narrower page is shown enlarged, and its type with it
_MOST_SHAPES = 20_000  # shapes of a page that are looked at; a drawing may have a million
_MOST_BULLETS = 200  # on a page; more small shapes are a drawing
_MOST_PATHS = 3_000  # whose single lines are looked at
_MOST_SEGMENTS = 2_000  # of one path
_MOST_CHARACTERS = 400_000  # of one page
_ALIKE = 10  # of 255; colours this close in every channel cannot be told apart
_OCR_COVER = 0.5  # of the page; a picture this large is a scan
_OCR_WORDS = 40  # of a page whose text is all unseen, that are looked for in its picture
_CONTRAST = 24  # of 255; the least difference of lightness that shows letters
_MOST_PIXELS = 1_500_000  # of a page that is drawn to see whether its text shows
_SIGNS = frozenset("\"'“”‘’„,.;:!?()[]{}&@#%+=-–—/|*£$€¥©®™°§¶†‡\x02\ufffe\u00ad")  # of text
_DOT = 0.18  # of the type size; a full stop is no wider and no higher
_BOLD_WEIGHT = 600
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|[a-z]bx\d|[-,]bd\b", re.I)
_SPACES = "\x00\x01\x03-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# pdfium writes U+0002 or U+FFFE for the hyphen of a divided word, and no line end after it.
_WORD = re.compile(f"[^{_SPACES}\x02\ufffe]*[\x02\ufffe]|[^{_SPACES}\x02\ufffe]+")

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
    font: int = 0  # the same for words in the same font of the page


@dataclass(slots=True)
class PageWords:
    """The visible words of one page in the order of the file, with what surrounds them."""

    width: float
    height: float
    angle: int  # in which most of the text runs
    words: list[Word]
    box: Box  # of the page, for words at `angle`
    rules: list[Box] = field(default_factory=list[Box])  # thin lines drawn, for words at `angle`
    bullets: list[Box] = field(default_factory=list[Box])  # small filled shapes, as rules are
    hidden: list[tuple[HiddenKind, str]] = field(default_factory=list[tuple[HiddenKind, str]])
    from_ocr: bool = False
    unmapped: int = 0  # characters whose font does not say what they are


@dataclass(frozen=True, slots=True, eq=False)
class _Style:
    """What is the same for all characters of a text object."""

    size: float
    bold: bool
    angle: int
    colour: Colour
    mode: int
    symbol: bool
    font: int
    base: float  # the baseline, which one object cannot leave


Place = tuple[float, float, _Style]  # the middle of a word on the page, x and y, and its type


@dataclass(slots=True)
class _Shape:
    left: float
    bottom: float
    right: float
    top: float
    colour: Colour | None  # of its filling; None for a picture or a pattern
    filled: bool
    picture: bool = False


def page_words(calls: Calls, page: Any, text_page: Any) -> PageWords:
    """Everything on the page. `calls` wraps pypdfium2's C layer; the others are its handles."""
    return _PageReader(calls, page, text_page).read()


class Calls:
    """pdfium's calls for single characters, with their results' places made once.

    They take and give addresses as plain numbers: pypdfium2's own wrappers make and check an
    object for each argument, which took most of the time of a page.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        number, pointer = ctypes.c_int, ctypes.c_void_p
        self.holder = _by_address(raw.FPDFText_GetTextObject, pointer, pointer, number)
        self.box = _by_address(
            raw.FPDFText_GetCharBox, number, pointer, number, pointer, pointer, pointer, pointer
        )
        self.left, self.right = ctypes.c_double(), ctypes.c_double()
        self.bottom, self.top = ctypes.c_double(), ctypes.c_double()
        self.places = tuple(map(ctypes.addressof, (self.left, self.right, self.bottom, self.top)))


def _by_address(function: Any, *types: Any) -> Any:
    """The same C function for addresses as numbers; `types` begin with that of its result."""
    address = ctypes.cast(function, ctypes.c_void_p).value
    return ctypes.CFUNCTYPE(*types)(cast("int", address))


def _address(handle: Any) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


class _PageReader:
    def __init__(self, calls: Calls, page: Any, text_page: Any) -> None:
        self._calls = calls
        raw = calls.raw
        self._raw = raw
        self._page = page
        self._text = text_page
        self._address = _address(text_page)
        self._styles: dict[int, _Style] = {}
        self._fonts: dict[int, tuple[bool, bool, int]] = {}
        self._picture: tuple[Any, float] | None = None
        self._smallest = SMALLEST_TYPE

    def read(self) -> PageWords:
        left, bottom, right, top = self._page_box()
        words, places, unmapped = self._words()
        angle = _main_angle(words)
        shapes = self._shapes()
        box = (left, bottom, right, top)
        hidden: list[tuple[HiddenKind, str]] = []
        self._smallest = SMALLEST_TYPE * min(1.0, min(right - left, top - bottom) / _SMALL_PAGE)
        from_ocr = self._is_scan(words, places, shapes, box)
        kept: list[Word] = []
        why_last: HiddenKind | None = None
        colours = {(255, 255, 255)} | {s.colour[:3] for s in shapes if s.filled and s.colour}
        plain: dict[_Style, bool] = {}
        for word, (px, py, style) in zip(words, places, strict=True):
            inside = left - 1 <= px <= right + 1 and bottom - 1 <= py <= top + 1
            if style not in plain:
                plain[style] = from_ocr or _is_plain(style, colours, self._smallest)
            why = None
            if not inside:
                why = HiddenKind.OFF_PAGE
            elif not plain[style]:
                why = self._why_hidden(word, px, py, style, shapes, box)
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
        _mark_symbols(kept)
        if len(kept) != len(words):
            angle = _main_angle(kept)
        return PageWords(
            width=right - left,
            height=top - bottom,
            angle=angle,
            words=kept,
            box=turned_box(box, angle),
            rules=[turned_box((s.left, s.bottom, s.right, s.top), angle) for s in _rules(shapes)],
            bullets=[turned_box(place, angle) for place in _bullets(shapes)],
            hidden=hidden,
            from_ocr=from_ocr,
            unmapped=unmapped,
        )

    def _why_hidden(
        self, word: Word, x: float, y: float, style: _Style, shapes: Sequence[_Shape], box: Box
    ) -> HiddenKind | None:
        if style.mode == 3 or style.colour[3] < 8:
            return HiddenKind.INVISIBLE
        if style.size < self._smallest:
            return HiddenKind.TINY
        behind = _behind(shapes, x, y)
        doubtful = style.mode == 7 or (behind is not None and _alike(style.colour, behind))
        return HiddenKind.WHITE if doubtful and not self._shows(word, x, y, box) else None

    def _shows(self, word: Word, px: float, py: float, box: Box) -> bool:
        """Whether anything is to be seen where a word stands, once the page is drawn.

        Only a drawing tells for type filled with a pattern, or above pictures and gradients.
        """
        if self._picture is None:
            self._picture = self._drawn(box)
        pixels, scale = self._picture
        if pixels is None:
            return False
        half_width, half_height = (word.x1 - word.x0) / 2, word.size / 2
        if word.angle % 180 == 90:
            half_width, half_height = half_height, half_width
        x, y = (px - box[0]) * scale, (box[3] - py) * scale
        left, right = int(x - half_width * scale), int(x + half_width * scale) + 1
        top, bottom = int(y - half_height * scale * 0.6), int(y + half_height * scale * 0.6) + 1
        part = pixels[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
        if not part.size:
            return False
        return bool((part.max(axis=(0, 1)) - part.min(axis=(0, 1))).max() > _CONTRAST)

    def _drawn(self, box: Box) -> tuple[Any, float]:
        """The page as an array of pixels, not turned, and the pixels to a point."""
        import numpy

        raw = self._raw
        area = max(1.0, (box[2] - box[0]) * (box[3] - box[1]))
        scale = min(1.5, (_MOST_PIXELS / area) ** 0.5)
        width, height = int((box[2] - box[0]) * scale), int((box[3] - box[1]) * scale)
        if width < 1 or height < 1:
            return None, scale
        bitmap = raw.FPDFBitmap_Create(width, height, 0)
        if not bitmap:
            return None, scale
        try:
            raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
            turned = -raw.FPDFPage_GetRotation(self._page) % 4
            raw.FPDF_RenderPageBitmap(bitmap, self._page, 0, 0, width, height, turned, 0)
            stride = raw.FPDFBitmap_GetStride(bitmap)
            buffer = ctypes.string_at(raw.FPDFBitmap_GetBuffer(bitmap), stride * height)
        finally:
            raw.FPDFBitmap_Destroy(bitmap)
        rows = numpy.frombuffer(buffer, dtype=numpy.uint8).reshape(height, stride)
        return rows[:, : width * 4].reshape(height, width, 4)[:, :, :3].astype(int), scale

    def _page_box(self) -> Box:
        """Left, bottom, right, top of what a viewer shows."""
        raw = self._raw
        box = raw.FS_RECTF()
        if raw.FPDF_GetPageBoundingBox(self._page, ctypes.byref(box)) and _has_area(
            box.left, box.bottom, box.right, box.top
        ):
            return box.left, box.bottom, box.right, box.top
        # A crop box that lies beside the page leaves nothing; viewers then show the whole page.
        sides = tuple(ctypes.c_float() for _ in range(4))
        if raw.FPDFPage_GetMediaBox(self._page, *map(ctypes.byref, sides)):
            first, low, last, high = (side.value for side in sides)
            if _has_area(first, low, last, high):
                return first, low, last, high
        return 0.0, 0.0, 612.0, 792.0

    def _characters(self) -> str:
        """The characters of the page: each has pdfium's number as its place in the string."""
        raw, text = self._raw, self._text
        count = min(raw.FPDFText_CountChars(text), _MOST_CHARACTERS)
        if count <= 0:
            return ""
        # All at once is five times as fast; the numbers are the same unless pdfium left some out.
        buffer = (ctypes.c_ushort * (count + 1))()
        if raw.FPDFText_GetText(text, 0, count, buffer) == count + 1:
            content = bytes(buffer)[:-2].decode("utf-16-le", "surrogatepass")
            if len(content) == count and "\0" not in content:
                return content
        get = raw.FPDFText_GetUnicode
        return "".join(_letter(get(text, index)) for index in range(count))

    def _words(self) -> tuple[list[Word], list[Place], int]:
        """The words, where each stands, and how many characters have no known meaning."""
        words: list[Word] = []
        places: list[Place] = []
        unmapped = 0
        characters = self._characters()
        spans = [match.span() for match in _WORD.finditer(characters)]
        known_to, key = -1, 0  # the last character that is known to be of text object `key`
        for number, (start, end) in enumerate(spans):
            if start > known_to:
                parts = self._parts(start, end - 1)
                key = parts[-1][2]
                known_to = self._reach(spans, number, key)
            else:
                parts = ((start, end - 1, key),)
            joined = False
            for first, last, part_key in parts:
                style = self._styles.get(part_key) or self._style(part_key, first)
                found = self._word(characters[first : last + 1], first, last, style, joined)
                if found is not None:
                    if "\ufffd" in found[0].text:
                        found[0].text = self._with_stops(found[0], first)
                    unmapped += found[0].text.count("\ufffd")
                    words.append(found[0])
                    places.append(found[1])
                joined = True
        return words, places, unmapped

    def _with_stops(self, word: Word, first: int) -> str:
        """The word with full stops for unknown signs that are drawn as a dot on the line."""
        calls = self._calls
        text = word.text
        for number, sign in enumerate(text):
            if sign != "\ufffd" or not calls.box(self._address, first + number, *calls.places):
                continue
            place = (calls.left.value, calls.bottom.value, calls.right.value, calls.top.value)
            left, top, right, bottom = turned_box(place, word.angle)
            across, high = (right - left) / word.size, (bottom - top) / word.size
            if 0 < across <= _DOT and 0 < high <= _DOT and abs(bottom - word.y) <= 0.05 * word.size:
                text = f"{text[:number]}.{text[number + 1 :]}"
        return text

    def _reach(self, spans: Sequence[tuple[int, int]], number: int, key: int) -> int:
        """The last character of the words from `number` on that is of the text object `key`.

        An object's characters follow each other, so ever longer steps find its end.
        """
        step = 1
        known_to = spans[number][1] - 1
        while key and number + step < len(spans):
            last = spans[number + step][1] - 1
            if (self._calls.holder(self._address, last) or 0) != key:
                break
            known_to = last
            step *= 2
        return known_to

    def _parts(self, first: int, last: int) -> Sequence[tuple[int, int, int]]:
        """A word's characters (first, last, text object), divided where the object changes."""
        holder = self._calls.holder
        key, key_last = holder(self._address, first) or 0, holder(self._address, last) or 0
        if key == key_last:
            return ((first, last, key),)
        parts: list[tuple[int, int, int]] = []
        start = first
        for index in range(first + 1, last + 1):
            following = holder(self._address, index) or 0
            if following != key:
                parts.append((start, index - 1, key))
                start, key = index, following
        parts.append((start, last, key))
        return parts

    def _word(
        self, content: str, first: int, last: int, style: _Style, joined: bool
    ) -> tuple[Word, Place] | None:
        calls, text = self._calls, self._address
        left, right, bottom, top = calls.left, calls.right, calls.bottom, calls.top
        if not calls.box(text, first, *calls.places):
            return None
        x0, x1, y0, y1 = left.value, right.value, bottom.value, top.value
        if last != first and calls.box(text, last, *calls.places):
            x, y = left.value, bottom.value
            x0, y0 = (x if x < x0 else x0), (y if y < y0 else y0)
            x, y = right.value, top.value
            x1, y1 = (x if x > x1 else x1), (y if y > y1 else y1)
        place = ((x0 + x1) / 2, (y0 + y1) / 2, style)
        if style.angle % 90:
            x0, x1 = self._slanted(first, last, style)
        elif style.angle:
            x0, _, x1, _ = turned_box((x0, y0, x1, y1), style.angle)
        if not (math.isfinite(x0) and math.isfinite(x1) and math.isfinite(style.base)):
            return None
        word = Word(
            content,
            x0,
            x1,
            style.base,
            style.size,
            style.bold,
            style.angle,
            joined,
            style.colour,
            style.symbol,
            style.font,
        )
        return word, place

    def _slanted(self, first: int, last: int, style: _Style) -> tuple[float, float]:
        """Start and end of a word on a slant; its characters' boxes are upright and too wide."""
        cosine, sine = _turn(style.angle)
        x, y = ctypes.c_double(), ctypes.c_double()
        starts: list[float] = []
        for index in (first, last):
            self._raw.FPDFText_GetCharOrigin(self._text, index, ctypes.byref(x), ctypes.byref(y))
            starts.append(x.value * cosine + y.value * sine)
        start, last_start = starts
        usual = (last_start - start) / (last - first) if last > first else 0.0
        return start, last_start + min(max(usual, 0.3 * style.size), 0.5 * style.size)

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
        if size < 0:  # the letters stand on their heads, and run the other way
            size, angle = -size, (angle + 180) % 360
        if size < self._smallest:
            size = max(size, self._drawn_height(index))
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        by = ctypes.byref
        colour: Colour = (0, 0, 0, 255)
        if raw.FPDFText_GetFillColor(text, index, by(red), by(green), by(blue), by(alpha)):
            colour = (red.value, green.value, blue.value, alpha.value)
        mode = raw.FPDFTextObj_GetTextRenderMode(holder) if holder else 0
        bold, symbol, font = self._font(holder)
        x, y = ctypes.c_double(), ctypes.c_double()
        raw.FPDFText_GetCharOrigin(text, index, by(x), by(y))
        cosine, sine = _turn(angle)
        style = _Style(
            size or 1.0,
            bold or mode == 2,
            angle,
            colour,
            mode,
            symbol,
            font,
            x.value * sine - y.value * cosine,
        )
        if key:
            self._styles[key] = style
        return style

    def _drawn_height(self, index: int) -> float:
        """How high a character is: a font of drawings may have its size in the drawings."""
        calls = self._calls
        if not calls.box(self._address, index, *calls.places):
            return 0.0
        height = calls.top.value - calls.bottom.value
        return height if math.isfinite(height) else 0.0

    def _font(self, holder: Any) -> tuple[bool, bool, int]:
        """Whether the font is bold, whether it is one of pictures, and its number."""
        raw = self._raw
        font = raw.FPDFTextObj_GetFont(holder) if holder else None
        key = ctypes.cast(font, ctypes.c_void_p).value if font else None
        if not key:
            return False, False, 0
        known = self._fonts.get(key)
        if known is None:
            buffer = ctypes.create_string_buffer(200)
            raw.FPDFFont_GetBaseFontName(font, buffer, 200)
            name = buffer.value.decode("utf-8", "replace")
            bold = bool(_BOLD_NAME.search(name)) or raw.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT
            symbol = bool(re.search(r"wingding|dingbat|webding|symbol", name, re.I))
            known = self._fonts[key] = (bold, symbol, len(self._fonts) + 1)
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
                if shape is None:
                    continue
                parts = list(self._path_lines(item, shape, matrix)) if seen < _MOST_PATHS else []
                if parts and not shape.filled:
                    found.extend(parts)
                else:
                    found.extend((shape, *parts))

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

    def _path_lines(
        self, item: Any, shape: _Shape, matrix: tuple[float, ...] | None
    ) -> Iterator[_Shape]:
        """The level and upright lines of a path with many; none for one line or one box."""
        raw = self._raw
        if shape.picture or min(shape.right - shape.left, shape.top - shape.bottom) <= 3:
            return
        count = raw.FPDFPath_CountSegments(item)
        if not 3 <= count <= _MOST_SEGMENTS or (shape.filled and count <= 6):
            return
        own = raw.FS_MATRIX()
        raw.FPDFPageObj_GetMatrix(item, ctypes.byref(own))
        a, b, c, d, e, f = _product((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
        x, y = ctypes.c_float(), ctypes.c_float()
        last: tuple[float, float] | None = None
        start: tuple[float, float] | None = None
        for number in range(count):
            segment = raw.FPDFPath_GetPathSegment(item, number)
            if not segment or not raw.FPDFPathSegment_GetPoint(
                segment, ctypes.byref(x), ctypes.byref(y)
            ):
                return
            here = (a * x.value + c * y.value + e, b * x.value + d * y.value + f)
            kind = raw.FPDFPathSegment_GetType(segment)
            ends = [here]
            if kind == raw.FPDF_SEGMENT_MOVETO:
                start = last = here
                continue
            if raw.FPDFPathSegment_GetClose(segment) and start is not None:
                ends.append(start)
            for end in ends:
                if last is not None and kind == raw.FPDF_SEGMENT_LINETO:
                    width, height = abs(end[0] - last[0]), abs(end[1] - last[1])
                    if min(width, height) <= 0.5 < max(width, height):
                        (x0, x1), (y0, y1) = sorted((last[0], end[0])), sorted((last[1], end[1]))
                        yield _Shape(x0, y0, x1, y1, shape.colour, False)
                last = end

    def _is_scan(
        self, words: Sequence[Word], places: Sequence[Place], shapes: Sequence[_Shape], box: Box
    ) -> bool:
        """Whether the page is a picture with unseen text behind it, as OCR programs leave it."""
        unseen = sum(1 for _, _, style in places if style.mode == 3)
        if not words or unseen * 2 < len(words):
            return False
        area = max(1.0, (box[2] - box[0]) * (box[3] - box[1]))
        covered = sum(
            (shape.right - shape.left) * (shape.top - shape.bottom)
            for shape in shapes
            if shape.picture
        )
        if covered >= _OCR_COVER * area:
            return True
        if unseen < len(words) or not shapes:
            return False
        # A small scan, or letters drawn as shapes: then its words are to be seen where they stand.
        step = max(1, len(words) // _OCR_WORDS)
        looked_at = list(zip(words, places, strict=True))[::step]
        shown = sum(1 for word, (x, y, _) in looked_at if self._shows(word, x, y, box))
        return shown * 2 > len(looked_at)


def _is_plain(style: _Style, colours: Iterable[tuple[int, ...]], smallest: float) -> bool:
    """Whether type like this shows wherever it stands on the page."""
    return (
        style.mode not in (3, 7)
        and style.colour[3] >= 8
        and style.size >= smallest
        and not any(_alike(style.colour, colour) for colour in colours)
    )


def _has_area(left: float, bottom: float, right: float, top: float) -> bool:
    return right - left >= 1 and top - bottom >= 1


def _letter(code: int) -> str:
    return chr(code) if 0 < code < 0x110000 else "\ufffd"


def _alike(one: Sequence[int], other: Sequence[int]) -> bool:
    return all(abs(a - b) <= _ALIKE for a, b in zip(one[:3], other[:3], strict=True))


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


def _bullets(shapes: Sequence[_Shape]) -> list[Box]:
    """Small squares, discs and arrows that are drawn and not set as type."""
    found: list[Box] = []
    for shape in shapes:
        width, height = shape.right - shape.left, shape.top - shape.bottom
        small = min(width, height) >= 1.5 and max(width, height) <= 9
        if (
            small
            and shape.filled
            and not shape.picture
            and max(width, height) <= 1.6 * min(width, height)
        ):
            found.append((shape.left, shape.bottom, shape.right, shape.top))
    return found if len(found) <= _MOST_BULLETS else []


def _mark_symbols(words: Sequence[Word]) -> None:
    """Find the fonts that draw arrows and the like, by their use for one odd sign at a time."""
    used: dict[int, set[str]] = {}
    for word in words:
        used.setdefault(word.font, set()).add(word.text)
    odd = {
        font
        for font, texts in used.items()
        if font
        and len(used) > 1
        and len(texts) <= 2
        and all(len(text) == 1 and not text.isalnum() and text not in _SIGNS for text in texts)
    }
    for word in words:
        if word.font in odd:
            word.symbol = True


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
