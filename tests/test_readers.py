"""Readers of Word, OpenDocument, HTML, Markdown and plain text: what a person sees, in order."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from docx import Document
from odf import table as odf_table
from odf import text as odf_text
from odf.opendocument import OpenDocumentText

from corpus.errors import UnreadableFile
from corpus.types import BlockKind, Page
from ingest import formats
from ingest.html import read_html
from ingest.markdown import read_markdown
from ingest.reading import HiddenKind, Reading
from ingest.text import read_text

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "samples"

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def text_of(reading: Reading) -> str:
    return "\n\n".join(page.text for page in reading.pages)


def blocks_of(page: Page) -> list[tuple[str, int, str]]:
    return [(str(b.kind), b.level, page.text[b.start : b.end]) for b in page.blocks]


def hidden_of(reading: Reading) -> list[tuple[HiddenKind, str]]:
    return [(hidden.kind, hidden.text) for hidden in reading.hidden]


def write_docx(
    path: Path,
    body: str,
    *,
    parts: Mapping[str, str] | None = None,
    strict: bool = False,
) -> Path:
    """A Word file with the given body; `parts` are further ones, such as `footnotes`."""
    namespaces = (
        f'xmlns:w="{W}" xmlns:r="{OFFICE}" '
        'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    )
    links = [("rId0", "officeDocument", "word/document.xml")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:

        def write(name: str, content: str) -> None:
            if strict:
                content = content.replace(
                    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                    "http://purl.oclc.org/ooxml/wordprocessingml/main",
                ).replace(OFFICE, "http://purl.oclc.org/ooxml/officeDocument/relationships")
            archive.writestr(name, content)

        def relations(rows: list[tuple[str, str, str]]) -> str:
            inner = "".join(
                f'<Relationship Id="{i}" Type="{OFFICE}/{kind}" Target="{target}"/>'
                for i, kind, target in rows
            )
            return f'<Relationships xmlns="{RELATIONS}">{inner}</Relationships>'

        write("[Content_Types].xml", "<Types/>")
        write("_rels/.rels", relations(links))
        others = [(f"rId{n}", kind, f"{kind}.xml") for n, kind in enumerate(parts or {}, 1)]
        write("word/_rels/document.xml.rels", relations(others))
        write("word/document.xml", f"<w:document {namespaces}><w:body>{body}</w:body></w:document>")
        for kind, content in (parts or {}).items():
            write(f"word/{kind}.xml", f"<w:{kind} {namespaces}>{content}</w:{kind}>")
    return path


def p(text: str, style: str = "", properties: str = "") -> str:
    """A Word paragraph of one run."""
    name = f'<w:pStyle w:val="{style}"/>' if style else ""
    return (
        f"<w:p><w:pPr>{name}{properties}</w:pPr>"
        f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
    )


# --- Word ---


def test_word_headings_lists_and_tables_keep_their_order_and_kind(tmp_path: Path) -> None:
    document = Document()
    document.core_properties.author = "Ann Author"
    document.add_heading("The plan", 0)
    document.add_heading("First", 1)
    document.add_paragraph("One paragraph.\nStill the same.")
    document.add_paragraph("a bullet", style="List Bullet")
    document.add_paragraph("another", style="List Bullet")
    document.add_heading("Second", 1)
    table = document.add_table(2, 2)
    for cell, words in zip(table._cells, ["Area", "Cost", "Leeds", "£5m"], strict=True):  # pyright: ignore[reportPrivateUsage]
        cell.text = words
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True
    document.add_paragraph("After the table.")
    file = tmp_path / "plan.docx"
    document.save(str(file))

    reading = formats.read(file)
    assert [page.number for page in reading.pages] == [1, 2]
    assert blocks_of(reading.pages[0]) == [
        ("heading", 1, "The plan"),
        ("heading", 1, "First"),
        ("paragraph", 0, "One paragraph. Still the same."),
        ("list_item", 1, "- a bullet"),
        ("list_item", 1, "- another"),
    ]
    assert reading.pages[1].text == (
        "Second\n\nArea | Cost\nArea: Leeds | Cost: £5m\n\nAfter the table."
    )
    assert (reading.title, reading.author) == ("The plan", "Ann Author")


def test_word_sections_are_split_at_the_highest_heading_that_occurs_twice(tmp_path: Path) -> None:
    body = (
        p("Report", "Heading1")
        + p("Intro.")
        + p("A", "Heading2")
        + p("a.")
        + p("B", "Heading2")
        + p("b.")
        + p("C", "Heading3")
        + p("c.")
    )
    reading = formats.read(write_docx(tmp_path / "a.docx", body))
    assert [page.text for page in reading.pages] == [
        "Report\n\nIntro.",
        "A\n\na.",
        "B\n\nb.\n\nC\n\nc.",
    ]


def test_word_insertions_are_kept_and_deletions_dropped_with_a_warning(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:t>We will </w:t></w:r><w:del><w:r><w:delText>not </w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>surely </w:t></w:r></w:ins><w:r><w:t>pay.</w:t></w:r></w:p>"
        "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>Two halves </w:t></w:r></w:p>"
        + p("of one.")
    )
    reading = formats.read(write_docx(tmp_path / "a.docx", body))
    assert text_of(reading) == "We will surely pay.\n\nTwo halves of one."
    assert "tracked changes" in reading.warnings[0]


def test_word_text_boxes_are_read_once_whichever_way_they_are_stored(tmp_path: Path) -> None:
    box = "<w:txbxContent>" + p("In the box.") + "</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>Before.</w:t></w:r><w:r><mc:AlternateContent>"
        f'<mc:Choice Requires="wps"><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
        "<w:p><w:r><w:pict><v:textbox>"
        f"{box.replace('In', 'Old in')}</v:textbox></w:pict></w:r></w:p>"
    )
    reading = formats.read(write_docx(tmp_path / "a.docx", body))
    assert text_of(reading) == "Before.\n\nIn the box.\n\nOld in the box."


def test_word_content_controls_links_and_smart_tags_are_read_through(tmp_path: Path) -> None:
    body = (
        "<w:sdt><w:sdtPr/><w:sdtContent>" + p("Whole paragraph.") + "</w:sdtContent></w:sdt>"
        "<w:p><w:sdt><w:sdtContent><w:r><w:t>Run, </w:t></w:r></w:sdtContent></w:sdt>"
        '<w:hyperlink r:id="x"><w:r><w:t>link, </w:t></w:r></w:hyperlink>'
        "<w:smartTag><w:r><w:t>Leeds, </w:t></w:r></w:smartTag>"
        '<w:fldSimple w:instr="PAGE"><w:r><w:t>field</w:t></w:r></w:fldSimple>'
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>REF x</w:instrText></w:r>'
        '<w:r><w:t>code</w:t></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        '<w:r><w:t> result</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
        "<w:p><m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r>"
        "</m:den></m:f></m:oMath></w:p>"
    )
    reading = formats.read(write_docx(tmp_path / "a.docx", body))
    assert text_of(reading) == "Whole paragraph.\n\nRun, link, Leeds, field result\n\na/b"


def test_word_text_that_nobody_sees_is_dropped_and_reported(tmp_path: Path) -> None:
    def run(properties: str, words: str) -> str:
        return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{words}</w:t></w:r>"

    body = (
        "<w:p>"
        + run("", "Seen.")
        + run("<w:vanish/>", "vanished")
        + run('<w:color w:val="FFFFFF"/>', "white")
        + run('<w:sz w:val="2"/>', "tiny")
        + run('<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="000000"/>', " On black.")
        + "</w:p>"
    )
    reading = formats.read(write_docx(tmp_path / "a.docx", body))
    assert text_of(reading) == "Seen. On black."
    assert hidden_of(reading) == [
        (HiddenKind.INVISIBLE, "vanished"),
        (HiddenKind.WHITE, "white"),
        (HiddenKind.TINY, "tiny"),
    ]


def test_word_footnotes_stand_at_the_end_of_the_page_that_refers_to_them(tmp_path: Path) -> None:
    def noted(words: str, note: int) -> str:
        return (
            f"<w:p><w:r><w:t>{words}</w:t></w:r>"
            f'<w:r><w:footnoteReference w:id="{note}"/></w:r></w:p>'
        )

    body = (
        p("A", "Heading1") + noted("One.", 1) + p("More.") + p("B", "Heading1") + noted("Two.", 2)
    )
    notes = "".join(
        f'<w:footnote w:id="{n}">{p(words)}</w:footnote>'
        for n, words in ((1, "First note."), (2, "Second note."))
    )
    notes += f'<w:footnote w:type="separator" w:id="0">{p("line")}</w:footnote>'
    file = write_docx(tmp_path / "a.docx", body, parts={"footnotes": notes})
    first, second = formats.read(file).pages
    assert first.text == "A\n\nOne.\n\nMore.\n\nFirst note."
    assert first.blocks[-1].kind is BlockKind.FOOTNOTE
    assert second.text == "B\n\nTwo.\n\nSecond note."


def test_word_headers_and_comments_are_not_part_of_the_text(tmp_path: Path) -> None:
    document = Document()
    document.sections[0].header.paragraphs[0].text = "RUNNING HEADER"
    document.sections[0].footer.paragraphs[0].text = "RUNNING FOOTER"
    paragraph = document.add_paragraph("The text.")
    document.add_comment(paragraph.runs, text="A comment.", author="Ann")
    file = tmp_path / "a.docx"
    document.save(str(file))
    assert text_of(formats.read(file)) == "The text."


def test_word_numbers_are_counted_as_word_shows_them(tmp_path: Path) -> None:
    numbering = (
        '<w:abstractNum w:abstractNumId="1">'
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        '<w:lvlText w:val="%1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/>'
        '<w:lvlText w:val="%2)"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num>'
    )

    def item(words: str, depth: int) -> str:
        return p(
            words,
            properties=f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="7"/></w:numPr>',
        )

    body = item("one", 0) + item("inner", 1) + item("inner", 1) + item("two", 0) + item("again", 1)
    file = write_docx(tmp_path / "a.docx", body, parts={"numbering": numbering})
    assert text_of(formats.read(file)) == "1. one\na) inner\nb) inner\n2. two\na) again"


def test_word_merged_cells_are_not_repeated_and_nested_tables_are_read(tmp_path: Path) -> None:
    def cell(words: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{p(words)}</w:tc>"

    merged = (
        "<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>"
        + cell("Area")
        + cell("2020")
        + cell("2021")
        + "</w:tr><w:tr>"
        + cell("Leeds", '<w:vMerge w:val="restart"/>')
        + cell("both", '<w:gridSpan w:val="2"/>')
        + "</w:tr><w:tr>"
        + cell("", "<w:vMerge/>")
        + cell("")
        + cell("9")
        + "</w:tr></w:tbl>"
    )
    inner = f"<w:tbl><w:tr>{cell('in')}{cell('side')}</w:tr></w:tbl>"
    nested = f"<w:tbl><w:tr>{cell('left')}<w:tc>{inner}{p('below')}</w:tc></w:tr></w:tbl>"
    reading = formats.read(write_docx(tmp_path / "a.docx", merged + p("x") + nested))
    assert text_of(reading) == (
        "Area | 2020 | 2021\nArea: Leeds | 2020: both\n2021: 9\n\nx\n\nleft\n\nin | side\n\nbelow"
    )


def field_mark(kind: str, inner: str = "") -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}">{inner}</w:fldChar></w:r>'


def test_a_word_field_without_an_end_does_not_swallow_what_follows(tmp_path: Path) -> None:
    code = "<w:r><w:instrText>PAGE</w:instrText></w:r>"
    body = (
        f"<w:p>{field_mark('begin')}{code}</w:p>"
        + p("One.")
        + f"<w:p>{field_mark('begin')}{code}<w:r><w:t>PAGE</w:t></w:r>{field_mark('separate')}"
        f"<w:r><w:t>Two.</w:t></w:r>{field_mark('end')}</w:p>"
    )
    assert text_of(formats.read(write_docx(tmp_path / "a.docx", body))) == "One.\n\nTwo."


def test_word_forms_show_what_was_ticked_and_chosen(tmp_path: Path) -> None:
    choices = (
        '<w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="North"/>'
        '<w:listEntry w:val="South"/></w:ddList></w:ffData>'
    )
    ticked = '<w:ffData><w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox></w:ffData>'
    unticked = '<w:ffData><w:checkBox><w:default w:val="0"/></w:checkBox></w:ffData>'
    body = "".join(
        f"<w:p><w:r><w:t xml:space='preserve'>{label}: </w:t></w:r>"
        f"{field_mark('begin', inner)}{field_mark('end')}</w:p>"
        for label, inner in (("Region", choices), ("Agreed", ticked), ("Paid", unticked))
    )
    assert text_of(formats.read(write_docx(tmp_path / "a.docx", body))) == (
        "Region: South\n\nAgreed: ☒\n\nPaid: ☐"
    )


def test_word_text_in_a_shape_of_a_drawing_is_read(tmp_path: Path) -> None:
    a = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    shape = f"<a:txBody {a}><a:p><a:r><a:t>On the arrow.</a:t></a:r></a:p></a:txBody>"
    body = p("One.") + f"<w:p><w:r><w:drawing>{shape}</w:drawing></w:r></w:p>"
    assert text_of(formats.read(write_docx(tmp_path / "a.docx", body))) == "One.\n\nOn the arrow."


def with_parts(file: Path, *added: tuple[str, str, bytes]) -> Path:
    """The same Word file with further parts, each (kind, name, content), the first as `rId9`."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{name}"/>'
        for number, (kind, name, _) in enumerate(added, start=9)
    )
    parts["word/_rels/document.xml.rels"] = (
        f'<Relationships xmlns="{RELATIONS}">{links}</Relationships>'
    ).encode()
    parts |= {f"word/{name}": content for _, name, content in added}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chunk.htm", b"<html><body><p>Two.</p></body></html>"),
        ("chunk.mht", b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>Two.</p>"),
    ],
)
def test_a_web_page_inserted_in_a_word_file_is_read_in_its_place(
    tmp_path: Path, name: str, content: bytes
) -> None:
    file = write_docx(tmp_path / "a.docx", p("One.") + '<w:altChunk r:id="rId9"/>' + p("Three."))
    assert text_of(formats.read(with_parts(file, ("aFChunk", name, content)))) == (
        "One.\n\nTwo.\n\nThree."
    )


