"""Builds the fuzz targets and runs each: for a time, with inputs of its own choosing, or from its
seeds for a number of executions that is the same each time. Prints what was executed; an input that
breaks a target is left in target/fuzz/findings, and the run fails.

Takes `--seconds n` or `--executions n`, and the names of targets, if not all are wanted.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = ROOT / "target" / "fuzz"
FINDINGS = TARGET / "findings"
# Starting a client's worker and asking for a token over loopback takes its time.
SLOW = {"c_abi": 10, "c_requests": 10}


def environment() -> dict[str, str]:
    """A stable compiler takes the sanitizer's flag only so; nothing may lead out of the machine."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | {"RUSTC_BOOTSTRAP": "1"}


def build(cargo_fuzz: str) -> Path:
    command = [cargo_fuzz, "fuzz", "build", "--fuzz-dir", HERE, "--target-dir", TARGET]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True)
    host = re.search(r"^host: (.*)$", run_text("rustc", "-vV"), re.MULTILINE)
    assert host is not None
    return TARGET / host.group(1) / "release"


def run_text(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def run(binary: Path, seconds: int | None, executions: int | None) -> tuple[str, bool]:
    name = binary.name
    seeds = HERE / "seeds" / name
    options = [
        f"-dict={HERE / 'dictionaries' / name}",
        f"-artifact_prefix={FINDINGS / name}-",
        "-print_final_stats=1",
        "-rss_limit_mb=4096",
        # Leaks are looked for once, at the end: after each execution that would be most of the work.
        "-detect_leaks=0",
        "-timeout=120",
    ]
    if seconds is None:
        # From nothing but the seeds and one number, so that it runs the same everywhere.
        corpus = TARGET / "fixed" / name
        shutil.rmtree(corpus, ignore_errors=True)
        options += ["-seed=1", f"-runs={(executions or 0) // SLOW.get(name, 1)}"]
    else:
        corpus = TARGET / "corpus" / name
        options += [f"-max_total_time={seconds}"]
    corpus.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    done = subprocess.run(
        [binary, *options, corpus, seeds],
        env=environment(),
        cwd=TARGET,
        capture_output=True,
        text=True,
        errors="replace",
    )
    took = time.monotonic() - start
    executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    covered = re.findall(r" cov: (\d+) ", done.stderr)
    count = int(executed.group(1)) if executed else 0
    if done.returncode != 0 or count == 0:
        said = re.findall(
            r"^.*panicked at.*\n.*\n.*\n|^.*(?:ERROR:|SUMMARY:|written to).*\n", done.stderr, re.MULTILINE
        )
        return f"{name}: exit code {done.returncode} after {count:,}\n{''.join(said)}", False
    kept = len(list(corpus.iterdir())) + len(list(seeds.iterdir()))
    return f"| {name} | {count:,} | {took:.0f} s | {covered[-1]} | {kept} | 0 |", True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cargo-fuzz", default="cargo")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--executions", type=int)
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()
    folder = build(arguments.cargo_fuzz)
    FINDINGS.mkdir(parents=True, exist_ok=True)
    names = arguments.targets or sorted(path.stem for path in (HERE / "targets").glob("*.rs"))
    print("| target | executions | time | coverage | inputs | findings |\n|---|---|---|---|---|---|")
    failed = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as workers:
        for line, passed in workers.map(
            lambda name: run(folder / name, arguments.seconds, arguments.executions), names
        ):
            print(line, flush=True)
            failed += not passed
    print(f"fuzz: {len(names) - failed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
