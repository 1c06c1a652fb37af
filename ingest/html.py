"""HTML: everything in the body that a person sees, without the furniture around it.

The tree is walked by events and not by recursion, so deeply nested markup costs no stack.
Dropped as furniture: navigation, and a header, footer or aside of the page that mostly leads
elsewhere. Dropped and reported: comments, and elements that their own style, or a class in the
page's style sheet, hides from view, unless a person can open them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corpus.errors import UnreadableFile
from corpus.types import BlockKind
from ingest.decoding import NotText, decode
from ingest.markup import Element, TooDeep, events_of, name_of, parse_html
from ingest.numerals import numeral
from ingest.reading import HiddenKind, Reading
from ingest.refusing import refusal
from ingest.sections import Sections
from ingest.table_rows import Cell, count_headers, table_lines
from ingest.visibility import HidingRules, hiding_rules

_NEVER_SHOWN = frozenset(
    """script style template iframe video audio canvas datalist title meta link base
    defs metadata symbol annotation annotation-xml rp param source track colgroup""".split()
)
_BLOCKS = frozenset(
    """address article aside blockquote body center details dialog dd dir div dl dt fieldset
    figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li
    listing main menu nav noframes noscript ol optgroup option p plaintext pre search section select
    summary svg table tbody td tfoot th thead tr ul xmp caption text""".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PREFORMATTED = frozenset({"pre", "listing", "xmp", "plaintext", "textarea"})
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_FURNITURE_ROLES = {"navigation": "nav", "banner": "header", "contentinfo": "footer"}
_WITHIN_CONTENT = frozenset({"article", "main", "section", "blockquote", "td", "figure", "dialog"})
NOTE_ATTRIBUTE = "data-plumbline-note"  # an empty element with it refers to a footnote
_LONGEST_NOTICE = 300  # characters
_BREAK = "\x1f"  # stands for <br> until the text around it is complete

_META_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I)
_XML_ENCODING = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})", re.I)
_ARCHIVE = re.compile(rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?MIME-Version:\s*1", re.I)
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_DATE = re.compile(r"(?:19|20)\d\d-\d\d(?:-\d\d)?")
_DATE_NAMES = frozenset(
    """article:published_time citation_publication_date citation_date dc.date dc.date.issued
    dcterms.date dcterms.issued dcterms.created date publication_date pubdate datepublished
    parsely-pub-date og:published_time""".split()
)
_AUTHOR_NAMES = frozenset({"author", "dc.creator", "dcterms.creator", "citation_author"})


def read(path: Path) -> Reading:
    """The pages of an HTML file: its sections."""
    data = path.read_bytes()
    try:
        text = archived_page(data) or decode_html(data)
    except NotText:
        raise refusal(
            path,
            "wrong_type",
            "its content is not HTML.",
            fix="Give it the extension that its content has, or save the page again as HTML.",
        ) from None
    try:
        return read_html(text)
    except TooDeep as error:
        raise too_deep(path) from error


def too_deep(path: Path) -> UnreadableFile:
    """The refusal of a file whose markup nests too deeply to be read whole."""
    return refusal(
        path,
        "unreadable",
        "its markup nests elements too deeply.",
        fix="Open it in a browser, save its text or print it to PDF, and add that.",
    )


def archived_page(data: bytes) -> str:
    """The page in a file that a browser saved with all its parts (MHTML); empty for others."""
    if not _ARCHIVE.match(data[:4096]):
        return ""
    from email import message_from_bytes

    for part in message_from_bytes(data).walk():
        content = part.get_payload(decode=True)
        if part.get_content_type() in _PAGE_TYPES and isinstance(content, bytes):
            charset = part.get_content_charset("")
            return decode(content, declared=charset)[0] if charset else decode_html(content)
    return ""


def decode_html(data: bytes) -> str:
    """The text of an HTML file: by mark, declaration, strict UTF-8, Windows-1252, detector."""
    head = data[:4096]
    declared = _META_CHARSET.search(head) or _XML_ENCODING.match(head)
    return decode(data, declared=declared[1].decode("ascii") if declared else "")[0]


def read_html(text: str, *, alternatives: bool = False) -> Reading:
    """The pages of an HTML text; `alternatives` keeps the words that describe a picture.

    Raises TooDeep.
    """
    root = parse_html(text)
    if root is None:
        return Sections().reading()
    sections = Sections()
    walk(root, sections, alternatives=alternatives)
    return sections.reading(
        title=_title(root) or sections.sole_heading,
        author=_meta(root, _AUTHOR_NAMES),
        published=_published(root),
    )


def walk(root: Element, sections: Sections, *, alternatives: bool = False) -> None:
    """Add all that a person sees under `root` to `sections`, in reading order."""
    rules = hiding_rules(root)
    furniture = _furniture(root)
    if furniture and _mostly_furniture(root, furniture):
        furniture = {}
    for comment in reversed(list(root.itersiblings(preceding=True))):
        sections.hide(HiddenKind.COMMENT, comment.text or "")
    _Walker(sections, rules, furniture, alternatives=alternatives).walk(root)


# --- the walk ---


@dataclass(slots=True)
class _Item:
    """A list item, or a definition, that is being read."""

    marker: str
    depth: int
    follows: bool


@dataclass(slots=True)
class _List:
    numbered: str  # the type of numbering: 1, a, A, i, I; empty for bullets
    next_number: int
    items: int = 0
    term: str = ""  # definition lists: the last term, until its definition comes


@dataclass(slots=True)
class _Walker:
    sections: Sections
    rules: HidingRules
    furniture: dict[Element, str]
    alternatives: bool
    buffer: list[str] = field(default_factory=list[str])
    lists: list[_List] = field(default_factory=list[_List])
    items: list[_Item] = field(default_factory=list[_Item])
    preformatted: int = 0
    heading: int = 0
    caption: int = 0
    in_term: int = 0
    notes: list[str] = field(default_factory=list[str])

    def walk(self, root: Element) -> None:
        events = events_of(root)
        for event, element in events:
            if event == "comment":
                self.sections.hide(HiddenKind.COMMENT, element.text or "")
                self._write(element.tail)
            elif event == "end":
                self._end(element)
                self._write(element.tail)
            elif self._skips(element):
                events.skip_subtree()
            else:
                self._start(element)
                self._write(element.text)
        self._flush()

    def _skips(self, element: Element) -> bool:
        """Whether the element is left out, or is a table and has been read whole."""
        name = _name(element)
        if inside := _page_inside(element, name):
            self._flush()
            inner = parse_html(inside)
            if inner is not None:
                walk(inner, self.sections, alternatives=self.alternatives)
            return True
        if _is_never_shown(element, name) or element in self.furniture:
            if name in _BLOCKS:
                self._flush()
            return True
        if hidden := self.rules.hides(element):
            self.sections.hide(hidden, " ".join(element.itertext()))
            return True
        if name == "table" and (rows := _data_rows(element, self.rules, self.sections)):
            self._flush()
            self._add_table(element, rows)
            return True
        return False

    def _start(self, element: Element) -> None:
        name = _name(element)
        if name in _BLOCKS:
            self._flush()
        if name in _HEADINGS:
            self.heading = _HEADINGS[name]
        elif name in _PREFORMATTED:
            self.preformatted += 1
        elif name in ("figcaption", "caption"):
            self.caption += 1
        elif name in _LISTS:
            self.lists.append(_new_list(element, numbered=name == "ol"))
        elif name == "dl":
            self.lists.append(_List("", 1))
        elif name == "li":
            self._start_item(element)
        elif name == "dt":
            self.in_term += 1
        elif name == "dd":
            self._start_definition()
        elif name == "option":
            self.items.append(_Item("- ", len(self.lists) + 1, follows=True))
        elif name == "br":
            self.buffer.append(_BREAK)
        elif name == "img" and self.alternatives:
            self._add_picture(element.get("alt"))
        elif name == "input":
            self._write(_shown_value(element))
        elif name == "button":
            self.buffer.append(" ")
        if name == "q":
            self.buffer.append("“")
        elif name == "sup" and (note := element.get(NOTE_ATTRIBUTE)):
            self.notes.append(note)
        elif name == "sup" and _is_note_mark(element):
            self.buffer.append(" [")

    def _end(self, element: Element) -> None:
        name = _name(element)
        if name == "q":
            self.buffer.append("”")
        elif name == "button":
            self.buffer.append(" ")
        elif name == "sup" and _is_note_mark(element):
            self.buffer.append("]")
        if _is_never_shown(element, name) or element in self.furniture:
            return
        if name in _BLOCKS or name in _PREFORMATTED:
            self._flush()
        if name in _HEADINGS:
            self.heading = 0
        elif name in _PREFORMATTED:
            self.preformatted = max(self.preformatted - 1, 0)
        elif name in ("figcaption", "caption"):
            self.caption = max(self.caption - 1, 0)
        elif (name in _LISTS or name == "dl") and self.lists:
            self._flush_term()
            self.lists.pop()
        elif name in ("li", "dd", "option") and self.items:
            self.items.pop()
        elif name == "dt":
            self.in_term = max(self.in_term - 1, 0)

    def _write(self, text: str | None) -> None:
        if text:
            self.buffer.append(text)

    def _flush(self) -> None:
        """The text since the last block's edge becomes a block."""
        if not self.buffer:
            return
        text = "".join(self.buffer)
        self.buffer.clear()
        if not text.strip(" \t\r\n\f" + _BREAK):
            return
        if self.in_term and self.lists:
            self._flush_term()
            self.lists[-1].term = " ".join(text.replace(_BREAK, " ").split())
        elif self.heading:
            self._add(BlockKind.HEADING, text.replace(_BREAK, " "), level=self.heading)
        elif self.preformatted:
            self._add(BlockKind.CODE, text.replace(_BREAK, "\n"))
        elif self.caption:
            self._add(BlockKind.CAPTION, text.replace(_BREAK, " "))
        else:
            # Two line breaks end a paragraph; one is only a line end.
            for part in re.split(rf"{_BREAK}\s*{_BREAK}[\s{_BREAK}]*", text):
                self._add_text(part.replace(_BREAK, " "))

    def _add(self, kind: BlockKind, text: str, *, level: int = 0, follows: bool = False) -> None:
        self.sections.add(kind, text, level=level, follows=follows, notes=self.notes)
        self.notes.clear()

    def _add_text(self, text: str) -> None:
        if not text.strip():
            return
        if not self.items:
            self._add(BlockKind.PARAGRAPH, text)
            return
        item = self.items[-1]
        self._add(
            BlockKind.LIST_ITEM, item.marker + text.strip(), level=item.depth, follows=item.follows
        )
        item.marker, item.follows = "", True

    # --- lists ---

    def _start_item(self, element: Element) -> None:
        if not self.lists:
            self.lists.append(_List("", 1))
        current = self.lists[-1]
        value = element.get("value") or ""
        if current.numbered and value.lstrip("-").isdigit() and len(value) < 9:
            current.next_number = int(value)
        marker = f"{numeral(current.next_number, current.numbered)}. " if current.numbered else "- "
        current.next_number += 1
        follows = current.items > 0 or len(self.lists) > 1
        current.items += 1
        self.items.append(_Item(marker, min(len(self.lists), 9), follows))

    def _start_definition(self) -> None:
        if not self.lists:
            self.lists.append(_List("", 1))
        current = self.lists[-1]
        marker = f"- {current.term}: " if current.term else "- "
        current.term = ""
        follows = current.items > 0 or len(self.lists) > 1
        self.items.append(_Item(marker, min(len(self.lists), 9), follows))
        current.items += 1

    def _flush_term(self) -> None:
        """A term without a definition is an item of its own."""
        current = self.lists[-1]
        if current.term:
            self._add(
                BlockKind.LIST_ITEM,
                f"- {current.term}",
                level=min(len(self.lists), 9),
                follows=current.items > 0 or len(self.lists) > 1,
            )
            current.items += 1
            current.term = ""

    # --- pictures and tables ---

    def _add_picture(self, description: str | None) -> None:
        if description and description.strip():
            if "".join(self.buffer).strip() or self.heading:
                self.buffer.append(description)
            else:
                self._add(BlockKind.CAPTION, description)

    def _add_table(self, element: Element, rows: list[list[Cell]]) -> None:
        if beside := _beside_cells(element, self.rules, self.sections):
            self._add(BlockKind.PARAGRAPH, beside)  # browsers move it before the table
        for child in element.iterchildren():
            if _name(child) == "caption":
                self.sections.add(BlockKind.CAPTION, _seen_text(child, self.rules, self.sections))
        headers = count_headers(rows, marked=_marked_headers(element, rows))
        self.notes += [note for mark in element.iter("sup") if (note := mark.get(NOTE_ATTRIBUTE))]
        for number, line in enumerate(table_lines(rows, headers=headers)):
            self._add(BlockKind.TABLE_ROW, line, follows=number > 0)


