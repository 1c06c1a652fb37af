"""Word documents: the text as it would print, with every tracked change accepted.

The XML parts are read directly and not through python-docx, which opens no "strict" Office
Open XML file, stops at a missing picture, and passes over text boxes, content controls and
insertions. Element and attribute names are those of ECMA-376, part 1, section 17.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import unquote

from corpus.types import BlockKind
from ingest.archives import Archive
from ingest.decoding import NotText
from ingest.docx_drawings import (
    chart_rows,
    children,
    diagram_texts,
    related_ids,
    text_boxes,
    word_art,
)
from ingest.docx_formulas import formula_text
from ingest.docx_styles import (
    Level,
    Look,
    Numbering,
    Style,
    W,
    child_of,
    hidden_kind,
    is_on,
    levels_of,
    look_of,
    number_of,
    numbering_of,
    shading_of,
    style_of,
    switch_of,
    value_of,
)
from ingest.html import archived_page, decode_html, walk
from ingest.markup import Element, TooDeep, parse_html
from ingest.markup import name_of as _name
from ingest.reading import Reading
from ingest.refusing import refusal
from ingest.sections import Sections
from ingest.table_rows import Cell, count_headers, table_lines

_STRICT = {  # the namespaces of "strict" files, and what the same names are elsewhere
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": (
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    ),
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": (
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    ),
    b"http://purl.oclc.org/ooxml/officeDocument/math": (
        b"http://schemas.openxmlformats.org/officeDocument/2006/math"
    ),
}

_RELATION_ID = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)
# Containers whose content reads as if they were not there.
_THROUGH = frozenset(
    """sdt sdtContent hyperlink smartTag ins moveTo customXml fldSimple dir bdo body
    txbxContent rubyBase ruby""".split()
)
_SYMBOLS = {  # Wingdings and Symbol signs that carry meaning in forms and formulas
    "F0A8": "☐", "F06F": "☐", "F0FE": "☒", "F0FD": "☒", "F078": "☒", "F0FC": "✓", "F050": "✓",
    "F0E0": "→", "F0AE": "→", "F0DF": "←", "F0A3": "≤", "F0B3": "≥", "F0B1": "±", "F0B4": "×",
    "F0B8": "÷", "F0B0": "°", "F0B9": "≠", "F0BB": "≈", "F0B7": "•",
}  # fmt: skip
_GREEK = dict(  # of the font named Symbol
    zip(
        "abcdefghiklmnopqrstuwxyzCDFGJLPQRSUVWXY",
        "αβχδεφγηικλμνοπθρστυωξψζΧΔΦΓϑΛΠΘΡΣΥςΩΞΨ",
        strict=True,
    )
)
_PRIVATE = re.compile("[\uf020-\uf0ff]")
_INSERTED = (".htm", ".html", ".xhtml", ".mht", ".mhtml", ".txt")
_CAPTIONS = ("caption", "table of figures heading")
_CODE = re.compile(
    r"\b(?:code|html preformatted|preformatted text|verbatim|macro text|sourcecode)\b", re.I
)
_HEADING_NAME = re.compile(r"heading ([1-9])", re.I)
_GARBAGE_TITLE = re.compile(
    r"(?:microsoft word - .*|word document|document|untitled|title|.*\.(?:docx?|dotx?|rtf))", re.I
)


def read(path: Path) -> Reading:
    """The pages of a Word document: its sections. Headers, footers and comments are left out."""
    with Archive(path) as archive:
        name = _main_part(archive)
        root = archive.xml(name, rename=_STRICT)
        if root is None:
            raise refusal(
                path,
                "unreadable",
                "it has no main document part.",
                fix="Open it in Word or LibreOffice, save it again, and add that.",
            )
        document = _Document(archive, name)
        document.read(root)
        return document.reading()


def _main_part(archive: Archive) -> str:
    for kind, target in _relations(archive, "").values():
        if kind.endswith("/officeDocument") and target in archive:
            return target
    return "word/document.xml"


def _relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """(type, name of the target part) by id, for the parts that a part refers to."""
    folder, file = posixpath.split(part)
    root = archive.xml(posixpath.join(folder, "_rels", f"{file}.rels"))
    relations: dict[str, tuple[str, str]] = {}
    for element in root.iterchildren() if root is not None else ():
        if (element.get("TargetMode") or "") == "External":
            continue
        target = unquote(element.get("Target") or "")
        full = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
        relations[element.get("Id") or ""] = (
            element.get("Type") or "",
            posixpath.normpath(full),
        )
    return relations


# --- the document ---


@dataclass(slots=True)
class _Paragraph:
    """What a paragraph's runs come to."""

    parts: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    boxes: list[Element] = field(default_factory=list[Element])
    bold: list[bool] = field(default_factory=list[bool])  # of each run with text

    @property
    def text(self) -> str:
        return "".join(self.parts)


