"""`make bench` and `make bench-quick`: measures, compares with the targets, and writes target/bench/results.json; a
full run also writes docs/benchmarks.md and its plots.

    run.py [--quick] [--rounds N] WHEEL TARBALL LIBRARY
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import checks
import growth
import instructions
import measure
import report
import sizes
import targets
from chart import number
from machine import Machine
from paths import BENCH
from samples import Samples
from server import Server
from subjects import interpreters, subjects
from targets import Row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seekauth and hand-written code only")
    parser.add_argument("--rounds", type=int, help="how often each figure is measured; default 5, quick 3")
    parser.add_argument("artefacts", nargs=3, type=Path)
    options = parser.parse_args()
    rounds = options.rounds or (3 if options.quick else 5)
    machine, samples = Machine(interpreters=interpreters()), Samples()
    server = Server()
    started = time.monotonic()
    try:
        counted = instructions.counts(server)
        checks.measure(server, samples)
        for number_of in range(1, rounds + 1):
            print(f"round {number_of} of {rounds}, load {machine.loads[-1]:.1f}", flush=True)
            one_round(server, samples, machine, options.quick, number_of)
        grown = growth.measure(server)
    finally:
        server.close()
    shipped = sizes.shipped(*options.artefacts)
    rows = targets.judge(samples, grown, shipped, {name: count["all"] for name, count in counted.items()})
    save(rows, samples)
    show(rows)
    if not options.quick:
        installed, crates = sizes.installed(), sizes.crates()
        report.write(samples, rows, grown, shipped, installed, crates, counted, machine)
        print("written: docs/benchmarks.md and docs/img/benchmarks-*.svg")
    print(f"{time.monotonic() - started:.0f} s, load average {min(machine.loads):.1f} to {max(machine.loads):.1f}")


def one_round(server: Server, samples: Samples, machine: Machine, quick: bool, number_of: int) -> None:
    everyone = subjects(quick)
    measure.hot(server, samples, everyone, inner=11)
    measure.hot_now(server, samples, inner=11)
    measure.hot_elsewhere(server, samples, machine.interpreters, inner=11)
    machine.look()
    measure.begin(server, samples, everyone)
    measure.refresh(server, samples, number=200)
    ours = [subject for subject in everyone if subject.library == "seekauth"]
    # The peers' counts hardly change, and some of them take long to find.
    counted = everyone if number_of <= 2 else ours
    measure.burst(server, samples, counted)
    measure.left(server, samples, counted)
    measure.short(server, samples, counted)
    machine.look()


def save(rows: list[Row], samples: Samples) -> None:
    results = [
        {"name": row.name, "value": row.value, "unit": row.unit, "target": row.target, "holds": row.holds}
        for row in rows
    ]
    (BENCH / "results.json").write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    everything = [
        {"language": language, "library": library, "kind": kind, "values": values}
        for (language, library, kind), values in samples.values.items()
    ]
    (BENCH / "samples.json").write_text(json.dumps(everything, ensure_ascii=False) + "\n")


def show(rows: list[Row]) -> None:
    wide = max(len(row.name) for row in rows)
    for row in rows:
        mark = "" if row.holds else "  FALLS SHORT"
        value, peer = f"{number(row.value)} {row.unit}", f"  best peer: {row.peer}" if row.peer else ""
        print(f"{row.name:{wide}}  {value:>18}  target {row.target:7}{peer}{mark}")
    print(f"{sum(row.holds for row in rows)} of {len(rows)} targets hold; all in {BENCH / 'results.json'}")


if __name__ == "__main__":
    main()
