"""A report for a pull request or an e-mail."""

from __future__ import annotations

import re

from assistant.checks.formats.matrix import speaks
from assistant.checks.types import Finding, Report, Verdict

_LETTERS = {Verdict.SUPPORTS: "S", Verdict.CONFLICTS: "C", Verdict.UNSURE: "?"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~-])")


def as_markdown(report: Report) -> str:
    """The report as Markdown; the draft's words are escaped, so that they stay words."""
    lines = [
        f"# Check of {escaped(report.name)}",
        "",
        f"{len(report.clauses)} clauses, {len(report.findings)} findings.",
        "",
        "| principle | supports | conflicts | unsure | criteria not met |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    lines += [
        f"| {row.principle} {escaped(row.title)} | {row.supports} | {row.conflicts} | "
        f"{row.unsure} | {', '.join(row.criteria_absent) or 'none'} |"
        for row in report.coverage
    ]
    for verdict, title in (
        (Verdict.CONFLICTS, "Conflicts"),
        (Verdict.UNSURE, "Unsure"),
        (Verdict.SUPPORTS, "Supports"),
    ):
        of_it = [found for found in report.findings if found.judgement.verdict is verdict]
        if of_it:
            lines += ["", f"## {title}", ""]
            for found in of_it:
                lines += _finding(found)
    absent = [
        f"{row.principle} {escaped(row.title)}" for row in report.coverage if not row.mentioned
    ]
    if absent:
        lines += ["", f"The draft never mentions: {'; '.join(absent)}."]
    lines += _matrix(report)
    if report.fixed:
        lines += ["", "## No longer in the draft", ""]
        lines += [
            f"- {found.judgement.principle}: {escaped(found.clause.text)}" for found in report.fixed
        ]
    lines += ["", *(f"> {escaped(note)}" for note in report.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _matrix(report: Report) -> list[str]:
    """The clauses that some principle concerns, by principle."""
    rows = [item for item in report.clauses if any(map(speaks, item.judgements))]
    if not rows:
        return []
    names = [row.principle for row in report.coverage]
    lines = ["", "## Clauses and principles", "", "S supports, C conflicts, ? unsure.", ""]
    lines += [f"| clause | {' | '.join(names)} |", f"| --- |{' :---: |' * len(names)}"]
    for item in rows:
        cells = [
            _LETTERS[judgement.verdict] if speaks(judgement) else ""
            for judgement in item.judgements
        ]
        short = " ".join(item.clause.text.split())[:90]
        lines.append(f"| {item.clause.id} {escaped(short)} | {' | '.join(cells)} |")
    return lines


def _finding(found: Finding) -> list[str]:
    judgement = found.judgement
    marks = [judgement.principle, f"{judgement.confidence:.0%}", f"page {found.clause.page}"]
    marks += [found.change.value] if found.change else []
    marks += ["waived"] if found.waiver else []
    lines = [
        f"- **{', '.join(marks)}**: {escaped(found.clause.text)}  ",
        f"  {escaped(judgement.reason)} (`{found.fingerprint}`)",
    ]
    if found.waiver:
        lines.append(
            f"  - Waived by {escaped(found.waiver.name)} until {found.waiver.expires}: "
            f"{escaped(found.waiver.reason)}"
        )
    lines += [
        f"  - Tried ({precedent.stance}): {escaped(precedent.title)}, page "
        f"{precedent.citation.page}: “{escaped(precedent.citation.quote)}”"
        for precedent in found.precedents
    ]
    if not found.precedents:
        lines.append("  - Precedents: none in the library.")
    if found.rewording:
        lines.append(f"  - Suggestion: {escaped(found.rewording)}")
    return lines


def escaped(text: str) -> str:
    """Words that stay words in Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
