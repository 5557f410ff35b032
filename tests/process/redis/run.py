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

import scenarios
from bed import Bed

from harness.fleet import Outcome, print_table
from harness.search import prove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAMS = ("redis-server", "valkey-server")
AT_ONCE = 4
"""Scenarios, at the small size: they mostly wait."""
LONGEST_MS = 9_000
"""Of one call in any scenario: the longest that the token server takes, the life of a lease, and as much again. What
waits longer than that was forgotten."""

SCENARIOS: dict[str, tuple[Callable[[Bed], Callable[[int], bool]], int, int, int, int]] = {
    # name: what happens, processes, lifetimes; and the same at full size
    "several lifetimes": (scenarios.lifetimes, 16, 3, 64, 10),
    "several lifetimes, many": (scenarios.lifetimes, 24, 2, 200, 10),
    "cold start": (scenarios.cold_start, 16, 1, 64, 1),
    "one after the other": (scenarios.adopting, 1, 5, 1, 30),
    "slow network": (scenarios.slow_network, 1, 2, 1, 10),
    "unix socket": (scenarios.by_socket, 8, 1, 64, 1),
    "TLS": (scenarios.by_tls, 8, 1, 64, 1),
    "TLS, authority not named": (scenarios.foreign_authority, 4, 1, 16, 1),
    "access list": (scenarios.listed, 8, 1, 64, 1),
    "access list, database 3": (scenarios.numbered_database, 8, 1, 64, 1),
    "access list without TIME": (scenarios.no_time, 8, 1, 64, 1),
    "neither TIME nor PTTL": (scenarios.no_clock, 4, 1, 16, 1),
    "records refused": (scenarios.records_refused, 8, 1, 64, 1),
    "tokens without life": (scenarios.lifeless, 8, 1, 16, 1),
    "password exchanged": (scenarios.rotated_password, 8, 1, 64, 1),
    "password wrong": (scenarios.wrong_password, 4, 1, 16, 1),
    "nothing to do": (scenarios.idle, 8, 1, 64, 1),
    "previous token revoked": (scenarios.revoking, 8, 3, 16, 10),
    "token rejected": (scenarios.rejected, 8, 1, 64, 1),
    "holder killed": (scenarios.holder_killed, 8, 1, 64, 1),
    **{name: (scenario, 8, 1, 64, 1) for name, scenario in scenarios.kills()},
    **{name: (scenario, 1, 1, 1, 1) for name, scenario in scenarios.forks()},
    "holder stopped": (scenarios.holder_stopped, 8, 1, 31, 1),
    "token server slow": (scenarios.slow_token_server, 8, 1, 64, 1),
    "nobody there": (scenarios.nobody_there, 4, 1, 16, 1),
    "server killed": (scenarios.killed, 8, 1, 64, 1),
    "server frozen": (scenarios.frozen, 8, 1, 64, 1),
    "server frozen, token rejected": (scenarios.frozen_and_rejected, 4, 1, 64, 1),
    "server flushed": (scenarios.flushed, 8, 1, 64, 1),
    "records poisoned": (scenarios.poisoned, 8, 1, 64, 1),
    "records put back": (scenarios.replayed, 8, 1, 64, 1),
    "connections ended": (scenarios.disconnected, 8, 1, 64, 1),
    "leases poisoned": (scenarios.leases_poisoned, 8, 1, 64, 1),
    "server full": (scenarios.full, 8, 1, 64, 1),
    "server cannot save": (scenarios.unsaved, 8, 1, 64, 1),
    "failover": (scenarios.failed_over, 8, 1, 64, 1),
    "slot moved": (scenarios.slot_moved, 9, 1, 63, 1),
    "slot moved, TLS": (scenarios.slot_moved_by_tls, 9, 1, 63, 1),
    **{name: (scenario, 2, 1, 8, 1) for name, scenario in scenarios.faults()},
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
