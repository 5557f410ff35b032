"""A program of the canary test as a process: told what to do, listened to, and looked into once it has closed
its clients and stands still.
"""

import os
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from harness.paths import PACKAGE
from harness.process import GoneError, Process

LIMIT_S = 300
"""For the whole story; far more than the busiest machine takes."""
CHUNK = 64 << 20


class Subject(Process):
    """A running program, with a folder of its own for all that it writes. `close()` kills it."""

    def __init__(self, command: Sequence[str], folder: Path, decoy: str) -> None:
        self.work = folder / "work"
        self.stderr = folder / "stderr.txt"
        self.texts: dict[str, list[bytes]] = {"stdout": [], "error": [], "shown": []}
        for below in ("home", "tmp"):
            (self.work / below).mkdir(parents=True)
        program = shutil.which(command[0])
        assert program is not None, command[0]
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.work / "home"),
            "TMPDIR": str(self.work / "tmp"),
            # The HTTP clients of the Python program are those of the package's tests.
            "PYTHONPATH": os.pathsep.join((str(PACKAGE), str(PACKAGE / "tests"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "RUST_LOG": "trace",
            "RUST_BACKTRACE": "full",
            "NODE_DEBUG": "*",
            "DEBUG": "*",
            "CANARY": decoy,
        }
        with self.stderr.open("wb") as stderr:
            super().__init__([program, *command[1:]], environment, cwd=self.work, stderr=stderr)
        self._watch = threading.Timer(LIMIT_S, self.child.kill)
        self._watch.start()

    def tell(self, verb: str, **fields: object) -> int:
        """Has it carry out a command, and keeps what it says about it. How many texts of errors that brought."""
        before = len(self.texts["error"])
        assert self.child.stdout is not None
        line = "\t".join([verb, *(f"{name}={quote(str(value), safe='')}" for name, value in fields.items())])
        try:
            self.write(line)
        except GoneError as problem:
            raise GoneError(f"{problem}, before it was told to {verb}") from None
        for said in self.child.stdout:
            if said == b"done\n":
                return len(self.texts["error"]) - before
            kind, tab, text = said.partition(b"\t")
            if tab and kind in (b"error", b"shown"):
                self.texts[kind.decode()].append(text)
            else:
                self.texts["stdout"].append(said)
        raise GoneError(f"{self.name} ended with {self.child.wait()} when it was told to {verb}")

    def stop(self) -> None:
        """From here on nothing in it changes any more."""
        os.kill(self.child.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.child.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        os.kill(self.child.pid, signal.SIGCONT)

    def environment(self) -> bytes:
        return self._file("environ").read_bytes()

    def memory(self) -> Iterator[tuple[str, bytes]]:
        """What it holds, mapping by mapping; but for files that it cannot write to, which hold what is on disk."""
        with self._file("mem").open("rb", buffering=0) as memory:
            for line in self._file("maps").read_text().splitlines():
                span, access, _, _, inode, *name = line.split(maxsplit=5)
                if access[0] != "r" or (access[1] != "w" and inode != "0") or name == ["[vvar]"]:
                    continue
                start, end = (int(text, 16) for text in span.split("-"))
                for at in range(start, end, CHUNK):
                    try:
                        memory.seek(at)
                        # So much more that nothing is cut in two.
                        data = memory.read(min(CHUNK + 4096, end - at))
                    except OSError:
                        # Reserved, and not to be read.
                        continue
                    yield "".join(name) or "anonymous", data

    def close(self) -> None:
        self._watch.cancel()
        super().close()

    def _file(self, name: str) -> Path:
        return Path("/proc", str(self.child.pid), name)
