"""Manuscripts of the starter library: Markdown with YAML front matter, read strictly.

Only what the writers' rules allow is read (headings, paragraphs, one level of bullets, pipe
tables, italics, bold, links); anything else is an error with its line, and never lost quietly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from corpus.errors import ConfigurationError

Stance = Literal["supports", "conflicts", "about"]


class Source(BaseModel):
    """A publication that a brief rests on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    publisher: str = Field(min_length=1)
    year: int | None  # None: the page gave none
    url: str | None  # None: no address is known


class FrontMatter(BaseModel):
    """What a brief says about itself before its text begins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    kind: Literal["example", "principle", "sector", "guide"]
    title: str = Field(min_length=1)
    publisher: Literal["Plumbline"]
    date: date
    standing: Literal["brief"]
    place: str = Field(min_length=1)
    years: str = ""  # examples only
    sectors: tuple[str, ...]
    principles: dict[int, Stance]
    result: Literal["", "positive", "mixed", "negative", "too-early"] = ""  # examples only
    facts: tuple[str, ...]  # ids of the statements that the text gives
    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def _examples_say_more(self) -> FrontMatter:
        missing = [name for name in ("years", "result") if not getattr(self, name)]
        if self.kind == "example" and missing:
            raise ValueError(f"{missing[0]!r} is missing, which an example needs")
        return self


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one type."""

    text: str
    italic: bool = False
    bold: bool = False
    url: str = ""


Line = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the document's title."""

    level: int
    line: Line


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    line: Line


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list with bullets."""

    items: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table under one row of headings; every row has as many cells as there are headings."""

    header: tuple[Line, ...]
    rows: tuple[tuple[Line, ...], ...]


Block = Heading | Paragraph | Bullets | Table


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A brief as it was written."""

    front: FrontMatter
    blocks: tuple[Block, ...]  # the first is the title, the only heading of level 1


BRIEF = "Plumbline brief"  # stands in the running header of every rendered brief
_SUBJECTS = {
    "example": "An example of public service reform",
    "principle": "A principle of public service reform",
    "sector": "Public service reform in one sector",
    "guide": "A guide to evidence on public service reform",
}


def subject(front: FrontMatter) -> str:
    """What a brief is about, for the properties of its file."""
    return _SUBJECTS[front.kind]


def imprint(front: FrontMatter) -> str:
    """Who published a brief and when, as its footer says it: "Plumbline, 23 November 2026"."""
    return f"{front.publisher}, {front.date.day} {front.date:%B %Y}"


def plain(line: Line) -> str:
    """The words of a line, without their type."""
    return "".join(run.text for run in line)


def read_manuscript(path: Path) -> Manuscript:
    """A manuscript or Markdown brief. Raises ConfigurationError with the file, line and field."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _fault(path, 1, f"it cannot be read as UTF-8 text ({error})") from error
    found = _FRONT_MATTER.match(text)
    if found is None:
        raise _fault(path, 1, "there is no front matter between two lines of '---'")
    front = _front_matter(path, found[1])
    if front.id != path.stem:
        line = _lines_of_fields(found[1]).get("id", 1)
        raise _fault(path, line, f"id: {front.id!r} is not the file's name, {path.stem!r}")
    body_line = text.count("\n", 0, found.end())
    blocks = tuple(_Body(path, body_line).blocks(text[found.end() :]))
    titles = [block for block in blocks if isinstance(block, Heading) and block.level == 1]
    if not blocks or titles != [blocks[0]]:
        raise _fault(path, body_line + 1, "the text does not begin with its one '# ' heading")
    return Manuscript(front, blocks)


# --- front matter ---

_FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.S)


def _front_matter(path: Path, text: str) -> FrontMatter:
    try:
        fields: object = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise _fault(path, line, f"front matter is not YAML: {error.problem}") from error
    try:
        return FrontMatter.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        line = _lines_of_fields(text).get(str(first["loc"][0]), 1) if first["loc"] else 1
        if first["type"] == "missing":
            problem = f"front matter: {field!r} is missing"
        else:
            reason = first["msg"].removeprefix("Value error, ")
            problem = f"front matter: {field}: {reason}" if field else f"front matter: {reason}"
        raise _fault(path, line, problem) from error


