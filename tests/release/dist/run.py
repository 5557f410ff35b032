"""Tries every package of dist/: its floors as readelf sees them, and a token, a request, a renewal and a fork against
the sandbox, on the oldest system that it promises and that can be had here.

    run.py DIST VERSION CROSS [TRIPLE...]

CROSS is the folder of the tools and, in `systems`, of the old systems. Prints what was found as a table.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from floors import Library, Program, archive_problems, declared

from harness.sandbox import Sandbox

HERE = Path(__file__).resolve().parent
STEPS = ["token", "graphql", "renewal", "fork"]
NOT_RUN = "not run"
LIFETIME_S = 4
"""Of a token: its renewal comes soon."""
OLDEST_MINOR = 10
NODE_NAMES = {"x86_64": "x64", "aarch64": "arm64"}


@dataclass
class System:
    """What a package runs on: the words for the table, and the program with all that stands before its arguments."""

    name: str
    command: list[object] | None
    variables: dict[str, str] = field(default_factory=dict)


@dataclass
class Row:
    artefact: str
    floor: str
    size: int
    system: str
    outcome: str

    @property
    def cells(self) -> list[str]:
        return [self.artefact, self.floor, f"{self.size / 1e6:.2f} MB", self.system, self.outcome]


@dataclass
class Trial:
    """The packages for one system, tried one after the other."""

    dist: Path
    version: str
    cross: Path
    triple: str
    work: Path

    @property
    def architecture(self) -> str:
        return self.triple.split("-")[0]

    @property
    def libc(self) -> str:
        return self.triple.rsplit("-", 1)[1]

    @property
    def systems(self) -> Path:
        return self.cross / "systems"

    @property
    def emulator(self) -> list[object]:
        return [] if self.architecture == "x86_64" else [shutil.which("qemu-aarch64-static") or "qemu-aarch64-static"]

    @property
    def on(self) -> str:
        return ", qemu" if self.emulator else ""

    @cached_property
    def floor(self) -> str:
        return "glibc 2.17" if self.libc == "gnu" else "musl 1.2"

    def rows(self) -> Iterator[Row]:
        yield from self.c()
        yield self.python()
        yield self.node()
        if self.libc == "musl":
            yield self.sandbox()

    # ---- C ----

    def c(self) -> Iterator[Row]:
        name = f"seekauth-{self.version}-{self.triple}"
        with tarfile.open(self.dist / f"{name}.tar.gz") as archive:
            archive.extractall(self.work, filter="data")
        folder = self.work / name
        minor, patch = self.version.split(".")[1:]
        shared = folder / "lib" / f"libseekauth.so.0.{minor}.{patch}"
        self.judge(Library(shared, self.triple, declared(), "libseekauth.so.0"))
        stop_for(archive_problems(folder / "lib" / "libseekauth.a"))
        for kind in ("shared", "static"):
            path = shared if kind == "shared" else folder / "lib" / "libseekauth.a"
            system = self.libc_alone(self.compiled(folder, kind), folder / "lib", is_alone=kind == "static")
            outcome = self.outcome(system, [])
            yield Row(f"C {kind} {self.triple}", self.floor, path.stat().st_size, system.name, outcome)
        yield self.command(folder)

    def command(self, folder: Path) -> Row:
        """All is well, it says, and ends so."""
        program = folder / "bin" / "seekauth"
        self.judge(Program(program, self.triple, set()))
        system = self.libc_alone(program, folder / "lib", is_alone=True)
        with Sandbox(tls=True) as sandbox:
            variables = {"PATH": os.environ["PATH"], **sandbox.environment("Dist/1.0")}
            told = json.loads(run([*(system.command or []), "doctor", "--json"], env=variables))
        outcomes = [stage["outcome"] for stage in told["stages"]]
        return Row(
            f"command {self.triple}", self.floor, program.stat().st_size, system.name, f"{outcomes.count('passed')} stages"
        )

    def libc_alone(self, program: Path, libraries: Path, *, is_alone: bool) -> System:
        """The oldest C library that is promised, and nothing else; none at all for a static program of musl's."""
        if is_alone and self.libc == "musl":
            return System(f"no libc{self.on}", [*self.emulator, program])
        name = f"{'glibc 2.17' if self.libc == 'gnu' else 'musl 1.2.3'}{self.on}"
        loader, libc = self.loader()
        if self.emulator and self.libc == "gnu":
            # That loader's own way to start a program does not work under this emulator.
            return System(name, [*self.emulator, "-L", libc.parent, "-E", f"LD_LIBRARY_PATH={libraries}", program])
        return System(name, [*self.emulator, loader, "--library-path", f"{libc}:{libraries}", program])

    def compiled(self, folder: Path, kind: str) -> Path:
        """The program, for the same old system; with musl the static one is alone in the world."""
        program = self.work / f"tokens-{kind}"
        target = f"{self.architecture}-linux-{self.libc}" + (".2.17" if self.libc == "gnu" else "")
        static = ["-static"] if kind == "static" and self.libc == "musl" else []
        library = [folder / "lib" / "libseekauth.a", "-lunwind"] if kind == "static" else ["-L", folder / "lib", "-lseekauth"]
        zig = [self.cross / "tools" / "bin" / "python", "-m", "ziglang", "cc", "-target", target]
        warnings = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        system = ["-lpthread", "-ldl", "-lm"]
        run([*zig, *warnings, *static, "-I", folder / "include", HERE / "tokens.c", "-o", program, *library, *system])
        return program

    def loader(self) -> tuple[Path, Path]:
        """The dynamic linker of the oldest C library, and the folder of its libraries."""
        if self.libc == "gnu":
            folder = self.systems / "glibc-2.17" / self.architecture / "lib"
            return folder / "ld-2.17.so", folder
        folder = self.systems / "musl-1.2.3" / self.architecture / "lib"
        return folder / "libc.so", folder

    # ---- Python ----

    def python(self) -> Row:
        tag = {"gnu": "manylinux2014", "musl": "musllinux_1_2"}[self.libc]
        [wheel] = self.dist.glob(f"seekauth-{self.version}-cp310-abi3-{tag}_{self.architecture}*.whl")
        folder = self.work / "python"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        self.judge(Library(folder / "seekauth" / "_native.abi3.so", self.triple, {"PyInit__native"}))
        system = self.interpreter()
        system.variables["PYTHONPATH"] = str(folder)
        outcome = self.outcome(system, [HERE / "tokens.py"])
        return Row(f"wheel {tag}_{self.architecture}", self.floor, wheel.stat().st_size, system.name, outcome)

    def interpreter(self) -> System:
        if self.libc == "musl":
            home = self.systems / "python-musl" / self.architecture
            loader, libc = self.loader()
            command = [*self.emulator, loader, "--library-path", libc, home / "bin" / "python3.11"]
            return System(f"CPython 3.11, musl 1.2.3{self.on}", command if home.exists() else None, {"PYTHONHOME": str(home)})
        if self.emulator:
            root = self.systems / "debian-bookworm-arm64" / "root"
            command = [*self.emulator, "-L", root, root / "usr" / "bin" / "python3.11"]
            return System("CPython 3.11, glibc 2.36, qemu", command)
        version, program = oldest_python()
        return System(f"CPython {version}, glibc {here()}", [program])

    # ---- Node ----

    def node(self) -> Row:
        name = f"linux-{NODE_NAMES[self.architecture]}-{self.libc}"
        modules = self.work / "node" / "node_modules"
        tarball = self.dist / f"seekauth-{name}-{self.version}.tgz"
        for place, packed in {
            f"@seekauth/{name}": tarball,
            "seekauth": self.dist / f"seekauth-{self.version}.tgz",
        }.items():
            with tarfile.open(packed) as archive:
                archive.extractall(self.work, filter="data")
            (modules / place).parent.mkdir(parents=True, exist_ok=True)
            (self.work / "package").rename(modules / place)
        library = modules / "@seekauth" / name / f"seekauth.{name}.node"
        self.judge(Library(library, self.triple, {"napi_register_module_v1"}))
        program = modules.parent / "tokens.cjs"
        shutil.copy(HERE / "tokens.cjs", program)
        system = self.runtime()
        system.variables["NODE_COMMAND"] = json.dumps([str(part) for part in system.command or []])
        return Row(f"npm {name}", self.floor, library.stat().st_size, system.name, self.outcome(system, [program]))

    def runtime(self) -> System:
        if self.libc == "musl":
            bun = self.systems / "bun-musl" / self.architecture
            command = [*self.emulator, bun / "libc.so", "--library-path", bun, bun / "bin" / "bun"]
            return System(f"Bun 1.4.5, musl 1.2.6{self.on}", command)
        node = self.systems / "node-20" / self.architecture / "bin" / "node"
        if self.emulator:
            command = [*self.emulator, "-L", self.systems / "debian-bookworm-arm64" / "root", node]
            return System("Node 20.0.0, glibc 2.36, qemu", command)
        return System(f"Node 20.0.0, glibc {here()}", [node])

    # ---- the sandbox ----

    def sandbox(self) -> Row:
        """The program alone, which is for every Linux, in the place of the one that the trials use."""
        [wheel] = self.dist.glob(f"seekauth_sandbox-{self.version}-py3-none-*musllinux_1_2_{self.architecture}.whl")
        with zipfile.ZipFile(wheel) as archive:
            [name] = [name for name in archive.namelist() if name.endswith("/scripts/seekauth-sandbox")]
            program = Path(archive.extract(name, self.work))
        program.chmod(0o755)
        start = self.work / "sandbox"
        start.write_text(f"#!/bin/sh\nexec {' '.join(map(str, [*self.emulator, program]))} \"$@\"\n")
        start.chmod(0o755)
        with Sandbox(start) as sandbox:
            if sandbox.accepts("Bearer none") or sandbox.requests("graphql") != 1:
                sys.exit(f"dist: the sandbox for {self.architecture} does not answer as it should")
        name = f"sandbox {self.architecture}"
        return Row(name, "none", program.stat().st_size, f"no libc{self.on}", "start request journal")

    # ---- both ----

    def judge(self, library: Library) -> None:
        stop_for(library.problems())

    def outcome(self, system: System, arguments: list[object]) -> str:
        """The steps that were printed; a program that fails ends all."""
        if system.command is None:
            return f"{NOT_RUN}: the system is not here; readelf only"
        with Sandbox(tls=True) as sandbox:
            sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
            variables = {"PATH": os.environ["PATH"], **sandbox.environment("Dist/1.0"), **system.variables}
            steps = run([*system.command, *arguments], env=variables).split()
        if steps != STEPS:
            sys.exit(f"dist: {self.triple} on {system.name} did {steps}")
        return " ".join(steps)


