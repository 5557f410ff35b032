"""The instructions of the hot calls, counted by callgrind and compared with those that are committed in
instructions.json. Counts do not depend on how busy a machine is.

    instructions.py           fails when a call takes over 5 % more than it did
    instructions.py --update  writes the counts of this build down as what to compare with

What is compared are the instructions in seekauth's own code: how many the C library's copy or the interpreter take
depends on the processor and on versions that are not ours. Of each program two runs are made, one with twice the calls,
so that start and first token cancel out.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from paths import BENCH, HERE, LIBRARY, RUST, run
from server import Server

BASELINE = HERE / "instructions.json"
CALLS = 20_000
RISE = 0.05
# What the measuring programs themselves add to each call, in their own files.
PROGRAMS: dict[str, tuple[list[object], str]] = {
    "C": ([BENCH / "c" / "probe", "count", "count.1800.0"], LIBRARY.name),
    "Python": ([sys.executable, "-S", HERE / "python" / "count.py"], "_native.abi3.so"),
    "Rust": ([RUST / "bench-fast", "count", "count.1800.0"], "bench-fast"),
}


def counts(server: Server) -> dict[str, dict[str, float]]:
    """Instructions of each language's hot call: in seekauth's own code, and in all."""
    found = {}
    for language, (program, own) in PROGRAMS.items():
        once, twice = (by_file(server, [*program, calls], language) for calls in (CALLS, 2 * CALLS))
        each = {name: (twice.get(name, 0) - once.get(name, 0)) / CALLS for name in twice}
        harness = each.get("probe", 0) if language == "C" else 0
        found[language] = {"own": round(each[own], 1), "all": round(sum(each.values()) - harness, 1)}
    return found


def by_file(server: Server, program: list[object], name: str) -> dict[str, int]:
    """Instructions by the file whose code they are, of one run under callgrind."""
    output = BENCH / f"callgrind-{name}.out"
    environment = server.environment | {
        "PYTHONPATH": str(BENCH / "python" / "seekauth"),
        "PYTHONHASHSEED": "0",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", *program]
    run(command, env=os.environ | environment, timeout=600)
    return costs(output)


def costs(output: Path) -> dict[str, int]:
    """The costs in callgrind's output. A line of position and cost belongs to the file named last, unless a `calls=` is
    before it: then it sums up what was called."""
    names: dict[str, str] = {}
    sums: dict[str, int] = {}
    current, inclusive = "", False
    for line in output.read_text().splitlines():
        if named := re.match(r"ob=\((\d+)\)(?: (.*))?", line):
            if named[2]:
                names[named[1]] = Path(named[2]).name
            current = names[named[1]]
        elif named := re.match(r"cob=\((\d+)\) (.*)", line):
            names[named[1]] = Path(named[2]).name
        elif line.startswith("calls="):
            inclusive = True
        elif cost := re.match(r"[+\-*\d]\S* (\d+)$", line):
            if not inclusive:
                sums[current] = sums.get(current, 0) + int(cost[1])
            inclusive = False
    return sums


def verdict(language: str, now: float, before: float) -> str:
    """What to say when there is something to say."""
    change = now / before - 1
    text = f"the hot call of {language} takes {now:g} instructions of seekauth's own, {before:g} before ({change:+.1%})"
    if change > RISE:
        return (
            f"{text}.\n  See what was put into it:\n"
            f"    callgrind_annotate {BENCH}/callgrind-{language}.out\n"
            "  Mend it, or, if it has to be, say why in CHANGELOG.md and run `make bench-instructions UPDATE=1`."
        )
    return f"{text}: run `make bench-instructions UPDATE=1` to keep it so" if change < -RISE else ""


def main() -> None:
    server = Server()
    try:
        found = counts(server)
    finally:
        server.close()
    (BENCH / "instructions.json").write_text(json.dumps(found, indent=2) + "\n")
    for language, count in found.items():
        print(f"{language}: {count['own']:g} instructions in seekauth's code, {count['all']:g} in all")
    if "--update" in sys.argv:
        compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
        kept = {"made by": f"{compiler}, {platform.machine()}", **{name: count["own"] for name, count in found.items()}}
        BASELINE.write_text(json.dumps(kept, indent=2) + "\n")
        return
    baseline = json.loads(BASELINE.read_text())
    said = {name: verdict(name, count["own"], baseline[name]) for name, count in found.items()}
    for text in filter(None, said.values()):
        print(text)
    if any(count["own"] > baseline[name] * (1 + RISE) for name, count in found.items()):
        sys.exit(f"bench-instructions: the baseline was made by {baseline['made by']}")


if __name__ == "__main__":
    main()
