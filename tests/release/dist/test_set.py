"""A release with a gap is refused, and so is one that mixes versions: tried with copies of dist/ that have such faults.

    test_set.py DIST VERSION BILLS
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIST, VERSION, BILLS = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
NODE = f"seekauth-linux-arm64-musl-{VERSION}.tgz"


def verdict(change: Callable[[Path], object]) -> tuple[int, str]:
    """What is said of a copy of dist/ with a change."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "dist"
        shutil.copytree(DIST, folder)
        change(folder)
        done = subprocess.run(
            [sys.executable, HERE / "set.py", folder, VERSION, BILLS], capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr


def other_version(folder: Path) -> None:
    """A package that has the name of this version and another one inside."""
    with tarfile.open(folder / NODE) as archive:
        members = [(member, archive.extractfile(member)) for member in archive.getmembers()]
        contents = [(member, file.read() if file else b"") for member, file in members]
    with tarfile.open(folder / NODE, "w:gz") as archive:
        for member, text in contents:
            changed = text.replace(f'"version": "{VERSION}"'.encode(), b'"version": "9.9.9"')
            member.size = len(changed)
            archive.addfile(member, io.BytesIO(changed))


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a gap": (lambda folder: (folder / NODE).unlink(), f"{NODE} is missing"),
    "another version inside": (other_version, f"{NODE} says that it is version 9.9.9"),
    "another version beside": (
        lambda folder: shutil.copy(folder / NODE, folder / "seekauth-linux-arm64-musl-9.9.9.tgz"),
        "seekauth-linux-arm64-musl-9.9.9.tgz is no part of version",
    ),
    "one system of those beside Linux": (
        lambda folder: shutil.copy(folder / NODE, folder / f"seekauth-darwin-arm64-{VERSION}.tgz"),
        "0 files are seekauth-{v}-cp310-abi3-win_amd64",
    ),
}


def main() -> int:
    failed = 0
    code, said = verdict(lambda _: None)
    if code != 0:
        sys.exit(f"the set itself is refused: {said}")
    for fault, (change, expected) in FAULTS.items():
        code, said = verdict(change)
        if code == 0 or expected not in said:
            failed += 1
            print(f"FAILED: {fault} is not refused as it should be: {said}", file=sys.stderr)
    print(f"set: {len(FAULTS) - failed + 1} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
