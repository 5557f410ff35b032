"""Whatever one client waits for, the other clients of its process go on, and callers return in time.

    run.py [--only TEXT]... [--times N]

TEXT is part of "blocker / language", to run those alone; N is how often each is tried.

Each cell is an agent of the shared cases against a sandbox. One client of it meets something that never
ends: a file, a program, a name server, a function of the program's own, a server. While that lasts,
calls of this client, blocking and asynchronous, return within their time and 100 ms, be it with what the
blocker caused or because the time is over; so does making it. Two other clients get their tokens. Where a
client goes on without what hangs, its call has its token within what that may cost.

What is promised is promised for a machine that has time. So the same calls are made before there is a
blocker, and what they take beyond their time is allowed on top, as is what the machine lets nobody run
meanwhile. Exits with 1 if a cell is wrong. Needs Python 3.10 and what `make debug-rust debug-c debug-python
debug-node` and this folder's Makefile build.
"""

from __future__ import annotations

import argparse
import itertools
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from agent import Agent, Reply
from blockers import BLOCKERS, DEADLINE_MS, WITHOUT, Place, Settings

from harness.paths import DEBUG, PACKAGE, PYTHON, ROOT
from harness.process import GoneError, inherited, wait_until
from harness.sandbox import PASS_ID, PASS_SECRET, Sandbox
from harness.stall import STEP

if TYPE_CHECKING:
    from typing_extensions import Self

PROMISED_S = 0.1
"""How much later than its time a caller may return."""
DEADLINE_S = DEADLINE_MS / 1000
LONG_MS = 600_000
"""The time of the call that keeps the blocker busy."""
GOES_ON_WITHIN_S = 1.0
"""For the first token of a client that nothing blocks."""
OTHERS_WAIT_MS = 30_000
REACHED_WITHIN_S = 60.0
AT_ONCE = 2

LANGUAGES: dict[str, list[str]] = {
    "Rust": [str(DEBUG / "seekauth-agent")],
    "C": [str(ROOT / "target" / "c" / "agent-c")],
    "C++": [str(ROOT / "target" / "c" / "agent-cpp")],
    "Python": [str(PYTHON), str(PACKAGE / "tests" / "agent.py")],
    "Node": ["node", str(ROOT / "node" / "test" / "agent.js")],
}
FOREIGN = ("NODE_EXTRA", "SSL_CERT", "HTTP", "http", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
"""Variables that would change what a client waits for."""


@dataclass
class Cell:
    """One agent to run, and what came of it."""

    blocker: str
    language: str
    latest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.blocker} / {self.language}"

    @property
    def text(self) -> str:
        return "WRONG" if self.wrong else f"{self.latest_s * 1000:.0f} ms"


