"""Looks into what was built to be shipped: the license notice and the bill of materials that come
with it name the crates that cargo links, no more and no less; the crates that have left traces in
the binary itself are among them; and no path of this machine is in it.

Takes the wheel, the npm tarball with the native library, a folder with the C package, the bills' folder, and the
environment of zig and the wheel of the sandbox where that linked them.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tarfile
import zipfile
from pathlib import Path

from linked import ARTEFACTS, ROOT, linked, runtimes, rust_version, third_party
from notice import NAME, listed

# What a panic would name: a file of a crate's sources.
TRACE = re.compile(rb"/([A-Za-z0-9_-]+)-(\d+\.\d+\.\d+[A-Za-z0-9.+-]*)/src/")
# A release names several dozen; hardly any would mean that they were not found.
TRACES = 20


def from_wheel(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def from_tarball(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        return {member.name: archive.extractfile(member).read() for member in files}


def from_folder(path: Path) -> dict[str, bytes]:
    files = [file for file in path.rglob("*") if file.is_file()]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def one(files: dict[str, bytes], pattern: str) -> bytes:
    found = [name for name in files if re.search(pattern, name)]
    assert len(found) == 1, f"{pattern} stands for {found} of {sorted(files)}"
    return files[found[0]]


def check(artefact: str, files: dict[str, bytes], binary: str, zig: Path | None) -> None:
    crates = {crate.key for crate in third_party(artefact)}
    noticed = listed(one(files, rf"(^|/){NAME}$").decode())
    assert len(noticed) == len(set(noticed)), "a crate is named twice"
    assert set(noticed) == crates, f"{artefact}: {set(noticed) ^ crates} differ in the notice"

    bill = json.loads(one(files, r"\.cdx\.json$"))
    billed = {component["bom-ref"] for component in [*bill["components"], bill["metadata"]["component"]]}
    others = {runtime.key for runtime in runtimes(artefact, zig)}
    expected = {crate.key for crate in linked(artefact)} | {f"std {rust_version()}"} | others
    assert billed == expected, f"{artefact}: {billed ^ expected} differ in the bill"

    library = one(files, binary)
    traces = {f"{name.decode()} {version.decode()}" for name, version in TRACE.findall(library)}
    assert len(traces) >= TRACES, f"{artefact}: {len(traces)} crates found in the binary"
    # The standard library has crates of its own, which its own notice names.
    foreign = {trace for trace in traces - crates if not from_standard_library(trace, library)}
    assert not foreign, f"{artefact}: {foreign} are in the binary and not in the notice"
    for place in {str(ROOT), str(Path.home()), os.environ.get("CARGO_HOME", "")} - {"", "/"}:
        assert place.encode() + b"/" not in library, f"{artefact}: {place} is in the binary"
    print(
        f"{artefact}: {len(crates)} crates in the notice, {len(billed)} in the bill, {len(traces)} seen in the binary"
    )


def same_everywhere() -> None:
    """The packages for all of Linux share notice and bill, so they have to link the same crates."""
    for artefact in ARTEFACTS:
        here = [crate.key for crate in linked(artefact)]
        libcs = ("musl",) if artefact == "sandbox" else ("gnu", "musl")
        for target in (f"{cpu}-unknown-linux-{libc}" for cpu in ("x86_64", "aarch64") for libc in libcs):
            there = [crate.key for crate in linked(artefact, target)]
            assert here == there, f"{artefact}: {set(here) ^ set(there)} differ between this machine and {target}"


def from_standard_library(trace: str, library: bytes) -> bool:
    path = trace.replace(" ", "-").encode()
    return re.search(rb"/rust/deps/" + re.escape(path) + rb"/", library) is not None


def main() -> None:
    wheel, tarball, folder, bills, *given = map(Path, sys.argv[1:7])
    zig, sandbox = given or (None, None)
    check("python", from_wheel(wheel), r"_native\.abi3\.so$", zig)
    check("node", from_tarball(tarball), r"\.node$", zig)
    # Who installs a library from its sources makes the bill if they want one.
    bill = {"seekauth-c.cdx.json": (bills / "seekauth-c.cdx.json").read_bytes()}
    # The sandbox that a release has beside the library comes with papers of its own.
    files = {name: text for name, text in from_folder(folder).items() if "/sandbox/" not in name}
    installed = {name: text for name, text in files.items() if not name.endswith(".cdx.json")}
    for binary in (r"libseekauth\.so\.0$", r"(^|/)bin/seekauth$"):
        check("c", installed | bill, binary, zig)
    if sandbox:
        check("sandbox", from_wheel(sandbox), r"/scripts/seekauth-sandbox$", zig)
        same_everywhere()
    print(f"notices: {6 if sandbox else 4} passed, 0 failed")


if __name__ == "__main__":
    main()
