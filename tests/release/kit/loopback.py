"""Runs commands where there is no network but loopback: whatever they need is on this machine, or they fail."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

UNSHARE = ["unshare", "--net", "--map-root-user"]
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
OURS = ("SEEKAUTH_", "PASS_", "SANDBOX_")


def alone() -> list[str]:
    """What stands before a command; nothing where the system gives no namespace to its users."""
    if shutil.which(UNSHARE[0]) and subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0:
        return [*UNSHARE, sys.executable, __file__]
    return []


def run(command: list[object], folder: Path, **variables: str) -> str:
    """Runs it in a folder; returns what it printed, and ends all with that where it fails."""
    # What the developer has set for real is none of a test's.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    done = subprocess.run(
        [*alone(), *map(str, command)],
        cwd=folder,
        env={**clean, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    if done.returncode != 0:
        sys.exit(f"kit: {' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def main() -> None:
    """Within the namespace: brings loopback up, and becomes the command."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
