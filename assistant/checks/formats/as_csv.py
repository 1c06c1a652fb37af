"""A report as a spreadsheet: a row for each clause and principle that is not silent."""

from __future__ import annotations

import csv
import io

from assistant.checks.types import Report, Verdict

COLUMNS = (
    "clause page heading text principle verdict confidence criterion reason fingerprint change "
    "waived_by"
).split()


def as_csv(report: Report) -> str:
    """The report as CSV with a header line. No cell can be taken for a formula."""
    findings = {(found.clause.id, found.judgement.principle): found for found in report.findings}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for item in report.clauses:
        for judgement in item.judgements:
            if judgement.verdict is Verdict.SILENT:
                continue
            found = findings.get((item.clause.id, judgement.principle))
            writer.writerow(
                [
                    item.clause.id,
                    item.clause.page,
                    _cell(item.clause.heading),
                    _cell(item.clause.judged_text),
                    judgement.principle,
                    judgement.verdict.value,
                    f"{judgement.confidence:.3f}",
                    judgement.criterion,
                    _cell(judgement.reason),
                    found.fingerprint if found else "",
                    found.change.value if found and found.change else "",
                    _cell(found.waiver.name) if found and found.waiver else "",
                ]
            )
    return out.getvalue()


def _cell(text: str) -> str:
    """Text that a spreadsheet takes for text: one that begins like a formula gets a quote mark."""
    flat = " ".join(text.split())
    return f"'{flat}" if flat[:1] in ("=", "+", "-", "@", "\t") else flat
