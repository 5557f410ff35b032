"""Processes that share a token through Redis or Valkey, while bad things happen to it, to the way there and to them.

    run.py [--full] [NAME…]      all scenarios, or those whose name contains one of these words

Prints one table and exits with 1 if anything in it is wrong: a call that failed, a token request too many, a command
beyond the few that are allowed, a secret in anything that the server shows or members print, a wait without an end.
What took how long is shown and not judged, since a busy machine is slow. Needs redis-server or valkey-server, the
sandbox and seekauth-member. `--full` takes as many processes and lifetimes as the figures in the papers.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import access
import holders
import network
import outages
import sharing
from bed import Bed

from harness.fleet import Outcome, print_table
from harness.search import prove

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("redis-server", "valkey-server")
AT_ONCE = 4
"""Scenarios, at the small size: they mostly wait."""
LONGEST_MS = 9_000
"""Of one call in any scenario: the longest that the token server takes, the life of a lease, and as much again. What
waits longer than that was forgotten."""

SCENARIOS = {
    name: scenario
    for module in (sharing, access, holders, outages, network)
    for name, scenario in module.SCENARIOS.items()
}


def run(program: str, name: str, *, full: bool) -> Outcome:
    scenario, processes, generations, many, long = SCENARIOS[name]
    count, generations = (many, long) if full else (processes, generations)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place, Bed(program, Path(place), count, generations) as bed:
        allowed = scenario(bed)
        longest = max((end["longest_ms"] for end in bed.fleet.ends), default=0)
        bed.expect(longest < LONGEST_MS, f"a call took {longest:.0f} ms")
        bed.wrong += bed.witness.wrong(bed.servers, bed.fleet, bed.prefix)
        title = name if program == PROGRAMS[0] else f"{name} ({program.partition('-')[0]})"
        members, requests = len(bed.fleet.ends), bed.sandbox.requests()
        took = time.monotonic() - began
        return Outcome(title, members, bed.fleet, allowed, requests, took, bed.wrong, bed.figures)


def outcomes(words: list[str], *, full: bool) -> Iterator[Outcome]:
    programs = [program for program in PROGRAMS if shutil.which(program)]
    if not programs:
        raise SystemExit("please install redis-server")
    for program in set(PROGRAMS).difference(programs):
        print(f"{program} is not installed: left out")
    names = [name for name in SCENARIOS if not words or any(word in name for word in words)]
    with ThreadPoolExecutor(1 if full else AT_ONCE) as pool:
        runs = [pool.submit(run, program, name, full=full) for program in programs for name in names]
        for each in runs:
            yield each.result()


def main() -> int:
    prove()
    words = [word for word in sys.argv[1:] if word != "--full"]
    return int(not print_table(outcomes(words, full="--full" in sys.argv)))


if __name__ == "__main__":
    sys.exit(main())
