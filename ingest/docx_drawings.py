"""The words in drawings of Word documents: boxes, lettering, diagrams (SmartArt) and charts.

Element names are those of ECMA-376, part 1, sections 20 and 21, and for older drawings those of
VML (part 4, section 19).
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.markup import Element
from ingest.markup import name_of as _name
from ingest.table_rows import Cell

_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MOST_POINTS = 2_000  # of a chart that are read
_BETWEEN = frozenset({"pres", "parTrans", "sibTrans"})  # points of a diagram that are no boxes


def text_boxes(drawing: Element) -> list[Element]:
    """The contents of the text boxes of a drawing, outermost first, each once."""
    found: list[Element] = []

    def look_into(element: Element) -> None:
        for child in children(element):
            if _name(child) in ("txbxContent", "txBody"):
                found.append(child)
            else:
                look_into(child)

    look_into(drawing)
    return found


def word_art(drawing: Element) -> str:
    """The letters that an older drawing bends along a path."""
    paths = [element for element in drawing.iter() if _name(element) == "textpath"]
    return " ".join(path.get("string") or "" for path in paths)


def related_ids(drawing: Element) -> list[str]:
    """The ids of the diagrams and charts that a drawing shows."""
    found: list[str] = []
    for element in drawing.iter():
        name = {"relIds": "dm", "chart": "id"}.get(_name(element))
        if name and (identity := element.get(_RELATIONS + name)):
            found.append(identity)
    return found


def diagram_texts(root: Element) -> list[Element]:
    """The texts of a diagram's boxes, in the order of its data."""
    return [
        child
        for point in root.iter()
        if _name(point) == "pt" and point.get("type") not in _BETWEEN
        for child in point.iterchildren()
        if _name(child) == "t"
    ]


def chart_rows(root: Element) -> list[list[Cell]]:
    """What a chart shows, as a table: a column for each series, a row for each category."""
    series = [element for element in root.iter() if _name(element) == "ser"]
    names: list[str] = []
    columns: list[dict[int, str]] = []
    categories: dict[int, str] = {}
    for one in series:
        names.append(" ".join(_points(one, "tx").values()))
        categories |= _points(one, "cat") or _points(one, "xVal")
        columns.append(_points(one, "val") or _points(one, "yVal"))
    if not any(columns):
        return []
    rows = [[Cell(name, number) for number, name in enumerate(names, start=1) if name]]
    for point in sorted(categories.keys() | {at for column in columns for at in column}):
        values = [categories.get(point, ""), *(column.get(point, "") for column in columns)]
        rows.append([Cell(value, number) for number, value in enumerate(values) if value])
    return rows


def _points(series: Element, kind: str) -> dict[int, str]:
    """The values of one part of a series, as they were last shown, by their places."""
    found: dict[int, str] = {}
    for part in series.iterchildren():
        if _name(part) != kind:
            continue
        for point in part.iter():
            value = next((v.text for v in point.iterchildren() if _name(v) == "v"), None)
            at = point.get("idx") or "0"
            if value and at.isdigit() and len(found) < _MOST_POINTS:
                found[int(at)] = value
    return found


def children(parent: Element) -> Iterator[Element]:
    """The children, with the preferred branch in place of alternate content."""
    for child in parent.iterchildren():
        if _name(child) == "AlternateContent":
            yield from _preferred(child)
        else:
            yield child


def _preferred(alternates: Element) -> Iterator[Element]:
    """The first choice that holds anything; otherwise the fallback."""
    for branch in alternates.iterchildren():
        content = list(branch.iterchildren())
        if content:
            for child in content:
                if _name(child) == "AlternateContent":
                    yield from _preferred(child)
                else:
                    yield child
            return
