"""The interpreters of CPython that this machine has, each with an environment for the tests: those on the PATH, those
of pyenv, and those that debian.sh unpacked.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.paths import ROOT

FOLDER = ROOT / "target" / "hosts" / "python"
MINORS = range(10, 16)
PYTEST = ("pytest==9.2.0", "typing_extensions==4.16.0", "exceptiongroup==1.3.1", "tomli==2.5.0")
"""The last three are for CPython 3.10 and do no harm elsewhere; pip looks at its own version to find that out."""
FACTS = "import sys, sysconfig; print(*sys.version_info[:3], sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"


@dataclass(frozen=True)
class Interpreter:
    """One that runs."""

    program: str
    version: tuple[int, int, int]
    is_free_threaded: bool

    @property
    def host(self) -> str:
        """How its row is called."""
        kind = " free-threaded" if self.is_free_threaded else ""
        return f"CPython {'.'.join(map(str, self.version))}{kind}"

    def environment(self) -> str:
        """An interpreter of its own environment, which is made if need be."""
        folder = FOLDER / self.host.replace(" ", "-").lower()
        program = folder / "bin" / "python"
        if not (folder / ".ready").exists():
            subprocess.run([self.program, "-m", "venv", "--clear", "--without-pip", folder], check=True)
            minor = f"3.{self.version[1]}"
            # This interpreter's pip: one of another may be too old for its own.
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            place = ["--target", next(folder.glob("lib/*/site-packages")), "--python-version", minor]
            subprocess.run([*pip, *place, "--only-binary", ":all:", *PYTEST], check=True)
            (folder / ".ready").touch()
        return str(program)


def found() -> list[Interpreter]:
    """The newest of each minor version that there is, and a free-threaded one beside it; oldest first."""
    best: dict[tuple[int, bool], Interpreter] = {}
    for program in _programs():
        interpreter = _interpreter(program)
        if interpreter is not None:
            key = interpreter.version[1], interpreter.is_free_threaded
            best[key] = max(interpreter, best.get(key, interpreter), key=lambda one: one.version)
    return [best[key] for key in sorted(best)]


def missing(interpreters: list[Interpreter]) -> list[str]:
    """What could not be had."""
    minors = {one.version[1] for one in interpreters}
    lacking = [f"CPython 3.{minor}" for minor in MINORS if minor not in minors]
    if not any(one.is_free_threaded for one in interpreters):
        lacking.append("CPython free-threaded")
    return lacking


def _programs() -> list[Path | str]:
    names = [f"python3.{minor}{kind}" for minor in MINORS for kind in ("", "t")]
    programs: list[Path | str] = [path for name in names if (path := shutil.which(name))]
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True).stdout.strip()
        programs += (Path(root) / "versions").glob("*/bin/python")
    return [*programs, *(FOLDER / "debian" / "root" / "usr" / "bin").glob("python3.*")]


def _interpreter(program: Path | str) -> Interpreter | None:
    try:
        run = subprocess.run([program, "-c", FACTS], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    major, minor, micro, free = map(int, run.stdout.split())
    is_wanted = major == 3 and minor in MINORS
    return Interpreter(str(program), (major, minor, micro), bool(free)) if is_wanted else None