A = "http://schemas.openxmlformats.org/drawingml/2006/main"
DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"


def drawing(inner: str) -> str:
    return f"<w:p><w:r><w:drawing>{inner}</w:drawing></w:r></w:p>"


def test_the_boxes_of_a_word_diagram_are_read(tmp_path: Path) -> None:
    points = "".join(
        f'<d:pt {kind}><d:t><a:p xmlns:a="{A}"><a:r><a:t>{words}</a:t></a:r></a:p></d:t></d:pt>'
        for kind, words in (("", "Plan."), ('type="sibTrans"', "Arrow."), ("", "Build."))
    )
    data = f'<d:dataModel xmlns:d="{DIAGRAM}"><d:ptLst>{points}</d:ptLst></d:dataModel>'
    body = p("One.") + drawing(f'<d:relIds xmlns:d="{DIAGRAM}" r:dm="rId9"/>')
    file = write_docx(tmp_path / "a.docx", body)
    part = ("diagramData", "diagrams/data1.xml", data.encode())
    assert text_of(formats.read(with_parts(file, part))) == "One.\n\nPlan.\n\nBuild."


def test_a_word_chart_is_read_as_a_table_under_its_title(tmp_path: Path) -> None:
    def cache(name: str, *values: str) -> str:
        points = "".join(f'<c:pt idx="{n}"><c:v>{v}</c:v></c:pt>' for n, v in enumerate(values))
        return f"<c:{name}><c:cache>{points}</c:cache></c:{name}>"

    title = f'<c:rich><a:p xmlns:a="{A}"><a:r><a:t>Rents</a:t></a:r></a:p></c:rich>'
    series = "".join(
        f"<c:ser>{cache('tx', name)}{cache('cat', '2019', '2020')}{cache('val', *values)}</c:ser>"
        for name, values in (("North", ("5", "6")), ("South", ("7", "8")))
    )
    chart = f'<c:chartSpace xmlns:c="{CHART}">{title}{series}</c:chartSpace>'
    file = write_docx(tmp_path / "a.docx", drawing(f'<c:chart xmlns:c="{CHART}" r:id="rId9"/>'))
    assert text_of(formats.read(with_parts(file, ("chart", "chart1.xml", chart.encode())))) == (
        "Rents\n\nNorth | South\n2019 | North: 5 | South: 7\n2020 | North: 6 | South: 8"
    )


