"""Five languages use token endpoints for minutes, over TLS, with short tokens and faults at random.

    run.py MINUTES [--seed N]

They warm up for one minute first, with the same faults: heaps grow to their size, and connections of all kinds are
made. At a quarter, half, three quarters and the end of the time it prints for each language what its
callers saw and what its process holds. Exits with 1 if a caller saw an error while it had a live
token or was handed one that had expired, if the sandbox refused one that had not, if there were
more token requests than the pauses between them allow, or if memory, open files or threads grew
between the first quarter and the end. Needs Python 3.10, what `make debug-rust debug-c debug-python
debug-node` and this folder's Makefile build, and target/debug/seekauth-soak of the package
seekauth-harness.
"""

import argparse
import random
import sys
import threading
import time
from contextlib import ExitStack, closing

from faults import Faults

from harness import stall
from harness.judge import Judge
from harness.measured import Held, Measured
from harness.process import GoneError
from harness.programs import HOT_CALLS, LANGUAGES, agent, environment
from harness.sandbox import Sandbox

CALLERS = 6
PAUSE_MS = 200
SETTINGS = {"SEEKAUTH_TIMEOUT": "5", "SEEKAUTH_REQUEST_TIMEOUT": "2"}

REQUESTS_PER_S = 1.0
"""Of the client that lives, which pauses for half a second to a minute between its tries."""
GROWTH_MIB = 2.0
GROWTH = 1.05
MORE_FILES = 6
MORE_THREADS = 2

WARM_UP_S = 60
QUARTERS = (0.25, 0.5, 0.75, 1.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}; {CALLERS} callers in each language, {HOT_CALLS + 1} calls a round")
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(tls=True))
        judges = {name: Judge(HOT_CALLS + 1) for name in LANGUAGES}
        faults = Faults(sandbox, judges, random.Random(arguments.seed))
        processes = {
            name: stack.enter_context(closing(Measured(command, told(sandbox, name), judges[name])))
            for name, command in LANGUAGES.items()
        }
        over = threading.Event()
        stall.watch(judges.values(), over)
        stack.callback(over.set)
        try:
            return watch(arguments.minutes * 60, sandbox, faults, processes, judges)
        except GoneError as problem:
            print(f"\nwrong:\n{problem}")
            return 1


def told(sandbox: Sandbox, name: str) -> dict[str, str]:
    return {**environment(sandbox, name, callers=CALLERS, new_clients=1, pause_ms=PAUSE_MS), **SETTINGS}


def watch(
    seconds: float,
    sandbox: Sandbox,
    faults: Faults,
    processes: dict[str, Measured],
    judges: dict[str, Judge],
) -> int:
    began = time.monotonic()
    started = began + WARM_UP_S
    faults.make_until(started)
    first: dict[str, Held] = {}
    last: dict[str, Held] = {}
    for quarter in QUARTERS:
        faults.make_until(started + seconds * quarter)
        last = {name: process.measure() for name, process in processes.items()}
        first = first or last
        print(f"\n{quarter:.0%}, {faults.made} faults, {faults.revoked} tokens revoked")
        print(table(sandbox, judges, last), flush=True)
    wrong = [text for process in processes.values() for text in process.end()]
    elapsed = time.monotonic() - began
    for name, judge in judges.items():
        allowed = REQUESTS_PER_S * elapsed
        asked = sandbox.requests(product=agent(name))
        texts = [*judge.conclude(), *compare(first[name], last[name])]
        if asked > allowed:
            texts.append(f"{asked} token requests, {allowed:.0f} at most")
        wrong += [f"{name}: {text}" for text in texts]
    stalled = max(judge.stall_ms for judge in judges.values())
    print(f"\nthe machine's longest stall: {stalled} ms")
    print("\nerrors without a token, by kind")
    for name, judge in judges.items():
        kinds = ", ".join(f"{kind} {count}" for kind, count in judge.errors_without.most_common())
        print(f"  {name:<8}{kinds}")
    print("\n" + ("\n".join(["wrong:", *wrong]) if wrong else "nothing wrong"))
    return 1 if wrong else 0


def compare(first: Held, last: Held) -> list[str]:
    """What grew."""
    grown = []
    if last.memory_mib > first.memory_mib * GROWTH + GROWTH_MIB:
        grown.append(f"memory grew from {first.memory_mib:.1f} to {last.memory_mib:.1f} MiB")
    if last.files > first.files + MORE_FILES:
        grown.append(f"open files grew from {first.files} to {last.files}")
    if last.threads > first.threads + MORE_THREADS:
        grown.append(f"threads grew from {first.threads} to {last.threads}")
    return grown


def table(sandbox: Sandbox, judges: dict[str, Judge], held: dict[str, Held]) -> str:
    titles = (
        "calls",
        "errors with a token",
        "errors without",
        "expired at hand-out",
        "refused too early",
        "revoked",
        "expired on the way",
        "token requests",
        "memory MiB",
        "files",
        "threads",
    )
    rows = [("", *judges)]
    cells = [
        (
            judge.calls,
            len(judge.errors_with_token),
            sum(judge.errors_without.values()),
            len(judge.handed_out_expired),
            len(judge.refused_alive),
            judge.refused_revoked,
            judge.expired_on_the_way,
            sandbox.requests(product=agent(name)),
            f"{held[name].memory_mib:.1f}",
            held[name].files,
            held[name].threads,
        )
        for name, judge in judges.items()
    ]
    rows += [(title, *map(str, row)) for title, row in zip(titles, zip(*cells, strict=True), strict=True)]
    return "\n".join(f"  {row[0]:<20}" + "".join(f"{cell:>10}" for cell in row[1:]) for row in rows)


if __name__ == "__main__":
    sys.exit(main())
