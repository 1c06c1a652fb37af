"""Markdown: set as HTML by markdown-it, then read as HTML is, so that the two agree.

Front matter between `---` lines is data about the document, never part of its text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import cast

import yaml
from markdown_it import MarkdownIt

from ingest.characters import without_controls, without_unseen
from ingest.decoding import NotText, decode
from ingest.html import NOTE_ATTRIBUTE, too_deep, walk
from ingest.markup import TooDeep, parse_html
from ingest.reading import Reading
from ingest.refusing import refusal
from ingest.sections import Sections
from ingest.text import read_text

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S | re.M)
_LONGEST_FRONT_MATTER = 200_000  # characters
_LONGEST_NAME = 3  # words of a name in front matter; longer ones are sentences with a colon
_DEEPEST = 100  # lists and quotations inside each other, beyond which the parser drops the text
_NOTE = re.compile(
    r"^ {0,3}\[\^([^\]\s]{1,60})\]:[ \t]*"
    r"(.*(?:\n(?![ \t]*$|[ \t]{0,3}\[\^).+)*(?:\n+(?: {4}|\t).+)*)",
    re.M,
)
_NOTE_MARK = re.compile(r"\[\^([^\]\s]{1,60})\]")
_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,}).*?(?:^ {0,3}\2[`~]*[ \t]*$|\Z)", re.S | re.M)


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML without aliases: a few lines of them can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not used in front matter")
        return super().compose_node(parent, index)


def read(path: Path) -> Reading:
    """The pages of a Markdown file: its sections. Front matter goes to `front_matter`."""
    try:
        text, _ = decode(path.read_bytes())
    except NotText:
        raise refusal(
            path,
            "wrong_type",
            "its content is not text.",
            fix="Give it the extension that its content has, or save it as text (UTF-8).",
        ) from None
    try:
        return read_markdown(text)
    except TooDeep as error:
        raise too_deep(path) from error


def read_markdown(text: str) -> Reading:
    """The pages of a Markdown text that is already decoded."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    sections = Sections()
    front_matter, text = _front_matter(text, sections)
    markdown = MarkdownIt("commonmark", {"html": True, "maxNesting": _DEEPEST}).enable(
        ["table", "strikethrough"]
    )
    # Addresses are never shown, so none is refused: a refused link would stay as its source.
    markdown.validateLink = _any_link
    text, notes = _footnotes(text)
    for name, note in notes.items():
        sections.add_note(name, f"[{name}] {_plain(markdown, note)}")
    tokens = markdown.parse(text)
    if any(token.level >= _DEEPEST - 2 for token in tokens):
        reading = read_text(text)
        warning = "its lists and quotations are nested too deeply; read as plain text"
        return replace(reading, front_matter=front_matter, warnings=(*sections.warnings, warning))
    root = parse_html(markdown.renderer.render(tokens, markdown.options, {}))
    if root is not None:
        walk(root, sections, alternatives=True)
    reading = sections.reading(
        title=_text_of(front_matter, "title") or sections.sole_heading,
        author=_text_of(front_matter, "author"),
        published=_text_of(front_matter, "date"),
    )
    return replace(reading, front_matter=front_matter)


def _any_link(url: str) -> bool:  # noqa: ARG001
    return True


def _front_matter(text: str, sections: Sections) -> tuple[dict[str, object], str]:
    """The front matter, with dates as ISO strings, and the text without it."""
    found = _FRONT_MATTER.match(text)
    if not found or len(found[1]) > _LONGEST_FRONT_MATTER:
        return {}, text
    try:
        loaded = cast(object, yaml.load(without_controls(found[1]), Loader=_PlainLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 2})" if isinstance(mark, yaml.Mark) else ""
        sections.warnings.append(f"the front matter is not valid YAML{line}; read as text")
        return {}, f"{found[1]}\n\n{text[found.end() :]}"
    if loaded is None:
        return {}, text[found.end() :]
    if not isinstance(loaded, Mapping):  # two rules with words between them
        return {}, text
    values = cast("Mapping[object, object]", loaded)
    if any(len(str(key).split()) > _LONGEST_NAME for key in values):
        return {}, text
    return {str(key): _as_data(value) for key, value in values.items()}, text[found.end() :]


def _as_data(value: object) -> object:
    """A YAML value in types that JSON has; dates become ISO strings."""
    if isinstance(value, str):
        return without_unseen(without_controls(value))[0]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return {
            key if isinstance(key, int) else str(key): _as_data(item) for key, item in pairs.items()
        }
    if isinstance(value, list | tuple | set):
        return [_as_data(item) for item in cast("list[object]", value)]
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return value


def _text_of(front_matter: Mapping[str, object], name: str) -> str:
    value = front_matter.get(name)
    return str(value) if isinstance(value, str | int) else ""


def _footnotes(text: str) -> tuple[str, dict[str, str]]:
    """The text with a mark in place of each reference, and the footnotes by name."""
    if "[^" not in text:
        return text, {}
    notes: dict[str, str] = {}
    referred = Counter(_NOTE_MARK.findall(text))
    referred.subtract(found[1] for found in _NOTE.finditer(text))

    def take(match: re.Match[str]) -> str:
        if referred[match[1]] <= 0:  # no place in the text for it to stand by
            return match[0]
        notes.setdefault(match[1], match[2])
        return ""

    def mark(match: re.Match[str]) -> str:
        return (
            f'<sup {NOTE_ATTRIBUTE}="{escape(match[1])}"></sup>' if match[1] in notes else match[0]
        )

    parts = _outside_fences(text)
    parts = [(part if code else _NOTE.sub(take, part), code) for part, code in parts]
    return "".join(part if code else _NOTE_MARK.sub(mark, part) for part, code in parts), notes


def _outside_fences(text: str) -> list[tuple[str, bool]]:
    """The text in parts, each with whether it is fenced code."""
    parts: list[tuple[str, bool]] = []
    done = 0
    for fence in _FENCE.finditer(text):
        parts += [(text[done : fence.start()], False), (fence[0], True)]
        done = fence.end()
    return [*parts, (text[done:], False)]


def _plain(markdown: MarkdownIt, note: str) -> str:
    """The words of a footnote without its markup."""
    inner = Sections()
    root = parse_html(markdown.render(re.sub(r"(?m)^(?: {4}|\t)", "", note)))
    if root is not None:
        walk(root, inner)
    return " ".join(page.text for page in inner.reading().pages)
