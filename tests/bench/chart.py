"""Bar charts as plain SVG: one bar a figure, seekauth's in another colour, with the spread of the rounds and a line
where the target is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 880, 250, 110, 18, 8, 92
OURS, THEIRS, INK, GRID = "#0b5fa5", "#f0a35e", "#222", "#ddd"


@dataclass(frozen=True)
class Bar:
    """One figure; without a value it is a heading."""

    label: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    ours: bool = False
    target: float | None = None


def number(value: float) -> str:
    """A figure as it is read: three digits that count, with separators."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def bars(title: str, unit: str, rows: list[Bar], logarithmic: bool) -> str:
    """A whole SVG document."""
    shown = [row.value for row in rows if row.value is not None]
    marks = [row.target for row in rows if row.target is not None]
    scale = Scale(min(shown + marks), max(shown + marks), logarithmic)
    bottom = TOP + len(rows) * (BAR + GAP)
    height = bottom + 40
    font = f'font-family="Helvetica, Arial, sans-serif" font-size="13" fill="{INK}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {font}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="20" y="28" font-size="18" font-weight="bold">{escape(title)}</text>',
        f'<path d="M20 44h22v10h-22z" fill="{OURS}"/><text x="48" y="54">seekauth</text>',
        f'<path d="M130 44h22v10h-22z" fill="{THEIRS}"/><text x="158" y="54">others</text>',
    ]
    if marks:
        parts.append(
            f'<path d="M230 42v14" stroke="{INK}" stroke-width="2"/><text x="240" y="54">target: at most</text>'
        )
    for tick in scale.ticks():
        x = scale.x(tick)
        parts.append(f'<path d="M{x:.1f} {TOP - 6}V{bottom}" stroke="{GRID}"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP - 12}" text-anchor="middle" font-size="11">{number(tick)}</text>')
    for index, row in enumerate(rows):
        parts += bar(row, TOP + index * (BAR + GAP), scale)
    how = "logarithmic; bars begin at the left edge" if logarithmic else "linear"
    parts.append(f'<text x="20" y="{bottom + 24}" font-size="11">{escape(unit)} ({how})</text>')
    return "\n".join([*parts, "</svg>", ""])


class Scale:
    """Where a value stands between the left and the right edge."""

    def __init__(self, low: float, high: float, logarithmic: bool) -> None:
        self._logarithmic = logarithmic
        positive = low if low > 0 else 0.1
        self._low = 10 ** math.floor(math.log10(positive)) if logarithmic else 0.0
        self._high = 10 ** math.ceil(math.log10(max(high, positive * 10))) if logarithmic else (high or 1.0) * 1.05

    def x(self, value: float) -> float:
        if self._logarithmic:
            reach = math.log10(self._high / self._low)
            part = math.log10(max(value, self._low) / self._low) / reach
        else:
            part = value / self._high
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> list[float]:
        if self._logarithmic:
            exponents = range(round(math.log10(self._low)), round(math.log10(self._high)) + 1)
            return [10.0**exponent for exponent in exponents]
        step = 10 ** math.floor(math.log10(self._high))
        step *= next(factor for factor in (0.1, 0.2, 0.5, 1) if self._high / (step * factor) <= 12)
        return [step * index for index in range(int(self._high / step) + 1)]


def bar(row: Bar, y: float, scale: Scale) -> list[str]:
    middle = y + BAR - 5
    if row.value is None:
        return [f'<text x="20" y="{middle}" font-weight="bold">{escape(row.label)}</text>']
    end = scale.x(row.value)
    parts = [
        f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">{escape(row.label)}</text>',
        f'<path d="M{LEFT} {y}H{max(end, LEFT + 1):.1f}v{BAR}H{LEFT}z" fill="{OURS if row.ours else THEIRS}"/>',
    ]
    right = end
    if row.low is not None and row.high is not None:
        low, right = scale.x(row.low), max(end, scale.x(row.high))
        parts.append(f'<path d="M{low:.1f} {y + BAR / 2}H{right:.1f}" stroke="{INK}"/>')
    if row.target is not None:
        mark = scale.x(row.target)
        right = max(right, mark)
        parts.append(f'<path d="M{mark:.1f} {y - 2}v{BAR + 4}" stroke="{INK}" stroke-width="2"/>')
    parts.append(f'<text x="{right + 6:.1f}" y="{middle}">{number(row.value)}</text>')
    return parts
