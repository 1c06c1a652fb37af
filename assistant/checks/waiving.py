"""Waivers in the text of a draft: comments of HTML or Markdown that accept a finding.

    <!-- plumbline: waive P4, Ann Smith, agreed with the council, until 2027-01-31 -->

One stands behind the clause that it waives, or alone on the line before it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from assistant.checks.comparing import fingerprint
from assistant.checks.types import Clause, Waiver

_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_OURS = re.compile(r"\s*plumbline\s*:", re.IGNORECASE)
_WAIVE = re.compile(
    r"\s*plumbline\s*:\s*waive\s+(?P<principle>[\w.-]+)\s*,\s*(?P<name>[^,]+?)\s*,\s*"
    r"(?P<reason>.+?)\s*,\s*until\s+(?P<until>\d{4}-\d{2}-\d{2})\s*",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"<[^<>]*>")
_LINK = re.compile(r"\]\([^()\s]*\)")
FORM = "plumbline: waive PRINCIPLE, NAME, REASON, until YYYY-MM-DD"
COMPARED = 40  # letters and digits by which a clause is recognised


@dataclass(frozen=True, slots=True)
class InlineWaiver:
    """A waiver as it stands in a draft's source, and the words around it."""

    line: int  # counted from 1
    principle: str
    name: str
    reason: str
    expires: date
    before: str  # letters and digits of its line before it; empty when it begins its line
    after: str  # letters and digits of the line after it


@dataclass(frozen=True, slots=True)
class InlineWaivers:
    """The waivers in a draft, and what a person should know of those that are not whole."""

    waivers: tuple[InlineWaiver, ...] = ()
    notes: tuple[str, ...] = ()


def read_inline_waivers(source: str) -> InlineWaivers:
    """The waivers in the source of a Markdown or HTML draft."""
    waivers: list[InlineWaiver] = []
    notes: list[str] = []
    for comment in _COMMENT.finditer(source):
        if not _OURS.match(comment[1]):
            continue
        line = source.count("\n", 0, comment.start()) + 1
        said = _WAIVE.fullmatch(comment[1])
        expires = _day(said["until"]) if said else None
        if said is None or expires is None:
            notes.append(f"The waiver on line {line} is not whole. Write it as <!-- {FORM} -->.")
            continue
        before = source[: comment.start()].rsplit("\n", 1)[-1]
        rest = _COMMENT.sub(" ", source[comment.end() : comment.end() + 4_000]).lstrip()
        waivers.append(
            InlineWaiver(
                line,
                said["principle"].upper(),
                " ".join(said["name"].split()),
                " ".join(said["reason"].split()),
                expires,
                _bare(_COMMENT.sub(" ", before)),
                _bare(rest.split("\n", 1)[0]),
            )
        )
    return InlineWaivers(tuple(waivers), tuple(notes))


def placed(found: InlineWaivers, clauses: Sequence[Clause]) -> tuple[list[Waiver], list[str]]:
    """The waivers of the clauses that they stand at, and a note on each that stands at none."""
    bare = [(clause, _bare(clause.text)) for clause in clauses]
    waivers: list[Waiver] = []
    notes = list(found.notes)
    for held in found.waivers:
        clause = _behind(bare, held.before) if held.before else _in_front(bare, held.after)
        if clause is None:
            notes.append(f"The waiver on line {held.line} by {held.name} stands at no clause.")
            continue
        principle = held.principle
        waivers.append(
            Waiver(
                fingerprint(clause, principle), held.name, held.reason, held.expires, inline=True
            )
        )
    return waivers, notes


def _behind(clauses: Sequence[tuple[Clause, str]], before: str) -> Clause | None:
    """The clause that ends with the last words before a waiver."""
    for clause, bare in clauses:
        short = min(len(bare), len(before), COMPARED)
        if short and before[-short:] == bare[-short:]:
            return clause
    return None


def _in_front(clauses: Sequence[tuple[Clause, str]], after: str) -> Clause | None:
    """The clause that begins with the first words after a waiver."""
    for clause, bare in clauses:
        short = min(len(bare), len(after), COMPARED)
        if short and after[:short] == bare[:short]:
            return clause
    return None


def _bare(source: str) -> str:
    """The letters and digits of a piece of source, without tags and the addresses of links."""
    text = html.unescape(_TAG.sub(" ", _LINK.sub("]", source)))
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
