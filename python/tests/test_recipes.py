"""Recipes of docs/recipes.md whose point is what happens when something goes wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from program import run

if TYPE_CHECKING:
    from sandbox import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
RETRY_AFTER = 2
"""Longer than tenacity's own pause."""


def recipe(words: str) -> str:
    """The one Python program of the page with these words in it."""
    programs = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (found,) = [program for program in programs if words in program]
    return str(found)


def test_tenacity_waits_as_long_as_the_api_asks_for(sandbox: Sandbox) -> None:
    throttled = {
        "endpoint": "graphql",
        "status": 429,
        "body": "",
        "headers": {"retry-after": str(RETRY_AFTER)},
    }
    sandbox.script(throttled)
    shown = run(sandbox, recipe("tenacity"), "")
    assert shown == "Sandbox partner sandbox-live\n"
    first, second = sandbox.arrivals("graphql")
    assert second - first >= RETRY_AFTER - 0.1
