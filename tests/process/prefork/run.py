"""Real prefork servers whose parent has used its client: each answers requests that need tokens.

    run.py [NAME…]      all servers, or those whose name contains one of these words

Prints one table and exits with 1 if anything in it is wrong. Runs the servers with the interpreter
that runs it, which needs what requirements.txt names; it needs nothing itself. The sandbox, the dev
builds of the packages, and target/c/forking must be built.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from load import HANG_S, Load, finished
from scenario import AGEING, EVENTLET, MARGIN, REQUESTS, SCENARIOS, STATES

from harness.paths import PACKAGE, ROOT, SANDBOX
from harness.sandbox import Sandbox

FORKING = ROOT / "target/c/forking"
"""The one server that has to be built."""
NEEDED = [SANDBOX, PACKAGE / "seekauth/_native.abi3.so", EVENTLET]

BUSY = 2
"""How many servers are busy at once. Those that wait for a token to age are not busy."""
LIMIT_S = 240
"""For all requests of one server; ageing comes on top."""
AGEING_PAUSE_S = 0.1
MORE_TRIES = 2
TELLING_MS = 500
"""What has to be left of the window when the first child asks, to tell a spread from a burst."""
COLUMNS = (
    "server",
    "token at fork",
    "served",
    "errors",
    "token requests",
    "workers",
    "hangs",
    "s",
    "",
)


@dataclass
class Row:
    """What came of one scenario."""

    server: str
    state: str
    served: int = 0
    token_requests: int = 0
    workers: int = 0
    seconds: float = 0.0
    errors: list = field(default_factory=list)
    hangs: list = field(default_factory=list)
    note: str = ""
    is_too_late: bool = False
    output: list = field(default_factory=list)

    @property
    def is_right(self):
        return not self.errors and not self.hangs

    def cells(self):
        asked, seconds = str(self.token_requests), f"{self.seconds:.1f}"
        numbers = [self.served, len(self.errors), asked, self.workers, len(self.hangs), seconds]
        return [self.server, self.state, *map(str, numbers), self.note]


def run(scenario):
    """One server from its start to its end; again where the machine was too slow to tell anything."""
    row = run_once(scenario)
    for _ in range(MORE_TRIES):
        if not row.is_too_late:
            break
        row = run_once(scenario)
    return row


def run_once(scenario):
    row = Row(scenario.server, scenario.state)
    began = time.monotonic()
    try:
        with TemporaryDirectory() as folder, Sandbox() as sandbox:
            _run_in(scenario, Path(folder), sandbox, row)
    except Exception as error:
        row.errors.append(f"the run itself failed: {error!r}")
    row.seconds = time.monotonic() - began
    return row


def _run_in(scenario, folder, sandbox, row):
    report = folder / "report"
    scenario.script(sandbox)
    server = scenario.start(sandbox, folder, report)
    try:
        load = Load(server, sandbox)
        if scenario.state in AGEING:
            _let_age(scenario, load, server, sandbox)
        elif not finished(load.run(REQUESTS), LIMIT_S):
            load.stop()
            load.hangs.append(f"not done within {LIMIT_S} s: {server.processes()}")
        row.served, row.workers = load.served, len(load.workers)
        row.errors, row.hangs = load.errors, load.hangs
        row.token_requests = sandbox.requests()
        times = [entry["at_ms"] for entry in sandbox.journal()]
        if row.is_right:
            row.errors += scenario.complaints(row.served, row.token_requests, row.workers)
        if scenario.state in AGEING and row.is_right:
            _judge_spread(times, scenario, row)
        sandbox.release()
        errors, hangs = server.stop()
        row.errors += errors
        row.hangs += hangs
        if row.is_right and scenario.runs_parent_code:
            row.errors += _parent(report, sandbox)
    finally:
        server.kill()
        row.output = server.output()


def _let_age(scenario, load, server, sandbox):
    """Goes on asking until every worker has renewed its token."""
    everyone = scenario.parent_requests + scenario.workers
    limit = time.monotonic() + scenario.lifetime_s + LIMIT_S

    def late():
        if time.monotonic() > limit:
            load.hangs.append(f"not every process renewed its token: {server.processes()}")
        return load.hangs

    # The workers are there once the parent has done what it does before it forks.
    while sandbox.requests() < scenario.parent_requests and not late():
        time.sleep(0.02)
    users = load.run(None, AGEING_PAUSE_S)
    while not load.over and not late():
        if load.served >= REQUESTS and sandbox.requests() >= everyone:
            break
        time.sleep(0.02)
    load.stop()
    if not finished(users, HANG_S * 2):
        load.hangs.append(f"requests went on after the end: {server.processes()}")


def _judge_spread(times, scenario, row):
    """How far apart the workers renewed, and what is wrong with that. Each draws a point in the
    first nine tenths of what is left of the window when it looks: that all of them lie within a
    fifth of it happens once in thousands of runs. A child that looks when nothing is left renews at
    once, as it should.
    """
    children = times[scenario.parent_requests :]
    usable_until = times[0] + scenario.lifetime_s * 1000 * (1 - MARGIN)
    left, spread = usable_until - children[0], children[-1] - children[0]
    row.note = f"renewed within {spread} ms, of {max(left, 0):.0f} ms left when the first one asked"
    row.is_too_late = left < TELLING_MS
    if row.is_too_late:
        row.errors.append(f"the machine is too slow to tell: {row.note}")
    elif spread < left / 5:
        row.errors.append(f"the children renewed in the same instant: {row.note}")


def _parent(report, sandbox):
    """What is wrong with the parent after its children, from the header value that it reported."""
    if not report.exists():
        return ["the parent did not report that it still works"]
    return [] if sandbox.accepts(report.read_text()) else ["the parent's last token was refused"]


def table(rows):
    cells = [list(COLUMNS), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    lines = []
    for line in cells:
        texts = zip(line, widths, strict=True)
        lines.append(
            "  ".join(
                text.ljust(width) if number in {0, 1, len(widths) - 1} else text.rjust(width)
                for number, (text, width) in enumerate(texts)
            ).rstrip()
        )
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def main(words):
    wanted = [one for one in SCENARIOS if not words or any(word in one.server for word in words)]
    needed = [*NEEDED, *([FORKING] if any(one.server == "c forking" for one in wanted) else [])]
    missing = [str(path) for path in needed if not path.exists()]
    if missing:
        print(f"build these first: {' '.join(missing)}", file=sys.stderr)
        return 2
    wanted.sort(key=lambda one: STATES.index(one.state))
    if not wanted:
        print(f"no server is called {' or '.join(words)}", file=sys.stderr)
        return 2
    servers = list(dict.fromkeys(one.server for one in SCENARIOS))
    shown = sorted(wanted, key=lambda one: servers.index(one.server))
    ageing = [one for one in wanted if one.state in AGEING]
    with ThreadPoolExecutor(len(ageing) or 1) as patient, ThreadPoolExecutor(BUSY) as busy:
        futures = {}
        for one in wanted:
            futures[one] = (patient if one.state in AGEING else busy).submit(run, one)
        rows = [futures[one].result() for one in shown]
    print(table(rows))
    wrong = [row for row in rows if not row.is_right]
    for row in wrong:
        print(f"\n{row.server}, token {row.state} at fork:")
        for problem in [*row.hangs[:3], *row.errors[:3]]:
            print(f"  {problem}")
        for line in row.output:
            print(f"    | {line}")
    print(f"\nprefork servers: {len(rows) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