class Watch:
    """How much later than it wanted a thread ran, while it watches: what the machine takes from everybody."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        last = time.monotonic()
        while not self._over.wait(STEP):
            now = time.monotonic()
            self.longest_s = max(self.longest_s, now - last - STEP)
            last = now


class Run:
    """A cell while its agent runs."""

    def __init__(self, cell: Cell, place: Place, agent: Agent, watch: Watch) -> None:
        self._cell, self._place, self._agent, self._watch = cell, place, agent, watch
        self._blocker = BLOCKERS[cell.blocker]
        self._idle_s = 0.0

    def carry_out(self) -> None:
        """Fills in what came of the cell."""
        agent, sandbox = self._agent, self._place.sandbox
        api = {"service": "seek_api", **sandbox.settings}
        other = {
            "service": "seek_pass",
            "environment": "staging",
            "base_url": sandbox.urls["pass"],
            "client_id": PASS_ID,
            "client_secret": PASS_SECRET,
            "user_agent": "blockers/1.0",
            "scopes": "write.education",
        }
        if self._blocker.costs_s is None:
            sandbox.script(hold=True, times=0)
        for handle in ("first", "second"):
            agent.do("new", handle=handle, **other)
        agent.do("new", handle="idle", **{**api, "token_url": f"http://{self._place.silent}/token"})
        agent.do("provide", name="stuck", fail="never", hang="true")
        self._idle_s = max(0.0, *(late_s for _, late_s in self._timed_calls("idle")))
        self._watch.longest_s = 0.0

        settings = {**api, **self._blocker.settings(self._place)}
        made = agent.ask(
            "new", handle="stuck", **{name: value for name, value in settings.items() if value is not None}
        )
        self._judge("making the client", made, made.seconds - DEADLINE_S)
        self._place.gone.touch()
        if made.is_ok and self._blocker.costs_s is not None:
            self._calls_that_go_on(api, self._blocker.costs_s)
        elif made.is_ok:
            agent.do("begin", client="stuck", id="long", timeout_ms=LONG_MS)
            reached = self._blocker.is_reached
            wait_until(
                lambda: reached(self._place), "the blocker was never met", within_s=REACHED_WITHIN_S, poll_s=0.01
            )
            self._blocked_calls()
        self._calls_of_others()
        if made.is_ok:
            self._endings(is_busy=self._blocker.costs_s is None)

    def _timed_calls(self, client: str) -> list[tuple[Reply, float]]:
        """Calls that have to end by their deadline: what came, and how much later that was."""
        replies = [
            self._agent.ask(verb, client=client, timeout_ms=DEADLINE_MS) for verb in ("get_token", "get_token_async")
        ]
        found = [(reply, reply.seconds - DEADLINE_S) for reply in replies]
        began = time.monotonic()
        self._agent.do("begin", client=client, id="short", timeout_ms=DEADLINE_MS)
        found.append((self._agent.ask("join", id="short"), time.monotonic() - began - DEADLINE_S))
        return found

    def _blocked_calls(self) -> None:
        what = "a call of the client that is blocked"
        for reply, late_s in self._timed_calls("stuck"):
            self._judge(what, reply, late_s)
            if reply.is_ok or reply.fields["name"] == "internal":
                self._cell.wrong.append(f"{what}: {reply}")
        # A worker that was late for a moment may be said not to respond; one that is stuck stays so.
        replies = [self._agent.ask("get_token", client="stuck", timeout_ms=DEADLINE_MS) for _ in range(2)]
        if all("does not respond" in reply.fields.get("message", "") for reply in replies):
            self._cell.wrong.append(f"{what}: {replies[-1]}")

    def _calls_that_go_on(self, settings: Settings, costs_s: float) -> None:
        self._agent.do("new", handle="plain", **settings)
        plain = self._agent.do("get_token", client="plain", timeout_ms=OTHERS_WAIT_MS)
        first = self._agent.do("get_token", client="stuck", timeout_ms=OTHERS_WAIT_MS)
        self._judge("a call that goes on", first, first.seconds - plain.seconds - costs_s)
        if not self._blocker.is_reached(self._place):
            self._cell.wrong.append("the blocker was never met")
        cached = self._agent.do("get_token_async", client="stuck", timeout_ms=OTHERS_WAIT_MS)
        self._judge("a cached call", cached, cached.seconds)

    def _calls_of_others(self) -> None:
        for handle, verb in (("first", "get_token"), ("second", "get_token_async")):
            reply = self._agent.ask(verb, client=handle, timeout_ms=OTHERS_WAIT_MS)
            self._judge("a call of another client", reply, reply.seconds - GOES_ON_WITHIN_S)
            if not reply.is_ok:
                self._cell.wrong.append(f"a call of another client: {reply}")

    def _endings(self, *, is_busy: bool) -> None:
        if is_busy:
            self._agent.do("cancel", id="long")
            reply = self._agent.ask("join", id="long")
            self._judge("a call that is cancelled", reply, reply.seconds)
        reply = self._agent.do("close", client="stuck")
        self._judge("close", reply, reply.seconds)

    def _judge(self, what: str, reply: Reply, late_s: float) -> None:
        """`late_s` is how much more than its time something took."""
        allowed_s = PROMISED_S + self._idle_s + self._watch.longest_s
        self._cell.latest_s = max(self._cell.latest_s, late_s)
        if late_s > allowed_s:
            late = f"{late_s * 1000:.0f} ms late, with {allowed_s * 1000:.0f} ms allowed"
            self._cell.wrong.append(f"{what}: {reply}: {late}")


def try_out(cell: Cell, sandbox: Sandbox, authority: str) -> None:
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        host, port = server.getsockname()
        place = Place(Path(folder), sandbox, f"{host}:{port}", authority)
        sandbox.reset()
        environment = {
            **inherited(*FOREIGN),
            "PYTHONPATH": str(PACKAGE),
            **BLOCKERS[cell.blocker].environment(place),
        }
        with closing(Agent(LANGUAGES[cell.language], environment)) as agent, Watch() as watch:
            try:
                Run(cell, place, agent, watch).carry_out()
            except GoneError as problem:
                cell.wrong.append(str(problem))


def table(cells: list[Cell]) -> str:
    """How late the latest of the calls was."""
    width = 12
    lines = [" " * 40 + "".join(language.rjust(width) for language in LANGUAGES)]
    for blocker in BLOCKERS:
        found = {cell.language: cell.text for cell in cells if cell.blocker == blocker}
        if found:
            lines.append(f"{blocker:<40}" + "".join(found.get(one, "-").rjust(width) for one in LANGUAGES))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", default=[], metavar="TEXT")
    parser.add_argument("--times", type=int, default=1, metavar="N")
    only, times = (arguments := parser.parse_args()).only, arguments.times
    every = [Cell(*names) for names in itertools.product(BLOCKERS, LANGUAGES) if names not in WITHOUT]
    cells = [cell for cell in every if not only or any(text in str(cell) for text in only)]

    started = time.monotonic()
    with ExitStack() as stack:
        authority = stack.enter_context(Sandbox(tls=True)).urls["ca_file"]
        sandboxes: SimpleQueue[Sandbox] = SimpleQueue()
        for _ in range(AT_ONCE):
            sandboxes.put(stack.enter_context(Sandbox()))

        def with_sandbox(cell: Cell) -> None:
            sandbox = sandboxes.get()
            try:
                for _ in range(times):
                    try_out(cell, sandbox, authority)
            finally:
                sandboxes.put(sandbox)

        list(stack.enter_context(ThreadPoolExecutor(AT_ONCE)).map(with_sandbox, cells))

    print(table(cells))
    wrong = [cell for cell in cells if cell.wrong]
    for cell in wrong:
        print(f"\n{cell}:", *cell.wrong, sep="\n  ")
    print(f"\n{len(cells)} cells, {len(wrong)} wrong; in {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
