"""A manuscript as a typeset PDF: A4, running header and footer, outline, ruled tables.

Fonts are Bitstream Vera, which reportlab ships, embedded. The same manuscript gives the same
bytes with the same reportlab: the only date in the file is the manuscript's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    LongTable,
    PageTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Paragraph as Flowing

from corpus.publishing.manuscript import (
    BRIEF,
    Block,
    Bullets,
    FrontMatter,
    Heading,
    Line,
    Manuscript,
    Paragraph,
    Table,
    imprint,
    plain,
    subject,
)

MARGIN = 25 * mm
WIDTH = A4[0] - 2 * MARGIN
INK = HexColor("#1d2730")
TITLE_INK = HexColor("#17405c")
QUIET_INK = HexColor("#5b6670")
RULE = HexColor("#9aa5ae")
SHADE = HexColor("#e6edf2")
CELL_PADDING = 5  # points, left and right


def _style(name: str, size: float, leading: float, **more: Any) -> ParagraphStyle:
    kept: dict[str, Any] = {
        "fontName": "Vera",
        "fontSize": size,
        "leading": leading,
        "textColor": INK,
        "allowWidows": 0,
        "allowOrphans": 0,
    }
    kept.update(more)
    return ParagraphStyle(name, **kept)


def _heading(level: int, size: float, before: float, after: float) -> ParagraphStyle:
    return _style(
        f"heading {level}",
        size,
        size * 1.28,
        fontName="Vera-Bold",
        textColor=TITLE_INK,
        spaceBefore=before,
        spaceAfter=after,
        keepWithNext=1,
    )


BODY = _style("body", 10.5, 15.5, spaceAfter=7)
HEADINGS = {
    1: _heading(1, 17, 0, 6),
    2: _heading(2, 13.5, 14, 6),
    3: _heading(3, 11, 10, 4),
}
NOTE = _style("note", 9.5, 14, textColor=QUIET_INK, spaceAfter=7)  # says what the document is
BULLET = _style("bullet", 10.5, 15.5, leftIndent=14, bulletIndent=2, spaceAfter=5)
SMALL_BULLET = _style("small bullet", 8.5, 12.5, leftIndent=12, bulletIndent=2, spaceAfter=4)
CELL = _style("cell", 8.8, 12)
HEADER_CELL = _style("header cell", 8.8, 12, fontName="Vera-Bold", textColor=TITLE_INK)


def write_pdf(manuscript: Manuscript) -> bytes:
    """The PDF file of a manuscript."""
    _register_fonts()
    draft = _typeset(manuscript, pages=0)
    return _typeset(manuscript, pages=draft.page).file.getvalue()


def _register_fonts() -> None:
    names = {"Vera": "Vera", "Vera-Bold": "VeraBd", "Vera-Italic": "VeraIt", "Vera-Both": "VeraBI"}
    for name, file in names.items():
        pdfmetrics.registerFont(TTFont(name, f"{file}.ttf"))
    pdfmetrics.registerFontFamily(
        "Vera", normal="Vera", bold="Vera-Bold", italic="Vera-Italic", boldItalic="Vera-Both"
    )


def _typeset(manuscript: Manuscript, *, pages: int) -> _Template:
    """The finished template; `pages` is what the footers give as the number of pages."""
    template = _Template(manuscript.front, pages=pages)
    template.build(list(_flowables(manuscript.blocks)))
    return template


class _Template(BaseDocTemplate):
    """The page around the text."""

    def __init__(self, front: FrontMatter, *, pages: int) -> None:
        self.file = BytesIO()
        self._front = front
        self._pages = pages
        super().__init__(
            self.file,
            pagesize=A4,
            invariant=1,
            lang="en-GB",
            title=front.title,
            author=front.publisher,
            subject=subject(front),
            creator="Plumbline",
            leftMargin=MARGIN,
            rightMargin=MARGIN,
        )
        frame = Frame(MARGIN, 24 * mm, WIDTH, A4[1] - 24 * mm - 30 * mm, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate("page", [frame], onPage=self._draw_furniture))

    def beforeDocument(self) -> None:  # noqa: N802 - reportlab's name
        day = self._front.date
        canvas: Canvas = self.canv

        def own_date(*_now: int) -> str:
            return f"D:{day:%Y%m%d}000000Z"

        canvas.setDateFormatter(own_date)
        canvas.showOutline()
        canvas.setViewerPreference("DisplayDocTitle", "true")

    def _draw_furniture(self, canvas: Canvas, _template: BaseDocTemplate) -> None:
        canvas.saveState()
        canvas.setFont("Vera", 8)
        canvas.setFillColor(QUIET_INK)
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.5)
        right, top, bottom = A4[0] - MARGIN, A4[1] - 19 * mm, 14 * mm
        canvas.drawString(MARGIN, top, self._front.title)
        canvas.drawRightString(right, top, BRIEF)
        canvas.line(MARGIN, top - 5, right, top - 5)
        canvas.line(MARGIN, bottom + 11, right, bottom + 11)
        canvas.drawString(MARGIN, bottom, imprint(self._front))
        canvas.drawRightString(right, bottom, f"Page {self.page} of {self._pages}")
        canvas.restoreState()


class _HeadingText(Flowing):
    """A heading, which also becomes an entry of the outline."""

    def __init__(self, heading: Heading, *, key: str) -> None:
        super().__init__(_markup(heading.line), HEADINGS[heading.level])
        self._heading = heading
        self._key = key

    def draw(self) -> None:
        canvas: Canvas = self.canv
        canvas.bookmarkHorizontal(self._key, 0, self.height)
        canvas.addOutlineEntry(plain(self._heading.line), self._key, level=self._heading.level - 1)
        super().draw()


def _flowables(blocks: Sequence[Block]) -> Iterator[Flowable]:
    in_sources = False
    for number, block in enumerate(blocks):
        if isinstance(block, Heading):
            in_sources = plain(block.line) == "Sources"
            yield _HeadingText(block, key=f"block-{number}")
        elif isinstance(block, Paragraph):
            yield Flowing(_markup(block.line), NOTE if number == 1 else BODY)
        elif isinstance(block, Bullets):
            style = SMALL_BULLET if in_sources else BULLET
            for item in block.items:
                yield Flowing(_markup(item), style, bulletText="•")
            yield Spacer(0, 3)
        else:
            yield Spacer(0, 3)
            yield _ruled(block)
            yield Spacer(0, 10)


def _markup(line: Line) -> str:
    """The line in reportlab's own markup."""
    parts: list[str] = []
    for run in line:
        text = escape(run.text)
        if run.url and run.text == run.url:
            text = "<br/>".join(map(escape, _address_lines(run.url)))
            if parts:
                parts[-1] = parts[-1].rstrip() + "<br/>"
        if run.italic:
            text = f"<i>{text}</i>"
        if run.bold:
            text = f"<b>{text}</b>"
        if run.url:
            text = f'<a href={quoteattr(run.url)} color="#17568c">{text}</a>'
        parts.append(text)
    return "".join(parts)


