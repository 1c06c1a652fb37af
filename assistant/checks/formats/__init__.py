"""A report in each form that it can be had in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from assistant.checks.formats.as_csv import as_csv
from assistant.checks.formats.as_html import as_html
from assistant.checks.formats.as_json import as_json
from assistant.checks.formats.as_junit import as_junit
from assistant.checks.formats.as_markdown import as_markdown
from assistant.checks.formats.as_sarif import as_sarif
from assistant.checks.formats.as_text import as_text
from assistant.checks.types import Report

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "html": as_html,
    "md": as_markdown,
    "csv": as_csv,
    "sarif": as_sarif,
    "junit": as_junit,
}
