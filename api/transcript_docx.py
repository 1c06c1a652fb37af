"""A transcript as a Word document: a real footnote at every cited sentence, and the sources.

python-docx makes no footnotes, so their part of the file is written here: ECMA-376, part 1,
sections 17.11 (footnotes) and 11.3.7 (the part and its relationship).
"""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from api.shapes import CitationJson
from api.showing import ShownExchange, ShownSentence, shown_moment
from api.transcript import (
    CitedDocument,
    Transcript,
    asked_of,
    original_of,
    pages_words,
    remarks,
    source_facts,
    standing_words,
    xml_text,
)

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATIONSHIP = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
_CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
_SEPARATORS = (  # Word wants both, under these two numbers
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/>'
    "</w:r></w:p></w:footnote>"
)
_TEXT_STYLE, _REFERENCE_STYLE = "FootnoteText", "FootnoteReference"


def as_docx(transcript: Transcript) -> bytes:
    """The whole of it as the bytes of a .docx."""
    return _Writing(transcript).bytes()


class _Writing:
    """One document while it is written."""

    def __init__(self, transcript: Transcript) -> None:
        docx: Any = import_module("docx")
        self._transcript = transcript
        self._notes: list[str] = []  # the XML of each footnote
        self._document: Any = docx.Document()
        self._set_up()
        self._document.add_heading(xml_text(transcript.title), level=0)
        self._quiet(f"Asked of Plumbline on {shown_moment(transcript.begun_at)}.")
        for exchange in transcript.exchanges:
            self._exchange(exchange)
        documents = transcript.documents()
        if documents:
            self._document.add_heading("Sources", level=1)
            for document in documents:
                self._source(document)

    def bytes(self) -> bytes:
        """The file, with the part that holds its footnotes."""
        if self._notes:
            self._add_notes()
        out = BytesIO()
        self._document.save(out)
        return out.getvalue()

    def _set_up(self) -> None:
        shared: Any = import_module("docx.shared")
        kinds: Any = import_module("docx.enum.style").WD_STYLE_TYPE
        styles = self._document.styles
        properties = self._document.core_properties
        properties.title = xml_text(self._transcript.title)[:250]
        properties.author = "Plumbline"
        properties.comments = ""
        properties.language = "en-GB"
        styles["Normal"].font.name = "Calibri"
        styles["Normal"].font.size = shared.Pt(11)
        styles["Title"].font.size = shared.Pt(20)
        text = styles.add_style("footnote text", kinds.PARAGRAPH)
        text.element.set(_w("styleId"), _TEXT_STYLE)
        text.base_style = styles["Normal"]
        text.font.size = shared.Pt(9)
        text.paragraph_format.space_after = shared.Pt(2)
        mark = styles.add_style("footnote reference", kinds.CHARACTER)
        mark.element.set(_w("styleId"), _REFERENCE_STYLE)
        mark.font.superscript = True

    def _exchange(self, exchange: ShownExchange) -> None:
        answer = exchange.shown.answer
        self._document.add_heading(xml_text(" ".join(exchange.question.split())), level=1)
        narrowed = asked_of(answer)
        self._quiet(f"{standing_words(answer)}{f' Asked of: {narrowed}.' if narrowed else ''}")
        table = exchange.shown.table
        if table:
            made = self._document.add_table(rows=1, cols=len(table.columns) + 1)
            made.style = "Table Grid"
            for cell, words in zip(made.rows[0].cells[1:], table.columns, strict=True):
                cell.paragraphs[0].add_run(xml_text(words)).bold = True
            for row in table.rows:
                cells = made.add_row().cells
                cells[0].paragraphs[0].add_run(xml_text(row.label)).bold = True
                for cell, sentences in zip(cells[1:], row.cells, strict=True):
                    paragraph = cell.paragraphs[0]
                    for sentence in sentences:
                        self._said(paragraph, sentence)
                    if not sentences:
                        paragraph.add_run("No evidence").italic = True
            self._document.add_paragraph()
        else:
            for sentence in exchange.shown.sentences:
                self._said(self._document.add_paragraph(), sentence)
        for remark in remarks(exchange):
            self._quiet(remark)

    def _said(self, paragraph: Any, sentence: ShownSentence) -> None:
        """A sentence, and the reference to a footnote for each of its citations."""
        space = " " if paragraph.text else ""
        paragraph.add_run(space + xml_text(sentence.text))
        for item in sentence.citations:
            run = paragraph.add_run()
            run.style = "footnote reference"
            run._r.append(_element("footnoteReference", id=str(self._note(item.citation))))

    def _note(self, citation: CitationJson) -> int:
        number = len(self._notes) + 1
        facts = source_facts(citation)
        words = (
            f" {citation['title']}, page {citation['page']}{f' ({facts})' if facts else ''}: "
            f"“{' '.join(citation['quote'].split())}”"
        )
        self._notes.append(
            f'<w:footnote w:id="{number}"><w:p><w:pPr><w:pStyle w:val="{_TEXT_STYLE}"/></w:pPr>'
            f'<w:r><w:rPr><w:rStyle w:val="{_REFERENCE_STYLE}"/></w:rPr><w:footnoteRef/></w:r>'
            f'<w:r><w:t xml:space="preserve">{escape(xml_text(words))}</w:t></w:r></w:p>'
            "</w:footnote>"
        )
        return number

    def _source(self, document: CitedDocument) -> None:
        citation = document.citation
        facts = source_facts(citation)
        paragraph = self._document.add_paragraph(style="List Number")
        paragraph.add_run(xml_text(citation["title"])).bold = True
        paragraph.add_run(
            xml_text(f"{f'. {facts}' if facts else ''}. Cited: {pages_words(document.pages)}. ")
        )
        original = original_of(citation)
        if original:
            self._link(paragraph, "The original", original)
            paragraph.add_run(" · ")
        self._link(paragraph, "The words in Plumbline", self._transcript.address(citation))

    def _link(self, paragraph: Any, words: str, address: str) -> None:
        shared: Any = import_module("docx.shared")
        reference = paragraph.part.relate_to(xml_text(address), _LINK, is_external=True)
        run = paragraph.add_run(words)
        run.font.underline = True
        run.font.color.rgb = shared.RGBColor(0x0B, 0x53, 0x61)
        link = _element("hyperlink")
        name = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
        link.set(name, reference)
        run._r.addprevious(link)
        link.append(run._r)

    def _quiet(self, words: str) -> None:
        shared: Any = import_module("docx.shared")
        run = self._document.add_paragraph().add_run(xml_text(words))
        run.italic = True
        run.font.color.rgb = shared.RGBColor(0x52, 0x5A, 0x5D)

    def _add_notes(self) -> None:
        part_class: Any = import_module("docx.opc.part").Part
        uri: Any = import_module("docx.opc.packuri").PackURI
        xml = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            f'<w:footnotes xmlns:w="{_W}">{_SEPARATORS}{"".join(self._notes)}</w:footnotes>'
        )
        main = self._document.part
        part = part_class(uri("/word/footnotes.xml"), _CONTENT, xml.encode(), main.package)
        main.relate_to(part, _RELATIONSHIP)
        separators = _element("footnotePr")
        for number in ("-1", "0"):
            separators.append(_element("footnote", id=number))
        settings = self._document.settings.element
        # The schema has an order: these stand before the compatibility settings.
        compatibility = settings.find(_w("compat"))
        if compatibility is None:
            settings.append(separators)
        else:
            compatibility.addprevious(separators)


def _element(name: str, **attributes: str) -> Any:
    made: Any = import_module("docx.oxml").OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        made.set(_w(key), value)
    return made


def _w(name: str) -> str:
    return f"{{{_W}}}{name}"
