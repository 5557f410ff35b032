"""Each passing failure of the token endpoint by itself, in every language, over TLS and in real time.

    run.py [NAME…]     all failures, or those whose name contains one of these words

Callers of one client get tokens for a minute at a time. The endpoint fails when the next one is due, and
goes on failing until each language has met it; then it heals. Prints how many token requests failed and
how long after the healing the callers had their new token, and exits with 1 if a caller saw an error, if
no new token came, or if the library asked again before the time that the server had named.
Needs what ../soak/run.py does.
"""

import itertools
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from email.utils import formatdate

from harness import stall
from harness.judge import Judge
from harness.measured import Measured
from harness.process import GoneError, wait_for_all
from harness.programs import HOT_CALLS, LANGUAGES, agent, environment
from harness.sandbox import Sandbox

FIRST_LIFE_S = 6
"""Of the tokens that are in use until all programs have started."""
LIFE_S = 60
SETTINGS = {
    # Half the life: the first failure then comes with more than thirty seconds left.
    "SEEKAUTH_REFRESH_MARGIN": "30",
    "SEEKAUTH_TIMEOUT": "120",
    "SEEKAUTH_REQUEST_TIMEOUT": "10",
}
CALLERS = 2
PAUSE_MS = 500
WISH_S = 8
MOMENT_S = 32
"""After the script: later than any first failure, and long before the tokens end."""


@dataclass(frozen=True)
class Fault:
    """One way to fail, made at the moment it begins."""

    name: str
    make: Callable[[float], dict[str, object]]
    failures: int = 2
    """How many each language has to meet. One where each takes long, or is followed by a long pause."""
    wish_s: float = 0.0
    """How long after the request the server wants to be left alone, at least."""
    is_moment: bool = False
    """Whether it names a moment, MOMENT_S after the script."""


def always(**answer: object) -> Callable[[float], dict[str, object]]:
    return lambda _moment: answer


HTML = "<html><body>Sign in to this network</body></html>"

FAULTS = (
    Fault("503", always(status=503)),
    Fault("500, HTML", always(status=500, html=HTML)),
    Fault("429, seconds", always(status=429, headers={"retry-after": str(WISH_S)}), 1, WISH_S),
    Fault(
        "429, HTTP date",
        lambda moment: {"status": 429, "headers": {"retry-after": formatdate(moment, usegmt=True)}},
        1,
        is_moment=True,
    ),
    Fault(
        "429, reset time",
        lambda moment: {"status": 429, "headers": {"x-ratelimit-reset": str(int(moment))}},
        1,
        is_moment=True,
    ),
    Fault("reset at once", always(drop="before")),
    Fault("reset after headers", always(drop="after_headers")),
    Fault("reset in the body", always(drop="mid_body")),
    Fault("closed in the body", always(drop="mid_body", drop_with="close")),
    Fault("no answer", always(delay_ms=3_600_000), 1),
    Fault("slow drip", always(drip_ms=1_000), 1),
    Fault("200, HTML", always(html=HTML)),
    Fault("200, torn JSON", always(body='{"access_token": "torn')),
    Fault("200, empty", always(body="")),
)


@dataclass
class Cell:
    """What came of one fault in one language."""

    failed: int = 0
    healed_s: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "WRONG" if self.wrong else f"{self.failed} failed, {self.healed_s:.1f} s"


def try_out(fault: Fault) -> dict[str, Cell]:
    """Runs all languages through one fault, side by side."""
    cells = {name: Cell() for name in LANGUAGES}
    judges = {name: Judge(HOT_CALLS + 1) for name in LANGUAGES}
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(tls=True))
        started = time.time()
        sandbox.configure(seek_api_lifetime_s=FIRST_LIFE_S)
        over = threading.Event()
        stall.watch(judges.values(), over)
        stack.callback(over.set)
        processes = {}
        for name, command in LANGUAGES.items():
            told = environment(sandbox, name, callers=CALLERS, new_clients=0, pause_ms=PAUSE_MS)
            processes[name] = stack.enter_context(closing(Measured(command, {**told, **SETTINGS}, judges[name])))
        try:
            fail_and_heal(fault, sandbox, started, judges, cells)
            ends = {name: process.end() for name, process in processes.items()}
        except GoneError as problem:
            ends = {name: [str(problem)] for name in LANGUAGES}
        for name, judge in judges.items():
            cells[name].wrong += [*(f"error: {error}" for error in judge.errors[:5]), *judge.conclude(), *ends[name]]
    return cells


