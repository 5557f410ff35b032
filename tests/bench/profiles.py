"""Builds libseekauth.so in several profiles and compares size, start and hot call; writes profiles.md for the page of
the benchmarks. Each build with fat link-time optimisation takes minutes.

    profiles.py [NAME ...]    all of them, or those named
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import instructions
from chart import number
from paths import BENCH, HERE, LIBRARY, ROOT, answer
from report import table
from server import Server
from wrap import wrapped


@dataclass(frozen=True)
class Profile:
    """A release profile: `ours` is the optimisation of the workspace's crates, `theirs` of all others."""

    name: str
    ours: str
    theirs: str
    lto: str = "fat"
    panic: str = "unwind"
    units: int = 1


PROFILES = (
    Profile("as released", "s", "s"),
    Profile("ours for speed", "3", "s"),
    Profile("everything for the least size", "z", "z"),
    Profile("dependencies for the least size", "s", "z"),
    Profile("everything at 2", "2", "2"),
    Profile("everything at 3", "3", "3"),
    Profile("thin", "s", "s", lto="thin"),
    Profile("thin, 16 units", "s", "s", lto="thin", units=16),
    Profile("abort", "s", "s", panic="abort"),
)


def build(profile: Profile) -> float:
    """Seconds that it took."""
    quoted = {"opt-level": profile.ours if profile.ours.isdigit() else f'"{profile.ours}"'}
    theirs = profile.theirs if profile.theirs.isdigit() else f'"{profile.theirs}"'
    settings = {
        "profile.release.opt-level": quoted["opt-level"],
        'profile.release.package."*".opt-level': theirs,
        "profile.release.lto": f'"{profile.lto}"',
        "profile.release.panic": f'"{profile.panic}"',
        "profile.release.codegen-units": str(profile.units),
    }
    words = [word for name, value in settings.items() for word in ("--config", f"{name}={value}")]
    began = time.monotonic()
    target = BENCH / "profiles"
    command = ["cargo", "build", "--quiet", "--release", "-p", "seekauth-capi", "--target-dir", str(target), *words]
    subprocess.run(command, cwd=ROOT, check=True)
    return time.monotonic() - began


def measure(server: Server, profile: Profile) -> list[str]:
    took = build(profile)
    built = BENCH / "profiles" / "release" / "libseekauth.so"
    environment = server.environment | {"LD_LIBRARY_PATH": str(built.parent)}
    shutil.copy(built, built.parent / LIBRARY.name)
    # The program looks beside itself first, so it has to be a copy.
    probe = built.parent / "probe"
    flags = ["-std=c11", "-O2", f"-I{ROOT / 'include'}", f"-Wl,-rpath,{built.parent}"]
    source = HERE / "c" / "probe.c"
    subprocess.run(
        ["cc", *flags, str(source), "-o", str(probe), str(built.parent / LIBRARY.name), "-pthread"], check=True
    )
    hot = [statistics.median(answer([probe, "hot", server.place(), 20], environment)["library"]) for _ in range(3)]
    starts = [answer([BENCH / "c" / "start", built, server.place()], environment) for _ in range(7)]
    once, twice = (
        sum(instructions.by_file(server, [probe, "count", server.place(), calls], "profile").values())
        for calls in (instructions.CALLS, 2 * instructions.CALLS)
    )
    return [
        profile.name,
        f"{profile.ours} / {profile.theirs}",
        profile.lto,
        str(profile.units),
        profile.panic,
        f"{built.stat().st_size / 1e6:.2f}",
        number((twice - once) / instructions.CALLS),
        number(statistics.median(hot)),
        number(statistics.median(start["import_ms"] for start in starts)),
        number(statistics.median(start["token_mb"] for start in starts)),
        f"{took:.0f}",
    ]


HEADINGS = [
    "profile",
    "ours / dependencies",
    "lto",
    "units",
    "panic",
    "MB",
    "instructions",
    "ns",
    "dlopen, ms",
    "memory, MB",
    "build, s",
]


def main() -> None:
    wanted = sys.argv[1:]
    chosen = [profile for profile in PROFILES if not wanted or profile.name in wanted]
    os.environ.pop("CARGO_TARGET_DIR", None)
    server, rows = Server(), []
    try:
        for profile in chosen:
            rows.append(measure(server, profile))
            print(dict(zip(HEADINGS, rows[-1], strict=True)), flush=True)
    finally:
        server.close()
    note = (
        "The instructions are those of a call and of the loop around it, which takes 18. A panic has to unwind to be "
        "caught at the language boundary; `abort` is here for what that costs."
    )
    (HERE / "profiles.md").write_text(wrapped(f"{table(HEADINGS, rows)}\n\n{note}\n"))


if __name__ == "__main__":
    main()
