"""A report as JUnit XML, for whatever shows test results."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from assistant.checks.types import Finding, Report, Verdict

# Characters that XML 1.0 does not allow.
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report) -> str:
    """A test case for each clause and principle: conflicts fail; unsure and waived are skipped."""
    findings = {(found.clause.id, found.judgement.principle): found for found in report.findings}
    failures = [
        found
        for found in report.findings
        if found.judgement.verdict is Verdict.CONFLICTS and not found.waiver
    ]
    suite = ElementTree.Element(
        "testsuite",
        name=_clean(report.name),
        tests=str(sum(len(item.judgements) for item in report.clauses)),
        failures=str(len(failures)),
        errors="0",
    )
    for item in report.clauses:
        for judgement in item.judgements:
            case = ElementTree.SubElement(
                suite, "testcase", classname=judgement.principle, name=_clean(item.clause.id)
            )
            found = findings.get((item.clause.id, judgement.principle))
            if found is not None:
                _say(case, found)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _say(case: ElementTree.Element, found: Finding) -> None:
    said = _clean(f"{found.judgement.reason} “{found.clause.text}”")
    if found.waiver is not None:
        waiver = f"waived by {found.waiver.name}: {found.waiver.reason}"
        ElementTree.SubElement(case, "skipped", message=_clean(waiver)).text = said
    elif found.judgement.verdict is Verdict.CONFLICTS:
        message = _clean(f"conflicts with {found.judgement.principle}")
        ElementTree.SubElement(case, "failure", message=message).text = said
    elif found.judgement.verdict is Verdict.UNSURE:
        ElementTree.SubElement(case, "skipped", message="unsure").text = said


def _clean(text: str) -> str:
    return _NOT_XML.sub("", " ".join(text.split()))
