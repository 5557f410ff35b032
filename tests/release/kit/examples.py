"""The examples of docs/testing.md: each fenced block that begins with the name of its file."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "testing.md"
LAID: set[str] = set()
"""The examples that were written into a project so far."""
NAMED = re.compile(r"^(?:#|//|/\*) ([\w./-]+\.\w+)(?: \*/)?$")


def name_of(text: str) -> str | None:
    """The file that a block says it is."""
    found = NAMED.match(text.split("\n", 1)[0])
    return found[1] if found else None


def examples() -> dict[str, str]:
    """Each file with its text."""
    blocks = re.findall(r"^```\w+\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    named = [(name, text) for text in blocks if (name := name_of(text))]
    files = dict(named)
    assert len(files) == len(named), "two examples have one name"
    return files


def lay(folder: Path, *names: str) -> None:
    """Writes some of them into a project."""
    LAID.update(names)
    all_of_them = examples()
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(all_of_them[name])
