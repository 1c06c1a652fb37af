"""The same .docx with a Word comment on each finding, and nothing else in it changed."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from typing import Any

from assistant.checks.types import Finding, Report

AUTHOR = "Plumbline"
INITIALS = "PL"
LEAST_PIECE = 12  # characters of a clause by which its place is recognised


def commented(original: bytes, report: Report) -> bytes:
    """The document with its findings as comments, anchored on the words of their clauses.

    A clause is found by its words, white space aside; runs are divided where it begins and ends,
    each half with the run's own properties. One that is not found is commented on at the first
    paragraph, with its words in the comment.
    """
    docx: Any = import_module("docx")
    document = docx.Document(BytesIO(original))
    paragraphs = list(_paragraphs(document.element.body))
    texts = [_Text(paragraph) for paragraph in paragraphs]
    for found in report.findings:
        runs, said = _anchor(document, texts, found), _comment(found)
        if runs:
            document.add_comment(runs, text=said, author=AUTHOR, initials=INITIALS)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


class _Text:
    """One paragraph's runs, and its words as one string without white space."""

    def __init__(self, element: Any) -> None:
        self.element = element

    @property
    def runs(self) -> list[Any]:
        """The runs that are read: not those of deleted text."""
        return [
            run
            for run in self.element.iter(_w("r"))
            if run.getparent().tag != _w("del") and _own_paragraph(run) is self.element
        ]

    def span(self, words: str) -> tuple[int, int] | None:
        """Where words stand among the paragraph's characters other than white space."""
        bare = "".join("".join(_run_text(run).split()) for run in self.runs)
        at = bare.find(words)
        return (at, at + len(words)) if at >= 0 else None


def _anchor(document: Any, texts: list[_Text], found: Finding) -> list[Any]:
    run_class: Any = import_module("docx.text.run").Run
    words = re.sub(r"\s+", "", found.clause.text)
    for text in texts:
        span = text.span(words)
        if span is not None:
            return [run_class(run, document) for run in _divided(text, *span)]
    # A table row over its cells, or words that Word makes itself: a piece of the clause will do.
    pieces = [re.sub(r"\s+", "", piece) for piece in re.split(r"\s\|\s|\n", found.clause.text)]
    pieces += [words[:40]]
    for piece in pieces:
        for text in texts:
            span = text.span(piece) if len(piece) >= LEAST_PIECE else None
            if span is not None:
                return [run_class(run, document) for run in _divided(text, *span)]
    first = next((text for text in texts if text.runs), None)
    return [run_class(first.runs[0], document)] if first else []


def _divided(text: _Text, start: int, end: int) -> list[Any]:
    """The runs that hold exactly these characters (white space not counted)."""
    inside: list[Any] = []
    at = 0
    for run in text.runs:
        held = len("".join(_run_text(run).split()))
        if at + held > start and at < end and held:
            piece = run
            if at < start:
                piece = _split(piece, start - at)
            if at + held > end:
                _split(piece, end - max(at, start))
            inside.append(piece)
        at += held
    return inside


def _split(run: Any, count: int) -> Any:
    """Divide a run after so many characters other than white space; returns the second half."""
    second = copy.deepcopy(run)
    seen = 0
    for mine, theirs in zip(list(run), list(second), strict=True):
        if mine.tag == _w("rPr"):
            continue
        held = _element_text(mine)
        bare = len("".join(held.split()))
        if seen + bare <= count:
            if seen + bare == count and not bare and seen == count:
                run.remove(mine)  # what follows the cut without a character belongs after it
            else:
                second.remove(theirs)
        elif seen >= count:
            run.remove(mine)
        else:
            cut = _position(held, count - seen)
            _set_text(mine, held[:cut])
            _set_text(theirs, held[cut:])
        seen += bare
    run.addnext(second)
    return second


def _position(text: str, count: int) -> int:
    """The index after so many characters other than white space."""
    for index, character in enumerate(text):
        if count == 0:
            return index
        count -= not character.isspace()
    return len(text)


def _set_text(element: Any, text: str) -> None:
    element.text = text
    element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


def _element_text(element: Any) -> str:
    if element.tag == _w("t"):
        return element.text or ""
    return " " if element.tag in (_w("tab"), _w("br"), _w("cr")) else ""


def _run_text(run: Any) -> str:
    return "".join(_element_text(child) for child in run)


def _paragraphs(body: Any) -> Iterator[Any]:
    yield from body.iter(_w("p"))


def _own_paragraph(run: Any) -> Any:
    return next(run.iterancestors(_w("p")), None)


def _w(name: str) -> str:
    return f"{{http://schemas.openxmlformats.org/wordprocessingml/2006/main}}{name}"


def _comment(found: Finding) -> str:
    judgement = found.judgement
    lines = [
        f"{judgement.principle}: {judgement.verdict.value} "
        f"({judgement.confidence:.0%} confident). {judgement.reason}"
    ]
    lines += [
        f"Tried ({precedent.stance} the principle): {precedent.title}, page "
        f"{precedent.citation.page}: “{' '.join(precedent.citation.quote.split())}”"
        for precedent in found.precedents
    ]
    if not found.precedents:
        lines.append("Precedents: none in the library.")
    if found.rewording:
        lines.append(f"A suggestion: {' '.join(found.rewording.split())}")
    if found.waiver:
        lines.append(f"Waived by {found.waiver.name}: {found.waiver.reason}")
    lines.append(f"Clause: “{' '.join(found.clause.text.split())[:300]}”")
    return "\n".join(lines)
