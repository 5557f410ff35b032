"""A Python program of its own, for tests that would harm the process that they run in."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox import Sandbox
    from typing_extensions import Self

HERE = Path(__file__).parent

PREAMBLE = """
import asyncio, os, sys, threading
import seekauth
from seekauth import Client
client = Client.from_env()
"""
UNLOGGED = """
import logging
logging.getLogger("seekauth").addHandler(logging.NullHandler())
"""
"""For programs whose failures are meant, and which are to write nothing to stderr of their own."""
FORK = """
def child(work):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""
"""Behind a preamble that imports `os` and `sys`: the exit code of a forked child that does work."""


class Program:
    """Runs `code` with a `client` of the sandbox; ends it if the test has not.

    `environment` is added to that of the tests; a variable that is None is taken out of it.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        code: str,
        preamble: str = PREAMBLE,
        environment: Mapping[str, str | None] | None = None,
    ) -> None:
        inherited = {**os.environ, **(environment or {})}
        variables = {f"SEEKAUTH_{name.upper()}": value for name, value in sandbox.settings.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-c", preamble + textwrap.dedent(code)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **{name: value for name, value in inherited.items() if value is not None},
                **variables,
                "SEEKAUTH_SERVICE": "seek_api",
                # A wait of this length never ends by itself.
                "SEEKAUTH_TIMEOUT": "600",
                "SEEKAUTH_REQUEST_TIMEOUT": "600",
                "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}",
                # Later Pythons warn of fork() in a process with threads, which is under test here.
                "PYTHONWARNINGS": "error,ignore:This process:DeprecationWarning",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def read(self) -> str:
        """Its next line."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def tell(self) -> None:
        """Sends it an empty line."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self, within: float = 120) -> tuple[int, str, str]:
        """Waits for its end: exit code, the rest of stdout, stderr."""
        output, errors = self._process.communicate(timeout=within)
        return self._process.returncode, output, errors


def run(
    sandbox: Sandbox,
    code: str,
    preamble: str = PREAMBLE,
    environment: Mapping[str, str | None] | None = None,
) -> str:
    """The output of the program, which must succeed and be silent on stderr."""
    with Program(sandbox, code, preamble, environment) as program:
        status, output, errors = program.end()
    assert (status, errors) == (0, "")
    return output