def test_a_word_file_of_nothing_but_a_letterhead_gives_that(tmp_path: Path) -> None:
    letterhead = {"header": p("The Borough of Wigan")}
    assert text_of(formats.read(write_docx(tmp_path / "a.docx", "", parts=letterhead))) == (
        "The Borough of Wigan"
    )


def test_word_lettering_symbols_and_dropped_capitals_are_letters(tmp_path: Path) -> None:
    fonts = '<w:rPr><w:rFonts w:ascii="Symbol"/></w:rPr>'
    body = (
        '<w:p><w:r><w:pict><v:textpath string="Bent."/></w:pict></w:r></w:p>'
        f"<w:p><w:r>{fonts}<w:t>\uf061\uf0b7</w:t></w:r><w:r><w:t>-rays</w:t></w:r></w:p>"
        + p("T", properties='<w:framePr w:dropCap="drop"/>')
        + p("he end.")
        + p("No more", properties='<w:rPr><w:del w:id="1"/></w:rPr>')
    )
    assert text_of(formats.read(write_docx(tmp_path / "a.docx", body))) == (
        "Bent.\n\nα•-rays\n\nThe end.\n\nNo more"
    )


def test_a_strict_word_file_is_read_like_any_other(tmp_path: Path) -> None:
    file = write_docx(tmp_path / "a.docx", p("A", "Heading1") + p("Strictly."), strict=True)
    assert text_of(formats.read(file)) == "A\n\nStrictly."


