"""The C and C++ programs, and the Python and Node suites, under sanitizers.

    run.py [NAME…]      all checks, or those whose name contains one of these words

    address    C and C++ programs and the suite of cases, under AddressSanitizer, LeakSanitizer and
               UndefinedBehaviorSanitizer
    threads    the same under ThreadSanitizer
    valgrind   the C and C++ programs under Valgrind, with the library as it is built for the tests
    python     the Python suite under AddressSanitizer and LeakSanitizer
    node       the Node suite under AddressSanitizer and LeakSanitizer

Prints one table and exits with 1 if a suite fails, if a sanitizer finds an error or a leak that no
suppression file of this folder explains, or if it misses one of the mistakes of planted.c. Keeps what it
found in target/sanitize/found. Needs what `make debug-rust debug-c debug-python debug-node` build, gcc
with its sanitizers' libraries, and Valgrind.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import build

ROOT = build.ROOT
HERE = build.HERE
FOUND = build.TARGET / "found"
SANDBOX = ROOT / "target/debug/seekauth-sandbox"
CASES = ROOT / "target/debug/seekauth-cases"
PYTHON = ROOT / "python/.venv/bin/python"

LIMIT_S = 1800
"""For one suite; some ten times what it takes."""
ERROR = re.compile(
    r"(ERROR|WARNING): (AddressSanitizer|ThreadSanitizer)|runtime error:"
    r"|^==\d+== (Invalid|Use of|Conditional|Syscall|Mismatched|Process terminating)",
    re.MULTILINE,
)
LEAK = re.compile(r"^(Direct|Indirect) leak of|are definitely lost in loss record", re.MULTILINE)
COUNTS = re.compile(r"(\d+) passed|# pass (\d+)")


@dataclass
class Row:
    """What came of one suite under one tool."""

    suite: str
    tool: str
    passed: int = 0
    errors: int = 0
    leaks: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def run(suite: str, tool: str, command: Sequence[str | Path], cwd: Path = ROOT, **environment: str) -> Row:
    """Runs a suite whose sanitizer writes what it finds to files of its own."""
    place = FOUND / re.sub(r"\W+", "-", f"{tool} {suite}").lower()
    place.mkdir(parents=True)
    row = Row(suite, tool)
    began = time.monotonic()
    told = {name: value.replace("LOG", str(place / "log")) for name, value in environment.items()}
    words = [str(word).replace("LOG", str(place / "log")) for word in command]
    with (place / "output").open("w+") as output:
        try:
            done = subprocess.run(
                words, cwd=cwd, env={**os.environ, **told}, stdout=output, stderr=output, timeout=LIMIT_S
            )
            if done.returncode != 0:
                row.wrong.append(f"ended with {done.returncode}")
        except subprocess.TimeoutExpired:
            row.wrong.append(f"not done within {LIMIT_S} s")
        output.seek(0)
        text = output.read()
    row.seconds = time.monotonic() - began
    row.passed = sum(int(a or b) for a, b in COUNTS.findall(text))
    reports = [text, *(file.read_text(errors="replace") for file in place.glob("log*"))]
    row.errors = sum(len(ERROR.findall(report)) for report in reports)
    row.leaks = sum(len(LEAK.findall(report)) for report in reports)
    if row.passed == 0:
        row.wrong.append("no test ran")
    if row.errors or row.leaks:
        row.wrong.append(f"{row.errors} errors, {row.leaks} leaks")
    if row.wrong:
        row.wrong.append(f"see {place.relative_to(ROOT)}")
        row.wrong += text.splitlines()[-10:]
    return row


def must_find(tool: str, program: Path, mistakes: Mapping[str, str], **environment: str) -> Row:
    """The planted mistakes: what has to stand in the report of each."""
    row = Row("planted mistakes", tool)
    began = time.monotonic()
    for mistake, words in mistakes.items():
        command = ["sh", ROOT / "tests/c/with-sandbox.sh", SANDBOX, program, mistake]
        done = subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=LIMIT_S
        )
        if done.returncode != 0 and words in done.stderr:
            row.passed += 1
        else:
            row.wrong.append(f"missed the {mistake}: {done.stderr[-500:]}")
    row.seconds = time.monotonic() - began
    return row


def cases(tool: str, place: Path, under: Sequence[str] = (), **environment: str) -> list[Row]:
    return [
        run(f"cases in {language}", tool, [CASES, "--language", language, "--", *under, place / agent], **environment)
        for language, agent in (("c", "agent-c"), ("c++", "agent-cpp"))
    ]


def address() -> list[Row]:
    libraries = build.c_library("address")
    make = {"sanitizer": "address", "libraries": libraries, "sandbox": SANDBOX}
    build.run(build.make("all", **make))
    # Not those that fork: the search for leaks finds nobody to ask in a child's pid namespace, and what a child
    # takes is measured there.
    units = build.run(build.make("--eval=named: ; @echo $(filter-out $(NATIVE),$(UNITS))", "named", **make)).split()
    told = {"ASAN_OPTIONS": "detect_leaks=1:log_path=LOG", "UBSAN_OPTIONS": "print_stacktrace=1"}
    command = [*build.make("units", "examples", **make), f"UNITS={' '.join(units)}"]
    mistakes = {"leak": "LeakSanitizer: detected memory leaks", "late": "heap-use-after-free"}
    return [
        must_find("AddressSanitizer", build.planted("address"), mistakes),
        run("C and C++ programs", "AddressSanitizer", command, **told),
        *cases("AddressSanitizer", build.TARGET / "address/c", **told),
    ]


def threads() -> list[Row]:
    place = build.TARGET / "thread/c"
    libraries = build.c_library("thread")
    make = {"sanitizer": "thread", "libraries": libraries, "sandbox": SANDBOX}
    # Not those that fork: ThreadSanitizer does not go on in the child of a process with threads. And not the
    # static example: the annotations are in the shared library.
    units = build.run(build.make("--eval=named: ; @echo $(filter-out $(NATIVE),$(UNITS))", "named", **make)).split()
    build.run(build.make("agents", *units, **make))
    told = {"TSAN_OPTIONS": f"log_path=LOG:suppressions={HERE / 'threads.supp'}:second_deadlock_stack=1"}
    command = ["sh", "with-sandbox.sh", SANDBOX, "sh", "run.sh", *units]
    return [
        must_find("ThreadSanitizer", build.planted("thread"), {"race": "ThreadSanitizer: data race"}),
        run("C and C++ programs", "ThreadSanitizer", command, ROOT / "tests/c", **told),
        *cases("ThreadSanitizer", place, **told),
    ]


def valgrind() -> list[Row]:
    # Not the cases: ten times slower than usual, their programs give up what is not slow at all.
    make = ["make", "--silent", "-C", ROOT / "tests/c", "memcheck", f"BUILD={ROOT / 'target/c'}", f"SANDBOX={SANDBOX}"]
    return [run("C and C++ programs", "Valgrind", make)]


def preloaded(suppressions: str, frames: int) -> dict[str, str]:
    """For an interpreter that was built without the sanitizer. Its tests are strict about the exit codes
    and the output of their programs, so leaks change neither."""
    options = f"detect_leaks=1:log_path=LOG:malloc_context_size={frames}"
    return {
        "LD_PRELOAD": build.run(["gcc", "-print-file-name=libasan.so"]).strip(),
        "ASAN_OPTIONS": options,
        "LSAN_OPTIONS": f"exitcode=0:print_suppressions=0:suppressions={HERE / suppressions}",
        "SEEKAUTH_SANDBOX": str(HERE / "sandbox.sh"),
        "SANITIZE_SANDBOX": str(SANDBOX),
    }


def python() -> list[Row]:
    library = build.library("address", "seekauth-python", "lib_native.so")
    place = build.copy("python", library, "seekauth/_native.abi3.so", {})
    leaving = [f"tests/test_{name}.py" for name in ("exit", "fork", "signals", "credentials_process")]
    pytest = [PYTHON, "-m", "pytest", "--quiet", "-p", "no:cacheprovider"]
    others = [f"--ignore={file}" for file in leaving]
    told = {"PYTHONMALLOC": "malloc", "PYTHONPATH": str(place)}
    tool = "AddressSanitizer"
    return [
        run("Python", tool, [*pytest, *others], place, **told, **preloaded("python.supp", 30)),
        run("Python, leaving", tool, [*pytest, *leaving], place, **told, **preloaded("python-exit.supp", 30)),
    ]


def node() -> list[Row]:
    library = build.library("address", "seekauth-node", "libseekauth_node.so")
    place = build.copy("node", library, "seekauth.linux-x64-gnu.node", {"node_modules": ROOT / "node/node_modules"})
    leaving = [place / f"test/{name}.test.js" for name in ("exit", "workers")]
    others = [file for file in sorted(place.glob("test/*.test.js")) if file not in leaving]
    suite = ["node", "--test", "--test-concurrency=1"]
    tool = "AddressSanitizer"
    return [
        run("Node", tool, [*suite, *others], place, **preloaded("node.supp", 5)),
        run("Node, leaving", tool, [*suite, *leaving], place, **preloaded("node-exit.supp", 5)),
    ]


CHECKS: dict[str, Callable[[], list[Row]]] = {
    "address": address,
    "threads": threads,
    "valgrind": valgrind,
    "python": python,
    "node": node,
}


def main(words: list[str]) -> int:
    wanted = [name for name in CHECKS if not words or any(word in name for word in words)]
    if not wanted:
        print(f"no check is called {' or '.join(words)}", file=sys.stderr)
        return 2
    shutil.rmtree(FOUND, ignore_errors=True)
    rows = [row for name in wanted for row in CHECKS[name]()]
    print(f"{'suite':<22}{'under':<20}{'passed':>8}{'errors':>8}{'leaks':>8}{'s':>8}")
    for row in rows:
        seconds = f"{row.seconds:.0f}"
        print(f"{row.suite:<22}{row.tool:<20}{row.passed:>8}{row.errors:>8}{row.leaks:>8}{seconds:>8}")
    failed = [row for row in rows if row.wrong]
    for row in failed:
        print(f"\n{row.suite} under {row.tool}:")
        for line in row.wrong:
            print(f"  {line}")
    print(f"\nsanitizers: {len(rows) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
