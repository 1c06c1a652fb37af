"""A report for a terminal."""

from __future__ import annotations

from assistant.checks.types import Finding, Report


def as_text(report: Report) -> str:
    """The findings, the coverage of each principle, and what the draft never mentions."""
    counted = f"{len(report.clauses)} clauses, {len(report.findings)} findings"
    lines = [f"{report.name}: {counted}", ""]
    for found in report.findings:
        lines += [*_finding(found), ""]
    if report.fixed:
        lines += ["No longer in the draft:"]
        lines += [f"  {found.judgement.principle}: {_short(found)}" for found in report.fixed]
        lines += [""]
    lines += ["Principle                                          supports conflicts unsure"]
    for row in report.coverage:
        title = f"{row.principle} {row.title}"[:50]
        lines.append(f"{title:50} {row.supports:8} {row.conflicts:9} {row.unsure:6}")
    absent = [f"{row.principle} {row.title}" for row in report.coverage if not row.mentioned]
    if absent:
        lines += ["", f"Never mentioned: {'; '.join(absent)}."]
    lines += [f"Note: {note}" for note in report.notes]
    return "\n".join(lines) + "\n"


def _finding(found: Finding) -> list[str]:
    judgement = found.judgement
    marks = [f"{judgement.confidence:.0%} confident", f"page {found.clause.page}"]
    marks += [found.change.value] if found.change else []
    marks += [f"waived by {found.waiver.name}: {found.waiver.reason}"] if found.waiver else []
    lines = [
        f"{judgement.verdict.value.upper()} {judgement.principle} "
        f"[{found.clause.id}, {', '.join(marks)}] {found.fingerprint}",
        f"  “{_short(found)}”",
        f"  {judgement.reason}",
    ]
    for precedent in found.precedents:
        quote = " ".join(precedent.citation.quote.split())
        lines.append(
            f"  Tried ({precedent.stance}): {precedent.title}, page {precedent.citation.page}: "
            f"{quote}"
        )
    if not found.precedents:
        lines.append("  Precedents: none in the library.")
    if found.rewording:
        lines.append(f"  Suggestion: {' '.join(found.rewording.split())}")
    return lines


def _short(found: Finding, most: int = 400) -> str:
    text = " ".join(found.clause.text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
