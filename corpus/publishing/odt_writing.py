"""A manuscript as an OpenDocument text, with real headings, lists, tables and page fields."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from odf import dc, element, meta, style, table, text
from odf.namespaces import nsdict
from odf.opendocument import OpenDocument, OpenDocumentText

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

# odfpy describes its elements at run time and has no types: an element is Any in this module.
Element = Any

INK = "#17405c"
FONT = "DejaVu Sans"
_HEADING_SIZES = {1: "18pt", 2: "14pt", 3: "11.5pt"}


def write_odt(manuscript: Manuscript) -> bytes:
    """The .odt file of a manuscript."""
    _declare_every_namespace()
    document: Any = OpenDocumentText()
    _set_properties(document, manuscript.front)
    _set_styles(document)
    _set_page(document, manuscript.front)
    for number, block in enumerate(manuscript.blocks):
        if isinstance(block, Heading):
            heading = text.H(outlinelevel=block.level, stylename=f"Heading_20_{block.level}")
            document.text.addElement(_written(heading, block.line))
        elif isinstance(block, Paragraph):
            document.text.addElement(_written(text.P(stylename="Text_20_body"), block.line))
        elif isinstance(block, Bullets):
            document.text.addElement(_list(block))
        else:
            document.text.addElement(_table(block, f"Table{number}"))
    made = BytesIO()
    document.write(made)
    return settled(made.getvalue())


def _declare_every_namespace() -> None:
    """Make odfpy declare all the namespaces it knows, always in one order.

    By itself it declares those that its process has used so far, so that the second document
    made would differ from the first.
    """
    declared: dict[str, str] = element.Element.namespaces
    declared.clear()
    declared.update(nsdict)


def _set_properties(document: OpenDocument, front: FrontMatter) -> None:
    moment = f"{front.date.isoformat()}T00:00:00"
    properties: Element = document.meta
    for part in (
        dc.Title(text=front.title),
        dc.Subject(text=subject(front)),
        dc.Creator(text=front.publisher),
        dc.Date(text=moment),
        dc.Language(text="en-GB"),
        meta.InitialCreator(text=front.publisher),
        meta.CreationDate(text=moment),
    ):
        properties.addElement(part)


def _set_styles(document: OpenDocument) -> None:
    styles: Element = document.styles
    standard = style.DefaultStyle(family="paragraph")
    standard.addElement(style.ParagraphProperties(marginbottom="0.22cm", lineheight="130%"))
    standard.addElement(
        style.TextProperties(
            fontname=FONT, fontfamily=FONT, fontsize="10.5pt", language="en", country="GB"
        )
    )
    styles.addElement(standard)
    _add_style(styles, "Standard")
    _add_style(styles, "Text body", parent="Standard")
    for level, size in _HEADING_SIZES.items():
        _add_style(
            styles,
            f"Heading {level}",
            parent="Standard",
            face={"fontsize": size, "fontweight": "bold", "color": INK},
            layout={"margintop": "0.4cm", "marginbottom": "0.15cm", "keepwithnext": "always"},
        )
    quiet = {"fontsize": "8.5pt", "color": "#5b6670"}
    _add_style(styles, "Header", parent="Standard", face=quiet, layout={}, right_tab=True)
    _add_style(styles, "Footer", parent="Standard", face=quiet, layout={}, right_tab=True)
    _add_style(styles, "Table Contents", parent="Standard", face={"fontsize": "9pt"})
    _add_style(
        styles, "Table Heading", parent="Table Contents", face={"fontweight": "bold", "color": INK}
    )
    bullets = text.ListStyle(name="Bullets")
    bullet = text.ListLevelStyleBullet(level=1, bulletchar="•")
    bullet.addElement(style.ListLevelProperties(spacebefore="0.2cm", minlabelwidth="0.5cm"))
    bullets.addElement(bullet)
    styles.addElement(bullets)
    automatic: Element = document.automaticstyles
    for name, face in (("Italic", {"fontstyle": "italic"}), ("Bold", {"fontweight": "bold"})):
        made = style.Style(name=name, family="text")
        made.addElement(style.TextProperties(**face))
        automatic.addElement(made)
    for name, shade in (("Cell", {}), ("HeaderCell", {"backgroundcolor": "#e6edf2"})):
        made = style.Style(name=name, family="table-cell")
        made.addElement(
            style.TableCellProperties(border="0.5pt solid #9aa5ae", padding="0.1cm", **shade)
        )
        automatic.addElement(made)


def _add_style(
    styles: Element,
    name: str,
    *,
    parent: str = "",
    face: dict[str, str] | None = None,
    layout: dict[str, str] | None = None,
    right_tab: bool = False,
) -> None:
    """Add a paragraph style, under the name that LibreOffice gives it."""
    above = {"parentstylename": parent.replace(" ", "_20_")} if parent else {}
    made = style.Style(
        name=name.replace(" ", "_20_"), displayname=name, family="paragraph", **above
    )
    if layout is not None:
        properties = style.ParagraphProperties(**layout)
        if right_tab:
            stops = style.TabStops()
            stops.addElement(style.TabStop(position="16cm", type="right"))
            properties.addElement(stops)
        made.addElement(properties)
    if face:
        made.addElement(style.TextProperties(**face))
    styles.addElement(made)


def _set_page(document: OpenDocument, front: FrontMatter) -> None:
    automatic: Element = document.automaticstyles
    layout = style.PageLayout(name="A4")
    layout.addElement(
        style.PageLayoutProperties(pagewidth="21cm", pageheight="29.7cm", margin="2.5cm")
    )
    automatic.addElement(layout)
    page = style.MasterPage(name="Standard", pagelayoutname="A4")
    header = text.P(stylename="Header")
    _add_parts(header, [front.title, text.Tab(), BRIEF])
    footer = text.P(stylename="Footer")
    number, count = text.PageNumber(selectpage="current", text="1"), text.PageCount(text="1")
    _add_parts(footer, [imprint(front), text.Tab(), "Page ", number, " of ", count])
    for holder, paragraph in ((style.Header(), header), (style.Footer(), footer)):
        holder.addElement(paragraph)
        page.addElement(holder)
    master: Element = document.masterstyles
    master.addElement(page)


def _add_parts(paragraph: Element, parts: Sequence[Element]) -> None:
    for part in parts:
        if isinstance(part, str):
            paragraph.addText(part)
        else:
            paragraph.addElement(part)


def _written(into: Element, line: Line) -> Element:
    """The element, with the line written into it."""
    for run in line:
        holder = into
        if run.url:
            link = text.A(href=run.url, type="simple")
            holder.addElement(link)
            holder = link
        for wanted, name in ((run.italic, "Italic"), (run.bold, "Bold")):
            if wanted:
                span = text.Span(stylename=name)
                holder.addElement(span)
                holder = span
        holder.addText(run.text)
    return into


def _list(block: Bullets) -> Element:
    made = text.List(stylename="Bullets")
    for item in block.items:
        entry = text.ListItem()
        entry.addElement(_written(text.P(stylename="Text_20_body"), item))
        made.addElement(entry)
    return made


def _table(block: Table, name: str) -> Element:
    made = table.Table(name=name)
    made.addElement(table.TableColumn(numbercolumnsrepeated=len(block.header)))
    head = table.TableHeaderRows()
    head.addElement(_row(block.header, cell="HeaderCell", paragraph="Table_20_Heading"))
    made.addElement(head)
    for row in block.rows:
        made.addElement(_row(row, cell="Cell", paragraph="Table_20_Contents"))
    return made


def _row(lines: tuple[Line, ...], *, cell: str, paragraph: str) -> Element:
    made = table.TableRow()
    for line in lines:
        holder = table.TableCell(stylename=cell, valuetype="string")
        holder.addElement(_written(text.P(stylename=paragraph), line))
        made.addElement(holder)
    return made
