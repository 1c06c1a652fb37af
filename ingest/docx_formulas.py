"""Formulas of Word documents as one line of text: fractions as a/b, powers as x^2.

Element names are those of ECMA-376, part 1, section 22.1.
"""

from __future__ import annotations

from ingest.markup import Element
from ingest.markup import name_of as _name


def formula_text(element: Element) -> str:
    """A formula on one line: fractions as a/b, powers as x^2."""
    name = _name(element)
    if name == "t":
        return element.text or ""
    if name in (
        "rPr",
        "ctrlPr",
        "fPr",
        "sSupPr",
        "sSubPr",
        "naryPr",
        "dPr",
        "radPr",
        "oMathParaPr",
    ):
        return ""
    parts = {_name(child): formula_text(child) for child in element.iterchildren()}
    if name == "f":
        return f"{_grouped(parts.get('num', ''))}/{_grouped(parts.get('den', ''))}"
    if name == "sSup":
        return f"{parts.get('e', '')}^{_grouped(parts.get('sup', ''))}"
    if name == "sSub":
        return f"{parts.get('e', '')}_{_grouped(parts.get('sub', ''))}"
    if name == "rad":
        return f"√{_grouped(parts.get('e', ''))}"
    if name == "d":
        inner = [formula_text(child) for child in element.iterchildren() if _name(child) == "e"]
        return f"({', '.join(inner)})"
    return "".join(formula_text(child) for child in element.iterchildren())


def _grouped(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() else f"({text})"
