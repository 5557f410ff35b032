"""A program of the soak as a process: started, listened to, measured, ended."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from judge import Judge

ROOT = Path(__file__).resolve().parents[3]
ANSWERS_WITHIN = 120.0
"""Seconds; far more than collecting garbage takes on the busiest machine."""


@dataclass(frozen=True)
class Held:
    """What a process holds; memory without what a garbage collector keeps empty for later."""

    memory_mib: float
    files: int
    threads: int


class GoneError(Exception):
    """A program that ended before it was told to, or hangs."""


class Process:
    """A running program. `close()` kills it if it has not ended."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], judge: Judge) -> None:
        self._name = Path(command[-1]).name
        self._judge = judge
        self._measured = threading.Event()
        self._kept_empty = 0
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SEEKAUTH_")}
        self._process = subprocess.Popen(
            command,
            env={**kept, **environment, "PYTHONPATH": str(ROOT / "python")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def measure(self) -> Held:
        """What it holds once it has collected its garbage."""
        assert self._process.stdin is not None
        self._measured.clear()
        try:
            self._process.stdin.write("measure\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise GoneError(f"{self._name} ended with {self._process.wait()}") from None
        if not self._measured.wait(ANSWERS_WITHIN):
            raise GoneError(f"{self._name} does not answer; its exit code: {self._process.poll()}")
        directory = Path("/proc", str(self._process.pid))
        lines = (directory / "status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        return Held(
            memory_mib=int(status["VmRSS"].split()[0]) / 1024 - self._kept_empty / 2**20,
            files=len(list((directory / "fd").iterdir())),
            threads=int(status["Threads"]),
        )

    def end(self) -> list[str]:
        """Lets it end by itself. Returns what was wrong with that."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            code = self._process.wait(ANSWERS_WITHIN)
        except subprocess.TimeoutExpired:
            return [f"{self._name} does not end"]
        self._listener.join()
        return [] if code == 0 else [f"{self._name} ended with {code}"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, _, kept_empty = line.partition("\t")
            if word == "measured":
                self._kept_empty = int(kept_empty)
                self._measured.set()
            else:
                self._judge.line(line)
