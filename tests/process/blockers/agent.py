"""An agent of the shared cases as a program under test: told what to do, and given up when it hangs.

tests/conformance/cases/README.md describes the protocol.
"""

import queue
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from harness.process import GoneError, Process

HANGS = 60.0
"""Seconds; nothing that is asked here takes as long on the busiest machine."""


@dataclass(frozen=True)
class Reply:
    """What an agent responded, and when."""

    word: str
    fields: dict[str, str]
    seconds: float

    @property
    def is_ok(self) -> bool:
        return self.word == "ok"

    def __str__(self) -> str:
        return "ok" if self.is_ok else f"{self.fields.get('name', self.word)}: {self.fields.get('message', '')}"


class Agent(Process):
    """A running agent. What it writes to stderr is kept for `errors()`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        super().__init__(command, environment, stderr=subprocess.PIPE)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, verb: str, **fields: object) -> Reply:
        """What comes of it, and how long that took."""
        words = [verb, *(f"{name}={quote(str(value), safe='')}" for name, value in fields.items())]
        began = time.monotonic()
        self.write("\t".join(words))
        try:
            line = self._lines.get(timeout=HANGS)
        except queue.Empty:
            raise GoneError(f"{verb} of {fields.get('client', '-')} had not returned after {HANGS:.0f} s") from None
        seconds = time.monotonic() - began
        if not line:
            raise GoneError(f"ended with {self.child.wait()} at {verb}")
        word, *pairs = line.rstrip("\n").split("\t")
        found = {name: unquote(value) for name, _, value in (pair.partition("=") for pair in pairs)}
        return Reply(word, found, seconds)

    def do(self, verb: str, **fields: object) -> Reply:
        """As `ask`, of what has to succeed."""
        reply = self.ask(verb, **fields)
        if not reply.is_ok:
            raise GoneError(f"{verb}: {reply}")
        return reply

    def errors(self) -> str:
        """What it wrote to stderr, once it has ended."""
        assert self.child.stderr is not None
        return self.child.stderr.read().decode(errors="replace")

    def _listen(self) -> None:
        assert self.child.stdout is not None
        for line in iter(self.child.stdout.readline, b""):
            self._lines.put(line.decode())
        self._lines.put("")
