"""A report as SARIF 2.1.0, which code-review tools show beside the text.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", 2020.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from assistant.checks.types import Change, Finding, Report, Verdict

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_KINDS = {Verdict.SUPPORTS: "pass", Verdict.CONFLICTS: "fail", Verdict.UNSURE: "review"}
_STATES = {
    Change.NEW: "new",
    Change.UNCHANGED: "unchanged",
    Change.MOVED: "updated",
    Change.FIXED: "absent",
}


def as_sarif(report: Report) -> str:
    """The report as SARIF text; a principle is a rule, a finding a result."""
    rules = [row.principle for row in report.coverage]
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "Plumbline",
                "semanticVersion": version("plumbline"),
                "rules": [
                    {"id": row.principle, "shortDescription": {"text": row.title}}
                    for row in report.coverage
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(found, rules, report.name) for found in (*report.findings, *report.fixed)
        ],
    }
    if report.notes:
        run["invocations"] = [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": note}} for note in report.notes
                ],
            }
        ]
    held = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(held, indent=2, ensure_ascii=False) + "\n"


def _result(found: Finding, rules: list[str], name: str) -> dict[str, Any]:
    clause, judgement = found.clause, found.judgement
    kind = _KINDS[judgement.verdict]
    result: dict[str, Any] = {
        "ruleId": judgement.principle,
        "ruleIndex": rules.index(judgement.principle),
        "kind": kind,
        "level": "warning" if kind == "fail" else "none",
        "message": {"text": judgement.reason or judgement.verdict.value},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(name)},
                    "region": {
                        "charOffset": clause.start,
                        "charLength": clause.end - clause.start,
                        "snippet": {"text": clause.text},
                    },
                },
                "logicalLocations": [
                    {"name": clause.id, "fullyQualifiedName": f"page {clause.page}"}
                ],
            }
        ],
        "partialFingerprints": {"plumblineClause/v1": found.fingerprint},
        "rank": round(100 * judgement.confidence, 1),
        "properties": {"page": clause.page, "criterion": judgement.criterion},
    }
    if found.change is not None:
        result["baselineState"] = _STATES[found.change]
    if found.waiver is not None:
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": f"{found.waiver.name}, until {found.waiver.expires}: "
                f"{found.waiver.reason}",
            }
        ]
    return result
