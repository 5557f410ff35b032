"""Installs what is measured below target/bench: the released artefacts of seekauth, and with `--peers` its peers at the
versions that are pinned here; with `--counting` only what counting instructions takes. What is there already is left as
it is.

    install.py [--counting | --peers] WHEEL TARBALL PLATFORM LIBRARY

PLATFORM is the npm package that has the native library for this system.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from paths import BENCH, HERE, ROOT

# A peer, and what of the same pinned list it needs for a request.
PYTHON_PEERS = {
    "Authlib": ["requests", "httpx2"],
    "azure-identity": ["aiohttp"],
    "google-auth": ["requests"],
    "httpx-auth": [],
    "msal": [],
    "requests-oauth2client": [],
    "requests-oauthlib": [],
}
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
PIP += ["--no-warn-script-location", "--root-user-action=ignore"]


def call(*words: object, cwd: Path = ROOT) -> None:
    subprocess.run([str(word) for word in words], check=True, cwd=cwd)


class Made:
    """A folder that is made from certain files, and made anew when one of them changes."""

    def __init__(self, folder: Path, *sources: Path) -> None:
        self.folder = folder
        self._stamp = folder / ".made-from"
        self._digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()

    def lacking(self) -> bool:
        """Whether it has to be made; it is empty then."""
        if self._stamp.exists() and self._stamp.read_text() == self._digest:
            return False
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return True

    def done(self) -> None:
        self._stamp.write_text(self._digest)


def counted(wheel: Path, library: Path) -> None:
    """What counting instructions takes."""
    made = Made(BENCH / "python" / "seekauth", wheel)
    if made.lacking():
        call(*PIP, "--no-deps", "--target", made.folder, wheel)
        made.done()
    made = Made(BENCH / "c", library)
    if made.lacking():
        shutil.copy(library, made.folder / "libseekauth.so.0")
        (made.folder / "libseekauth.so").symlink_to("libseekauth.so.0")
        made.done()
    programs("count")
    cargo("bench-server")
    cargo("bench-fast")


def measured(tarball: Path, platform: Path) -> None:
    """What measuring seekauth takes beside it."""
    made = Made(BENCH / "node-seekauth", tarball, platform)
    if made.lacking():
        (made.folder / "package.json").write_text('{"private": true}\n')
        call("npm", "install", "--silent", "--offline", "--no-audit", "--no-fund", tarball, platform, cwd=made.folder)
        made.done()
    programs("all")


def programs(target: str) -> None:
    call("make", "--silent", "--no-print-directory", "-C", HERE / "c", f"BENCH={BENCH}", target)


def cargo(package: str) -> None:
    call("cargo", "build", "--quiet", "--locked", "--release", "-p", package, cwd=HERE / "rust")


def peers() -> None:
    pins = HERE / "python" / "requirements.txt"
    for peer, extras in PYTHON_PEERS.items():
        made = Made(BENCH / "python" / peer, pins)
        if made.lacking():
            print(f"installing {peer}", flush=True)
            call(*PIP, "--constraint", pins, "--target", made.folder, peer, *extras)
            made.done()
    made = Made(BENCH / "node", HERE / "node" / "package-lock.json")
    if made.lacking():
        print("installing the peers in Node", flush=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "node" / name, made.folder)
        call("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=made.folder)
        made.done()
    print("building the peers in Rust", flush=True)
    cargo("bench-peers")


def main() -> None:
    wheel, tarball, platform, library = (Path(argument).resolve() for argument in sys.argv[-4:])
    # The programs of the benchmarks have their own place, whatever the library was built in.
    os.environ.pop("CARGO_TARGET_DIR", None)
    counted(wheel, library)
    if "--counting" not in sys.argv:
        measured(tarball, platform)
    if "--peers" in sys.argv:
        peers()


main()