@dataclass(slots=True)
class _Where:
    """What surrounds a paragraph, as far as it decides whether white text can be seen."""

    painted: bool = False  # a cell, box or table that may have a colour behind its text


class _Document:
    def __init__(self, archive: Archive, name: str) -> None:
        self._archive = archive
        self._sections = Sections()
        self._relations = _relations(archive, name)
        self._default_look = Look()
        self._default_style = ""
        self._styles: dict[str, Style] = {}
        self._numbering = Numbering()
        self._fields: list[bool] = []  # for each open field, whether its code is being read
        self._unended: list[Element] = []  # starts of fields that have no end
        self._changes = False
        self._list: str | None = None  # the list that the last block belonged to
        self._carried: _Paragraph | None = None  # runs of a paragraph whose end was deleted
        self._code: list[str] = []  # lines of code that wait for the next
        self._font = ""  # that the run which is being read names
        self._painted_page = False
        self._read_styles()
        self._read_numbering()

    def read(self, root: Element) -> None:
        """Take in the main part and the notes."""
        self._painted_page = any(True for _ in root.iter(W + "background"))
        self._unended = _unended_fields(root)
        for kind, tag in (("footnotes", "footnote"), ("endnotes", "endnote")):
            self._read_notes(kind, tag)
        body = next((child for child in root.iter(W + "body")), root)
        self._read_blocks(body, _Where(self._painted_page))
        if self._carried is not None:
            self._add_text(self._carried, None, self._default_style)
        self._flush_code()
        if self._sections.is_empty:  # a letterhead, say
            for part in self._parts("header", "footer"):
                self._read_blocks(part, _Where())
            self._flush_code()

    def reading(self) -> Reading:
        """All that was read, as pages."""
        self._sections.warnings += self._archive.warnings
        if self._changes:
            self._sections.warnings.append(
                "the file has tracked changes: read with all of them accepted"
            )
        core = self._core()
        title = core.get("title", "")
        if _GARBAGE_TITLE.fullmatch(title):
            title = ""
        date = core.get("modified") or core.get("created") or ""
        return self._sections.reading(
            title=title or self._sections.document_title or self._sections.sole_heading,
            author=core.get("creator", ""),
            published=date[:10] if re.match(r"\d{4}-\d\d-\d\d", date) else "",
        )

    def _core(self) -> dict[str, str]:
        """What the file's properties say, by name."""
        targets = [
            target
            for kind, target in _relations(self._archive, "").values()
            if kind.endswith("/core-properties")
        ]
        root = self._archive.xml(targets[0] if targets else "docProps/core.xml")
        if root is None:
            return {}
        return {_name(child): (child.text or "").strip() for child in root.iterchildren()}

    # --- parts beside the main one ---

    def _part(self, kind: str) -> Element | None:
        return next(self._parts(kind), None)

    def _parts(self, *kinds: str) -> Iterator[Element]:
        """The parts that the document refers to under these names."""
        for relation, target in self._relations.values():
            if relation.rpartition("/")[2] in kinds and target in self._archive:
                root = self._archive.xml(target, rename=_STRICT)
                if root is not None:
                    yield root

    def _read_styles(self) -> None:
        root = self._part("styles")
        if root is None:
            return
        for element in root.iterchildren():
            if _name(element) == "docDefaults":
                for properties in element.iter(W + "rPr"):
                    self._default_look = look_of(properties)
            elif _name(element) == "style":
                identity = element.get(W + "styleId") or ""
                self._styles[identity] = style_of(element)
                if element.get(W + "type") == "paragraph" and is_on(element.get(W + "default")):
                    self._default_style = identity

    def _read_numbering(self) -> None:
        root = self._part("numbering")
        if root is None:
            return
        definitions: dict[str, dict[int, Level]] = {}
        links: dict[str, str] = {}  # definitions that only name a style → the style
        styled: dict[str, str] = {}  # a style → the definition that it names
        for element in root.iterchildren():
            identity = element.get(W + "abstractNumId") or ""
            if _name(element) == "abstractNum":
                definitions[identity] = levels_of(element)
                if link := value_of(element, "numStyleLink"):
                    links[identity] = link
                if link := value_of(element, "styleLink"):
                    styled[link] = identity
        for element in root.iterchildren():
            if _name(element) != "num":
                continue
            identity = element.get(W + "numId") or ""
            abstract = value_of(element, "abstractNumId")
            abstract = styled.get(links.get(abstract, ""), abstract)
            levels = dict(definitions.get(abstract, {}))
            for override in element.iterchildren():
                if _name(override) != "lvlOverride":
                    continue
                depth = number_of(override.get(W + "ilvl"))
                levels |= levels_of(override)
                if (start := value_of(override, "startOverride")) and depth in levels:
                    level = levels[depth]
                    levels[depth] = Level(level.form, level.text, number_of(start))
                    abstract = f"{abstract}/{identity}"  # its own counters
            self._numbering.levels[identity] = levels
            self._numbering.abstract[identity] = abstract

    def _read_notes(self, kind: str, tag: str) -> None:
        root = self._part(kind)
        for note in root.iterchildren() if root is not None else ():
            if _name(note) != tag or (note.get(W + "type") or "normal") != "normal":
                continue
            texts = [self._gathered(paragraph, _Where()).text for paragraph in note.iter(W + "p")]
            text = " ".join(" ".join(texts).split())
            if text:
                self._sections.add_note(f"{tag}{note.get(W + 'id')}", text)

    # --- blocks ---

    def _read_blocks(self, parent: Element, where: _Where) -> None:
        for element in children(parent):
            name = _name(element)
            if name == "p":
                self._add_paragraph(element, where)
            elif name == "tbl":
                self._add_table(element, where)
            elif name in ("del", "moveFrom"):
                self._changes = True
            elif name in _THROUGH:
                self._changes |= name in ("ins", "moveTo")
                self._read_blocks(element, where)
            elif name == "altChunk":
                self._read_inserted(element)
            elif name == "oMathPara":
                self._sections.add(BlockKind.PARAGRAPH, formula_text(element))

    def _read_inserted(self, element: Element) -> None:
        """A document of another kind that Word shows in this place: HTML and plain text are."""
        identity = next((element.get(name) for name in _RELATION_ID if element.get(name)), "")
        _, target = self._relations.get(identity or "", ("", ""))
        kind = posixpath.splitext(target)[1].lower()
        if target not in self._archive or kind not in _INSERTED:
            self._sections.warnings.append("a document inserted as a whole was not read")
            return
        self._flush_code()
        self._list = None
        try:
            data = self._archive.bytes_of(target)
            text = archived_page(data) or decode_html(data)
            root = parse_html(text if kind != ".txt" else f"<pre>{escape(text)}</pre>")
        except (NotText, TooDeep):
            self._sections.warnings.append("a document inserted as a whole could not be read")
            return
        if root is not None:
            walk(root, self._sections)

    def _add_paragraph(self, element: Element, where: _Where) -> None:
        properties = child_of(element, "pPr")
        gathered = self._gathered(element, where)
        if self._carried is not None:
            gathered.parts[:0] = self._carried.parts
            gathered.notes[:0] = self._carried.notes
            gathered.boxes[:0] = self._carried.boxes
            self._carried = None
        mark = child_of(properties, "rPr")
        deleted = mark is not None and child_of(mark, "del") is not None
        frame = child_of(properties, "framePr")
        dropped = frame is not None and frame.get(W + "dropCap") in ("drop", "margin")
        if deleted or dropped:
            self._changes |= deleted
            self._carried = gathered  # without an end of its own, it runs on into the next
            return
        style = value_of(properties, "pStyle") or self._default_style
        self._add_text(gathered, properties, style)
        self._read_boxes(gathered.boxes)

    def _read_boxes(self, boxes: Iterable[Element]) -> None:
        """What stands in drawings: boxes of text, and charts, as tables of what they show."""
        for box in boxes:
            if _name(box) == "chartSpace":
                for title in box.iter():
                    if _name(title) == "rich":
                        self._read_blocks(title, _Where(painted=True))
                for number, line in enumerate(table_lines(chart_rows(box), headers=1)):
                    self._sections.add(BlockKind.TABLE_ROW, line, follows=number > 0)
            else:
                self._read_blocks(box, _Where(painted=True))

    def _add_text(self, gathered: _Paragraph, properties: Element | None, style: str) -> None:
        text = gathered.text
        name = self._style_name(style)
        if _CODE.search(name) and not self._heading_level(properties, style):
            self._code.append(text.replace("\n", " ") if not text.strip() else text)
            return
        self._flush_code()
        if not text.strip():
            return
        level = self._heading_level(properties, style)
        numbering = self._numbering_of(properties, style)
        label = self._numbering.label(*numbering) if numbering else ""
        is_title = name.lower() == "title"
        if level or is_title:
            if label and label != "-":
                text = f"{label} {text}"
            self._sections.add(
                BlockKind.HEADING,
                text,
                level=level or 1,
                is_title=is_title and not self._sections.document_title,
                notes=gathered.notes,
            )
        elif numbering and label:
            self._sections.add(
                BlockKind.LIST_ITEM,
                f"{label} {text.strip()}",
                level=numbering[1] + 1,
                follows=self._list is not None,
                notes=gathered.notes,
            )
            self._list = numbering[0]
            return
        elif name.lower() in _CAPTIONS:
            self._sections.add(BlockKind.CAPTION, text, notes=gathered.notes)
        else:
            self._sections.add(BlockKind.PARAGRAPH, text, notes=gathered.notes)
        self._list = None

    def _flush_code(self) -> None:
        if self._code:
            self._sections.add(BlockKind.CODE, "\n".join(self._code))
            self._code = []
            self._list = None

    def _style_name(self, identity: str) -> str:
        style = self._styles.get(identity)
        return style.name if style else identity

    def _chain(self, identity: str) -> Iterator[Style]:
        """A style and those it is based on."""
        seen: set[str] = set()
        while identity and identity not in seen and identity in self._styles:
            seen.add(identity)
            yield self._styles[identity]
            identity = self._styles[identity].based_on

    def _heading_level(self, properties: Element | None, style: str) -> int:
        """1 to 9 for a heading; 0 for other text."""
        outline = value_of(properties, "outlineLvl")
        if outline:
            return number_of(outline) + 1 if number_of(outline) < 9 else 0
        if style not in self._styles and (found := re.fullmatch(r"Heading ?([1-9])", style)):
            return int(found[1])
        for link in self._chain(style):
            if found := _HEADING_NAME.fullmatch(link.name):
                return int(found[1])
            if link.outline >= 0:
                return link.outline + 1 if link.outline < 9 else 0
        return 0

    def _numbering_of(self, properties: Element | None, style: str) -> tuple[str, int] | None:
        """(list id, depth) of a list item; None for other text."""
        own = numbering_of(properties)
        if own is None or not own[0]:
            depth = own[1] if own else None
            for link in self._chain(style):
                if link.numbering and link.numbering[0]:
                    own = (link.numbering[0], link.numbering[1] if depth is None else depth)
                    break
            else:
                # Without a definition, the style's name is all there is to go by.
                return (
                    ("", 0) if self._style_name(style).lower().startswith("list bullet") else None
                )
        return own if own[0] != "0" else None

    # --- runs ---

    def _gathered(self, paragraph: Element, where: _Where) -> _Paragraph:
        gathered = _Paragraph()
        properties = child_of(paragraph, "pPr")
        style = value_of(properties, "pStyle") or self._default_style
        look = self._style_look(style).over(self._default_look)
        shading = shading_of(properties)
        if shading is not None:
            look = Look(shaded=shading).over(look)
        if where.painted:
            look = Look(shaded=True).over(look)
        self._read_runs(paragraph, look, gathered)
        return gathered

    def _style_look(self, identity: str) -> Look:
        look = Look()
        for link in self._chain(identity):
            look = look.over(link.look)
        return look

    def _read_runs(self, parent: Element, look: Look, gathered: _Paragraph) -> None:
        for element in children(parent):
            name = _name(element)
            if name == "r":
                self._read_run(element, look, gathered)
            elif name in ("oMath", "oMathPara"):
                gathered.parts.append(f" {formula_text(element)} ")
            elif name in ("del", "moveFrom"):
                self._changes = True
            elif name in _THROUGH:
                self._changes |= name in ("ins", "moveTo")
                self._read_runs(element, look, gathered)

    def _read_run(self, run: Element, look: Look, gathered: _Paragraph) -> None:
        properties = child_of(run, "rPr")
        if properties is not None:
            styled = self._style_look(value_of(properties, "rStyle"))
            look = look_of(properties).over(styled).over(look)
        inner = _Paragraph()
        fonts = child_of(properties, "rFonts")
        self._font = (fonts.get(W + "ascii") or "") if fonts is not None else ""
        for element in children(run):
            self._read_run_content(element, look, inner)
        gathered.boxes += inner.boxes
        text = inner.text
        hidden = hidden_kind(look)
        if hidden and text.strip():
            self._sections.hide(hidden, text)
            return
        if text.strip():
            gathered.bold.append(bool(look.bold))
        gathered.parts.append(text)
        gathered.notes += inner.notes

    def _read_run_content(self, element: Element, look: Look, inner: _Paragraph) -> None:
        name = _name(element)
        if name == "fldChar":
            if any(element is start for start in self._unended):
                return  # else all that follows would be taken for its code
            if not any(self._fields):
                inner.parts.append(_filled_in(child_of(element, "ffData")))
            self._follow_field(element.get(W + "fldCharType") or "")
        elif name in ("drawing", "pict", "object"):
            inner.boxes += text_boxes(element)
            inner.boxes += self._drawn_elsewhere(element)
            inner.parts.append(word_art(element))
        elif any(self._fields):
            return  # inside the code of a field, which is not shown
        elif name == "t":
            inner.parts.append(_with_symbols(element.text or "", self._font))
        elif name in ("tab", "ptab", "br", "cr"):
            inner.parts.append("\n" if name in ("br", "cr") else "\t")
        elif name == "noBreakHyphen":
            inner.parts.append("-")
        elif name == "sym":
            code = (element.get(W + "char") or "").upper()
            inner.parts.append(_symbol(code, element.get(W + "font") or ""))
        elif name in ("footnoteReference", "endnoteReference"):
            inner.notes.append(f"{name.removesuffix('Reference')}{element.get(W + 'id')}")
        elif name == "ruby":
            self._read_runs(element, look, inner)

    def _drawn_elsewhere(self, drawing: Element) -> list[Element]:
        """The texts of diagrams and the charts that a drawing shows from parts of their own."""
        found: list[Element] = []
        for identity in related_ids(drawing):
            _, target = self._relations.get(identity, ("", ""))
            root = self._archive.xml(target) if target in self._archive else None
            if root is not None:
                found += [root] if _name(root) == "chartSpace" else diagram_texts(root)
        return found

    def _follow_field(self, kind: str) -> None:
        if kind == "begin":
            self._fields.append(True)
        elif kind == "separate" and self._fields:
            self._fields[-1] = False
        elif kind == "end" and self._fields:
            self._fields.pop()

    # --- tables ---

    def _add_table(self, table: Element, where: _Where) -> None:
        self._flush_code()
        properties = child_of(table, "tblPr")
        style = value_of(properties, "tblStyle")
        plain = self._style_name(style).lower() in ("", "table grid", "normal table", "tablenormal")
        painted = where.painted or not plain or shading_of(properties) is True
        rows = [row for row in _through(table, "tr") if not self._is_deleted(row)]
        cells = [list(_through(row, "tc")) for row in rows]
        if _lays_out(cells):
            for row in cells:
                for cell in row:
                    self._list = None
                    self._read_blocks(
                        cell, _Where(painted or shading_of(child_of(cell, "tcPr")) is True)
                    )
            self._list = None
            return
        notes: list[list[str]] = []
        boxes: list[Element] = []
        grid: list[list[Cell]] = []
        for row, inside in zip(rows, cells, strict=True):
            notes.append([])
            grid.append(list(self._placed(row, inside, painted, notes[-1], boxes)))
        marked = _marked_headers(rows)
        if not marked and _names_first_row(properties, self._style_name(style)):
            grid[:1] = [[_as_named(cell) for cell in row] for row in grid[:1]]
        headers = count_headers(grid, marked=marked)
        all_notes = [note for row in notes for note in row]
        for number, line in enumerate(table_lines(grid, headers=headers)):
            self._sections.add(
                BlockKind.TABLE_ROW, line, follows=number > 0, notes=all_notes if not number else ()
            )
        self._list = None
        self._read_boxes(boxes)

    def _is_deleted(self, row: Element) -> bool:
        properties = child_of(row, "trPr")
        deleted = properties is not None and child_of(properties, "del") is not None
        self._changes |= deleted
        return deleted

    def _placed(
        self,
        row: Element,
        cells: Iterable[Element],
        painted: bool,
        notes: list[str],
        boxes: list[Element],
    ) -> Iterator[Cell]:
        column = number_of(value_of(child_of(row, "trPr"), "gridBefore"))
        for cell in cells:
            properties = child_of(cell, "tcPr")
            columns = max(1, min(number_of(value_of(properties, "gridSpan")) or 1, 500))
            merge = child_of(properties, "vMerge")
            covered = merge is not None and (merge.get(W + "val") or "continue") == "continue"
            if not covered:
                text, bold = self._cell_text(
                    cell, _Where(painted or shading_of(properties) is True), notes, boxes
                )
                yield Cell(text, column, columns, named=bold)
            column += columns

    def _cell_text(
        self, cell: Element, where: _Where, notes: list[str], boxes: list[Element]
    ) -> tuple[str, bool]:
        """The text of a cell on one line, and whether all of it is bold."""
        texts: list[str] = []
        bold: list[bool] = []
        for paragraph in _through(cell, "p"):
            gathered = self._gathered(paragraph, where)
            properties = child_of(paragraph, "pPr")
            style = value_of(properties, "pStyle") or self._default_style
            text = gathered.text
            numbering = self._numbering_of(properties, style) if text.strip() else None
            if numbering and (label := self._numbering.label(*numbering)) and label != "-":
                text = f"{label} {text}"
            texts.append(text)
            bold += gathered.bold
            notes += gathered.notes
            boxes += gathered.boxes
        return " ".join(" ".join(texts).split()), bool(bold) and all(bold)


