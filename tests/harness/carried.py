"""Programs that a tool has packed with the library in them: tried where nothing of what they were made from is left.

A trial is told apart by the name of its tool, with which the sandbox counts its requests.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .process import LIMIT_S
from .sandbox import Sandbox

PASSED = "a token"
NOT_HERE = "not here: "
TITLES = ("tool", "version", "how", "result")


class TrialError(Exception):
    """A tool, or what it has made, did something else than it should."""


@dataclass
class Row:
    """One line of the table: with which tool, in which way, and what came of it."""

    tool: str
    version: str
    how: str
    result: str


def run(
    command: Sequence[object], cwd: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    try:
        return subprocess.run(words, cwd=cwd, env=variables, capture_output=True, text=True, timeout=4 * LIMIT_S)
    except FileNotFoundError as missing:
        raise TrialError(str(missing)) from None


def build(command: Sequence[object], cwd: Path, variables: Mapping[str, str] | None = None) -> str:
    """Runs a tool that has to succeed; returns what it prints."""
    done = run(command, cwd, variables)
    if done.returncode != 0:
        raise TrialError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def refused(command: Sequence[object], cwd: Path, *said: str) -> str:
    """Runs a tool that has to refuse, and to say all this; returns it for the table."""
    done = run(command, cwd)
    text = done.stdout + done.stderr
    missing = [words for words in said if words not in text]
    if done.returncode == 0 or missing:
        raise TrialError(f"{command[0]} ended with {done.returncode} and did not say {missing}:\n{text}")
    return f"refused: {said[0]}"


@dataclass
class Carrier:
    """Takes what tools have made to another folder and runs it there. Tools work in the folder `source`."""

    sandbox: Sandbox
    source: Path

    def moved(self, made: Path, command: Callable[[Path], Sequence[object]], product: str, *, without: str = "") -> str:
        """What the program gets whose files `made` is, in a folder that has nothing else, while the one where it was
        built is gone. `without` names files that are then taken away too; the program has to explain their lack.
        """
        with tempfile.TemporaryDirectory(prefix="seekauth-moved-") as elsewhere:
            place = Path(elsewhere) / "program"
            shutil.copytree(made, place, symlinks=True)
            hidden = self.source.rename(self.source.with_name(".hidden"))
            try:
                result = self.token(command(place), place, product)
                if without:
                    self.explained(command(place), place, without)
            finally:
                hidden.rename(self.source)
        return result

    def token(self, command: Sequence[object], cwd: Path, product: str) -> str:
        before = self.sandbox.requests(product=product)
        done = run(command, cwd, self._variables(product))
        if done.returncode != 0 or not done.stdout.strip():
            raise TrialError(f"the program ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        if self.sandbox.requests(product=product) != before + 1:
            raise TrialError("the program got no token from the sandbox")
        return PASSED

    def explained(self, command: Sequence[object], cwd: Path, pattern: str) -> None:
        """Without the library the program has to say what its bundler did."""
        libraries = list(cwd.rglob(pattern))
        if not libraries:
            raise TrialError(f"there is no {pattern} to take away")
        for library in libraries:
            library.unlink()
        done = run(command, cwd, self._variables("lost"))
        if done.returncode == 0 or not re.search(r"left @seekauth/\S+ behind|which a tracer of files", done.stderr):
            raise TrialError(f"without {pattern} the program ended with {done.returncode}:\n{done.stderr}")

    def _variables(self, product: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**kept, **self.sandbox.environment(f"{product}/1.0")}


def attempt(tool: str, version: str, how: str, trial: Callable[[], str]) -> Row:
    """The row of a trial, which says at length on standard error why it failed."""
    try:
        return Row(tool, version, how, trial())
    except TrialError as failure:
        print(f"{tool}, {how}: {failure}", file=sys.stderr)
        return Row(tool, version, how, "FAILED")


def conclude(name: str, rows: Sequence[Row]) -> None:
    """Prints the table; ends the program with a failure if there is one in it."""
    table = [TITLES, *((row.tool, row.version, row.how, row.result) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(TITLES))]
    for line in table:
        print("  ".join(map(str.ljust, line, widths)).rstrip())
    failed = sum(row.result == "FAILED" for row in rows)
    absent = sum(row.result.startswith(NOT_HERE) for row in rows)
    print(f"{name}: {len(rows) - failed - absent} passed, {failed} failed, {absent} not here")
    sys.exit(min(failed, 1))
