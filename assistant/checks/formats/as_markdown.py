"""A report for a pull request or an e-mail."""

from __future__ import annotations

import re

from assistant.checks.types import Finding, Report, Verdict

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~-])")


def as_markdown(report: Report) -> str:
    """The report as Markdown; the draft's words are escaped, so that they stay words."""
    lines = [
        f"# Check of {_escaped(report.name)}",
        "",
        f"{len(report.clauses)} clauses, {len(report.findings)} findings.",
        "",
        "| principle | supports | conflicts | unsure | criteria not met |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    lines += [
        f"| {row.principle} {_escaped(row.title)} | {row.supports} | {row.conflicts} | "
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
    if report.fixed:
        lines += ["", "## No longer in the draft", ""]
        lines += [
            f"- {found.judgement.principle}: {_escaped(found.clause.text)}"
            for found in report.fixed
        ]
    lines += ["", *(f"> {_escaped(note)}" for note in report.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _finding(found: Finding) -> list[str]:
    judgement = found.judgement
    marks = [judgement.principle, f"{judgement.confidence:.0%}", f"page {found.clause.page}"]
    marks += [found.change.value] if found.change else []
    marks += ["waived"] if found.waiver else []
    lines = [
        f"- **{', '.join(marks)}**: {_escaped(found.clause.text)}  ",
        f"  {_escaped(judgement.reason)} (`{found.fingerprint}`)",
    ]
    if found.waiver:
        lines.append(
            f"  - Waived by {_escaped(found.waiver.name)} until {found.waiver.expires}: "
            f"{_escaped(found.waiver.reason)}"
        )
    lines += [
        f"  - Tried ({precedent.stance}): {_escaped(precedent.title)}, page "
        f"{precedent.citation.page}: “{_escaped(precedent.citation.quote)}”"
        for precedent in found.precedents
    ]
    if not found.precedents:
        lines.append("  - Precedents: none in the library.")
    if found.rewording:
        lines.append(f"  - Suggestion: {_escaped(found.rewording)}")
    return lines


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