# --- elements ---


def _through(parent: Element, name: str) -> Iterator[Element]:
    """The children of that name, looking through content controls and the like."""
    for child in children(parent):
        if _name(child) == name:
            yield child
        elif _name(child) in _THROUGH:
            yield from _through(child, name)


def _unended_fields(root: Element) -> list[Element]:
    """The starts of complex fields that never end, as careless programs leave them."""
    begun: list[Element] = []
    for mark in root.iter(W + "fldChar"):
        kind = mark.get(W + "fldCharType")
        if kind == "begin":
            begun.append(mark)
        elif kind == "end" and begun:
            begun.pop()
    return begun


def _filled_in(field_data: Element | None) -> str:
    """What a form's box to tick, or list to choose from, shows; text is in runs of its own."""
    choices = child_of(field_data, "ddList")
    if choices is not None:
        entries = [
            entry.get(W + "val") or ""
            for entry in choices.iterchildren()
            if _name(entry) == "listEntry"
        ]
        chosen = number_of(value_of(choices, "result") or value_of(choices, "default"))
        return entries[chosen] if 0 <= chosen < len(entries) else ""
    box = child_of(field_data, "checkBox")
    if box is None:
        return ""
    state = "checked" if child_of(box, "checked") is not None else "default"
    return "☒" if switch_of(box, state) else "☐"


