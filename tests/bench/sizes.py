"""What is shipped and what is installed, in bytes; and which crates the library is made of."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from paths import BENCH, ROOT
from subjects import NODE_MODULES, PYTHON_MODULES


def shipped(wheel: Path, tarball: Path, library: Path) -> dict[str, float]:
    """Megabytes of each artefact."""
    native = next((BENCH / "node-seekauth").rglob("*.node"))
    extension = next((BENCH / "python" / "seekauth").rglob("*.so"))
    files = {
        "libseekauth.so": library,
        "seekauth.node": native,
        "_native.so": extension,
        "wheel": wheel,
        "npm tarball": tarball,
    }
    return {name: path.stat().st_size / 1e6 for name, path in files.items()}


def installed() -> dict[tuple[str, str], float]:
    """Megabytes that each library takes where it is installed, with all it brings along and without compiled caches."""
    sizes = {}
    for name in PYTHON_MODULES:
        sizes["Python", name] = weight(BENCH / "python" / name)
    for name in NODE_MODULES:
        folder = BENCH / ("node-seekauth" if name == "seekauth" else "node")
        packages: set[Path] = set()
        for package in {"axios-token-interceptor": ["axios", "axios-oauth-client", name]}.get(name, [name]):
            reach(folder, folder / "node_modules", package, packages)
        sizes["Node", name] = sum(weight(package, nested=False) for package in packages)
    return sizes


def weight(folder: Path, nested: bool = True) -> float:
    left_out = {"__pycache__"} if nested else {"__pycache__", "node_modules"}
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    kept = (path for path in files if not left_out & set(path.relative_to(folder).parts))
    return sum(path.stat().st_size for path in kept) / 1e6


def reach(root: Path, beside: Path, name: str, packages: set[Path]) -> None:
    """Adds a package and all that it requires, looked for as Node does."""
    folder = beside
    while not (folder / name).is_dir():
        if folder == root / "node_modules":
            # An optional dependency that is not for this platform.
            return
        folder = folder.parent.parent
        if folder.name != "node_modules":
            folder = folder / "node_modules"
    package = folder / name
    if package in packages:
        return
    packages.add(package)
    manifest = json.loads((package / "package.json").read_text())
    for required in manifest.get("dependencies", {}):
        nested = package / "node_modules"
        reach(root, nested if (nested / required).is_dir() else folder, required, packages)


def crates() -> list[tuple[str, float]]:
    """Kilobytes of code and read-only data by crate, of the library as it is released but with its symbols.

    Generic code counts for the crate that it was written in, as far as its mangled name says so.
    """
    environment_flags = ["--config", "profile.release.strip=false"]
    target = BENCH / "unstripped"
    command = ["cargo", "build", "--quiet", "--release", "-p", "seekauth-capi", "--target-dir", str(target)]
    subprocess.run([*command, *environment_flags], cwd=ROOT, check=True)
    listing = subprocess.run(
        ["nm", "--size-sort", "--radix=d", "--demangle=rust", str(target / "release" / "libseekauth.so")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    sizes: dict[str, float] = {}
    for line in listing.splitlines():
        size, _kind, name = line.split(maxsplit=2)
        crate = crate_of(name)
        sizes[crate] = sizes.get(crate, 0) + int(size) / 1e3
    return sorted(sizes.items(), key=lambda item: -item[1])


def crate_of(symbol: str) -> str:
    if symbol.startswith(
        (
            "ring_core",
            "bn_",
            "ecp_",
            "gcm_",
            "aes_",
            "sha",
            "chacha20",
            "poly1305",
            "x25519",
            "p256",
            "p384",
            "fiat_",
            "vpaes",
            "aesni",
            "GFp",
            "beeu",
            "k25519",
        )
    ):
        return "ring"
    found = re.match(r"<*(?:&|mut |dyn |\(|\[|\*const |\*mut )*([a-z_][a-z0-9_]*)(?:\[[0-9a-f]+\])?::", symbol)
    if not found:
        return "(other)"
    name = found[1]
    if name in {"core", "alloc", "std"}:
        # `<core::… as serde::…>` and the like belong to who implemented them, which is not told; std it is.
        inner = re.search(r"\bfor ([a-z_][a-z0-9_]*)::", symbol)
        return inner[1] if inner and inner[1] not in {"core", "alloc", "std"} else "std"
    return name
