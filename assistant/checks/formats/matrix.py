"""The matrix of clauses and principles as a picture: letters and shapes, not colour alone."""

from __future__ import annotations

from markupsafe import Markup, escape

from assistant.checks.types import JudgedClause, Judgement, Report, Verdict

CELL = 22  # pixels, each way
LEFT = 56  # of the clauses' names
TOP = 28  # of the principles' names
MOST_ROWS = 400  # clauses drawn; a longer draft shows those that are not silent
_LETTERS = {Verdict.SUPPORTS: "S", Verdict.CONFLICTS: "C", Verdict.UNSURE: "?"}


def matrix_svg(report: Report) -> Markup:
    """An SVG drawing with a title, and a tooltip for each cell that is not silent."""
    rows = drawn_rows(report)
    width = LEFT + CELL * len(report.coverage)
    height = TOP + CELL * len(rows)
    parts = [
        Markup(
            '<svg class="matrix" role="img" '
            'aria-labelledby="matrix-title matrix-about" viewBox="0 0 {} {}" width="{}" '
            'height="{}"><title id="matrix-title">Clauses and principles</title>'
            '<desc id="matrix-about">{}</desc>'
        ).format(width, height, width, height, _said(report))
    ]
    for column, row in enumerate(report.coverage):
        x = LEFT + CELL * column + CELL / 2
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
                x, TOP - 9, row.principle
            )
        )
    for line, item in enumerate(rows):
        y = TOP + CELL * line
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(
                LEFT - 6, y + CELL - 7, item.clause.id
            )
        )
        parts += [
            _cell(item, judgement, LEFT + CELL * column, y)
            for column, judgement in enumerate(item.judgements)
        ]
    return Markup("").join([*parts, Markup("</svg>")])


def drawn_rows(report: Report) -> list[JudgedClause]:
    """The clauses that are drawn: all, or of a long draft those that some principle concerns."""
    if len(report.clauses) <= MOST_ROWS:
        return list(report.clauses)
    return [item for item in report.clauses if any(map(speaks, item.judgements))][:MOST_ROWS]


def speaks(judgement: Judgement) -> bool:
    """Whether a cell is more than silence, or a doubt about silence."""
    return judgement.likely is not Verdict.SILENT


def _cell(item: JudgedClause, judgement: Judgement, x: float, y: float) -> Markup:
    frame = Markup('<rect class="frame" x="{}" y="{}" width="{}" height="{}"/>').format(
        x, y, CELL, CELL
    )
    if not speaks(judgement):
        return frame
    middle_x, middle_y, size = x + CELL / 2, y + CELL / 2, CELL / 2 - 2
    name = judgement.verdict.value
    if judgement.verdict is Verdict.SUPPORTS:
        shape = Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(
            name, middle_x, middle_y, size
        )
    elif judgement.verdict is Verdict.CONFLICTS:
        shape = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
            name, x + 2, y + 2, 2 * size, 2 * size
        )
    else:
        shape = Markup('<polygon class="{}" points="{},{} {},{} {},{} {},{}"/>').format(
            name, middle_x, y + 1, x + CELL - 1, middle_y, middle_x, y + CELL - 1, x + 1, middle_y
        )
    return Markup(
        '<g>{}{}<text x="{}" y="{}" text-anchor="middle">{}</text><title>{} {} {}: {}</title></g>'
    ).format(
        frame,
        shape,
        middle_x,
        middle_y + 5,
        _LETTERS[judgement.verdict],
        item.clause.id,
        name,
        judgement.principle,
        escape(" ".join(item.clause.text.split())[:200]),
    )


def _said(report: Report) -> str:
    counts = "; ".join(
        f"{row.principle} {row.supports} support, {row.conflicts} conflict, {row.unsure} unsure"
        for row in report.coverage
    )
    return (
        "A row for each clause and a column for each principle. A circle with S supports, a square "
        f"with C conflicts, a diamond with ? is unsure, and an empty cell is silent. {counts}."
    )
