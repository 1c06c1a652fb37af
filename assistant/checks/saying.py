"""What is said of checked wording in a conversation: verdicts, reasons, a better wording."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.checks.types import Finding, JudgedClause, Judgement, Report, Verdict
from corpus.principles import Principle

_SAID = {
    Verdict.SUPPORTS: "supports it",
    Verdict.CONFLICTS: "conflicts with it",
    Verdict.SILENT: "silent",
    Verdict.UNSURE: "unsure",
}
MOST_CLAUSES = 12  # that are told one by one


def verdicts_said(
    report: Report, principles: Sequence[Principle], numbers: Sequence[int] = ()
) -> str:
    """The verdicts on the principles asked about, or on every one that is not silent."""
    several = len(report.clauses) > 1
    lines: list[str] = []
    for item in report.clauses[:MOST_CLAUSES]:
        if several:
            lines.append(f"“{_flat(item.clause.text)}”")
        told = [
            _verdict_line(judgement, principle)
            for judgement, principle in zip(item.judgements, principles, strict=True)
            if principle.number in numbers or (not numbers and _speaks(judgement))
        ]
        if not numbers:
            silent = [
                principle.id
                for judgement, principle in zip(item.judgements, principles, strict=True)
                if not _speaks(judgement)
            ]
            if silent and told:
                told.append(f"Silent on {_listed(silent)}.")
            elif silent:
                told.append("Silent on every principle: it neither supports one nor conflicts.")
        lines += told
    if len(report.clauses) > MOST_CLAUSES:
        more = len(report.clauses) - MOST_CLAUSES
        lines.append(f"{more} more clauses were judged; `plumbline check` tells all of them.")
    lines += [
        f"A suggestion for {found.judgement.principle}: “{_flat(found.rewording)}”"
        for found in report.findings
        if found.rewording and _asked(found, principles, numbers)
    ]
    return "\n".join(lines)


def reasons_said(report: Report, principles: Sequence[Principle], numbers: Sequence[int]) -> str:
    """Why the verdicts are what they are: what the principle asks, and the words it turns on."""
    lines: list[str] = []
    for item in report.clauses[:MOST_CLAUSES]:
        lines += [
            _reason(item, judgement, principle)
            for judgement, principle in zip(item.judgements, principles, strict=True)
            if principle.number in numbers or (not numbers and _speaks(judgement))
        ]
    if not lines:
        lines.append(
            "Nothing in it bears on what any of the principles asks. Name a principle to hear "
            "what it looks for."
        )
    return "\n".join(lines)


def rewording_said(report: Report, principles: Sequence[Principle], numbers: Sequence[int]) -> str:
    """Suggested wordings, or what the principle asks where there is none."""
    lines: list[str] = []
    for found in report.findings:
        if not _asked(found, principles, numbers) or found.judgement.verdict is Verdict.SUPPORTS:
            continue
        principle = _principle_of(found, principles)
        if found.rewording:
            lines.append(
                f"For {principle.id} {principle.title}: “{_flat(found.rewording)}” "
                "The checker no longer finds a conflict in this wording. It is a suggestion: "
                "whether it is what you mean is yours to say."
            )
        else:
            wanted = next(
                (held.text for held in principle.criteria if held.id == found.judgement.criterion),
                principle.statement,
            )
            lines.append(
                f"For {principle.id} {principle.title} there is no wording that keeps the "
                f"commitment and passes. What the principle asks here: {wanted}"
            )
    return "\n".join(lines) or "Nothing in it conflicts, so no other wording is suggested."


def _verdict_line(judgement: Judgement, principle: Principle) -> str:
    if not _speaks(judgement):
        return f"{principle.id}: silent on principle {principle.number} ({principle.title})."
    said = judgement.reason.rstrip(".")
    return f"{principle.id}: {said[:1].lower()}{said[1:]} ({judgement.confidence:.0%} confident)."


def _reason(item: JudgedClause, judgement: Judgement, principle: Principle) -> str:
    head = f"{principle.id} {principle.title}: {_SAID[judgement.verdict]}"
    if not _speaks(judgement):
        return f"{head}. Nothing in it bears on what the principle asks: {principle.statement}"
    criterion = next((held for held in principle.criteria if held.id == judgement.criterion), None)
    asks = criterion.text if criterion else principle.statement
    against = criterion.conflict if criterion else principle.conflict
    words = " … ".join(
        _flat(item.clause.text[start - item.clause.start : end - item.clause.start])
        for start, end in judgement.telling
    )
    parts = [f"{head}, {judgement.confidence:.0%} confident.", f"The principle asks: {asks}"]
    if judgement.likely is Verdict.CONFLICTS and against:
        parts.append(f"Against it is: {against}")
    if words:
        parts.append(f"Without the words “{words}” the verdict would weaken the most.")
    return " ".join(parts)


def _speaks(judgement: Judgement) -> bool:
    return judgement.likely is not Verdict.SILENT


def _asked(found: Finding, principles: Sequence[Principle], numbers: Sequence[int]) -> bool:
    return not numbers or _principle_of(found, principles).number in numbers


def _principle_of(found: Finding, principles: Sequence[Principle]) -> Principle:
    return next(held for held in principles if held.id == found.judgement.principle)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _flat(text: str) -> str:
    return " ".join(text.split())