def _with_symbols(text: str, font: str) -> str:
    """A run's text with the signs of symbol fonts as the characters that they look like."""
    if not _PRIVATE.search(text):
        return text
    return _PRIVATE.sub(lambda sign: _symbol(f"{ord(sign[0]):04X}", font), text)


def _symbol(code: str, font: str) -> str:
    if code in _SYMBOLS:
        return _SYMBOLS[code]
    if font.lower() == "symbol" and code.startswith("F0"):
        return _GREEK.get(chr(int(code[2:], 16)), "")
    if re.fullmatch(r"[0-9A-F]{4}", code) and not code.startswith(
        ("F0", "E", "D8", "D9", "DA", "DB", "DC", "DD", "DE", "DF")
    ):
        return chr(int(code, 16))
    return ""


def _lays_out(rows: list[list[Element]]) -> bool:
    """Whether a table only lays out text: it has one column, or tables in its cells."""
    if max(map(len, rows), default=0) < 2:
        return True
    return any(True for row in rows for cell in row for _ in _through(cell, "tbl"))


def _marked_headers(rows: list[Element]) -> int:
    """The rows at the top that are marked to repeat on each page."""
    count = 0
    for row in rows:
        properties = child_of(row, "trPr")
        if properties is None or not switch_of(properties, "tblHeader"):
            break
        count += 1
    return count


def _names_first_row(properties: Element | None, style: str) -> bool:
    """Whether the table's style sets its first row apart.

    Word asks every table style to; only the styles other than the plain ones then do.
    """
    look = child_of(properties, "tblLook")
    if look is None or style.lower() in ("", "table grid", "normal table", "tablenormal"):
        return False
    if first := look.get(W + "firstRow"):
        return is_on(first)
    value = look.get(W + "val") or "0"
    return bool(int(value, 16) & 0x20) if re.fullmatch(r"[0-9A-Fa-f]{1,8}", value) else False


def _as_named(cell: Cell) -> Cell:
    return Cell(cell.text, cell.column, cell.columns, named=True)
