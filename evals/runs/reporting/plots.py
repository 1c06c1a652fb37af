"""Plots as inline SVG, drawn by hand: no script, no font, nothing to load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 420, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 14, 14, 40
COLOURS = ("#1d4f76", "#b3541e", "#3c7a3f", "#7a3c6d", "#6b6b6b")

Point = tuple[float, float]
Series = tuple[str, Sequence[Point]]


def lines_plot(
    title: str,
    series: Sequence[Series],
    *,
    across: str,
    up: str,
    ticks: Sequence[tuple[float, str]],
    diagonal: bool = False,
    low: float = 0.0,
    high: float = 1.0,
) -> str:
    """Lines over a shared axis; `ticks` are (value, label) across, and up goes from low to high."""
    left, right = ticks[0][0], ticks[-1][0]
    body = [_frame(across, up, [(_x(value, left, right), label) for value, label in ticks],
                   low, high)]  # fmt: skip
    if diagonal:
        body.append(
            f'<line x1="{_x(left, left, right):.1f}" y1="{_y(low, low, high):.1f}" '
            f'x2="{_x(right, left, right):.1f}" y2="{_y(high, low, high):.1f}" '
            'stroke="#999" stroke-dasharray="4 3"/>'
        )
    for number, (name, points) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        placed = [
            (_x(across_, left, right), _y(up_, low, high), across_, up_) for across_, up_ in points
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in placed)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">'
            f"<title>{escape(name)}: {across_:g}, {up_:.3f}</title></circle>"
            for x, y, across_, up_ in placed
        ]
    return _figure(title, body, [name for name, _ in series])


def bars_plot(title: str, bars: Sequence[tuple[str, float]], *, across: str, up: str) -> str:
    """Bars with counts above them."""
    most = max((value for _, value in bars), default=1.0) or 1.0
    high = _round_up(most)
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(bars))
    every = max(1, math.ceil(len(bars) / 8))
    ticks = [
        (_LEFT + step * (number + 0.5), label if number % every == 0 else "")
        for number, (label, _) in enumerate(bars)
    ]
    body = [_frame(across, up, ticks, 0.0, high)]
    for number, (label, value) in enumerate(bars):
        top = _y(value, 0.0, high)
        body.append(
            f'<rect x="{_LEFT + step * number + 1:.1f}" y="{top:.1f}" '
            f'width="{max(1.0, step - 2):.1f}" height="{HEIGHT - _BOTTOM - top:.1f}" '
            f'fill="{COLOURS[0]}"><title>{escape(label)}: {value:g}</title></rect>'
        )
    return _figure(title, body, [])


def _frame(
    across: str, up: str, ticks: Sequence[tuple[float, str]], low: float, high: float
) -> str:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    parts = [
        f'<line x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}" stroke="#555"/>',
        f'<line x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{bottom}" stroke="#555"/>',
    ]
    for quarter in range(5):
        value = low + (high - low) * quarter / 4
        y = _y(value, low, high)
        parts.append(
            f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#e4e4e4"/>'
        )
        parts.append(
            f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{_short(value)}</text>'
        )
    parts += [
        f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{escape(label)}</text>'
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


def _figure(title: str, body: Sequence[str], names: Sequence[str]) -> str:
    legend = "".join(
        f'<li><span class="key k{number % len(COLOURS)}"></span>{escape(name)}</li>'
        for number, name in enumerate(names)
    )
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(body)}</svg>{f'<ul class=legend>{legend}</ul>' if len(names) > 1 else ''}"
        "</figure>"
    )


def _x(value: float, left: float, right: float) -> float:
    share = (value - left) / (right - left) if right > left else 0.5
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.5
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def _round_up(value: float) -> float:
    size = 10 ** math.floor(math.log10(value))
    return next(size * step for step in (1, 2, 4, 5, 8, 10) if size * step >= value)
