"""Breaks the prose of a page where its lines get too long, which figures that are filled in make them."""

from __future__ import annotations

import re
import textwrap
from itertools import groupby

WIDTH = 110


def wrapped(page: str) -> str:
    """The page with each paragraph and each item of a list broken anew. Tables, code and headings stay."""
    parts = re.split(r"(^```.*?^```\n)", page, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else prose(part) for part in parts)


def prose(text: str) -> str:
    lines: list[str] = []
    for is_prose, group in groupby(text.split("\n"), lambda line: bool(line) and line[0] not in "|#!"):
        kept = list(group)
        lines += paragraphs(kept) if is_prose else kept
    return "\n".join(lines)


def paragraphs(lines: list[str]) -> list[str]:
    """Lines without an empty one between them: a paragraph, or items of a list."""
    items = re.split(r"\n(?=- )", "\n".join(lines))
    return [line for item in items for line in broken(item)]


def broken(item: str) -> list[str]:
    indent = "  " if item.startswith("- ") else ""
    return textwrap.wrap(
        " ".join(item.split()), WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
