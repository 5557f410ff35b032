"""A program that calls until it is told to end: its lines go to a judge, and what it holds is measured."""

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .judge import Judge
from .paths import PACKAGE
from .process import GoneError, Process, inherited

RESPONDS_WITHIN = 120.0
"""Seconds; far more than collecting garbage takes on the busiest machine."""
FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""glibc keeps what was freed for the thread that had it, so that a process with many short-lived ones seems to
grow."""
SETTLED_FOR = 1.0
SETTLES_WITHIN = 30.0


@dataclass(frozen=True)
class Held:
    """What a process holds; memory without what a garbage collector keeps empty for later."""

    memory_mib: float
    files: int
    threads: int


def settled(look: Callable[[], int]) -> int:
    """The number when it falls no further: the connections of what was collected end on the library's thread."""
    least, since = look(), time.monotonic()
    end = since + SETTLES_WITHIN
    while time.monotonic() < min(end, since + SETTLED_FOR):
        time.sleep(0.05)
        now = look()
        if now < least:
            least, since = now, time.monotonic()
    return least


class Measured(Process):
    """A running program of the soak."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], judge: Judge) -> None:
        self._judge = judge
        self._measured = threading.Event()
        self._kept_empty = 0
        super().__init__(command, {**inherited(), **environment, **FEW_ARENAS, "PYTHONPATH": str(PACKAGE)})
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def measure(self) -> Held:
        """What it holds once it has collected its garbage."""
        self._measured.clear()
        self.write("measure")
        if not self._measured.wait(RESPONDS_WITHIN):
            raise GoneError(f"{self.name} does not respond; its exit code: {self.child.poll()}")
        directory = Path("/proc", str(self.child.pid))
        lines = (directory / "status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        return Held(
            memory_mib=int(status["VmRSS"].split()[0]) / 1024 - self._kept_empty / 2**20,
            files=settled(lambda: len(list((directory / "fd").iterdir()))),
            threads=int(status["Threads"]),
        )

    def end(self) -> list[str]:
        """Lets it end by itself. Returns what was wrong with that."""
        assert self.child.stdin is not None
        self.child.stdin.close()
        try:
            code = self.child.wait(RESPONDS_WITHIN)
        except subprocess.TimeoutExpired:
            return [f"{self.name} does not end"]
        self._listener.join()
        return [] if code == 0 else [f"{self.name} ended with {code}"]

    def close(self) -> None:
        self.kill()
        self._listener.join()
        super().close()

    def _listen(self) -> None:
        assert self.child.stdout is not None
        for line in map(bytes.decode, self.child.stdout):
            word, _, kept_empty = line.partition("\t")
            if word == "measured":
                self._kept_empty = int(kept_empty)
                self._measured.set()
            else:
                self._judge.line(line)
