"""What is linked into an artefact: the crates that cargo resolves for it on this machine, with the
features that it has there, without build tools, procedural macros and tests.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
# The artefacts: the bindings by their languages, and the stand-in for SEEK.
ARTEFACTS = {
    "c": "seekauth-capi",
    "python": "seekauth-python",
    "node": "seekauth-node",
    "sandbox": "seekauth-sandbox",
}
# Programs that come with them.
PROGRAMS = {"c": ["seekauth-cli"]}


@dataclass
class Crate:
    """One crate, with the place of its sources and the crates that it uses itself."""

    name: str
    version: str
    license: str | None
    folder: Path
    ours: bool
    checksum: str | None
    uses: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        return f"{self.name} {self.version}"


def cargo(*arguments: str) -> str:
    command = ["cargo", *arguments, "--locked"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@cache
def packages() -> dict[str, Crate]:
    """Every package of the workspace and the lock file, by name and version."""
    # One entry after the other, each member on a line; tomllib is not there in Python 3.10.
    entry = re.compile(r'^name = "(.*)"\nversion = "(.*)"\n(?:source = .*\n)?(?:checksum = "(.*)")?', re.MULTILINE)
    locked = entry.findall((ROOT / "Cargo.lock").read_text())
    checksums = {f"{name} {version}": checksum for name, version, checksum in locked}
    crates = {}
    for package in json.loads(cargo("metadata", "--format-version", "1"))["packages"]:
        crate = Crate(
            name=package["name"],
            version=package["version"],
            license=package["license"],
            folder=Path(package["manifest_path"]).parent,
            ours=package["source"] is None,
            checksum=checksums[f"{package['name']} {package['version']}"] or None,
        )
        crates[crate.key] = crate
    return crates


@cache
def compiler(what: str) -> str:
    """A line of `rustc -vV`: `host`, `release`."""
    version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    found = re.search(rf"^{what}: (.*)$", version, re.MULTILINE)
    if found is None:
        raise SystemExit(f"rustc -vV names no {what}")
    return found.group(1)


def rust_version() -> str:
    return compiler("release")


def built_for(artefact: str) -> str:
    """What an artefact for this machine is built for; the sandbox has musl in it on any Linux."""
    host = compiler("host")
    return host.replace("-linux-gnu", "-linux-musl") if artefact == "sandbox" else host


def linked(artefact: str, target: str | None = None) -> list[Crate]:
    """The crates in this artefact for a target, or for this machine's, sorted by name, the artefact itself included."""
    names = [ARTEFACTS[artefact], *PROGRAMS.get(artefact, [])]
    tree = cargo(
        *("tree", *(f"--package={name}" for name in names), "--target", target or built_for(artefact)),
        *("--edges", "normal,no-proc-macro", "--no-dedupe", "--prefix", "depth", "--format", " {p}"),
    )
    found: dict[str, Crate] = {}
    above: list[Crate] = []
    for line in filter(None, tree.splitlines()):
        match = re.match(r"(\d+) (\S+) v(\S+)", line)
        if match is None:
            raise SystemExit(f"cargo tree says {line!r}")
        # What it uses differs between artefacts, by their features.
        depth, key = int(match[1]), f"{match[2]} {match[3]}"
        crate = found.setdefault(key, replace(packages()[key], uses=set()))
        del above[depth:]
        if above:
            above[-1].uses.add(crate.key)
        above.append(crate)
    return [found[key] for key in sorted(found)]


@dataclass
class Runtime:
    """Software of a linker's own that it links into what it makes."""

    name: str
    version: str
    license: str
    text: Path

    @property
    def key(self) -> str:
        return f"{self.name} {self.version}"


def runtimes(artefact: str, zig: Path | None) -> list[Runtime]:
    """Those of zig, installed in an environment; a system's own linker takes the system's shared libraries. The program
    has a C library in it, and needs none.
    """
    if zig is None:
        return []
    folder = next(zig.glob("lib/*/site-packages/ziglang"))
    version = next(folder.parent.glob("ziglang-*.dist-info")).name.removeprefix("ziglang-").removesuffix(".dist-info")
    origin = f"(of zig {version})"
    static = [Runtime("musl", origin, "MIT", folder / "lib/libc/musl/COPYRIGHT")] if artefact == "sandbox" else []
    return [
        *static,
        Runtime("libunwind", origin, "Apache-2.0 WITH LLVM-exception", folder / "lib/libunwind/LICENSE.TXT"),
        Runtime("compiler_rt", origin, "MIT", folder / "LICENSE"),
    ]


def arguments(default: str) -> argparse.Namespace:
    """Where the papers go, and whether they are of packages that zig linked."""
    parser = argparse.ArgumentParser(description="Papers of what is linked into the packages.")
    parser.add_argument("--zig", type=Path, help="the environment that has ziglang")
    parser.add_argument("--out", type=Path, default=ROOT / "target" / default)
    return parser.parse_args()


def third_party(artefact: str) -> list[Crate]:
    """Those of them that others wrote."""
    return [crate for crate in linked(artefact) if not crate.ours]
