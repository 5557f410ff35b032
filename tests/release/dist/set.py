"""Judges a folder of packages as one release, and writes what goes with it: the bills of materials and SHA256SUMS.

    set.py FOLDER VERSION BILLS

A set with a gap is refused, and so is one with a package of another version or one that nobody knows. What the
other systems have may be there, if it is all there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}
LIBCS = {"gnu": "manylinux2014_{0}.manylinux_2_17_{0}", "musl": "musllinux_1_2_{0}"}
ARTEFACTS = ("c", "python", "node", "sandbox")
# Built by the release workflow, on machines of those systems: all of them, or none.
ELSEWHERE = (
    r"seekauth-{v}-cp310-abi3-macosx_\d+_\d+_x86_64\.whl",
    r"seekauth-{v}-cp310-abi3-macosx_\d+_\d+_arm64\.whl",
    r"seekauth-{v}-cp310-abi3-win_amd64\.whl",
    r"seekauth-darwin-x64-{v}\.tgz",
    r"seekauth-darwin-arm64-{v}\.tgz",
    r"seekauth-win32-x64-msvc-{v}\.tgz",
)
SUMS = "SHA256SUMS"


def promised(version: str) -> set[str]:
    """The files of a release for Linux."""
    names = {f"seekauth-{version}.tar.gz", f"seekauth-{version}.tgz"}
    names |= {f"seekauth-sandbox-{version}.tgz", f"seekauth-sandbox-{version}.oci.tar"}
    for architecture, short in ARCHITECTURES.items():
        # The program of the sandbox has a C library in it.
        tags = f"manylinux2014_{architecture}.manylinux_2_17_{architecture}.musllinux_1_2_{architecture}"
        names |= {f"seekauth_sandbox-{version}-py3-none-{tags}.whl", f"seekauth-sandbox-linux-{short}-{version}.tgz"}
        for libc, tag in LIBCS.items():
            c = f"seekauth-{version}-{architecture}-unknown-linux-{libc}"
            names |= {f"{c}.tar.gz", f"{c}.wrap", f"seekauth-linux-{short}-{libc}-{version}.tgz"}
            names.add(f"seekauth-{version}-cp310-abi3-{tag.format(architecture)}.whl")
    return names


def said_version(path: Path) -> str:
    """The version that a package has inside."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            return field(wheel.read(name).decode(), r"^Version: (.*)$")
    if path.suffix == ".wrap":
        return field(path.read_text(), r"/releases/download/v([^/]+)/")
    with tarfile.open(path) as archive:
        if path.name.endswith(".oci.tar"):
            [image] = json.load(archive.extractfile("index.json"))["manifests"]
            return image["annotations"]["org.opencontainers.image.ref.name"]
        for member, pattern in {
            "package/package.json": r'^  "version": "(.*)"',
            f"{path.name.removesuffix('.tar.gz')}/PKG-INFO": r"^Version: (.*)$",
            f"{path.name.removesuffix('.tar.gz')}/lib/pkgconfig/seekauth.pc": r"^Version: (.*)$",
        }.items():
            if member in archive.getnames():
                return field(archive.extractfile(member).read().decode(), pattern)
    return "none"


def matches(pattern: str, version: str, name: str) -> bool:
    return re.fullmatch(pattern.replace("{v}", re.escape(version)), name) is not None


def field(text: str, pattern: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else "none"


def platforms(path: Path) -> dict[str, str]:
    """What the npm package depends on."""
    with tarfile.open(path) as archive:
        return json.load(archive.extractfile("package/package.json"))["optionalDependencies"]


def problems(folder: Path, version: str) -> list[str]:
    there = {path.name for path in folder.iterdir()} - {SUMS, *bills(version).values()}
    others = {pattern: [n for n in there if matches(pattern, version, n)] for pattern in ELSEWHERE}
    elsewhere = {name for names in others.values() for name in names}
    found = [f"{name} is missing" for name in sorted(promised(version) - there)]
    found += [f"{name} is no part of version {version}" for name in sorted(there - promised(version) - elsewhere)]
    if elsewhere:
        found += [f"{len(names)} files are {pattern}" for pattern, names in others.items() if len(names) != 1]
    if found:
        return found
    versions = {name: said_version(folder / name) for name in sorted(there)}
    found = [f"{name} says that it is version {said}" for name, said in versions.items() if said != version]
    packed = [re.fullmatch(rf"seekauth-(.+)-{re.escape(version)}\.tgz", name) for name in there]
    parts = {match[1] for match in packed if match} - {"sandbox"}
    programs = {part for part in parts if part.startswith("sandbox-")}
    for package, wanted in {"seekauth": parts - programs, "seekauth-sandbox": programs}.items():
        if platforms(folder / f"{package}-{version}.tgz") != {f"@seekauth/{part}": version for part in wanted}:
            found.append(f"the npm package {package} depends on other packages of platforms than there are")
    return found


def bills(version: str) -> dict[str, str]:
    """The bills of materials, as they are made and as they are published."""
    return {f"seekauth-{artefact}.cdx.json": f"seekauth-{artefact}-{version}.cdx.json" for artefact in ARTEFACTS}


def main() -> None:
    parser = argparse.ArgumentParser(description="Judges a folder of packages as one release.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("version")
    parser.add_argument("bills", type=Path)
    given = parser.parse_args()
    found = problems(given.folder, given.version)
    if found:
        sys.exit("dist: this is no release\n  " + "\n  ".join(found))
    for made, published in bills(given.version).items():
        shutil.copy(given.bills / made, given.folder / published)
    files = sorted(path for path in given.folder.iterdir() if path.name != SUMS)
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (given.folder / SUMS).write_text("".join(sums))
    print(f"dist: {len(files)} files of version {given.version}, and {SUMS}")


if __name__ == "__main__":
    main()