def _name(element: Element) -> str:
    """The element's name; empty for comments. Word's `o:p` and the like keep their prefix."""
    return name_of(element).lower()


def _is_never_shown(element: Element, name: str) -> bool:
    """Whether no browser shows the element; a template with a shadow root is shown in its place."""
    return name in _NEVER_SHOWN and not (name == "template" and element.get("shadowrootmode"))


def _page_inside(element: Element, name: str) -> str:
    """The markup of a page within the page, which the parser leaves as text; empty without one."""
    if name == "noframes":
        return element.text or ""
    return element.get("srcdoc") or "" if name == "iframe" else ""


def _new_list(element: Element, *, numbered: bool) -> _List:
    if not numbered:
        return _List("", 1)
    start = element.get("start") or "1"
    kind = element.get("type") or "1"
    return _List(
        kind if kind in ("1", "a", "A", "i", "I") else "1",
        int(start) if start.lstrip("-").isdigit() and len(start) < 9 else 1,
    )


def _shown_value(element: Element) -> str:
    """What a form field shows: its value, where it has one."""
    kind = (element.get("type") or "text").lower()
    if kind in ("hidden", "password", "checkbox", "radio", "file", "image", "range", "color"):
        return ""
    value = element.get("value") or ""
    return f" {value} " if value.strip() else ""


