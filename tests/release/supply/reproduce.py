"""Builds everything that is shipped a second time, from a copy of the sources in another folder, and
compares it with the first build, byte for byte.

Takes the files of the first build, relative to the root, and after `--` the targets of the Makefile
that made them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
# Another name, of another length: both have changed binaries before.
COPY = ROOT / "target" / "reproducible" / "a-folder-with-another-name"


def copy_sources() -> None:
    """What git would put into a clone, changes included; times stay as they are."""
    shutil.rmtree(COPY, ignore_errors=True)
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in names.split("\0"):
        if name and (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    # Tools that run during a build, and are no part of what is built.
    (COPY / "node" / "node_modules").symlink_to(ROOT / "node" / "node_modules")


def build(targets: list[str]) -> None:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    settings.pop("CARGO_TARGET_DIR", None)
    command = [
        "make",
        "--silent",
        *targets,
        f"VENV={ROOT / 'python' / '.venv'}",
        f"SUPPLY={ROOT / 'target' / 'supply' / 'venv'}",
    ]
    subprocess.run(command, cwd=COPY, env=settings, check=True)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def differences(first: Path, second: Path) -> str:
    """Where to look first: the members of a wheel that differ."""
    if first.suffix != ".whl":
        return ""
    with zipfile.ZipFile(first) as one, zipfile.ZipFile(second) as other:
        names = set(one.namelist()) | set(other.namelist())
        contents = {
            name: [archive.read(name) if name in archive.namelist() else None for archive in (one, other)]
            for name in names
        }
    return " ".join(sorted(name for name, (left, right) in contents.items() if left != right))


def main() -> None:
    split = sys.argv.index("--")
    copy_sources()
    build(sys.argv[split + 1 :])
    failed = 0
    for name in sys.argv[1:split]:
        first, second = digest(ROOT / name), digest(COPY / name)
        if first == second:
            print(f"{first}  {name}, twice")
        else:
            failed += 1
            print(f"{first}\n{second}  {name}: {differences(ROOT / name, COPY / name)}")
    if failed:
        print(f"the second build is kept in {COPY.relative_to(ROOT)}")
    else:
        shutil.rmtree(COPY)
    print(f"reproducible: {split - 1 - failed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