def _address_lines(address: str) -> Iterator[str]:
    """An address in lines that fit a list of sources, each ended where it reads well.

    A line never ends with a hyphen, which whoever joins the lines again might take away.
    """
    room = WIDTH - SMALL_BULLET.leftIndent
    line = ""
    for part in re.split(r"(?<=[/_+?=&])(?!/)|(?=-)", address):
        if line and _width((line + part, SMALL_BULLET)) > room:
            yield line
            line = ""
        line += part
    yield line


def _ruled(table: Table) -> LongTable:
    header = [Flowing(_markup(cell), HEADER_CELL) for cell in table.header]
    rows = [[Flowing(_markup(cell), CELL) for cell in row] for row in table.rows]
    style: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("GRID", (0, 0), (-1, -1), 0.5, RULE),
        ("BACKGROUND", (0, 0), (-1, 0), SHADE),
        ("LEFTPADDING", (0, 0), (-1, -1), CELL_PADDING),
        ("RIGHTPADDING", (0, 0), (-1, -1), CELL_PADDING),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
    return LongTable(
        [header, *rows],
        colWidths=column_widths(table, WIDTH),
        repeatRows=1,
        style=TableStyle(style),
    )


def column_widths(table: Table, available: float) -> list[float]:
    """Widths in points that fill `available`, and in which no word has to be broken.

    As browsers do it: each column gets its longest word, and what is left is shared by how much
    more its longest cell would like.
    """
    least: list[float] = []
    wanted: list[float] = []
    for column, head in enumerate(table.header):
        cells = [(plain(head), HEADER_CELL)]
        cells += [(plain(row[column]), CELL) for row in table.rows]
        words = [(word, style) for text, style in cells for word in text.split()]
        least.append(max(map(_width, words), default=0.0) + 2 * CELL_PADDING + 1)
        wanted.append(max(map(_width, cells), default=0.0) + 2 * CELL_PADDING + 1)
    spare = available - sum(least)
    more = [want - low for want, low in zip(wanted, least, strict=True)]
    total = sum(more)
    if spare <= 0 or total == 0:
        return [available * low / sum(least) for low in least]
    return [low + spare * extra / total for low, extra in zip(least, more, strict=True)]


def _width(cell: tuple[str, ParagraphStyle]) -> float:
    text, style = cell
    return float(pdfmetrics.stringWidth(text, style.fontName, style.fontSize))