def _lines_of_fields(text: str) -> dict[str, int]:
    """The line of the file that each field begins on; the front matter begins on line 2."""
    starts = re.finditer(r"^(\w+):", text, re.M)
    return {found[1]: text.count("\n", 0, found.start()) + 2 for found in starts}


# --- text ---

_ADDRESS = re.compile(r"https?://\S+")


class _Body:
    def __init__(self, path: Path, lines_before: int) -> None:
        self._path = path
        self._before = lines_before

    def blocks(self, text: str) -> Iterator[Block]:
        tokens = iter(MarkdownIt("commonmark").enable("table").parse(text))
        for token in tokens:
            if token.type == "heading_open":
                yield Heading(int(token.tag[1:]), self._next_line(tokens, "heading_close"))
            elif token.type == "paragraph_open":
                yield Paragraph(self._next_line(tokens, "paragraph_close"))
            elif token.type == "bullet_list_open":
                yield Bullets(tuple(self._items(tokens)))
            elif token.type == "table_open":
                header, *rows = self._rows(tokens)
                yield Table(header, tuple(rows))
            else:
                raise self._unknown(token)

    def _next_line(self, tokens: Iterator[Token], end: str) -> Line:
        """The runs of the next token, which `end` must follow."""
        line = self._line(next(tokens))
        close = next(tokens)
        if close.type != end:
            raise self._unknown(close)
        return line

    def _items(self, tokens: Iterator[Token]) -> Iterator[Line]:
        for token in tokens:
            if token.type == "bullet_list_close":
                return
            paragraph = next(tokens)
            if token.type != "list_item_open" or paragraph.type != "paragraph_open":
                raise self._unknown(paragraph)
            yield self._next_line(tokens, "paragraph_close")
            close = next(tokens)
            if close.type != "list_item_close":
                raise self._unknown(close)

    def _rows(self, tokens: Iterator[Token]) -> Iterator[tuple[Line, ...]]:
        cells: list[Line] = []
        for token in tokens:
            if token.type == "table_close":
                return
            if token.type == "tr_open":
                cells = []
            elif token.type == "inline":
                cells.append(self._line(token))
            elif token.type == "tr_close":
                yield tuple(cells)

    def _line(self, inline: Token) -> Line:
        runs: list[Run] = []
        italic = bold = False
        url = ""
        for token in inline.children or ():
            if token.type == "text":
                runs += _linked(Run(token.content, italic, bold, url))
            elif token.type == "softbreak":
                runs.append(Run(" ", italic, bold, url))
            elif token.type in ("em_open", "em_close"):
                italic = token.type == "em_open"
            elif token.type in ("strong_open", "strong_close"):
                bold = token.type == "strong_open"
            elif token.type == "link_open":
                url = str(token.attrGet("href") or "")
            elif token.type == "link_close":
                url = ""
            else:
                raise self._unknown(token, inline)
        return tuple(run for run in runs if run.text)

    def _unknown(self, token: Token, near: Token | None = None) -> ConfigurationError:
        place = token.map or (near.map if near else None)
        line = self._before + (place[0] + 1 if place else 1)
        return _fault(self._path, line, f"{token.type!r} has no place in a manuscript")


def _linked(run: Run) -> Iterator[Run]:
    """The run, with the addresses in it as links."""
    if run.url:
        yield run
        return
    end = 0
    for found in _ADDRESS.finditer(run.text):
        address = found[0].rstrip(".,")
        yield Run(run.text[end : found.start()], run.italic, run.bold)
        yield Run(address, run.italic, run.bold, address)
        end = found.start() + len(address)
    yield Run(run.text[end:], run.italic, run.bold)


def _fault(path: Path, line: int, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}:{line}: {problem}.", fix="Correct the manuscript and run the command again."
    )
