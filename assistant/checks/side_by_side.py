"""Two proposals held against the same principles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from assistant.checks.types import Coverage, Finding, Report, Verdict

SHOWN = 3  # clauses of each proposal for each principle


def side_by_side_json(one: Report, other: Report) -> dict[str, Any]:
    """What each proposal does to each principle and criterion, as plain data."""
    return {
        "proposals": [
            {"name": held.name, "clauses": len(held.clauses), "notes": list(held.notes)}
            for held in (one, other)
        ],
        "principles": [
            {
                "principle": mine.principle,
                "title": mine.title,
                "counts": [_counts(mine), _counts(theirs)],
                "criteria_met_by_one_only": [_only(mine, theirs), _only(theirs, mine)],
                "clauses": [
                    [
                        {"verdict": found.judgement.verdict.value, "text": _flat(found)}
                        for found in _telling(held, mine.principle)
                    ]
                    for held in (one, other)
                ],
            }
            for mine, theirs in zip(one.coverage, other.coverage, strict=True)
        ],
    }


def side_by_side(one: Report, other: Report, format_: str) -> str:
    """The comparison as text, Markdown or JSON."""
    if format_ == "json":
        return json.dumps(side_by_side_json(one, other), indent=2, ensure_ascii=False) + "\n"
    lines = _markdown(one, other) if format_ == "md" else _text(one, other)
    return "\n".join(lines).rstrip() + "\n"


def _text(one: Report, other: Report) -> Iterator[str]:
    yield f"A  {one.name}: {len(one.clauses)} clauses"
    yield f"B  {other.name}: {len(other.clauses)} clauses"
    yield ""
    yield f"{'Principle':50} {'supports':>13} {'conflicts':>13} {'unsure':>13}"
    yield f"{'':50} {'A':>6} {'B':>6} {'A':>6} {'B':>6} {'A':>6} {'B':>6}"
    for mine, theirs in zip(one.coverage, other.coverage, strict=True):
        numbers = [
            f"{count:6}"
            for name in ("supports", "conflicts", "unsure")
            for count in (getattr(mine, name), getattr(theirs, name))
        ]
        yield f"{f'{mine.principle} {mine.title}'[:50]:50} {' '.join(numbers)}"
    for mine, theirs in zip(one.coverage, other.coverage, strict=True):
        yield ""
        yield f"{mine.principle} {mine.title}"
        for letter, report, row, rest in (("A", one, mine, theirs), ("B", other, theirs, mine)):
            found = list(_telling(report, mine.principle))
            if not found:
                yield f"  {letter}: {'unsure only' if row.unsure else 'never mentioned'}"
            for held in found:
                yield f"  {letter} {held.judgement.verdict.value}: {_flat(held)[:300]}"
            if only := _only(row, rest):
                yield f"  {letter} alone meets {', '.join(only)}"
    for letter, report in (("A", one), ("B", other)):
        for note in report.notes:
            yield f"Note on {letter}: {note}"


def _markdown(one: Report, other: Report) -> Iterator[str]:
    from assistant.checks.formats.as_markdown import escaped

    yield f"# {escaped(one.name)} and {escaped(other.name)}"
    yield ""
    yield f"A is {escaped(one.name)}, B is {escaped(other.name)}."
    yield ""
    yield "| principle | A supports | B | A conflicts | B | A unsure | B |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for mine, theirs in zip(one.coverage, other.coverage, strict=True):
        yield (
            f"| {mine.principle} {escaped(mine.title)} | {mine.supports} | {theirs.supports} | "
            f"{mine.conflicts} | {theirs.conflicts} | {mine.unsure} | {theirs.unsure} |"
        )
    for mine, theirs in zip(one.coverage, other.coverage, strict=True):
        yield ""
        yield f"## {mine.principle} {escaped(mine.title)}"
        yield ""
        for letter, report, row, rest in (("A", one, mine, theirs), ("B", other, theirs, mine)):
            found = list(_telling(report, mine.principle))
            if not found:
                yield f"- {letter}: {'unsure only' if row.unsure else 'never mentioned'}"
            for held in found:
                yield f"- {letter} {held.judgement.verdict.value}: {escaped(held.clause.text)}"
            if only := _only(row, rest):
                yield f"- {letter} alone meets {', '.join(only)}"


def _telling(report: Report, principle: str) -> Iterator[Finding]:
    """The surest findings on a principle: conflicts and supports in turn."""
    of_it = [found for found in report.findings if found.judgement.principle == principle]
    for verdict in (Verdict.CONFLICTS, Verdict.SUPPORTS):
        sides = [found for found in of_it if found.judgement.verdict is verdict]
        yield from sides[:SHOWN]


def _counts(row: Coverage) -> dict[str, int]:
    return {"supports": row.supports, "conflicts": row.conflicts, "unsure": row.unsure}


def _only(row: Coverage, other: Coverage) -> list[str]:
    return [name for name in row.criteria_met if name not in other.criteria_met]


def _flat(found: Finding) -> str:
    return " ".join(found.clause.judged_text.split())
