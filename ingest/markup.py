"""Trees of HTML and XML: the only module that knows lxml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Protocol, cast

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]

_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_PAGE_END = re.compile(r"</(?:body|html)\s*>", re.I)  # what follows it is shown, but not parsed


class Element(Protocol):
    """The part of lxml's element that the readers use. A comment's `tag` is not a string."""

    tag: object
    text: str | None
    tail: str | None

    def get(self, key: str, /) -> str | None: ...
    def getparent(self) -> Element | None: ...
    def iter(self, *tags: str) -> Iterator[Element]: ...
    def iterchildren(self) -> Iterator[Element]: ...
    def itertext(self) -> Iterator[str]: ...
    def itersiblings(self, *, preceding: bool = False) -> Iterator[Element]: ...


class Events(Protocol):
    """("start" | "end" | "comment", element) in document order, walked without recursion."""

    def __iter__(self) -> Iterator[tuple[str, Element]]: ...
    def skip_subtree(self) -> None:
        """Go on after the element whose start was just seen; its end is still reported."""
        ...


class TooDeep(ValueError):
    """Elements inside elements beyond what the parser takes in (2,048)."""


class _LogEntry(Protocol):
    type_name: str


class _Parser(Protocol):
    error_log: Iterable[_LogEntry]


class _Library(Protocol):
    """The names of lxml that are used here; the library has no types of its own."""

    def HTMLParser(self, **options: bool | str) -> _Parser: ...  # noqa: N802
    def XMLParser(self, **options: bool) -> _Parser: ...  # noqa: N802
    def fromstring(self, data: bytes, parser: _Parser) -> Element | None: ...
    def iterwalk(self, element: Element, *, events: tuple[str, ...]) -> Events: ...


_LXML = cast(_Library, etree)


def name_of(element: Element) -> str:
    """The element's name without its namespace; empty for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def events_of(element: Element) -> Events:
    """The starts, ends and comments of an element and all that is in it."""
    return _LXML.iterwalk(element, events=("start", "end", "comment"))


def parse_html(text: str) -> Element | None:
    """The tree of an HTML text, however malformed; None when it holds nothing. Raises TooDeep."""
    # The declaration of an encoding is for bytes; these are characters already.
    text = _XML_DECLARATION.sub("", text.replace("\x00", ""), count=1)
    text = _PAGE_END.sub("", text)
    if not text.strip():
        return None
    parser = _LXML.HTMLParser(huge_tree=True, remove_pis=True, no_network=True, encoding="utf-8")
    root = _LXML.fromstring(text.encode("utf-8", errors="replace"), parser)
    _check_depth(parser)
    return root


def parse_xml(content: bytes) -> tuple[Element | None, bool]:
    """The tree of an XML part, None when it is not XML; and whether it had to be mended.

    Entities are not resolved and nothing is fetched. Raises TooDeep.
    """
    parser = _LXML.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, recover=True
    )
    root = _LXML.fromstring(content, parser)
    _check_depth(parser)
    return root, any(True for _ in parser.error_log)


def _check_depth(parser: _Parser) -> None:
    """The parser stops without a word where the depth ends, and the rest would be lost."""
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise TooDeep