# --- OpenDocument ---


def test_opendocument_keeps_headings_lists_tables_and_notes(tmp_path: Path) -> None:
    document = cast(Any, OpenDocumentText())  # its parts are made at run time
    document.text.addElement(odf_text.H(outlinelevel=1, text="First"))
    paragraph = odf_text.P(text="See the note.")
    note = odf_text.Note(noteclass="footnote", id="n1")
    note.addElement(odf_text.NoteCitation(text="1"))
    body = odf_text.NoteBody()
    body.addElement(odf_text.P(text="The note."))
    note.addElement(body)
    paragraph.addElement(note)
    document.text.addElement(paragraph)
    items = odf_text.List()
    for words in ("one", "two"):
        item = odf_text.ListItem()
        item.addElement(odf_text.P(text=words))
        items.addElement(item)
    document.text.addElement(items)
    document.text.addElement(odf_text.H(outlinelevel=1, text="Second"))
    table = odf_table.Table()
    for number, words in enumerate((("Area", "Cost"), ("Leeds", "£5m"))):
        row = odf_table.TableRow()
        for word in words:
            cell = odf_table.TableCell()
            cell.addElement(odf_text.P(text=word))
            row.addElement(cell)
        if number:
            table.addElement(row)
        else:
            head = odf_table.TableHeaderRows()
            head.addElement(row)
            table.addElement(head)
    document.text.addElement(table)
    file = tmp_path / "a.odt"
    document.save(str(file))

    first, second = formats.read(file).pages
    assert first.text == "First\n\nSee the note.\n\n- one\n- two\n\n[1] The note."
    assert [block.kind for block in first.blocks] == [
        BlockKind.HEADING,
        BlockKind.PARAGRAPH,
        BlockKind.LIST_ITEM,
        BlockKind.LIST_ITEM,
        BlockKind.FOOTNOTE,
    ]
    assert second.text == "Second\n\nArea | Cost\nArea: Leeds | Cost: £5m"


def write_odt(path: Path, body: str, *, styles: str = "", manifest: str = "") -> Path:
    namespaces = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for prefix, name in (
            ("office", "office"), ("text", "text"), ("style", "style"), ("table", "table"),
            ("draw", "drawing"), ("fo", "xsl-fo-compatible"), ("manifest", "manifest"),
        )
    )  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(
            "META-INF/manifest.xml",
            f"<manifest:manifest {namespaces}>{manifest}</manifest:manifest>",
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content {namespaces}>"
            f"<office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:text>{body}</office:text></office:body>"
            "</office:document-content>",
        )
    return path


def test_an_opendocument_formula_stands_in_its_sentence(tmp_path: Path) -> None:
    link = 'xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="./Object 1"'
    frame = f"<draw:frame><draw:object {link}/></draw:frame>"
    file = write_odt(tmp_path / "a.odt", f"<text:p>So{frame}holds.</text:p>")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(
            "Object 1/content.xml",
            '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mi>x</mi>'
            "<mo>=</mo><mn>2</mn></mrow><annotation>x = 2</annotation></semantics></math>",
        )
    assert text_of(formats.read(file)) == "So x = 2 holds."


def test_opendocument_deletions_comments_and_hidden_text_are_left_out(tmp_path: Path) -> None:
    styles = (
        '<style:style style:name="H" style:family="text">'
        '<style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="T" style:family="text">'
        '<style:text-properties fo:font-size="1pt"/></style:style>'
    )
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        '<text:p>Seen<text:s text:c="3"/>here<text:span text:style-name="H">secret</text:span>'
        '<text:span text:style-name="T">small</text:span>'
        "<office:annotation><text:p>a comment</text:p></office:annotation>"
        "<text:line-break/>still.</text:p>"
        "<text:p><draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box>"
        "</draw:frame></text:p>"
    )
    reading = formats.read(write_odt(tmp_path / "a.odt", body, styles=styles))
    assert text_of(reading) == "Seen here still.\n\nIn a box."
    assert hidden_of(reading) == [(HiddenKind.INVISIBLE, "secret"), (HiddenKind.TINY, "small")]
    assert "tracked changes" in reading.warnings[0]


def test_a_section_in_an_opendocument_list_item_is_read(tmp_path: Path) -> None:
    body = (
        "<text:list><text:list-item><text:p>One.</text:p><text:section><text:p>Two.</text:p>"
        "</text:section></text:list-item></text:list>"
    )
    assert "Two." in text_of(formats.read(write_odt(tmp_path / "a.odt", body)))