def fail_and_heal(
    fault: Fault, sandbox: Sandbox, started: float, judges: dict[str, Judge], cells: dict[str, Cell]
) -> None:
    """`started` is when the sandbox was ready, a little after the moment from which it counts."""
    wait_for_all(judges, lambda name: judges[name].latest_expiry > 0, "got no first token")
    sandbox.configure(seek_api_lifetime_s=LIFE_S)
    long = (time.time() + LIFE_S / 2) * 1000
    wait_for_all(judges, lambda name: judges[name].latest_expiry > long, "got no token that lives for a minute")

    moment = float(int(time.time()) + MOMENT_S)
    before = {name: sandbox.requests(product=agent(name)) for name in judges}
    expiries = {name: judge.latest_expiry for name, judge in judges.items()}
    sandbox.script({**fault.make(moment), "times": 0})
    wait_for_all(
        judges, lambda name: sandbox.requests(product=agent(name)) >= before[name] + fault.failures, "never asked again"
    )
    sandbox.clear_script()
    healed = time.monotonic()
    failed = {name: sandbox.requests(product=agent(name)) - before[name] for name in judges}

    waiting = set(judges)

    def has_new(name: str) -> bool:
        if name in waiting and judges[name].latest_expiry > expiries[name]:
            waiting.discard(name)
            cells[name].healed_s = time.monotonic() - healed
        return name not in waiting

    wait_for_all(judges, has_new, "got no new token")
    for name, cell in cells.items():
        cell.failed = failed[name]
        times = request_times(sandbox, agent(name))[before[name] :]
        cell.wrong += too_early(fault, times[: failed[name] + 1], (moment - started) * 1000)


def request_times(sandbox: Sandbox, product: str) -> list[int]:
    """When its token requests arrived, in milliseconds since the sandbox started."""
    return [entry["at_ms"] for entry in sandbox.journal() if entry["headers"]["user-agent"].startswith(f"{product}/")]


def too_early(fault: Fault, times: list[int], moment_ms: float) -> list[str]:
    """Requests that came before the time that the answer to the one before had named."""
    wrong = []
    for last, following in itertools.pairwise(times):
        named = moment_ms if fault.is_moment else last + fault.wish_s * 1000
        if following < named:
            wrong.append(f"asked again {(named - following) / 1000:.1f} s before the time that was named")
    return wrong


def main(words: list[str]) -> int:
    wanted = [fault for fault in FAULTS if not words or any(word in fault.name for word in words)]
    if not wanted:
        print(f"no failure is called {' or '.join(words)}", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(len(wanted)) as pool:
        results = dict(zip(wanted, pool.map(try_out, wanted), strict=True))
    print("token requests that failed, and the time from the healing to the callers' new token; errors seen: 0")
    print(f"{'':<22}" + "".join(f"{name:>20}" for name in LANGUAGES))
    for fault, cells in results.items():
        print(f"{fault.name:<22}" + "".join(f"{cells[name]!s:>20}" for name in LANGUAGES))
    wrong = [
        (fault, name, text)
        for fault, cells in results.items()
        for name, cell in cells.items()
        for text in cell.wrong[:5]
    ]
    for fault, name, text in wrong:
        print(f"\n{fault.name}, {name}: {text}")
    bad = len({(fault.name, name) for fault, name, _ in wrong})
    print(f"\nfaults: {len(wanted) * len(LANGUAGES) - bad} passed, {bad} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
