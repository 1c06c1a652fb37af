"""A run as JUnit XML: a suite a set, a test a case, so that CI lists what went wrong."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from evals.runs.folder import RunFolder
from evals.runs.suite import Suite

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_report(folder: RunFolder, suite: Suite) -> str:
    """The run as XML; a case with anything wrong is a failure, one that crashed an error."""
    root = ElementTree.Element("testsuites", name=suite.name)
    for entry in suite.set:
        rows = folder.rows("scores", entry.name)
        crashed = [row for row in rows if row["scores"].get("crashed", [0])[0]]
        wrong = [row for row in rows if row["wrong"] and row not in crashed]
        element = ElementTree.SubElement(
            root,
            "testsuite",
            name=entry.name,
            tests=str(len(rows)),
            failures=str(len(wrong)),
            errors=str(len(crashed)),
        )
        for row in rows:
            milliseconds = row["scores"].get("latency_ms", [0.0])[0]
            case = ElementTree.SubElement(
                element,
                "testcase",
                classname=f"{suite.name}.{entry.name}",
                name=_clean(f"{row['id']} {row['question']}")[:200],
                time=f"{milliseconds / 1000:.3f}",
            )
            if row["wrong"]:
                told = ElementTree.SubElement(
                    case,
                    "error" if row in crashed else "failure",
                    message=_clean(row["wrong"][0])[:300],
                )
                told.text = _clean("\n".join(row["wrong"]))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("", text)