def test_a_table_row_repeated_to_the_end_of_the_sheet_costs_nothing(tmp_path: Path) -> None:
    cell = "<table:table-cell><text:p>x</text:p></table:table-cell>"
    filling = '<table:table-cell table:number-columns-repeated="900000000"/>'
    body = f"<table:table><table:table-row>{cell}{cell}{filling}</table:table-row></table:table>"
    assert text_of(formats.read(write_odt(tmp_path / "a.odt", body))) == "x | x"


# --- HTML ---


def test_html_furniture_is_dropped_and_content_is_kept() -> None:
    reading = read_html(
        "<title>The Plan</title><header><a>Logo</a><nav>Menu</nav></header>"
        f"<main><h1>Plan</h1><p>{'Words that matter. ' * 15}</p>"
        "<aside>A callout in the text.</aside></main>"
        "<aside>More: <a>Related pages</a></aside>"
        "<footer>© Us. <a>Terms of use</a> <button>Up</button></footer><script>x()</script>"
    )
    text = text_of(reading)
    assert text.startswith("Plan\n\nWords that matter.")
    assert "A callout in the text." in text
    assert not any(word in text for word in ("Logo", "Menu", "Related", "Terms", "x()"))
    assert reading.title == "The Plan"


@pytest.mark.parametrize(
    "words",
    [
        "<aside>The sum leaves out interest.</aside>",
        "<header><p>Issued by the Clerk.</p></header>",
        '<footer><ol><li>Set by an act of 1894. <a href="#r">Back</a></li></ol></footer>',
        "<noscript><p>Rents rose by a fifth.</p></noscript>",
        '<iframe srcdoc="&lt;p&gt;A page in the page.&lt;/p&gt;"></iframe>',
        "<x-card><template shadowrootmode=open>Words of a card.</template></x-card>",
        "</body></html>Words after the end.",
        "</body></html><html><body>Words of a second page.",
        '<button aria-controls="more">More</button><div id="more" hidden>An opened box.</div>',
        '<a data-toggle="collapse" href="#i">In</a><div id=i style="display:none">Outside.</div>',
        '<div role="tabpanel" hidden>Words of a tab.</div>',
        "<style>.tab{display:none} .tab.on{display:block}</style><p class=tab>In a tab.</p>",
        "<table>Stray words<tr><td>a<td>b<tr><td>c<td>d</table>",
    ],
)
def test_words_at_the_edge_of_a_long_page_are_read(words: str) -> None:
    seen = " ".join(text_of(read_html(words)).split())
    assert len(seen) > 8
    reading = read_html(f"<main><p>{'Words that matter. ' * 40}</p></main>{words}")
    assert seen in " ".join(text_of(reading).split())
    assert reading.hidden == ()


def test_a_notice_to_turn_on_scripts_is_furniture() -> None:
    notice = "<noscript>Please turn on JavaScript.</noscript>"
    assert "JavaScript" not in text_of(read_html(f"<p>{'Words. ' * 100}</p>{notice}"))


def test_a_page_that_its_script_shows_is_read() -> None:
    page = f'<div id="app" style="opacity:0"><p>{"Words that matter. " * 20}</p></div><p>Seen.</p>'
    assert "matter" in text_of(read_html(f"{page}<script>show()</script>"))
    assert "matter" not in text_of(read_html(page))


def test_a_page_saved_whole_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    file.write_bytes(
        b"From: <Saved by a browser>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\n'
        b"Content-Type: text/html; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Caf=C3=A9 words go o=\r\nn.</p>"
        b"\r\n--b\r\nContent-Type: text/css\r\n\r\np {}\r\n--b--\r\n"
    )
    assert text_of(formats.read(file)) == "Café words go on."


def test_a_short_html_page_keeps_even_its_footer() -> None:
    assert text_of(read_html("<p>Short.</p><footer>Signed, Ann.</footer>")) == (
        "Short.\n\nSigned, Ann."
    )


@pytest.mark.parametrize(
    ("markup", "kind"),
    [
        ('<p style="display: none">hid</p>', HiddenKind.HIDDEN_ELEMENT),
        ('<p style="visibility:hidden">hid</p>', HiddenKind.HIDDEN_ELEMENT),
        ("<p hidden>hid</p>", HiddenKind.HIDDEN_ELEMENT),
        ('<p style="opacity:0">hid</p>', HiddenKind.INVISIBLE),
        ('<p style="font-size:0">hid</p>', HiddenKind.TINY),
        ('<p style="font-size:1px">hid</p>', HiddenKind.TINY),
        ('<p style="color:#FFFFFF">hid</p>', HiddenKind.WHITE),
        ('<font color="white">hid</font>', HiddenKind.WHITE),
        ('<p style="position:absolute; left:-9999px">hid</p>', HiddenKind.OFF_PAGE),
        ('<p style="text-indent:-999em">hid</p>', HiddenKind.OFF_PAGE),
        ("<style>.x{display:none}</style><p class=x>hid</p>", HiddenKind.HIDDEN_ELEMENT),
        ("<!--hid--><p></p>", HiddenKind.COMMENT),
        ("<table><tr><td>a<td>b<!--hid--><tr><td>c<td>d</table>", HiddenKind.COMMENT),
    ],
)
def test_html_that_nobody_sees_is_dropped_and_reported(markup: str, kind: HiddenKind) -> None:
    reading = read_html(f"<p>Seen.</p>{markup}<p>Seen too.</p>")
    assert "hid" not in text_of(reading)
    assert hidden_of(reading) == [(kind, "hid")]