def run(command: list[object], **options: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, **options)
    if done.returncode != 0:
        sys.exit(f"dist: {' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def stop_for(problems: list[str]) -> None:
    if problems:
        sys.exit("dist:\n  " + "\n  ".join(problems))


def here() -> str:
    return os.confstr("CS_GNU_LIBC_VERSION").split()[1]


def oldest_python() -> tuple[str, Path | str]:
    """The version and the program of the oldest CPython that the wheels are for: on the path, or one of pyenv's."""
    pyenv = []
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True).stdout.strip()
        pyenv = sorted((Path(root) / "versions").glob("3.*/bin/python"))
    for minor in range(OLDEST_MINOR, sys.version_info.minor + 1):
        ours = [path for path in pyenv if path.parts[-3].startswith(f"3.{minor}.")]
        for program in [f"python3.{minor}", *ours]:
            if shutil.which(program) and subprocess.run([program, "--version"], capture_output=True).returncode == 0:
                return f"3.{minor}", program
    return f"3.{sys.version_info.minor}", sys.executable


def shown(rows: list[Row]) -> str:
    titles = ["artefact", "floor", "size", "tried on", "what worked there"]
    table = [titles, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(titles))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in table)


def main() -> None:
    dist, version, cross = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    rows = []
    for triple in sys.argv[4:]:
        with tempfile.TemporaryDirectory() as work:
            rows += Trial(dist, version, cross, triple, Path(work)).rows()
    print(shown(rows))
    tried = sum(not row.outcome.startswith(NOT_RUN) for row in rows)
    print(f"dist: {tried} passed, 0 failed; {len(rows) - tried} could not be run here")


if __name__ == "__main__":
    main()
