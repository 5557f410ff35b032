"""Looks into the crate as it is published: what a reader and a builder need, and nothing of the repository beside.

crate.py FILE.crate
"""

from __future__ import annotations

import re
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAPERS = {"README.md", "LICENSE-MIT", "LICENSE-APACHE", "Cargo.toml", "Cargo.lock"}
MADE = {"Cargo.toml.orig", ".cargo_vcs_info.json"}
# Where the sources and the README of each crate are.
FOLDERS = {
    "seekauth": (ROOT / "core", ROOT),
    "seekauth-sandbox": (ROOT / "tests" / "sandbox",) * 2,
    "seekauth-cli": (ROOT / "bindings" / "cli",) * 2,
}
WANTED = ("description", "documentation", "repository", "readme", "license", "keywords", "categories", "rust-version")


def main() -> None:
    path = Path(sys.argv[1])
    with tarfile.open(path) as archive:
        files = {
            member.name.split("/", 1)[1]: archive.extractfile(member).read()
            for member in archive.getmembers()
            if member.isfile()
        }
    crate = path.name.rsplit("-", 1)[0]
    folder, papers = FOLDERS[crate]
    found = (file for kind in ("src", "examples") for file in (folder / kind).rglob("*"))
    sources = {str(file.relative_to(folder)) for file in found if file.is_file()}
    assert set(files) == sources | PAPERS | MADE, set(files) ^ (sources | PAPERS | MADE)
    manifest = files["Cargo.toml"].decode()
    missing = [field for field in WANTED if not re.search(rf"^{field} = ", manifest, re.MULTILINE)]
    assert not missing, f"the manifest names no {missing}"
    # One has features, and its documentation those of the packages.
    assert ("[package.metadata.docs.rs]" in manifest) == ("[features]" in manifest)
    assert files["README.md"] == (papers / "README.md").read_bytes()
    assert not re.search(r'^path = "(\.\.|/)', manifest, re.MULTILINE), "a path leads out of the crate"
    size = path.stat().st_size
    print(f"crate {crate}: {len(files)} files, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
