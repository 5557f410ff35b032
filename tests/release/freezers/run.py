"""Freezes a program with each of the tools that make one thing of a Python program, moves that to another folder and
gets tokens there. An archive that nothing unpacks has to be refused with a way out.

    run.py [--quick] PYTHON WHEEL

PYTHON is an interpreter that has what requirements.txt names; the wheel is installed for the run. Prints a table; what
this machine cannot have is a row that says so.
"""

import argparse
import shutil
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.carried import NOT_HERE, Carrier, Row, attempt, build, refused
from harness.carried import conclude as print_table
from harness.process import inherited
from harness.sandbox import Sandbox

HERE = Path(__file__).resolve().parent
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")


@dataclass
class Freezers:
    python: Path
    wheel: Path
    carrier: Carrier

    @property
    def app(self) -> Path:
        return self.carrier.source

    def prepare(self) -> None:
        """The program's folder, and the wheel where the tools look for packages."""
        self.app.mkdir()
        for program in ("main.py", "adapter.py"):
            shutil.copy(HERE / program, self.app)
        build([self.python, *PIP, "install", "--force-reinstall", "--no-deps", "--no-index", self.wheel], self.app)

    def forget(self) -> None:
        """Takes the wheel away again, so that an archive has it from nowhere else."""
        build([self.python, *PIP, "uninstall", "--yes", "seekauth"], self.app)

    def version(self, package: str) -> str:
        program = f"import importlib.metadata as m; print(m.version({package!r}))"
        return build([self.python, "-c", program], self.app).strip()

    def row(self, tool: str, package: str, how: str, trial: Callable[[], str]) -> Row:
        return attempt(tool, self.version(package), how, trial)

    # ---- freezers ----

    def pyinstaller(self) -> Iterator[Row]:
        yield self.row("PyInstaller", "pyinstaller", "no option", lambda: self._pyinstaller("main"))

    def pyinstaller_with_more(self) -> Iterator[Row]:
        row = partial(self.row, "PyInstaller", "pyinstaller")
        yield row("no option, with httpx", lambda: self._pyinstaller("adapter"))
        yield row("--onefile", lambda: self._pyinstaller("main", "--onefile"))

    def _pyinstaller(self, program: str, *options: str) -> str:
        made = self.app / "-".join(["pyinstaller", program, *options])
        places = ["--distpath", made, "--workpath", self.app / "work", "--specpath", self.app / "work"]
        command = [self.python, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *places, *options]
        build([*command, f"{program}.py"], self.app)
        executable = program if options else f"{program}/{program}"
        return self.carrier.moved(made, lambda place: [place / executable], made.name)

    def nuitka(self) -> Iterator[Row]:
        def trial() -> str:
            if not Path(sysconfig.get_path("include"), "Python.h").exists():
                return f"{NOT_HERE}the headers of this Python"
            tools = {"PATH": f"{self.python.parent}:{inherited()['PATH']}"}
            options = ["--standalone", "--quiet", "--output-dir=nuitka", "--lto=no", "--assume-yes-for-downloads"]
            build([self.python, "-m", "nuitka", *options, "main.py"], self.app, {**inherited(), **tools})
            made = self.app / "nuitka" / "main.dist"
            return self.carrier.moved(made, lambda place: [place / "main.bin"], "nuitka")

        yield self.row("Nuitka", "nuitka", "--standalone", trial)

    # ---- archives ----

    def zipapp(self) -> Iterator[Row]:
        site = self.app / "site"

        def archive() -> str:
            build([self.python, *PIP, "install", "--no-deps", "--no-index", "--target", site, self.wheel], self.app)
            shutil.copy(HERE / "main.py", site / "__main__.py")
            build([self.python, "-m", "zipapp", site, "--output", "app.pyz"], self.app)
            return refused([self.python, "app.pyz"], self.app, "ImportError: seekauth is in an archive", "shiv")

        def beside() -> str:
            made = self.app / "zipapp"
            alone = self.app / "alone"
            alone.mkdir()
            shutil.copy(HERE / "main.py", alone / "__main__.py")
            made.mkdir()
            build([self.python, "-m", "zipapp", alone, "--output", made / "app.pyz"], self.app)
            shutil.copytree(site / "seekauth", made / "site" / "seekauth")
            command = ["env", "PYTHONPATH=site", self.python, "app.pyz"]
            return self.carrier.moved(made, lambda _: command, "zipapp")

        version = build([self.python, "-c", "import platform; print(platform.python_version())"], self.app).strip()
        yield attempt("zipapp", version, "seekauth in the archive", archive)
        yield attempt("zipapp", version, "seekauth beside it", beside)

    def shiv(self) -> Iterator[Row]:
        def trial() -> str:
            made = self.app / "shiv"
            made.mkdir()
            command = [self.python, "-m", "shiv.cli", "--output-file", made / "app.pyz", "--entry-point", "main:main"]
            build([*command, "--site-packages", self.with_program(), "--no-deps", self.wheel], self.app)
            unpacked = f"SHIV_ROOT={self.app.parent / 'shiv-root'}"
            return self.carrier.moved(made, lambda place: ["env", unpacked, self.python, place / "app.pyz"], "shiv")

        yield self.row("shiv", "shiv", "no option", trial)

    def pex(self) -> Iterator[Row]:
        def trial() -> str:
            made = self.app / "pex"
            made.mkdir()
            root = self.app.parent / "pex-root"
            command = [self.python, "-m", "pex", self.wheel, "--no-pypi", "--intransitive", "--pex-root", root]
            sources = ["--sources-directory", self.with_program(), "--entry-point", "main:main"]
            build([*command, *sources, "--inherit-path=fallback", "--output-file", made / "app.pex"], self.app)
            variables = f"PEX_ROOT={root}"
            return self.carrier.moved(made, lambda place: ["env", variables, self.python, place / "app.pex"], "pex")

        yield self.row("pex", "pex", "no option", trial)

    def with_program(self) -> Path:
        """A folder that has the program as a module, and nothing else."""
        folder = self.app / "sources"
        if not folder.exists():
            folder.mkdir()
            shutil.copy(HERE / "main.py", folder)
        return folder


def main() -> None:
    parser = argparse.ArgumentParser(description="Freezes a program with each tool and runs it elsewhere.")
    parser.add_argument("--quick", action="store_true", help="PyInstaller into a folder only")
    parser.add_argument("python", type=Path)
    parser.add_argument("wheel", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seekauth-freezers-") as work, Sandbox(tls=True) as sandbox:
        # Not resolved: the link of a virtual environment says which environment it is.
        freezers = Freezers(given.python.absolute(), given.wheel.resolve(), Carrier(sandbox, Path(work) / "app"))
        freezers.prepare()
        rows = list(freezers.pyinstaller())
        if not given.quick:
            rows += [*freezers.pyinstaller_with_more(), *freezers.nuitka()]
            freezers.forget()
            rows += [*freezers.zipapp(), *freezers.shiv(), *freezers.pex()]
    print_table("freezers", rows)


if __name__ == "__main__":
    main()
