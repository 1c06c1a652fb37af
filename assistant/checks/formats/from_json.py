"""A report read back from its JSON, where it was kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from assistant.checks.types import (
    Change,
    Clause,
    Coverage,
    CriterionCoverage,
    Finding,
    JudgedClause,
    Judgement,
    Precedent,
    Report,
    Verdict,
    Waiver,
)
from corpus.types import Citation

Json = Mapping[str, Any]


def report_from_json(held: Json) -> Report:
    """The report that `report_json` made this of; confidences are as rounded there."""
    return Report(
        held["name"],
        tuple(
            JudgedClause(_clause(item, item["id"]), tuple(_judgement(v) for v in item["verdicts"]))
            for item in held["clauses"]
        ),
        tuple(_finding(found) for found in held["findings"]),
        tuple(
            Coverage(
                principle,
                row["title"],
                row["supports"],
                row["conflicts"],
                row["unsure"],
                tuple(CriterionCoverage(**criterion) for criterion in row["criteria"]),
            )
            for principle, row in held["coverage"].items()
        ),
        fixed=tuple(_finding(found) for found in held["fixed"]),
        notes=tuple(held["notes"]),
    )


def _clause(held: Json, clause_id: str) -> Clause:
    return Clause(
        clause_id,
        held["text"],
        held["page"],
        held["start"],
        held["end"],
        lead_in=held["lead_in"],
        heading=held["heading"],
        goes_on=held.get("goes_on", ""),  # kept reports may be older
    )


def _judgement(held: Json) -> Judgement:
    return Judgement(
        held["principle"],
        Verdict(held["verdict"]),
        held["confidence"],
        Verdict(held["likely"]),
        telling=tuple((span["start"], span["end"]) for span in held["telling"]),
        criterion=held["criterion"],
        reason=held["reason"],
    )


def _finding(held: Json) -> Finding:
    waiver = held["waiver"]
    return Finding(
        held["fingerprint"],
        _clause(held, held["clause"]),
        _judgement(held),
        precedents=tuple(_precedent(precedent) for precedent in held["precedents"]),
        rewording=held["rewording"],
        waiver=Waiver(
            held["fingerprint"],
            waiver["name"],
            waiver["reason"],
            date.fromisoformat(waiver["expires"]),
            inline=waiver["inline"],
        )
        if waiver
        else None,
        change=Change(held["change"]) if held["change"] else None,
    )


def _precedent(held: Json) -> Precedent:
    return Precedent(
        held["document_id"], held["title"], held["stance"], Citation(**held["citation"])
    )
