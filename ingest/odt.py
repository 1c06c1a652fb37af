"""OpenDocument texts: the text as it would print, deletions left out.

The XML parts are read directly: odfpy builds a class for every element and takes a hundred
times as long. Element and attribute names are those of OpenDocument 1.3, part 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corpus.types import BlockKind
from ingest.archives import Archive
from ingest.markup import Element
from ingest.markup import name_of as _name
from ingest.numerals import numeral
from ingest.reading import HiddenKind, Reading
from ingest.refusing import refusal
from ingest.sections import Sections
from ingest.table_rows import Cell, count_headers, table_lines

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_MANIFEST = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"

_DROPPED = frozenset(
    """tracked-changes annotation annotation-end sequence-decls variable-decls user-field-decls
    forms scripts ruby-text dde-connection-decls object object-ole image
    note-citation soft-page-break change change-start change-end bookmark bookmark-start
    bookmark-end reference-mark-start reference-mark-end alphabetical-index-mark toc-mark
    event-listeners contour-polygon""".split()
)
_FORMULA_SIGNS = frozenset({"mi", "mn", "mo", "mtext", "ms"})
_MOST_REPEATS = 200  # a repeated column or space beyond this is filling, not content


@dataclass(frozen=True, slots=True)
class _Look:
    """How a style looks, as far as that decides whether its text can be seen; None is inherited."""

    hidden: bool | None = None
    white: bool | None = None
    points: float | None = None
    painted: bool | None = None
    bold: bool | None = None

    def over(self, below: _Look) -> _Look:
        """This look where it says something, the other where it does not."""
        return _Look(
            below.hidden if self.hidden is None else self.hidden,
            below.white if self.white is None else self.white,
            below.points if self.points is None else self.points,
            below.painted if self.painted is None else self.painted,
            below.bold if self.bold is None else self.bold,
        )


@dataclass(frozen=True, slots=True)
class _Style:
    name: str = ""  # as its author sees it
    parent: str = ""
    look: _Look = _Look()


@dataclass(slots=True)
class _Gathered:
    """What the inside of a paragraph comes to."""

    parts: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    frames: list[Element] = field(default_factory=list[Element])
    bold: list[bool] = field(default_factory=list[bool])

    def write(self, text: str | None, look: _Look) -> None:
        if text:
            self.parts.append(text)
            if text.strip():
                self.bold.append(bool(look.bold))


def read(path: Path) -> Reading:
    """The pages of an OpenDocument text: its sections. Headers, footers, comments are left out."""
    with Archive(path) as archive:
        _refuse_encrypted(archive, path)
        root = archive.xml("content.xml")
        if root is None:
            raise refusal(
                path,
                "unreadable",
                "it has no content part.",
                fix="Open it in LibreOffice, save it again, and add that.",
            )
        document = _Document(archive)
        document.read(root)
        return document.reading()


def _refuse_encrypted(archive: Archive, path: Path) -> None:
    manifest = archive.xml("META-INF/manifest.xml")
    if manifest is None or "encrypted-package" in archive:
        encrypted = "encrypted-package" in archive
    else:
        encrypted = any(True for _ in manifest.iter(_MANIFEST + "encryption-data"))
    if encrypted:
        raise refusal(
            path,
            "encrypted",
            "it is protected with a password.",
            fix="Open it, save it again without a password (File, Save As), and add that.",
        )


class _Document:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._sections = Sections()
        self._styles: dict[tuple[str, str], _Style] = {}
        self._lists: dict[str, dict[int, tuple[str, str, str, int]]] = {}
        self._counters: dict[str, list[int]] = {}  # by list style, for lists that go on
        self._notes = 0
        self._code: list[str] = []
        self._in_list = False
        root = archive.xml("styles.xml")
        if root is not None:
            self._read_styles(root)

    def read(self, root: Element) -> None:
        """Take in the content part."""
        self._read_styles(root)
        body = next((element for element in root.iter() if _name(element) == "body"), None)
        for part in body.iterchildren() if body is not None else ():
            self._read_blocks(part, _Look())
        self._flush_code()
        if self._sections.is_empty:  # a letterhead, say
            pages = self._archive.xml("styles.xml")
            for part in pages.iter() if pages is not None else ():
                if _name(part) in ("header", "footer"):
                    self._read_blocks(part, _Look())

    def reading(self) -> Reading:
        """All that was read, as pages."""
        self._sections.warnings += self._archive.warnings
        root = self._archive.xml("meta.xml")
        meta: dict[str, str] = {}
        for element in root.iter() if root is not None else ():
            if (element.text or "").strip():
                meta.setdefault(_name(element), (element.text or "").strip())
        date = meta.get("date") or meta.get("creation-date") or ""
        return self._sections.reading(
            title=meta.get("title") or self._sections.document_title or self._sections.sole_heading,
            author=meta.get("initial-creator") or meta.get("creator") or "",
            published=date[:10] if re.match(r"\d{4}-\d\d-\d\d", date) else "",
        )

    # --- styles ---

    def _read_styles(self, root: Element) -> None:
        for element in root.iter(_STYLE + "style"):
            family = element.get(_STYLE + "family") or ""
            self._styles[family, element.get(_STYLE + "name") or ""] = _Style(
                element.get(_STYLE + "display-name") or element.get(_STYLE + "name") or "",
                element.get(_STYLE + "parent-style-name") or "",
                _look(element),
            )
        for element in root.iter(_TEXT + "list-style"):
            levels: dict[int, tuple[str, str, str, int]] = {}
            for level in element.iterchildren():
                if _name(level) == "list-level-style-number":
                    levels[_number(level.get(_TEXT + "level"))] = (
                        level.get(_STYLE + "num-format") or "",
                        level.get(_STYLE + "num-prefix") or "",
                        level.get(_STYLE + "num-suffix") or "",
                        _number(level.get(_TEXT + "start-value")) or 1,
                    )
            self._lists[element.get(_STYLE + "name") or ""] = levels

    def _style_look(self, family: str, name: str) -> _Look:
        look = _Look()
        for style in self._chain(family, name):
            look = look.over(style.look)
        return look

    def _chain(self, family: str, name: str) -> Iterator[_Style]:
        seen: set[str] = set()
        while name and name not in seen and (family, name) in self._styles:
            seen.add(name)
            yield self._styles[family, name]
            name = self._styles[family, name].parent

    def _style_names(self, name: str) -> list[str]:
        return [style.name.lower().replace("_20_", " ") for style in self._chain("paragraph", name)]

    # --- blocks ---

    def _read_blocks(
        self, parent: Element, look: _Look, *, depth: int = 0, style: str = ""
    ) -> None:
        for element in parent.iterchildren():
            name = _name(element)
            if name == "tracked-changes":
                self._sections.warnings.append(
                    "the file has tracked changes: read with all of them accepted"
                )
            elif _is_dropped(element):
                continue
            elif name in ("p", "h"):
                self._add_paragraph(element, look, "")
            elif name == "list":
                self._add_list(element, look, depth + 1, style)
            elif name == "table":
                self._add_table(element, look)
            elif name == "section" and element.get(_TEXT + "display") in ("none", "condition"):
                self._sections.hide(HiddenKind.HIDDEN_ELEMENT, " ".join(element.itertext()))
            else:
                self._read_blocks(element, look, depth=depth, style=style)

    def _add_paragraph(self, element: Element, look: _Look, marker: str, depth: int = 0) -> bool:
        """Take in a paragraph or heading; whether there was anything in it."""
        gathered = self._gathered(element, look)
        text = "".join(gathered.parts)
        style = element.get(_TEXT + "style-name") or ""
        names = self._style_names(style)
        if any("preformatted" in name or "code" in name for name in names):
            self._code.append(text)
        else:
            self._flush_code()
            if text.strip():
                self._add_text(element, text, marker, depth, names, gathered)
        for frame in gathered.frames:
            self._read_blocks(frame, _Look(painted=True))
        return bool(text.strip())

    def _add_text(
        self,
        element: Element,
        text: str,
        marker: str,
        depth: int,
        names: list[str],
        gathered: _Gathered,
    ) -> None:
        level = _number(element.get(_TEXT + "outline-level")) or 1
        is_title = "title" in names[:2] and not self._sections.document_title
        if _name(element) == "h" or is_title:
            label = f"{marker} " if marker not in ("", "-") else ""
            self._sections.add(
                BlockKind.HEADING,
                label + text,
                level=level,
                is_title=is_title,
                notes=gathered.notes,
            )
            self._in_list = False
        elif depth:
            self._sections.add(
                BlockKind.LIST_ITEM,
                f"{marker} {text.strip()}".strip(),
                level=depth,
                follows=self._in_list,
                notes=gathered.notes,
            )
            self._in_list = True
        else:
            caption = "caption" in names or "illustration" in names or "figure" in names
            kind = BlockKind.CAPTION if caption else BlockKind.PARAGRAPH
            self._sections.add(kind, text, notes=gathered.notes)
            self._in_list = False

    def _flush_code(self) -> None:
        if self._code:
            self._sections.add(BlockKind.CODE, "\n".join(self._code))
            self._code = []
            self._in_list = False

    def _add_list(self, element: Element, look: _Look, depth: int, style: str) -> None:
        style = element.get(_TEXT + "style-name") or style
        level = self._lists.get(style, {}).get(depth)
        counters = self._counters.setdefault(style, [0] * 20)
        depth = min(depth, 10)
        continues = element.get(_TEXT + "continue-numbering") == "true"
        if level and not continues and not element.get(_TEXT + "continue-list"):
            counters[depth] = level[3] - 1
        if depth == 1:
            self._in_list = False
        for item in element.iterchildren():
            if _name(item) not in ("list-item", "list-header"):
                continue
            marker = "-"
            if level and level[0]:
                if start := item.get(_TEXT + "start-value"):
                    counters[depth] = _number(start) - 1
                counters[depth] += 1
                marker = f"{level[1]}{numeral(counters[depth], level[0])}{level[2]}".strip()
            elif level:
                marker = ""
            if _name(item) == "list-header":
                marker = ""
            for child in item.iterchildren():
                if _name(child) in ("p", "h"):
                    if self._add_paragraph(child, look, marker, depth):
                        marker = ""
                elif _name(child) == "list":
                    self._add_list(child, look, depth + 1, style)
                elif _name(child) == "table":
                    self._add_table(child, look)
                elif _name(child) and not _is_dropped(child):
                    self._read_blocks(child, look, depth=depth, style=style)

    # --- inside paragraphs ---

    def _gathered(self, element: Element, look: _Look) -> _Gathered:
        gathered = _Gathered()
        own = self._style_look("paragraph", element.get(_TEXT + "style-name") or "")
        self._gather(element, own.over(look), gathered)
        return gathered

    def _gather(self, element: Element, look: _Look, gathered: _Gathered) -> None:
        self._write(element.text, look, gathered)
        for child in element.iterchildren():
            name = _name(child)
            if name == "s":
                count = min(_number(child.get(_TEXT + "c")) or 1, _MOST_REPEATS)
                gathered.parts.append(" " * count)
            elif name in ("tab", "line-break"):
                gathered.parts.append("\t" if name == "tab" else "\n")
            elif name == "note":
                gathered.notes.append(self._take_note(child))
            elif name == "frame" and (formula := self._formula_in(child)):
                gathered.write(f" {formula} ", look)
            elif name in ("frame", "text-box", "custom-shape", "g", "rect", "ellipse"):
                gathered.frames.append(child)
            elif name in ("hidden-text", "hidden-paragraph"):
                self._sections.hide(HiddenKind.HIDDEN_ELEMENT, " ".join(child.itertext()))
            elif name and not _is_dropped(child):
                inner = look
                if name == "span":
                    own = self._style_look("text", child.get(_TEXT + "style-name") or "")
                    inner = own.over(look)
                self._gather(child, inner, gathered)
            self._write(child.tail, look, gathered)

    def _write(self, text: str | None, look: _Look, gathered: _Gathered) -> None:
        if not text:
            return
        kind = _hidden_kind(look)
        if kind and text.strip():
            self._sections.hide(kind, text)
        else:
            gathered.write(text, look)

    def _formula_in(self, frame: Element) -> str:
        """The signs of the formula that a frame shows from a part of its own; empty without one."""
        for child in frame.iterchildren():
            if _name(child) == "object" and (target := child.get(_XLINK + "href")):
                root = self._archive.xml(f"{target.removeprefix('./').rstrip('/')}/content.xml")
                if root is not None and _name(root) == "math":
                    signs = [sign for sign in root.iter() if _name(sign) in _FORMULA_SIGNS]
                    return " ".join("".join(sign.itertext()).strip() for sign in signs)
        return ""

    def _take_note(self, note: Element) -> str:
        self._notes += 1
        name = f"note{self._notes}"
        citation, texts = "", list[str]()
        for part in note.iterchildren():
            if _name(part) == "note-citation":
                citation = " ".join("".join(part.itertext()).split())
            else:
                texts += [
                    "".join(self._gathered(paragraph, _Look()).parts)
                    for paragraph in part.iter(_TEXT + "p")
                ]
        text = " ".join(" ".join(texts).split())
        self._sections.add_note(name, f"[{citation}] {text}" if citation and text else text)
        return name

    # --- tables ---

    def _add_table(self, table: Element, look: _Look) -> None:
        self._flush_code()
        self._in_list = False
        rows = list(_rows(table))
        cells = [
            [cell for cell in row.iterchildren() if _name(cell) == "table-cell"] for row, _ in rows
        ]
        nested = any(
            True
            for row in cells
            for cell in row
            for inner in cell.iter(_TABLE + "table")
            if inner is not table
        )
        if nested or max(map(len, cells), default=0) < 2:
            for row in cells:
                for cell in row:
                    self._read_blocks(cell, self._cell_look(cell, look))
                    self._in_list = False
            return
        notes: list[str] = []
        frames: list[Element] = []
        grid = [list(self._placed(row, look, notes, frames)) for row, _ in rows]
        marked = sum(1 for _, in_head in rows if in_head)
        headers = count_headers(grid, marked=marked)
        for number, line in enumerate(table_lines(grid, headers=headers)):
            self._sections.add(
                BlockKind.TABLE_ROW, line, follows=number > 0, notes=notes if not number else ()
            )
        for frame in frames:
            self._read_blocks(frame, _Look(painted=True))

    def _cell_look(self, cell: Element, look: _Look) -> _Look:
        own = self._style_look("table-cell", cell.get(_TABLE + "style-name") or "")
        return _Look(painted=own.painted).over(look)

    def _placed(
        self, row: Element, look: _Look, notes: list[str], frames: list[Element]
    ) -> Iterator[Cell]:
        column = 0
        for cell in row.iterchildren():
            repeats = _number(cell.get(_TABLE + "number-columns-repeated")) or 1
            if _name(cell) == "table-cell":
                columns = max(
                    1, min(_number(cell.get(_TABLE + "number-columns-spanned")) or 1, 500)
                )
                texts: list[str] = []
                bold: list[bool] = []
                inner = self._cell_look(cell, look)
                for paragraph in cell.iter(_TEXT + "p", _TEXT + "h"):
                    if _is_in_note(paragraph, cell):
                        continue
                    gathered = self._gathered(paragraph, inner)
                    texts.append("".join(gathered.parts))
                    bold += gathered.bold
                    notes += gathered.notes
                    frames += gathered.frames
                text = " ".join(" ".join(texts).split())
                if text:
                    yield Cell(text, column, columns, named=bool(bold) and all(bold))
            column += min(repeats, _MOST_REPEATS)


# --- elements ---


def _is_dropped(element: Element) -> bool:
    """Whether an element is no part of the text; `svg:title` and `svg:desc` describe pictures."""
    return _name(element) in _DROPPED or str(element.tag).startswith(_SVG)


def _number(text: str | None) -> int:
    text = (text or "").strip()
    return int(text) if re.fullmatch(r"\d{1,9}", text) else 0


def _rows(table: Element) -> Iterator[tuple[Element, bool]]:
    """The rows of a table, each with whether it is among the header rows."""
    for child in table.iterchildren():
        name = _name(child)
        if name == "table-row":
            yield child, False
        elif name == "table-header-rows":
            for row, _ in _rows(child):
                yield row, True
        elif name in ("table-rows", "table-row-group"):
            yield from _rows(child)


def _is_in_note(element: Element, within: Element) -> bool:
    parent = element.getparent()
    while parent is not None and parent is not within:
        if _name(parent) in ("note", "annotation", "frame", "text-box"):
            return True
        parent = parent.getparent()
    return False


def _look(style: Element) -> _Look:
    """What a style says about visibility."""
    look = _Look()
    for properties in style.iterchildren():
        colour = properties.get(_FO + "color")
        size = properties.get(_FO + "font-size") or ""
        back = properties.get(_FO + "background-color")
        points = re.fullmatch(r"(\d+(?:\.\d+)?)pt", size)
        weight = properties.get(_FO + "font-weight")
        display = properties.get(_TEXT + "display")
        look = _Look(
            hidden=display == "none" if display else None,
            white=_is_white(colour) if colour else None,
            points=float(points[1]) if points else None,
            painted=back not in ("transparent", "#ffffff") if back else None,
            bold=weight in ("bold", "600", "700", "800", "900") if weight else None,
        ).over(look)
    return look


def _is_white(colour: str) -> bool:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        return False
    return all(int(colour[at : at + 2], 16) >= 0xF5 for at in (1, 3, 5))


def _hidden_kind(look: _Look) -> HiddenKind | None:
    if look.hidden:
        return HiddenKind.INVISIBLE
    if look.points is not None and look.points < 2:
        return HiddenKind.TINY
    if look.white and not look.painted:
        return HiddenKind.WHITE
    return None
