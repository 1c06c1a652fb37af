"""A manuscript as a Word document, with Word's own styles for title, headings, lists and tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from io import BytesIO
from typing import Any, cast

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parser
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph as WordParagraph

from corpus.publishing.manuscript import (
    BRIEF,
    Bullets,
    FrontMatter,
    Heading,
    Line,
    Manuscript,
    Paragraph,
    Table,
    imprint,
    subject,
)
from corpus.publishing.zip_writing import settled

# python-docx gives its XML elements methods at run time: to the type checker they are anything.
Xml = Any

INK = RGBColor(0x17, 0x40, 0x5C)
LINK_INK = "17568C"
SHADE = "E6EDF2"
MARGIN = Mm(25)
WIDTH = Mm(210 - 2 * 25)


def write_docx(manuscript: Manuscript) -> bytes:
    """The .docx file of a manuscript."""
    document = Document()
    _set_properties(document, manuscript.front)
    _set_styles(document)
    _set_page(document, manuscript.front)
    for block in manuscript.blocks:
        if isinstance(block, Heading):
            style = "Title" if block.level == 1 else f"Heading {block.level - 1}"
            _write(document.add_paragraph(style=style), block.line)
        elif isinstance(block, Paragraph):
            _write(document.add_paragraph(), block.line)
        elif isinstance(block, Bullets):
            for item in block.items:
                _write(document.add_paragraph(style="List Bullet"), item)
        else:
            _add_table(document, block)
    made = BytesIO()
    document.save(made)
    return settled(made.getvalue())


def _set_properties(document: WordDocument, front: FrontMatter) -> None:
    core = document.core_properties
    moment = datetime.combine(front.date, time())
    core.title, core.author, core.subject = front.title, front.publisher, subject(front)
    core.created = core.modified = moment
    core.last_modified_by = front.publisher
    core.language = "en-GB"
    core.comments = ""
    core.revision = 1


def _set_styles(document: WordDocument) -> None:
    sizes = {
        "Normal": 10.5,
        "Title": 20.0,
        "Heading 1": 14.0,
        "Heading 2": 11.5,
        "Header": 8.5,
        "Footer": 8.5,
    }
    for name, size in sizes.items():
        style = document.styles[name]
        if not isinstance(style, ParagraphStyle):
            raise TypeError(f"{name} is not a paragraph style in python-docx's own template")
        style.font.name, style.font.size = "Calibri", Pt(size)
        # The template's theme fonts would otherwise win over the name.
        element: Xml = style.element
        fonts: dict[str, str] = element.get_or_add_rPr().get_or_add_rFonts().attrib
        for attribute in [name for name in fonts if name.endswith("Theme")]:
            del fonts[attribute]
        if name in ("Title", "Heading 1", "Heading 2"):
            style.font.color.rgb = INK
            style.paragraph_format.keep_with_next = True
            style.paragraph_format.space_after = Pt(4)
        elif name == "Normal":
            style.paragraph_format.space_after = Pt(6)
            style.paragraph_format.line_spacing = 1.2
    styles: Xml = document.styles.element
    for language in styles.iter(qn("w:lang")):
        language.set(qn("w:val"), "en-GB")


def _set_page(document: WordDocument, front: FrontMatter) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN
    _furnish(section.header.paragraphs[0], front.title, [BRIEF])
    _furnish(
        section.footer.paragraphs[0],
        imprint(front),
        ["Page ", _field("PAGE"), " of ", _field("NUMPAGES")],
    )


def _furnish(paragraph: WordParagraph, left: str, right: Sequence[str | Xml]) -> None:
    """One line with words at both margins."""
    tabs = paragraph.paragraph_format.tab_stops
    tabs.add_tab_stop(WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    # The template's own stops, in the middle and at another right margin; stops stand in order.
    for place, stop in enumerate((4320, 8640)):
        tab = _element("w:tab", val="clear", pos=str(stop))
        _xml(paragraph).get_or_add_pPr().find(qn("w:tabs")).insert(place, tab)
    paragraph.add_run(f"{left}\t")
    for part in right:
        if isinstance(part, str):
            paragraph.add_run(part)
        else:
            _xml(paragraph).append(part)


def _field(code: str) -> Xml:
    field = _element("w:fldSimple", instr=code)
    run = _element("w:r")
    text = _element("w:t")
    text.text = "1"  # until Word works it out
    run.append(text)
    field.append(run)
    return field


def _write(paragraph: WordParagraph, line: Line, *, bold: bool = False) -> None:
    for part in line:
        run = paragraph.add_run(part.text)
        run.italic = part.italic or None
        run.bold = part.bold or bold or None
        if part.url:
            link = _element("w:hyperlink")
            address = paragraph.part.relate_to(
                part.url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True
            )
            link.set(qn("r:id"), address)
            run.font.color.rgb = RGBColor.from_string(LINK_INK)
            run.font.underline = True
            link.append(_xml(run))
            _xml(paragraph).append(link)


def _add_table(document: WordDocument, table: Table) -> None:
    made = document.add_table(rows=0, cols=len(table.header), style="Table Grid")
    for number, row in enumerate((table.header, *table.rows)):
        added = made.add_row()
        properties = _xml(added).get_or_add_trPr()
        properties.append(_element("w:cantSplit"))
        if number == 0:
            properties.append(_element("w:tblHeader"))
        for cell, line in zip(added.cells, row, strict=True):
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(2)
            _write(paragraph, line, bold=number == 0)
            for run in paragraph.runs:
                run.font.size = Pt(9)
            if number == 0:
                shade = _element("w:shd", val="clear", color="auto", fill=SHADE)
                _xml(cell).get_or_add_tcPr().append(shade)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _element(name: str, **attributes: str) -> Xml:
    element = cast(Any, parser).OxmlElement(name)
    for attribute, value in attributes.items():
        element.set(qn(f"w:{attribute}"), value)
    return element


def _xml(proxy: Any) -> Xml:
    """The element behind one of python-docx's objects, which has no public name for all."""
    return proxy._element
