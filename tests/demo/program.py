"""One program of the demo, run to its end: its report, line by line, and what is wrong with it.

Programs report what they saw; here it is checked that every step was reported in its turn, that no
caller waited while a token was renewed, that no secret was printed and that the program ended well.
"""

import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from stage import TOKEN_DELAY_MS
from steps import Step

TIME_LIMIT_S = 120

OK, WRONG, SKIPPED = "ok", "wrong", "skipped"


@dataclass(frozen=True)
class Cell:
    """What one language's program did in one step."""

    verdict: str
    what: str
    microseconds: float | None = None

    @property
    def text(self) -> str:
        """What happened, with the verdict if it is no good one."""
        return self.what if self.verdict == OK else f"{self.verdict}: {self.what}"


class Program:
    """The demo in one language."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self.agent = f"demo-{name}"
        self.command = command

    def run(
        self,
        steps: Sequence[Step],
        environment: Mapping[str, str],
        secrets: Sequence[str],
        began: Callable[[Step], None],
        ended: Callable[[Step, Cell], None],
    ) -> dict[str, Cell]:
        """Runs the program and tells of each step as it begins and ends. The cells, by step."""
        cells: dict[str, Cell] = {}

        def end(step: Step, cell: Cell) -> None:
            if any(secret in cell.what for secret in secrets):
                cell = Cell(WRONG, "it printed a secret")
            cells[step.id] = cell
            ended(step, cell)

        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
            process = self._start(environment, errors)
            watchdog = threading.Timer(TIME_LIMIT_S, process.kill)
            watchdog.start()
            try:
                assert process.stdout is not None
                for step in steps:
                    began(step)
                    line = process.stdout.readline()
                    if not line:
                        break
                    end(step, read(line, step))
                process.communicate()
                problem = complaint(process, errors, late=watchdog.finished.is_set())
            finally:
                watchdog.cancel()
                process.kill()
                process.wait()
        for step in steps[len(cells) :]:
            end(step, Cell(WRONG, problem or "not reported"))
            problem = "not reached"
        if problem and cells[steps[-1].id].verdict == OK:
            end(steps[-1], Cell(WRONG, problem))
        return cells

    def _start(self, environment: Mapping[str, str], errors: IO[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command,
            env={**environment, "SEEKAUTH_USER_AGENT": f"{self.agent}/1.0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            errors="replace",
        )


def read(line: str, step: Step) -> Cell:
    """The cell that a line of a report stands for."""
    try:
        name, verdict, what, time = line.rstrip("\n").split("\t")
        microseconds = float(time)
    except ValueError:
        return Cell(WRONG, f"it reported {line.strip()!r}")
    if name != step.id:
        return Cell(WRONG, f"it reported {name} in its place")
    if step.id == "renewal" and microseconds >= TOKEN_DELAY_MS * 1000:
        return Cell(WRONG, f"{what}, a caller waited", microseconds)
    return Cell(OK if verdict == OK else WRONG, what, microseconds)


def complaint(process: subprocess.Popen[str], errors: IO[str], *, late: bool) -> str | None:
    """Why a program ended badly, in one line."""
    if process.returncode == 0:
        return None
    if late:
        return f"it took longer than {TIME_LIMIT_S} s"
    errors.seek(0)
    lines = [line.strip() for line in errors if line.strip()]
    return f"exit code {process.returncode}" + (f": {lines[-1]}" if lines else "")
