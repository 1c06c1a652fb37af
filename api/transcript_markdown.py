"""A transcript as Markdown, with a footnote at every cited sentence and a list of the sources."""

from __future__ import annotations

import re

from api.showing import ShownSentence, shown_moment
from api.transcript import (
    Transcript,
    asked_of,
    original_of,
    pages_words,
    remarks,
    source_facts,
    standing_words,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]#|<>~])")
_LINE_START = re.compile(r"^(\s*)([-+]|\d+[.)])(?=\s)")


def as_markdown(transcript: Transcript) -> str:
    """The whole of it; words are escaped, so that they stay words."""
    notes: list[str] = []

    def said(sentence: ShownSentence) -> str:
        marks = ""
        for item in sentence.citations:
            citation = item.citation
            facts = source_facts(citation)
            notes.append(
                f"[^{len(notes) + 1}]: {_escaped(citation['title'])}, page {citation['page']}"
                f"{f' ({_escaped(facts)})' if facts else ''}: "
                f"“{_escaped(citation['quote'])}” <{transcript.address(citation)}>"
            )
            marks += f"[^{len(notes)}]"
        return f"{_escaped(sentence.text)}{marks}"

    lines = [
        f"# {_escaped(transcript.title)}",
        "",
        f"Asked of Plumbline on {shown_moment(transcript.begun_at)}.",
    ]
    for exchange in transcript.exchanges:
        answer = exchange.shown.answer
        lines += ["", f"## {_escaped(exchange.question)}", ""]
        narrowed = asked_of(answer)
        lines += [
            f"*{standing_words(answer)}{f' Asked of: {_escaped(narrowed)}.' if narrowed else ''}*",
            "",
        ]
        table = exchange.shown.table
        if table:
            lines.append(f"| | {' | '.join(map(_escaped, table.columns))} |")
            lines.append(f"| --- |{' --- |' * len(table.columns)}")
            for row in table.rows:
                cells = [" ".join(map(said, cell)) or "No evidence" for cell in row.cells]
                lines.append(f"| **{_escaped(row.label)}** | {' | '.join(cells)} |")
            lines.append("")
        else:
            for sentence in exchange.shown.sentences:
                lines += [said(sentence), ""]
        for remark in remarks(exchange):
            lines += [*(f"> {_escaped(line)}  " for line in remark.splitlines()), ""]
    documents = transcript.documents()
    if documents:
        lines += ["## Sources", ""]
    for number, document in enumerate(documents, start=1):
        citation = document.citation
        facts = source_facts(citation)
        original = original_of(citation)
        lines.append(
            f"{number}. {_escaped(citation['title'])}{f'. {_escaped(facts)}' if facts else ''}. "
            f"Cited: {pages_words(document.pages)}.{f' <{original}>' if original else ''}"
        )
    if notes:
        lines += ["", *notes]
    return "\n".join(lines).strip() + "\n"


def _escaped(text: str) -> str:
    on_one_line = " ".join(text.split())
    escaped = _SPECIAL.sub(r"\\\1", on_one_line)
    # What begins a list is only special where a line begins.
    return _LINE_START.sub(r"\1\\\2", escaped)
