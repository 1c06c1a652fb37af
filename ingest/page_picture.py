"""A page of a PDF as a picture, with quoted words marked as if with a pen.

The words are found on the page by their letters alone: spaces, hyphens and ligatures differ
between what a PDF holds and what was quoted from it.
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, cast

_MARKER = (255, 221, 51)  # yellow
_MOST_PIXELS = 16_000_000  # of the longest pictures, about 60 MB while they are drawn
_SHORTEST = 2  # letters of a quote that are looked for
_PADDING = 1.0  # points around the marked letters
_MOST_CHARACTERS = 400_000  # of one page

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom, in pixels


def render(path: Path, page: int, *, quotes: Sequence[str], scale: float) -> bytes:
    """A page (counted from 1) as PNG at `scale` times 72 dots an inch, the quotes marked.

    A quote that is not on the page is left unmarked. Raises pypdfium2's PdfiumError for what
    is no PDF, IndexError for a page that there is not.
    """
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(path)
    try:
        if not 1 <= page <= len(document):
            raise IndexError(f"There is no page {page}; the file has {len(document)}.")
        sheet = cast("Any", document[page - 1])
        width, height = sheet.get_size()
        scale = min(scale, (_MOST_PIXELS / max(1.0, width * height)) ** 0.5)
        picture = sheet.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        marks = list(_rectangles(sheet, quotes, picture.width, picture.height))
        return _png(picture, marks)
    finally:
        document.close()


def _png(picture: Any, marks: Sequence[Rectangle]) -> bytes:
    """The picture with its marks; as a pen does, they colour the paper and leave the letters."""
    from PIL import Image, ImageChops

    if marks:
        layer = Image.new("RGB", picture.size, (255, 255, 255))
        for left, top, right, bottom in marks:
            layer.paste(_MARKER, (left, top, right, bottom))
        marked = ImageChops.multiply(picture, layer)
        # On dark paper a pen would not show: half yellow is laid over it.
        see_through = Image.blend(picture, layer, 0.35)
        for left, top, right, bottom in marks:
            part = picture.crop((left, top, right, bottom))
            if _is_dark(part):
                marked.paste(see_through.crop((left, top, right, bottom)), (left, top))
        picture = marked
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _is_dark(part: Any) -> bool:
    grey = part.convert("L").resize((1, 1))
    return int(grey.getpixel((0, 0))) < 110


def _rectangles(sheet: Any, quotes: Sequence[str], width: int, height: int) -> Iterator[Rectangle]:
    """Where the letters of the quotes stand in the picture, a rectangle for each part of a line."""
    import pypdfium2.raw as raw

    if not quotes:
        return
    text = sheet.get_textpage()
    try:
        count = min(raw.FPDFText_CountChars(text.raw), _MOST_CHARACTERS)
        letters: list[str] = []
        indices: list[int] = []
        for index in range(count):
            for letter in _plain(raw.FPDFText_GetUnicode(text.raw, index)):
                letters.append(letter)
                indices.append(index)
        content = "".join(letters)
        for quote in quotes:
            for start, end in _places(content, quote):
                for first, last in _runs(indices[start:end]):
                    for box in _boxes(raw, text.raw, first, last - first + 1):
                        place = _in_pixels(raw, sheet.raw, box, width, height)
                        if place is not None:
                            yield place
    finally:
        text.close()


def _plain(code: int) -> str:
    """The letters and digits of a character in their simplest form; empty for all others."""
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return ""
    simple = unicodedata.normalize("NFKD", chr(code)).casefold()
    return "".join(letter for letter in simple if letter.isalnum())


def _places(content: str, quote: str) -> list[tuple[int, int]]:
    """Where the quote's letters are: whole, or else its longest parts in their order.

    The page holds words in another order than they are read where text runs over columns,
    and a table's row has its column names between the cells.
    """
    wanted = "".join(_plain(ord(letter)) for letter in quote)
    if len(wanted) < _SHORTEST:
        return []
    start = content.find(wanted)
    if start >= 0:
        return [(start, start + len(wanted))]
    found: list[tuple[int, int]] = []
    words = ["".join(_plain(ord(letter)) for letter in word) for word in quote.split()]
    at = 0
    while at < len(words):
        part, end, best = "", at, -1
        while end < len(words):
            longer = part + words[end]
            place = content.find(longer)
            if place < 0:
                break
            part, best, end = longer, place, end + 1
        if best >= 0 and (end - at >= 3 or len(part) >= 12):
            found.append((best, best + len(part)))
        at = max(end, at + 1)
    return found


def _runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of the characters that follow each other, spaces and hyphens between."""
    first = last = indices[0]
    for index in indices[1:]:
        if index - last > 6:
            yield first, last
            first = index
        last = index
    yield first, last


def _boxes(raw: Any, text: Any, first: int, count: int) -> Iterator[tuple[float, ...]]:
    """Left, top, right, bottom of each line's part, in the page's own points."""
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    by = ctypes.byref
    for number in range(raw.FPDFText_CountRects(text, first, count)):
        if raw.FPDFText_GetRect(text, number, by(left), by(top), by(right), by(bottom)):
            yield left.value, top.value, right.value, bottom.value


def _in_pixels(
    raw: Any, page: Any, box: tuple[float, ...], width: int, height: int
) -> Rectangle | None:
    left, top, right, bottom = box
    x, y = ctypes.c_int(), ctypes.c_int()
    corners: list[tuple[int, int]] = []
    for across, up in (
        (left - _PADDING, top + _PADDING),
        (right + _PADDING, bottom - _PADDING),
    ):
        if not raw.FPDF_PageToDevice(
            page, 0, 0, width, height, 0, across, up, ctypes.byref(x), ctypes.byref(y)
        ):
            return None
        corners.append((x.value, y.value))
    (x0, y0), (x1, y1) = corners
    x0, x1 = max(0, min(x0, x1)), min(width, max(x0, x1))
    y0, y1 = max(0, min(y0, y1)), min(height, max(y0, y1))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
