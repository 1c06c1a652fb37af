"""Plain text: hard-wrapped lines back into paragraphs, headings and lists where they are clear."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from corpus.types import BlockKind
from ingest.decoding import NotText, decode
from ingest.reading import Reading
from ingest.refusing import refusal
from ingest.sections import Sections

_BULLET = re.compile(r"(\s*)(?:[•‣⁃∙◦▪▫●○■□–·*+-]|o(?=\s{2}))\s+(?=\S)")
_NUMBER = re.compile(r"(\s*)(\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)])\s+(?=\S)")
_CLAUSE_HEADING = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3}\.?|[IVX]{1,5}\.)\s+[A-Z]")
_NAMED_HEADING = re.compile(
    r"(?:chapter|part|section|annex|appendix|schedule)\s+(?:\d+|[ivxlc]+|[a-z])\b[.:]?", re.I
)
_UNDERLINE = re.compile(r"\s*([=\-~^*_#])\1{2,}\s*")
_RULE = re.compile(r"[-=_*~#.+|\s]{4,}+")
_LINE_END_HYPHEN = re.compile(r"[^\W\d_]-\Z")
_LETTERS = re.compile(r"[^\W\d_]")
_STRUCK_OVER = re.compile(r"[^\n\x08]\x08")  # as typewriters made bold and underlined letters
_LONGEST_HEADING = 80  # characters
_NARROWEST_WRAP = 40  # characters; shorter lines are lines, not the wrapping of a paragraph


def read(path: Path) -> Reading:
    """The pages of a plain text file: about 6,000 characters each, or as its form feeds say."""
    data = path.read_bytes()
    try:
        text, _ = decode(data)
    except NotText:
        raise refusal(
            path,
            "wrong_type",
            "its content is not text.",
            fix="Give it the extension that its content has, or save it as plain text (UTF-8).",
        ) from None
    return read_text(text)


def read_text(text: str) -> Reading:
    """The pages of a plain text that is already decoded."""
    sections = Sections()
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n")
    text = _STRUCK_OVER.sub("", text) if "\x08" in text else text
    text = text.replace("\x85", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    for number, part in enumerate(text.split("\f")):
        if number:
            sections.break_page()
        for paragraph in _paragraphs(part):
            _add(sections, paragraph)
    return sections.reading()


def _paragraphs(text: str) -> Iterator[list[str]]:
    """Runs of lines between blank lines."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            lines.append(line.rstrip())
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def _add(sections: Sections, lines: Sequence[str]) -> None:
    """Take in one paragraph, which may hold a heading and its text, or the items of a list."""
    lines = [
        line for line in lines if not (_RULE.fullmatch(line) and not _UNDERLINE.fullmatch(line))
    ]
    if len(lines) > 1 and _UNDERLINE.fullmatch(lines[1]) and _may_be_heading(lines[0]):
        level = 1 if lines[1].strip()[0] in "=#*" else 2
        sections.add(BlockKind.HEADING, lines[0], level=level)
        lines = lines[2:]
    lines = [line for line in lines if not _UNDERLINE.fullmatch(line)]
    if len(lines) == 1 and (level := _heading_level(lines[0])):
        sections.add(BlockKind.HEADING, lines[0], level=level)
        return
    first_item = True
    for item in _items(lines):
        marker, level, text = item
        if marker:
            sections.add(
                BlockKind.LIST_ITEM, f"{marker} {text}", level=level, follows=not first_item
            )
            first_item = False
        else:
            sections.add(BlockKind.PARAGRAPH, text)


def _items(lines: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    """(marker, depth, text) for each list item; an empty marker and 0 for a paragraph."""
    bullets = sum(1 for line in lines if _BULLET.match(line))
    numbers = sum(1 for line in lines if _NUMBER.match(line))
    # One line that begins with a dash or a number may be the wrapping of a sentence.
    may_bullet = bullets > 1 or bool(lines and _BULLET.match(lines[0]))
    may_number = numbers > 1 or bool(lines and _NUMBER.match(lines[0]))
    marker, level, part = "", 0, list[str]()
    for line in lines:
        bullet = _BULLET.match(line) if may_bullet else None
        number = _NUMBER.match(line) if may_number else None
        found = bullet or number
        if found:
            if part:
                yield from _joined(marker, level, part)
            marker = "-" if bullet else found[2]
            level = 1 + len(found[1].expandtabs(4)) // 4
            part = [line[found.end() :]]
        else:
            part.append(line)
    if part:
        yield from _joined(marker, level, part)


def _joined(marker: str, level: int, lines: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    if marker or _is_wrapped(lines):
        yield marker, level, _unwrap(lines)
    else:
        for line in lines:
            yield "", 0, line


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Whether the line ends are those of a paragraph set to a width, not of separate lines."""
    if len(lines) < 2:
        return True
    longest = max(map(len, lines))
    if longest < _NARROWEST_WRAP:
        return any(
            line[-1:] == "-" or following.strip()[:1].islower()
            for line, following in pairwise(lines)
        )
    # In wrapped text the first word of a line would not have fitted on the line above it.
    fits = sum(
        1
        for line, following in pairwise(lines)
        if len(line) + 1 + len(following.split(maxsplit=1)[0]) <= longest - 12
    )
    return fits * 3 <= len(lines) or (longest <= 100 and fits * 2 <= len(lines))


def _unwrap(lines: Sequence[str]) -> str:
    """The lines as one, without the hyphens that divide a word between two of them."""
    parts: list[str] = []
    for line in map(str.strip, lines):
        if parts and _LINE_END_HYPHEN.search(parts[-1]) and line[:1].islower():
            parts[-1] = parts[-1][:-1] + line
        else:
            parts.append(line)
    return " ".join(parts)


def _may_be_heading(line: str) -> bool:
    line = line.strip()
    return (
        0 < len(line) <= _LONGEST_HEADING and line[-1] not in ".,;" and bool(_LETTERS.search(line))
    )


def _heading_level(line: str) -> int:
    """1 to 4 when a line that stands alone is clearly a heading; otherwise 0."""
    line = line.strip()
    if not _may_be_heading(line) or line[-1] in "!?:":
        return 0
    letters = _LETTERS.findall(line)
    if _NAMED_HEADING.match(line) and len(line) <= 60:
        return 1
    if found := _CLAUSE_HEADING.match(line):
        return min(found[1].strip(".").count(".") + 1, 4) if len(line.split()) <= 10 else 0
    if len(letters) >= 3 and line.isupper() and len(line.split()) <= 10:
        return 1
    return 0