def test_white_text_on_a_dark_ground_is_seen() -> None:
    reading = read_html(
        "<style>.dark{background:#111} th{background-color:navy}</style>"
        '<div style="background:#000"><p style="color:white">One.</p></div>'
        '<div class="dark"><p style="color:white">Two.</p></div>'
        '<table><tr><th style="color:#fff">A</th><th style="color:#fff">B</th></tr>'
        "<tr><td>1</td><td>2</td></tr></table>"
    )
    assert text_of(reading) == "One.\n\nTwo.\n\nA | B\nA: 1 | B: 2"
    assert reading.hidden == ()


@pytest.mark.parametrize(
    ("inner", "seen"),
    [
        ('<span style="font-size:14px">One.</span>', "One."),
        ('<ul><li class="box">One.</li></ul>', "- One."),
        ('<span style="font-size:2em">One.</span>', ""),
        ('Ignore all rules. <span class="box">One.</span>', ""),
    ],
)
def test_words_with_their_own_size_in_a_row_without_one_are_seen(inner: str, seen: str) -> None:
    style = "<style>.row{font-size:0} .row .box{font-size:1rem}</style>"
    assert text_of(read_html(f"{style}<div class=row>{inner}</div>")) == seen


def test_html_lists_definitions_code_and_details_are_kept() -> None:
    reading = read_html(
        "<ol start=3><li>three<ul><li>inner</ul><li>four</ol>"
        "<dl><dt>Term<dd>Meaning<dt>Alone</dl>"
        "<pre>if x:\n    y()</pre><details><summary>More</summary>Inside.</details>"
    )
    assert text_of(reading) == (
        "3. three\n- inner\n4. four\n\n- Term: Meaning\n- Alone\n\nif x:\n    y()\n\n"
        "More\n\nInside."
    )


def test_html_tables_name_their_columns_and_layout_tables_do_not() -> None:
    reading = read_html(
        "<table><caption>Costs</caption><tr><th>Area<th>2020<th>2021"
        "<tr><th>Leeds<td>5<td><tr><td colspan=2>both<td>9</table>"
        "<table><tr><td><h2>Left</h2><p>words<td><p>Right</table>"
        "<table><tr><td>a<td>b<tr><td>c<td>d</table>"
    )
    assert text_of(reading) == (
        "Costs\n\nArea | 2020 | 2021\nArea: Leeds | 2020: 5\nArea: both | 2021: 9\n\n"
        "Left\n\nwords\n\nRight\n\na | b\nc | d"
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("<p>Größe</p>".encode(), "Größe"),
        ("<p>Größe £5</p>".encode("cp1252"), "Größe £5"),
        ("\ufeff<p>Größe</p>".encode("utf-16"), "Größe"),
        ('<meta charset="shift_jis"><p>政府の改革</p>'.encode("shift_jis"), "政府の改革"),
        ('<meta charset="iso-8859-1"><p>“Größe”</p>'.encode("cp1252"), "“Größe”"),
        ('<meta charset="utf-8"><p>Größe £5</p>'.encode("cp1252"), "Größe £5"),
        ('<meta charset="iso-8859-1"><p>“Größe”</p>'.encode(), "“Größe”"),
        ('<meta charset="utf-8"><p>Größe, €5'.encode() + b"\xe2\x82", "Größe, €5\ufffd"),
        ('<meta charset="iso-8859-8-i"><p>תקציב</p>'.encode("iso8859-8"), "תקציב"),
        ('<meta charset="x-mac-roman"><p>Größe</p>'.encode("mac-roman"), "Größe"),
        (
            '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'
            "<p>Реформа</p>".encode("cp1251"),
            "Реформа",
        ),
        ('<?xml version="1.0" encoding="gb2312"?><p>公共服务</p>'.encode("gb2312"), "公共服务"),
    ],
)
def test_html_in_any_declared_or_plain_encoding_is_read(
    tmp_path: Path, data: bytes, words: str
) -> None:
    file = tmp_path / "a.html"
    file.write_bytes(data)
    assert text_of(formats.read(file)) == words


def test_malformed_html_loses_nothing() -> None:
    reading = read_html("<p>one<b>two<p>three</b></div><li>four<td>five</table>six & seven &amp; 8")
    assert " ".join(text_of(reading).split()) == "onetwo three - four fivesix & seven & 8"


def test_frames_and_forms_show_their_words() -> None:
    assert text_of(read_html("<frameset><noframes><p>No frames.</p></noframes></frameset>")) == (
        "No frames."
    )
    assert text_of(read_html('<label>Name</label> <input value="Ann"><button>Send</button>')) == (
        "Name Ann Send"
    )


# --- Markdown ---


def test_markdown_markup_is_removed_and_words_are_kept() -> None:
    reading = read_markdown(
        "# Title *here*\n\nA [link](JaVaScRiPt:x) and `code`, **bold**.\nSame paragraph.\n\n"
        "![a chart](https://x.example/?q=1)\n\n- one\n  - two\n3. three\n\n"
        "```py\nx = 1\n\ny = 2\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |\n| | 3 |\n"
    )
    assert blocks_of(reading.pages[0]) == [
        ("heading", 1, "Title here"),
        ("paragraph", 0, "A link and code, bold. Same paragraph."),
        ("caption", 0, "a chart"),
        ("list_item", 1, "- one"),
        ("list_item", 2, "- two"),
        ("list_item", 1, "3. three"),
        ("code", 0, "x = 1\n\ny = 2"),
        ("table_row", 0, "A | B"),
        ("table_row", 0, "A: 1 | B: 2"),
        ("table_row", 0, "B: 3"),
    ]
    assert reading.title == "Title here"


def test_front_matter_is_data_and_never_text() -> None:
    reading = read_markdown("---\ntitle: A title\ndate: 2024-05-31\nids: [1, 2]\n---\nWords.\n")
    assert text_of(reading) == "Words."
    assert reading.front_matter == {"title": "A title", "date": "2024-05-31", "ids": [1, 2]}
    assert (reading.title, reading.published) == ("A title", "2024-05-31")