def _is_note_mark(element: Element) -> bool:
    """Whether a superscript is the bare number of a footnote, which is linked within the page."""
    text = "".join(element.itertext()).strip()
    links = [link for link in element.iter("a") if (link.get("href") or "").startswith("#")]
    parent = element.getparent()
    if parent is not None and _name(parent) == "a" and (parent.get("href") or "").startswith("#"):
        links.append(parent)
    return bool(links) and text.isdigit()


# --- tables ---

_NOT_IN_CELLS = ("table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "dl")


def _data_rows(table: Element, rules: HidingRules, sections: Sections) -> list[list[Cell]]:
    """The cells of a table that holds data; empty for a table that only lays out a page."""
    if (table.get("role") or "").lower() in ("presentation", "none"):
        return []
    if any(inner is not table for inner in table.iter("table")):
        return []
    rows = [row for row in table.iter("tr") if not rules.hides(row)]
    cells = [[cell for cell in row.iterchildren() if _name(cell) in ("td", "th")] for row in rows]
    if max(map(len, cells), default=0) < 2 or len(rows) < 2:
        return []
    for row in cells:
        for cell in row:
            if any(_name(inner) == "td" for inner in cell.iterchildren()):
                return []
            for inner in cell.iter(*_NOT_IN_CELLS):
                if _name(inner) != _name(cell):
                    # Headings set the type in header cells; elsewhere they make it a layout.
                    if _name(inner) in _HEADINGS and (_name(cell) == "th" or row is cells[0]):
                        continue
                    return []
    return list(_placed(cells, rules, sections))


def _placed(
    rows: Iterable[list[Element]], rules: HidingRules, sections: Sections
) -> Iterator[list[Cell]]:
    covered: dict[int, int] = {}  # column → rows below that a merged cell still covers
    for row in rows:
        placed: list[Cell] = []
        column = 0
        covering: dict[int, int] = {}
        for cell in row:
            while covered.get(column, 0) > 0:
                column += 1
            columns = _span(cell.get("colspan"))
            below = _span(cell.get("rowspan")) - 1
            hidden = rules.hides(cell)
            if hidden:
                sections.hide(hidden, " ".join(cell.itertext()))
            text = "" if hidden else _seen_text(cell, rules, sections)
            placed.append(Cell(text, column, columns, named=_is_named(cell, text)))
            if below:
                for place in range(column, column + columns):
                    covering[place] = below + 1
            column += columns
        for place in list(covered):
            covered[place] -= 1
            if covered[place] <= 0:
                del covered[place]
        for place, count in covering.items():
            covered[place] = max(covered.get(place, 0), count - 1)
        yield placed


def _span(value: str | None) -> int:
    text = (value or "").strip()
    return max(1, min(int(text), 500)) if text.isdigit() and len(text) < 6 else 1


def _is_named(cell: Element, text: str) -> bool:
    """Whether a cell is a header: by its element, or because all its text is bold."""
    if _name(cell) == "th":
        return True
    bold = "".join("".join(inner.itertext()) for inner in cell.iter("b", "strong"))
    return bool(text) and "".join(bold.split()) == "".join(text.split())


def _beside_cells(table: Element, rules: HidingRules, sections: Sections) -> str:
    """The words in a table that are in no cell of it, nor in its caption."""
    parts: list[str] = []
    events = events_of(table)
    for event, inner in events:
        if event == "start":
            name = _name(inner)
            if name in ("td", "th", "caption") or _is_never_shown(inner, name):
                events.skip_subtree()
            elif name in ("table", "tr", "thead", "tbody", "tfoot"):
                parts.append(inner.text or "")
            else:
                parts.append(_seen_text(inner, rules, sections))
                events.skip_subtree()
        elif inner is not table:
            parts.append(inner.tail or "")
    return " ".join(" ".join(parts).split())


def _marked_headers(table: Element, rows: list[list[Cell]]) -> int:
    """The rows in the table's head."""
    head = next(iter(table.iter("thead")), None)
    count = sum(1 for _ in head.iter("tr")) if head is not None else 0
    return count if count < len(rows) else 0


def _seen_text(element: Element, rules: HidingRules, sections: Sections) -> str:
    """All visible text inside an element, on one line."""
    parts: list[str] = []
    events = events_of(element)
    for event, inner in events:
        name = _name(inner)
        if event == "comment":
            sections.hide(HiddenKind.COMMENT, inner.text or "")
            parts.append(inner.tail or "")
        elif event == "end":
            if name in _BLOCKS or name == "br":
                parts.append(" ")
            if inner is not element:
                parts.append(inner.tail or "")
        elif _is_never_shown(inner, name):
            events.skip_subtree()
        elif inner is not element and (hidden := rules.hides(inner)):
            sections.hide(hidden, " ".join(inner.itertext()))
            events.skip_subtree()
        else:
            if name in _BLOCKS:
                parts.append(" ")
            if name == "input":
                parts.append(_shown_value(inner))
            parts.append(inner.text or "")
    return " ".join("".join(parts).split())


# --- furniture ---


def _furniture(root: Element) -> dict[Element, str]:
    """The elements around the content, by kind; empty when they are all there is."""
    found: dict[Element, str] = {}
    for element in root.iter(
        "nav", "header", "footer", "aside", "div", "section", "ul", "noscript"
    ):
        name = _name(element)
        kind = _FURNITURE_ROLES.get((element.get("role") or "").lower(), name)
        if kind == "noscript":
            if _asks_for_scripts(element):
                found[element] = kind
        elif kind == "nav" or (
            kind in ("footer", "header", "aside")
            and not _is_within_content(element)
            and _leads_elsewhere(element)
        ):
            found[element] = kind
    return found


def _asks_for_scripts(element: Element) -> bool:
    """Whether it only tells a reader without scripts to turn them on."""
    text = " ".join(element.itertext())
    return "javascript" in text.lower() and len(text) < _LONGEST_NOTICE


def _leads_elsewhere(element: Element) -> bool:
    """Whether an element is mostly links, buttons and fields, and holds no heading of the page."""
    if _name(element) == "header" and any(True for _ in element.iter(*_HEADINGS)):
        return False
    leading = sum(
        _size(inner)
        for inner in element.iter("a", "button", "select", "form", "nav")
        if not any(_name(outer) in ("a", "form", "nav") for outer in _ancestors(inner))
    )
    return leading * 2 > _size(element)


def _is_within_content(element: Element) -> bool:
    parent = element.getparent()
    while parent is not None:
        if _name(parent) in _WITHIN_CONTENT:
            return True
        parent = parent.getparent()
    return False


def _mostly_furniture(root: Element, furniture: dict[Element, str]) -> bool:
    """Whether so little else is on the page that the furniture must be its content."""
    all_text = _size(root)
    around = sum(
        _size(element)
        for element in furniture
        if not any(parent in furniture for parent in _ancestors(element))
    )
    return (all_text - around < 200 and around > 0) or (all_text - around) * 20 < all_text


def _ancestors(element: Element) -> Iterator[Element]:
    parent = element.getparent()
    while parent is not None:
        yield parent
        parent = parent.getparent()


def _size(element: Element) -> int:
    """Characters of text that is not script or style."""
    skipped = sum(
        len("".join(inner.itertext())) for inner in element.iter("script", "style", "template")
    )
    return max(sum(len(text.strip()) for text in element.itertext()) - skipped, 0)


# --- what the file says about itself ---


def _title(root: Element) -> str:
    for element in root.iter("title"):
        if not any(_name(parent) == "svg" for parent in _ancestors(element)):
            text = " ".join("".join(element.itertext()).split())
            if text:
                return text
    return _meta(root, frozenset({"og:title", "dc.title", "dcterms.title", "citation_title"}))


def _meta(root: Element, names: frozenset[str]) -> str:
    for element in root.iter("meta"):
        name = element.get("name") or element.get("property") or element.get("itemprop") or ""
        if name.strip().lower() in names and (element.get("content") or "").strip():
            return " ".join((element.get("content") or "").split())
    return ""


def _published(root: Element) -> str:
    found = _DATE.match(_meta(root, _DATE_NAMES).replace("/", "-"))
    return found[0] if found else ""
