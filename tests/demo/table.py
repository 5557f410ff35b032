"""Text for people: times in fitting units, colours where they are wanted, the table at the end."""

import os
import sys
import textwrap
from collections.abc import Sequence
from itertools import zip_longest

from program import OK, SKIPPED, WRONG, Cell

WIDTH = 120
TITLE = 15
GAP = 2
LONGEST_CELL = 8

_COLOURS = {OK: "32", WRONG: "1;31", SKIPPED: "2"}
_COLOURED = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, verdict: str) -> str:
    """The text in the colour of a verdict."""
    return f"\x1b[{_COLOURS[verdict]}m{text}\x1b[0m" if text and _COLOURED else text


def duration(microseconds: float) -> str:
    """A length of time in the unit that suits it."""
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
        amount = microseconds / size
        if amount >= 1:
            return f"{amount:.{0 if amount >= 100 else 1}f} {unit}"
    return f"{microseconds * 1e3:.0f} ns"


def table(columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]]) -> str:
    """Languages side by side, steps one below the other; a skipped step has one cell for all."""
    width = (WIDTH - TITLE) // len(columns) - GAP
    lines = [_join("", [column.ljust(width) for column in columns])]
    lines.append("-" * (TITLE + len(columns) * (width + GAP)))
    for title, cells in rows:
        room = width if len(cells) == len(columns) else WIDTH - TITLE - GAP
        blocks = [_lines(cell, room) for cell in cells]
        for start, *parts in zip_longest(textwrap.wrap(title, TITLE), *blocks, fillvalue=""):
            painted = [
                paint(part, cell.verdict) + " " * (room - len(part)) for part, cell in zip(parts, cells, strict=True)
            ]
            lines.append(_join(start, painted))
    return "\n".join(lines)


def _join(title: str, parts: Sequence[str]) -> str:
    return (" " * GAP).join([title.ljust(TITLE), *parts]).rstrip()


def _lines(cell: Cell, width: int) -> list[str]:
    """What happened, without the details behind its colon if it was right, and how long it took."""
    text = cell.text.split(": ")[0] if cell.verdict == OK else cell.text
    lines = textwrap.wrap(text, width, max_lines=LONGEST_CELL, placeholder=" ...")
    return lines if cell.microseconds is None else [*lines, duration(cell.microseconds)]
