"""What was promised in figures: how long the program takes to start, and how large it is as it is published."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from suites import Packages

STARTS = 20
START_MS = 50.0
SIZE = 3_000_000


def bars(packages: Packages, work: Path) -> str:
    with zipfile.ZipFile(packages.sandbox_wheel) as wheel:
        [name] = [name for name in wheel.namelist() if name.endswith("/scripts/seekauth-sandbox")]
        wheel.extract(name, work)
    program = work / name
    program.chmod(0o755)
    taken = statistics.median(started(program) for _ in range(STARTS))
    sizes = {path.name: path.stat().st_size for path in (packages.sandbox_wheel, *packages.sandbox_node, program)}
    too_large = {name: size for name, size in sizes.items() if size > SIZE}
    if too_large or taken > START_MS:
        sys.exit(f"kit: {taken:.1f} ms to start, {too_large} are larger than {SIZE}")
    wheel_size = packages.sandbox_wheel.stat().st_size
    return f"starts in {taken:.1f} ms; program {program.stat().st_size / 1e6:.2f} MB, wheel {wheel_size / 1e6:.2f} MB"


def started(program: Path) -> float:
    """Milliseconds from before it is started until its line is there."""
    began = time.perf_counter()
    with subprocess.Popen([program, "--exit-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        taken = time.perf_counter() - began
        process.stdin.close()
    return taken * 1000
