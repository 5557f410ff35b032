"""Real servers of Redis or Valkey, one or a cluster for each scenario, in a folder of their own.

The witness comes to them by the way that the members do not take (a unix socket, or TCP where members take the
socket), as a user of its own, so that its commands are told from theirs.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from harness.process import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from certificates import Certificates
    from typing_extensions import Self

STARTS_WITHIN_S = 30
POLL_S = 0.02
STARTS = 5
"""Attempts, since a port that was free a moment ago may have been taken."""

SHOWN = re.compile(r"(?P<at>[0-9.]+) \[[0-9]+ (?P<client>[^]]*)\] (?P<words>.*)")
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Command(NamedTuple):
    """A command, as MONITOR shows it: in escapes where it is not text."""

    at: float
    """By the server's clock, which is this machine's."""
    client: str
    words: list[str]


def free_port() -> int:
    """Low enough for the port of a cluster's own messages, which is 10,000 higher."""
    while True:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port: int = listener.getsockname()[1]
        if port < 55_000:
            return port


class Server:
    """A running server. `close()` ends it."""

    def __init__(
        self,
        program: str,
        folder: Path,
        *lines: str,
        users: tuple[str, ...] = ("default on nopass ~* &* +@all",),
        certificates: Certificates | None = None,
        witness_by_tcp: bool = False,
        primary: str = "",
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.socket = folder / "socket"
        self.log = folder / "server.log"
        self.observed = folder / "monitor.txt"
        self.data = folder / "data"
        self.data.mkdir()
        self.primary = primary
        """The address of the server of which this is a replica."""
        self._program = program
        self._certificates = certificates
        self._witness_by_tcp = witness_by_tcp
        self._lines = [
            "bind 127.0.0.1",
            f"unixsocket {self.socket}",
            f"dir {self.data}",
            f"logfile {self.log}",
            "loglevel verbose",
            'save ""',
            *(f"user {user}" for user in users),
            "user witness on nopass ~* &* +@all",
            *([f"replicaof {primary.replace(':', ' ')}"] if primary else []),
            *lines,
        ]
        self._monitor: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        for attempt in range(STARTS):
            try:
                self.start()
            except OSError:
                if attempt == STARTS - 1:
                    raise
                self.port = free_port()
            else:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Starts it, anew after it was killed, on the same port."""
        tls = self._certificates
        listens = (
            [f"port {self.port}"]
            if tls is None
            else [
                "port 0",
                f"tls-port {self.port}",
                f"tls-cert-file {tls.certificate}",
                f"tls-key-file {tls.key}",
                f"tls-ca-cert-file {tls.authority}",
                "tls-auth-clients no",
            ]
        )
        self.socket.unlink(missing_ok=True)
        self._child = subprocess.Popen([self._program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert self._child.stdin is not None
        self._child.stdin.write("\n".join([*self._lines, *listens, ""]).encode())
        self._child.stdin.close()

        def is_there() -> bool:
            if self._child.poll() is not None:
                raise OSError(f"{self._program} ended with {self._child.returncode}: {self.log.read_text()[-500:]}")
            return self.cli("PING", checked=False) == b"PONG"

        wait_until(is_there, f"{self._program} does not start", within_s=STARTS_WITHIN_S, poll_s=POLL_S)
        with self.observed.open("ab") as observed:
            begun = observed.tell()
            self._monitor = subprocess.Popen([*self._cli(), "MONITOR"], stdout=observed, stderr=subprocess.DEVNULL)
        wait_until(
            lambda: self.observed.stat().st_size > begun,
            "MONITOR does not begin",
            within_s=STARTS_WITHIN_S,
            poll_s=POLL_S,
        )

    def close(self) -> None:
        self.go_on()
        self.kill()

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        self._child.kill()
        self._child.wait()
        if self._monitor is not None:
            self._monitor.wait()

    def freeze(self) -> None:
        self._child.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(signal.SIGCONT)

    def settle(self) -> None:
        """Returns once MONITOR has told of all that happened before."""
        mark = f"settled-{os.urandom(8).hex()}"
        self.cli("ECHO", mark)
        wait_until(
            lambda: mark.encode() in self.observed.read_bytes(),
            "MONITOR stands still",
            within_s=STARTS_WITHIN_S,
            poll_s=POLL_S,
        )

    def cli(self, *arguments: str | bytes, stdin: bytes | None = None, checked: bool = True) -> bytes:
        """What redis-cli prints, as the witness. Its last argument may be given as `stdin`."""
        command = [*self._cli(), "--raw", *(["-x"] if stdin is not None else []), *arguments]
        given = stdin if stdin is not None else b""
        done = subprocess.run(command, input=given, capture_output=True)
        said = done.stdout.removesuffix(b"\n")
        if checked and (done.returncode or done.stderr.strip()):
            raise OSError(f"{arguments[0]!r}: {said!r} {done.stderr!r}")
        return said

    def key_names(self, pattern: str = "*") -> list[bytes]:
        return self.cli("KEYS", pattern).split()

    def value(self, key: bytes) -> bytes:
        """Of a string; what a record of another kind was overwritten with is no value of ours."""
        return self.cli("GET", key, checked=False)

    def clients(self) -> list[dict[str, str]]:
        """The connections that are not the witness's."""
        lines = self.cli("CLIENT", "LIST").decode().splitlines()
        entries = [dict(field.split("=", 1) for field in line.split() if "=" in field) for line in lines]
        return [entry for entry in entries if entry.get("user") != "witness" and entry.get("cmd") != "replconf"]

    def commands(self) -> Iterator[Command]:
        """The commands of the members, as MONITOR showed them: without those of the witness, of a primary, and of a
        node from which keys move here.
        """
        of_witness = "127.0.0.1:" if self._witness_by_tcp else "unix:"
        others = tuple(word for word in (of_witness, "lua", self.primary) if word)
        lines = [SHOWN.fullmatch(line) for line in self.observed.read_text(errors="replace").splitlines()]
        of_nodes = {line["client"] for line in lines if line and line["words"].startswith('"RESTORE-ASKING"')}
        for line in lines:
            if line and not line["client"].startswith(others) and line["client"] not in of_nodes:
                yield Command(float(line["at"]), line["client"], WORD.findall(line["words"]))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _cli(self) -> list[str]:
        client = "valkey-cli" if "valkey" in self._program else "redis-cli"
        way = ["-p", str(self.port)] if self._witness_by_tcp else ["-s", str(self.socket)]
        return [client, *way, "--no-auth-warning", "--user", "witness", "--pass", "any"]
