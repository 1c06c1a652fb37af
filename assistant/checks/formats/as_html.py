"""A report as one page of HTML that needs nothing else: no script, no request."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from assistant.checks.formats.matrix import matrix_svg
from assistant.checks.types import Finding, Judgement, Report, Verdict

LETTERS = {
    Verdict.SUPPORTS: "S",
    Verdict.CONFLICTS: "C",
    Verdict.UNSURE: "?",
    Verdict.SILENT: "",
}


def as_html(report: Report) -> str:
    """The report as HTML; whatever the draft holds is escaped."""
    jinja: Any = import_module("jinja2")
    environment = jinja.Environment(
        loader=jinja.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        report=report,
        shown=_shown,
        marked=_marked,
        matrix=matrix_svg(report),
        by_verdict=[
            (title, [found for found in report.findings if found.judgement.verdict is verdict])
            for verdict, title in (
                (Verdict.CONFLICTS, "Conflicts"),
                (Verdict.UNSURE, "Unsure"),
                (Verdict.SUPPORTS, "Supports"),
            )
        ],
        absent=[row for row in report.coverage if not row.mentioned],
    )


def _shown(judgement: Judgement) -> tuple[str, str]:
    """The letter of a cell in the heat map and its class; an unlikely doubt is left blank."""
    if judgement.likely is Verdict.SILENT:
        return "", "silent"
    return LETTERS[judgement.verdict], judgement.verdict.value


def _marked(found: Finding) -> Markup:
    """The clause with its telling words marked."""
    clause = found.clause
    parts: list[Markup] = []
    at = clause.start
    for start, end in sorted(found.judgement.telling):
        start, end = max(start, at), min(end, clause.end)
        if start >= end:
            continue
        parts.append(escape(clause.text[at - clause.start : start - clause.start]))
        words = escape(clause.text[start - clause.start : end - clause.start])
        parts.append(Markup("<mark>{}</mark>").format(words))
        at = end
    parts.append(escape(clause.text[at - clause.start :]))
    return Markup("").join(parts)
