"""Reports of a run: one HTML file, the same as Markdown, and JUnit XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evals.runs.folder import RunFolder
from evals.runs.reporting.html import html_report
from evals.runs.reporting.junit import junit_report
from evals.runs.reporting.markdown import markdown_report
from evals.runs.suite import Suite

PastRun = tuple[Mapping[str, Any], Mapping[str, Any]]  # its run.json and its summary.json


def write_reports(
    folder: RunFolder, suite: Suite, summary: Mapping[str, Any], past: Sequence[PastRun]
) -> None:
    """Write report.html, report.md and junit.xml into a run's folder."""
    folder.write_text("report.html", html_report(folder, suite, summary, past))
    folder.write_text("report.md", markdown_report(folder, suite, summary))
    folder.write_text("junit.xml", junit_report(folder, suite))
