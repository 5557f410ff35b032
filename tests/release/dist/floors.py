"""What a native library says of itself, read by readelf: what it needs, on which C library it starts, how it is
protected, and what it exports. Works for every architecture.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GLIBC_FLOOR = (2, 17)
MACHINES = {"x86_64": "Advanced Micro Devices X86-64", "aarch64": "AArch64"}
# Parts of the C library itself, and nothing else.
NEEDED = {
    "gnu": {"libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1", "libutil.so.1"},
    "musl": {"libc.so"},
}
LOADERS = {"x86_64": "ld-linux-x86-64.so.2", "aarch64": "ld-linux-aarch64.so.1"}
# Offsets from the thread pointer that are known when the library is loaded only: such a library cannot be opened later,
# by dlopen, where the room for thread-locals is full. musl has none.
INITIAL_EXEC = ("TPOFF", "TLS_TPREL")


def readelf(path: Path, *options: str) -> str:
    return subprocess.run(["readelf", "-W", *options, path], check=True, capture_output=True, text=True).stdout


@dataclass
class Library:
    """A shared library of one of the packages."""

    path: Path
    triple: str
    exports: set[str]
    soname: str | None = None

    @property
    def architecture(self) -> str:
        return self.triple.split("-")[0]

    @property
    def libc(self) -> str:
        return self.triple.rsplit("-", 1)[1]

    def problems(self) -> list[str]:
        """All that is not as it is promised."""
        dynamic, relocations = readelf(self.path, "-d"), readelf(self.path, "-r")
        soname = re.search(r"\(SONAME\).*\[(.*)\]", dynamic)
        found = {
            "has thread-locals that dlopen may have no room for": "STATIC_TLS" in dynamic
            or any(kind in relocations for kind in INITIAL_EXEC),
            f"has the SONAME {soname and soname[1]}": (soname and soname[1]) != self.soname,
            f"exports {sorted(self.exported() ^ self.exports)[:3]} beside or short of": self.exported() != self.exports,
        }
        return self.of_any_file() + [f"{self.path.name} {problem}" for problem, is_there in found.items() if is_there]

    def of_any_file(self) -> list[str]:
        """What a program must not be either."""
        header, dynamic, segments = (readelf(self.path, option) for option in ("-h", "-d", "-l"))
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
        stack = re.search(r"GNU_STACK(?: +\S+){5} +([RWE]+)", segments)
        loads = re.findall(r"^ +LOAD(?: +\S+){5} +([RWE ]+?) +0x", segments, re.MULTILINE)
        found = {
            "is for another processor": MACHINES[self.architecture] not in header,
            f"needs {needed - self.allowed()}": not needed <= self.allowed(),
            f"starts from glibc {self.floor()} only": self.libc == "gnu" and self.floor() > GLIBC_FLOOR,
            f"wants versions of {self.versions() - {'GLIBC'}}": bool(self.versions() - {"GLIBC"}),
            "has no RELRO": "GNU_RELRO" not in segments,
            # A static program has no functions to bind.
            "is bound lazily": "(PLTRELSZ)" in dynamic and "BIND_NOW" not in dynamic,
            "has a stack that can be executed": stack is None or "E" in stack[1],
            "has memory that can be written and executed": any("W" in load and "E" in load for load in loads),
            "has debugging symbols": ".debug_info" in readelf(self.path, "-S"),
        }
        return [f"{self.path.name} {problem}" for problem, is_there in found.items() if is_there]

    def allowed(self) -> set[str]:
        return NEEDED[self.libc] | ({LOADERS[self.architecture]} if self.libc == "gnu" else set())

    def versions(self) -> set[str]:
        """Whose versions its imports have."""
        return {name.split("_")[0] for name in re.findall(r"Name: (\S+)", readelf(self.path, "-V"))}

    def floor(self) -> tuple[int, ...]:
        """The oldest glibc that it starts with."""
        found = re.findall(r"GLIBC_(\d+)\.(\d+)", readelf(self.path, "-V"))
        return max((tuple(map(int, version)) for version in found), default=(0, 0))

    def exported(self) -> set[str]:
        listing = subprocess.run(["nm", "-D", "--defined-only", self.path], check=True, capture_output=True, text=True)
        return {line.split()[-1] for line in listing.stdout.splitlines()}


@dataclass
class Program(Library):
    """The command of the C package."""

    def problems(self) -> list[str]:
        """All that is not as it is promised."""
        interpreter = "INTERP" in readelf(self.path, "-l")
        is_alone = [f"{self.path.name} needs a loader"] if interpreter and self.libc == "musl" else []
        return self.of_any_file() + is_alone

    def allowed(self) -> set[str]:
        return set() if self.libc == "musl" else super().allowed()


def declared() -> set[str]:
    """The functions of seekauth.h."""
    script = ROOT / "tests" / "c" / "functions.sh"
    listing = subprocess.run(
        ["sh", script, ROOT / "include" / "seekauth.h"], check=True, capture_output=True, text=True
    )
    return set(listing.stdout.split())


def archive_problems(path: Path) -> list[str]:
    """A static library from Rust has only the functions of the header for the program's linker."""
    listing = subprocess.run(["nm", "-g", "--defined-only", path], check=True, capture_output=True, text=True).stdout
    found = {line.split()[-1] for line in listing.splitlines() if len(line.split()) == 3}
    return [] if found == declared() else [f"{path.name}: {sorted(found ^ declared())[:5]} differ from the header"]
