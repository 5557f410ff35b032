"""Programs under test: started with pipes to them, awaited, ended."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TypeVar

T = TypeVar("T")

LIMIT_S = 180
"""For anything that is waited for; far more than the busiest machine takes."""
POLL_S = 0.1


class GoneError(Exception):
    """A program that ended before it was told to, or hangs."""


def inherited(*without: str) -> dict[str, str]:
    """This process's environment, less the variables that begin so: what the caller has set for seekauth is
    meant for other programs.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith(("SEEKAUTH_", *without))}


class Process:
    """A running program. `close()` kills it if it has not ended."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        cwd: Path | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> None:
        self.name = Path(command[-1]).name
        self.child = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        )

    def write(self, line: str) -> None:
        """Writes a line to its standard input."""
        assert self.child.stdin is not None
        try:
            self.child.stdin.write(f"{line}\n".encode())
            self.child.stdin.flush()
        except BrokenPipeError:
            raise GoneError(f"{self.name} ended with {self.child.wait()}") from None

    def read(self) -> str:
        """The next line that it prints; nothing when it prints no more."""
        assert self.child.stdout is not None
        return self.child.stdout.readline().decode()

    def kill(self) -> None:
        self.child.kill()
        self.child.wait()

    def close(self) -> None:
        self.kill()
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def wait_until(holds: Callable[[], object], otherwise: str, *, within_s: float, poll_s: float) -> None:
    """Returns once it holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise GoneError(otherwise)
        time.sleep(poll_s)


def wait_for_all(those: Iterable[T], holds: Callable[[T], bool], otherwise: str) -> None:
    """Returns once it has held for each of them."""
    deadline = time.monotonic() + LIMIT_S
    missing = list(those)
    while missing := [one for one in missing if not holds(one)]:
        if time.monotonic() > deadline:
            raise GoneError(f"{', '.join(map(str, missing))} {otherwise}")
        time.sleep(POLL_S)