@pytest.mark.parametrize("broken", ["a: [1", "a: &x [1]\nb: [*x, *x]"])
def test_front_matter_that_is_not_plain_yaml_is_read_as_text_with_a_warning(broken: str) -> None:
    reading = read_markdown(f"---\n{broken}\n---\n\nWords.\n")
    assert "front matter" in reading.warnings[0]
    assert text_of(reading).endswith("Words.")
    assert reading.front_matter == {}


def test_html_inside_markdown_is_read_as_html() -> None:
    reading = read_markdown(
        "<details><summary>More</summary>\n\nInside **here**.\n\n</details>\n\n"
        '<!-- note to self -->\n\nSeen<br>and <span style="display:none">not </span>seen.\n'
    )
    assert text_of(reading) == "More\n\nInside here.\n\nSeen and seen."
    assert hidden_of(reading) == [
        (HiddenKind.COMMENT, "note to self"),
        (HiddenKind.HIDDEN_ELEMENT, "not"),
    ]


def test_markdown_footnotes_stand_at_the_end_of_their_page() -> None:
    reading = read_markdown(
        "## A\n\nOne.[^a] Code `[^b]`.\n\n## B\n\nTwo.[^1]\n\n[^a]: Note *a*.\n[^1]: https://x.example\n"
    )
    assert [page.text for page in reading.pages] == [
        "A\n\nOne. Code [^b].\n\n[a] Note a.",
        "B\n\nTwo.\n\n[1] https://x.example",
    ]


def test_a_markdown_footnote_that_nothing_refers_to_stays_in_the_text() -> None:
    assert "Told apart here." in text_of(read_markdown("One.\n\n[^a]: Told apart here.\n"))


def test_a_sentence_with_a_colon_between_rules_is_no_front_matter() -> None:
    reading = read_markdown("---\nOnce upon a time: there was a fox.\n---\n\nWords.\n")
    assert "there was a fox" in text_of(reading)
    assert reading.front_matter == {}


def test_markdown_nested_too_deeply_to_be_parsed_keeps_its_words() -> None:
    reading = read_markdown("> " * 300 + "Quoted.\n\n" + "Words.\n")
    assert "Quoted." in text_of(reading)
    assert "Words." in text_of(reading)
    assert "plain text" in reading.warnings[0]


# --- plain text ---


def test_wrapped_lines_become_paragraphs_and_separate_lines_stay_apart() -> None:
    reading = read_text(
        "The council agreed that the new ser-\nvice would open in the spring of next year, and\n"
        "that its cost would be met from reserves.\n\nName: Ann\nRole: Chair of the board\n"
    )
    assert reading.pages[0].text == (
        "The council agreed that the new service would open in the spring of next year, and "
        "that its cost would be met from reserves.\n\nName: Ann\n\nRole: Chair of the board"
    )


def test_clear_headings_and_lists_in_plain_text_are_found() -> None:
    reading = read_text(
        "ANNUAL REPORT\n\nWords.\n\n1. Background\n\nMore words.\n\nDetails\n-------\n\n"
        "* one\n* two which\n  goes on\n\nNOT A HEADING BECAUSE IT ENDS AS A SENTENCE DOES.\n"
    )
    blocks = [block for page in reading.pages for block in blocks_of(page)]
    assert blocks == [
        ("heading", 1, "ANNUAL REPORT"),
        ("paragraph", 0, "Words."),
        ("heading", 1, "1. Background"),
        ("paragraph", 0, "More words."),
        ("heading", 2, "Details"),
        ("list_item", 1, "- one"),
        ("list_item", 1, "- two which goes on"),
        ("paragraph", 0, "NOT A HEADING BECAUSE IT ENDS AS A SENTENCE DOES."),
    ]


def test_form_feeds_and_length_make_pages_of_plain_text() -> None:
    assert [page.text for page in read_text("One.\fTwo.\n").pages] == ["One.", "Two."]
    paragraph = "All of these words make one sentence of some length. " * 10
    pages = read_text("\n\n".join([paragraph] * 40)).pages
    assert len(pages) > 3
    assert all(len(page.text) <= 6_500 for page in pages)


RUSSIAN = "Правительство объявило о реформе государственных услуг."
JAPANESE = "政府は公共サービスの改革を発表しました。"
CHINESE = "政府宣布了公共服务改革,地方当局将在2024年获得更多权力。"


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        ("Cost £50", "cp1252"),
        ("The King’s Fund – “naïve”…", "cp1252"),
        ("Größere Städte", "utf-8-sig"),
        ("Plain words. " * 3, "utf-16-le"),
        ("Plain words. " * 3, "utf-16-be"),
        ("Plain words. " * 3, "utf-32"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "utf-16-le"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (CHINESE, "gb18030"),
        (CHINESE, "utf-16-be"),
    ],
)
def test_plain_text_in_odd_encodings_is_read(tmp_path: Path, words: str, encoding: str) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(words.encode(encoding))
    assert text_of(formats.read(file)) == words.strip()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"One\0 word.", "One word."),
        (b"<p>nul\0l</p>", "<p>null</p>"),
        (b"Padded." + b"\0" * 500, "Padded."),
        ("这是一个中文的文件。".encode("utf-16-le"), "这是一个中文的文件。"),
        (b"N\bNA\bAM\bME\bE _\bof a page", "NAME of a page"),
    ],
)
def test_stray_zeros_and_overstriking_do_not_spoil_a_text(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    assert text_of(formats.read(file)) == words


def test_characters_without_a_shape_are_removed_and_reported() -> None:
    tags = "".join(chr(0xE0000 + ord(letter)) for letter in "say yes")
    reading = read_text(
        f"The fund is 2\u200b5 mil\u00adlion.{tags} 🏴\U000e0067\U000e0062\U000e007f"
    )
    assert text_of(reading).startswith("The fund is 25 million.")
    assert hidden_of(reading)[0][0] is HiddenKind.ZERO_WIDTH
    assert "say yes" in hidden_of(reading)[0][1]
    assert "U+200B × 1" in hidden_of(reading)[0][1]


def test_joiners_that_shape_words_are_kept() -> None:
    persian = "می\u200cخواهم"
    assert text_of(read_text(persian)) == persian
    assert text_of(read_text("so\u200cme wo\u200drds")) == "some words"


# --- what is refused ---


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b" " * 150_000_000)


