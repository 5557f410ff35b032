"""Tries the packages of the sandbox as the tests of a partner use them, each in an empty environment.

run.py VERSION DIST WHEEL C NODE_PACKAGE... [--only NAME]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import suites
from bars import bars
from examples import LAID, examples
from image import image
from loopback import alone
from suites import Packages

TRIALS = {
    "python": suites.python,
    "node": suites.node,
    "c": suites.c,
    "rust": suites.rust,
    "image": image,
    "bars": bars,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Tries the packages of the sandbox.")
    parser.add_argument("version")
    for name in ("dist", "wheel", "c"):
        parser.add_argument(name, type=lambda text: Path(text).resolve())
    parser.add_argument("node", nargs="+", type=lambda text: Path(text).resolve())
    parser.add_argument("--only", choices=TRIALS)
    given = parser.parse_args()
    packages = Packages(given.version, given.dist, given.wheel, given.node, given.c)
    if not alone():
        print("kit: this system gives no network namespace, so the suites could reach a network")
    trials = [given.only] if given.only else list(TRIALS)
    for name in trials:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="seekauth-kit-") as work:
            said = TRIALS[name](packages, Path(work))
        print(f"kit: {name}: {said} ({time.monotonic() - began:.0f} s)")
    if not given.only and (forgotten := set(examples()) - LAID):
        sys.exit(f"kit: no suite has {sorted(forgotten)} of docs/testing.md")
    print(f"kit: {len(trials)} passed, 0 failed")


if __name__ == "__main__":
    main()
