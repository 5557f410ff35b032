"""Processes that share a token, and the table of what came of them. The store is given as the setting has it,
so that any kind of store goes through the same scenarios.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .paths import DEBUG
from .process import inherited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .sandbox import Sandbox

MEMBER = DEBUG / "seekauth-member"
INTERVAL_MS = 40


@dataclass
class Fleet:
    """The processes of one scenario, and what came of them."""

    sandbox: Sandbox
    store: str
    """The setting `store`."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What they need besides, such as further settings of the store."""
    umask: int = -1
    """Theirs, if not the usual one."""
    members: list[subprocess.Popen[str]] = field(default_factory=list)
    ends: list[dict] = field(default_factory=list)
    remark: str = ""
    """What the table says besides."""

    def start(
        self,
        count: int,
        seconds: float,
        *,
        interval_ms: float = INTERVAL_MS,
        graphql: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> list[subprocess.Popen[str]]:
        """Starts so many more, each of which asks for the token again and again for so long."""
        variables = self.variables(environment or {})
        command = [str(MEMBER), str(seconds), str(interval_ms), *(["graphql"] if graphql else [])]
        started = [
            subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True, umask=self.umask)
            for _ in range(count)
        ]
        self.members += started
        return started

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """What one of its processes needs, with some more."""
        return {
            **inherited(),
            **self.sandbox.environment("Fleet/1.0"),
            "SEEKAUTH_STORE": self.store,
            # A busy machine is no reason to go on without it: the requests are counted.
            "SEEKAUTH_STORE_TIMEOUT": "10",
            **self.environment,
            **more,
        }

    def finish(self) -> None:
        """Waits for all that are still there."""
        for member in self.members:
            lines = member.communicate(timeout=300)[0].splitlines()
            if member.returncode == 0:
                self.ends.append(json.loads(lines[-1]))

    def total(self, what: str) -> int:
        return sum(end[what] for end in self.ends)

    @property
    def errors(self) -> list[str]:
        return [error for end in self.ends for error in end["errors"]]


@dataclass
class Outcome:
    """A row of the table."""

    name: str
    processes: int
    fleet: Fleet
    allowed: Callable[[int], bool]
    """Whether so many token requests are right."""
    requests: int
    seconds: float
    wrong: list[str] = field(default_factory=list)
    """What else was wrong."""
    figures: list[str] = field(default_factory=list)
    """What else was measured."""

    @property
    def is_good(self) -> bool:
        is_over = len(self.fleet.ends) > 0 or self.processes == 0
        is_right = self.allowed(self.requests) and is_over
        return is_right and not self.fleet.errors and not self.wrong


def print_table(outcomes: Iterable[Outcome]) -> bool:
    """Prints a row for each as it comes. Returns whether all are good."""
    print(f"{'':<34} processes  calls  errors  token requests  adopted  first ms  longest ms     s")
    are_good = True
    for outcome in outcomes:
        fleet = outcome.fleet
        first = max((end["first_ms"] for end in fleet.ends), default=0)
        longest = max((end["longest_ms"] for end in fleet.ends), default=0)
        print(
            f"{outcome.name:<34} {outcome.processes:>9} {fleet.total('calls'):>6} {len(fleet.errors):>7} "
            f"{outcome.requests:>15} {fleet.total('adopted'):>8} {first:>9.0f} {longest:>11.0f} {outcome.seconds:>5.0f}"
            f"  {fleet.remark}{'' if outcome.is_good else '   WRONG'}",
            flush=True,
        )
        for line in (*sorted(set(fleet.errors))[:3], *sorted(set(outcome.wrong))[:5], *outcome.figures):
            print(f"    {line}")
        are_good &= outcome.is_good
    return are_good


def meanwhile(seconds: float, work: Callable[[], object]) -> threading.Thread:
    """Does something again and again for so long."""

    def loop() -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            work()
            time.sleep(0.05)

    thread = threading.Thread(target=loop)
    thread.start()
    return thread
