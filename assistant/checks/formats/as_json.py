"""A report as the JSON that programs rely on; names stay, fields may be added."""

from __future__ import annotations

import json
from typing import Any

from assistant.checks.types import Clause, Finding, Judgement, Precedent, Report


def report_json(report: Report) -> dict[str, Any]:
    """The report as plain data. Offsets are characters within the page's text."""
    return {
        "name": report.name,
        "clauses": [
            {
                **_clause(item.clause),
                "verdicts": [_judgement(judgement) for judgement in item.judgements],
            }
            for item in report.clauses
        ],
        "findings": [_finding(found) for found in report.findings],
        "fixed": [_finding(found) for found in report.fixed],
        "coverage": {
            row.principle: {
                "title": row.title,
                "supports": row.supports,
                "conflicts": row.conflicts,
                "unsure": row.unsure,
                "criteria_met": list(row.criteria_met),
                "criteria_absent": list(row.criteria_absent),
                "criteria": [
                    {
                        "id": held.id,
                        "title": held.title,
                        "supports": held.supports,
                        "conflicts": held.conflicts,
                    }
                    for held in row.criteria
                ],
            }
            for row in report.coverage
        },
        "never_mentioned": [row.principle for row in report.coverage if not row.mentioned],
        "notes": list(report.notes),
    }


def as_json(report: Report) -> str:
    """The report as JSON text."""
    return json.dumps(report_json(report), indent=2, ensure_ascii=False) + "\n"


def _clause(clause: Clause) -> dict[str, Any]:
    return {
        "id": clause.id,
        "text": clause.text,
        "page": clause.page,
        "start": clause.start,
        "end": clause.end,
        "lead_in": clause.lead_in,
        "heading": clause.heading,
        "goes_on": clause.goes_on,
    }


def _judgement(judgement: Judgement) -> dict[str, Any]:
    return {
        "principle": judgement.principle,
        "verdict": judgement.verdict.value,
        "confidence": round(judgement.confidence, 4),
        "likely": judgement.likely.value,
        "telling": [{"start": start, "end": end} for start, end in judgement.telling],
        "criterion": judgement.criterion,
        "reason": judgement.reason,
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "fingerprint": found.fingerprint,
        "clause": found.clause.id,
        "text": found.clause.text,
        "page": found.clause.page,
        "start": found.clause.start,
        "end": found.clause.end,
        "lead_in": found.clause.lead_in,
        "heading": found.clause.heading,
        "goes_on": found.clause.goes_on,
        **_judgement(found.judgement),
        "precedents": [_precedent(precedent) for precedent in found.precedents],
        "rewording": found.rewording,
        "waiver": {
            "name": found.waiver.name,
            "reason": found.waiver.reason,
            "expires": found.waiver.expires.isoformat(),
            "inline": found.waiver.inline,
        }
        if found.waiver
        else None,
        "change": found.change.value if found.change else None,
    }


def _precedent(precedent: Precedent) -> dict[str, Any]:
    citation = precedent.citation
    return {
        "document_id": precedent.document_id,
        "title": precedent.title,
        "stance": precedent.stance,
        "citation": {
            "document_id": citation.document_id,
            "version_id": citation.version_id,
            "title": citation.title,
            "page": citation.page,
            "start": citation.start,
            "end": citation.end,
            "quote": citation.quote,
        },
    }
