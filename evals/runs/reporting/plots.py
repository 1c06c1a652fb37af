"""Plots as inline SVG, drawn by hand: no script, no font, nothing to load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 420, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 36, 14, 46
COLOURS = 5  # named k0, k1… in the style sheet, which has them for light and dark

Point = tuple[float, float]
Series = tuple[str, Sequence[Point]]


def lines_plot(
    title: str,
    series: Sequence[Series],
    *,
    note: str,
    across: str,
    up: str,
    ticks: Sequence[tuple[float, str]],
    diagonal: bool = False,
    high: float = 1.0,
) -> str:
    """Lines over a shared axis; `ticks` are (value, label) across; up goes from 0 to `high`."""
    left, right = ticks[0][0], ticks[-1][0]
    steps = _steps(high)
    body = [_frame(across, up, [(_x(value, left, right), label) for value, label in ticks], steps)]
    if diagonal:
        body.append(
            f'<line class="diagonal" x1="{_x(left, left, right):.1f}" y1="{_y(0, steps):.1f}" '
            f'x2="{_x(right, left, right):.1f}" y2="{_y(steps[-1], steps):.1f}"/>'
        )
    for number, (name, points) in enumerate(series):
        colour = f"k{number % COLOURS}"
        placed = [
            (_x(across_, left, right), _y(up_, steps), across_, up_) for across_, up_ in points
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in placed)
        body.append(f'<polyline class="{colour}" points="{path}"/>')
        body += [
            f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="3">'
            f"<title>{escape(name)}: {across_:g}, {up_:.3f}</title></circle>"
            for x, y, across_, up_ in placed
        ]
    return _figure(title, note, body, [name for name, _ in series])


def bars_plot(
    title: str, bars: Sequence[tuple[str, float]], *, note: str, across: str, up: str
) -> str:
    """Bars of counts."""
    steps = _steps(max((value for _, value in bars), default=1.0) or 1.0, least=1.0)
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(bars))
    every = max(1, math.ceil(len(bars) / 8))
    ticks = [
        (_LEFT + step * (number + 0.5), label if number % every == 0 else "")
        for number, (label, _) in enumerate(bars)
    ]
    body = [_frame(across, up, ticks, steps)]
    for number, (label, value) in enumerate(bars):
        top = _y(value, steps)
        body.append(
            f'<rect class="k0" x="{_LEFT + step * number + 1:.1f}" y="{top:.1f}" '
            f'width="{max(1.0, step - 2):.1f}" height="{HEIGHT - _BOTTOM - top:.1f}">'
            f"<title>{escape(label)}: {value:g}</title></rect>"
        )
    return _figure(title, note, body, [])


def _frame(across: str, up: str, ticks: Sequence[tuple[float, str]], steps: Sequence[float]) -> str:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    parts = [f'<line class="edge" x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{bottom}"/>']
    for value in steps:
        y = _y(value, steps)
        kind = "grid" if value else "edge"
        parts.append(f'<line class="{kind}" x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        parts.append(
            f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{_short(value)}</text>'
        )
    parts += [
        f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{escape(label)}</text>'
        for x, label in ticks
        if label
    ]
    parts.append(
        f'<text x="{(_LEFT + right) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle" '
        f'class="axis">{escape(across)}</text>'
    )
    parts.append(
        f'<text x="12" y="{(_TOP + bottom) / 2:.0f}" text-anchor="middle" class="axis" '
        f'transform="rotate(-90 12 {(_TOP + bottom) / 2:.0f})">{escape(up)}</text>'
    )
    return "".join(parts)


def _figure(title: str, note: str, body: Sequence[str], names: Sequence[str]) -> str:
    legend = "".join(
        f'<li><span class="key k{number % COLOURS}"></span>{escape(name)}</li>'
        for number, name in enumerate(names)
    )
    return (
        f"<figure><figcaption>{escape(title)}<small>{escape(note)}</small></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(body)}</svg>{f'<ul class=legend>{legend}</ul>' if len(names) > 1 else ''}"
        "</figure>"
    )


def _x(value: float, left: float, right: float) -> float:
    share = (value - left) / (right - left) if right > left else 0.5
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, steps: Sequence[float]) -> float:
    return HEIGHT - _BOTTOM - value / steps[-1] * (HEIGHT - _TOP - _BOTTOM)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def _steps(high: float, *, least: float = 0.0) -> list[float]:
    """Four to six round values from 0 to `high` or a little above."""
    rough = max(high, 1e-3) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = max(least, next(size * by for by in (1, 2, 5, 10) if size * by >= rough * 0.999))
    return [step * number for number in range(math.ceil(high / step - 1e-9) + 1)]
