"""Where things are, and how a program is run and its answer read."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BENCH = ROOT / "target" / "bench"
RUST = BENCH / "rust" / "release"
LIBRARY = BENCH / "c" / "libseekauth.so.0"
LATER = BENCH / "c" / "later.so"


def run(command: list[object], **options: Any) -> str:
    """Standard output of a program that has to succeed."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(words)} failed\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def answer(command: list[object], environment: dict[str, str], later: bool = False) -> dict[str, Any]:
    """The JSON that a measuring program prints. `later`: it is to move its clocks; see c/later.c."""
    variables = os.environ | environment | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    if later:
        with tempfile.NamedTemporaryFile(dir=BENCH) as ahead:
            ahead.write(bytes(16))
            ahead.flush()
            return told(command, variables | {"LD_PRELOAD": str(LATER), "LATER": ahead.name})
    return told(command, variables)


def told(command: list[object], variables: dict[str, str]) -> dict[str, Any]:
    # What a program may need at most: some peers answer 200 callers one after the other.
    result: dict[str, Any] = json.loads(run(command, env=variables, timeout=300))
    return result