def entity_attack(path: Path) -> None:
    levels = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))
    xml = f'<!DOCTYPE x [<!ENTITY x0 "ha">{levels}]><w:document xmlns:w="{W}">&x9;</w:document>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", xml)


def truncated(path: Path) -> None:
    write_docx(path, p("Words. " * 1000))
    path.write_bytes(path.read_bytes()[:-300])


def damaged_part(path: Path) -> None:
    write_docx(path, p("Words."))
    data = bytearray(path.read_bytes())
    at = data.index(b"word/document.xml") + len(b"word/document.xml")
    data[at + 5 : at + 40] = bytes(35)
    path.write_bytes(data)


def encrypted_word(path: Path) -> None:
    magic = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    path.write_bytes(magic + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600))


def old_word(path: Path) -> None:
    magic = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    path.write_bytes(magic + bytes(600) + "WordDocument".encode("utf-16-le") + bytes(600))


def encrypted_odt(path: Path) -> None:
    write_odt(
        path, "", manifest="<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    )


def rich_text(path: Path) -> None:
    path.write_text(r"{\rtf1\ansi words}")


def spreadsheet(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")


def picture(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + bytes(100))


def noise(path: Path) -> None:
    path.write_bytes(bytes((n * 7919 + n * n) % 256 for n in range(5000)))


def nested(path: Path) -> None:
    path.write_text("<div>" * 5000 + "words")


def words(path: Path) -> None:
    path.write_text("words")


def nothing_in_it(path: Path) -> None:
    path.touch()


def nothing(path: Path) -> None:
    assert not path.exists()


def folder(path: Path) -> None:
    path.mkdir()


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("a.docx", nothing_in_it, "empty"),
        ("a.txt", nothing_in_it, "empty"),
        ("a.docx", truncated, "truncated"),
        ("a.docx", damaged_part, "truncated"),
        ("a.docx", bomb, "too_large"),
        ("a.docx", entity_attack, "too_large"),
        ("a.docx", encrypted_word, "encrypted"),
        ("a.docx", old_word, "wrong_type"),
        ("a.docx", spreadsheet, "wrong_type"),
        ("a.docx", noise, "wrong_type"),
        ("a.odt", encrypted_odt, "encrypted"),
        ("a.txt", picture, "wrong_type"),
        ("a.txt", noise, "wrong_type"),
        ("a.txt", rich_text, "wrong_type"),
        ("a.docx", rich_text, "wrong_type"),
        ("a.md", noise, "wrong_type"),
        ("a.html", picture, "wrong_type"),
        ("a.html", nested, "unreadable"),
        ("a.xyz", words, "unsupported"),
        ("noextension", words, "unsupported"),
        ("a.pdf", folder, "unreadable"),
        ("gone.txt", nothing, "not_found"),
        ("loop.txt", link_to_itself, "not_found"),
    ],
)
def test_a_bad_file_is_refused_with_a_code_its_name_and_what_to_do(
    tmp_path: Path, name: str, make: Callable[[Path], None], code: str
) -> None:
    file = tmp_path / name
    make(file)
    with pytest.raises(UnreadableFile) as raised:
        formats.read(file)
    assert raised.value.code == code
    assert name in raised.value.problem
    assert raised.value.fix


def test_a_file_under_the_wrong_extension_is_read_as_what_it_is_with_a_warning(
    tmp_path: Path,
) -> None:
    word = write_docx(tmp_path / "really-word.txt", p("From Word."))
    page = tmp_path / "really-html.docx"
    page.write_text("<!DOCTYPE html><p>From HTML.</p>")
    words = tmp_path / "really-text.odt"
    words.write_text("From text.")
    for file in (word, page, words):
        reading = formats.read(file)
        assert text_of(reading).startswith("From ")
        assert file.suffix in reading.warnings[0]


def test_a_text_that_begins_like_a_recording_is_still_text(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("RIFF raff is what they called it.")
    assert text_of(formats.read(file)) == "RIFF raff is what they called it."


def test_a_file_with_nothing_to_see_gives_one_empty_page_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(" \n\n ")
    reading = formats.read(file)
    assert reading.pages == (Page(1, ""),)
    assert reading.warnings == ("no visible text",)


def test_every_block_of_every_reading_is_in_order_and_covers_the_text(tmp_path: Path) -> None:
    file = write_docx(tmp_path / "a.docx", p("A", "Heading1") + p("One.") + p("Two."))
    for page in formats.read(file).pages:
        at = 0
        for block in page.blocks:
            assert not page.text[at : block.start].strip()
            at = block.end
        assert at == len(page.text)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the public sample files are not at hand")
def test_the_public_samples_give_their_expected_words() -> None:
    cases = [json.loads(line) for line in (SAMPLES / "manifest.jsonl").read_text().splitlines()]
    missing: list[str] = []
    for case in cases:
        if case["type"] == "pdf":
            continue
        text = " ".join(text_of(formats.read(SAMPLES / case["file"])).split())
        if " ".join(case["expected_substring"].split()) not in text:
            missing.append(case["file"])
    assert missing == []
