"""How a process that uses seekauth ends: every stage, every way to leave, every language.

    run.py [--only TEXT]... [--times N]

TEXT is part of "stage / way / language", to run those alone; N is how often each is tried.

Each cell is a process of its own against a sandbox: it has to end by itself, with the exit code that
it chose, and must print nothing that the same program does not print when it has no client. One
second is promised, and the line below the table counts who took longer; wrong is fifteen, which the
busiest machine does not take, and what a process could wait for here never comes. Exits with 1 if a cell is
wrong.
Needs Python 3.10, what `make debug-rust debug-c debug-python debug-node` and this folder's Makefile
build, and target/debug/seekauth-exit of the package seekauth-harness.
"""

import argparse
import itertools
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from harness.paths import DEBUG, PACKAGE, PYTHON, ROOT
from harness.process import GoneError, Process, inherited, wait_until
from harness.sandbox import Sandbox

HERE = Path(__file__).resolve().parent
BUILT = ROOT / "target" / "exit"

PROMISED = 1.0
LONGEST = 15.0
HANGS = 60.0
"""Seconds between the word to leave and the end of the process."""
PATIENCE = {"SEEKAUTH_TIMEOUT": "600", "SEEKAUTH_REQUEST_TIMEOUT": "600", "SEEKAUTH_CONNECT_TIMEOUT": "600"}
"""The library's own limits, so far away that an end which waits for one of them is a hang."""
STARTS_WITHIN = 120.0
"""Seconds for a stage to be reached; far more than the busiest machine takes."""
AT_ONCE = 6
"""Processes that run side by side; most of their time they wait."""

LANGUAGES: dict[str, list[str]] = {
    "C": [str(BUILT / "exit-c")],
    "C, dlopen": [str(BUILT / "exit-opened")],
    "C++": [str(BUILT / "exit-cpp")],
    "Python": [str(PYTHON), str(HERE / "program.py")],
    "Node": ["node", "--expose-gc", str(HERE / "program.cjs")],
    "Rust, tokio": [str(DEBUG / "seekauth-exit"), "tokio"],
    "Rust, blocking": [str(DEBUG / "seekauth-exit"), "blocking"],
}

NOTHING = "nothing"
STAGES = {
    NOTHING: "no client: how the language itself ends",
    "before": "before the first call",
    "flight": "during a request that nobody waits for any more",
    "waiters": "with threads, tasks or callbacks waiting",
    "landing": "the same, while the response arrives",
    "lookup": "the same, while a host name is looked up and no name server answers",
    "refresh": "during a renewal in the background",
    "told": "while somebody is told of an event, who never returns",
    "closed": "right after close() under those that wait",
    "freed": "right after the client was freed during a request",
    "events": "while more events than are kept are on their way to who listens",
    "listening": "with a listener of events, while a response arrives",
    "telling": "while a listener of events never returns",
}

CHOSEN = 7
SIGINT = -2
SIGABRT = -6

# Exit codes by language where a language does not do the same as the others; "C" alone is all of C.
WAYS: dict[str, dict[str, int]] = {
    "return": {"": CHOSEN, "Python": 0},
    "exit": {"": CHOSEN},
    "exit in a thread": {"": CHOSEN},
    "_exit": {"": CHOSEN},
    "_exit in a thread": {"": CHOSEN},
    "quick_exit": {"": CHOSEN},
    "abort": {"": SIGABRT},
    "uncaught": {"C++": SIGABRT, "Python": 1, "Node": 1, "Rust, tokio": 101, "Rust, blocking": 101},
    "rejection": {"Node": 1},
    "SIGINT": {"": SIGINT},
    "close at exit": {"": CHOSEN},
    "terminate a worker": {"Node": CHOSEN},
}

ALL_C = ("C", "C, dlopen", "C++")
HAVE = {"quick_exit": ALL_C, "_exit in a thread": (*ALL_C, "Python", "Rust, tokio", "Rust, blocking")}
"""Ways that only some languages have, beside those that WAYS has a code for."""
STAGES_OF = {"told": ALL_C, "events": ("Node",), "listening": ("Python",), "telling": ("Python",)}
"""Languages that have a stage which not all of them have."""
WITHOUT = {
    ("abort", "Node"),  # prints a stack of addresses
    ("close at exit", "C, dlopen"),  # there is no library any more that could close
    ("close at exit", "Rust, tokio"),  # there is no runtime any more
}

# Gaps between the response and the word to leave, so that the two meet in different places.
LANDING = ("landing", "listening")
GAPS = (0.0, 0.001, 0.003)


@dataclass(frozen=True)
class Cell:
    """One process to run."""

    stage: str
    way: str
    language: str

    def __str__(self) -> str:
        return f"{self.stage} / {self.way} / {self.language}"

    @property
    def code(self) -> int | None:
        """The exit code that it should end with; `None` if there is no such thing to try."""
        codes = WAYS[self.way]
        if (self.way, self.language) in WITHOUT:
            return None
        if self.language not in HAVE.get(self.way, LANGUAGES):
            return None
        if self.language not in STAGES_OF.get(self.stage, LANGUAGES):
            return None
        # In Node a caller that waits is the program's own work: it has not come to its end.
        if (self.way, self.language) == ("return", "Node") and self.stage in ("waiters", "lookup"):
            return None
        return codes.get(self.language, codes.get(""))


@dataclass(frozen=True)
class End:
    """How a process ended."""

    code: int
    output: str
    errors: str
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """What stands in the table, and what is wrong."""

    text: str
    seconds: float = 0.0
    wrong: str = ""


def run(cell: Cell, sandbox: Sandbox, number: int, directory: str, gap: float) -> End:
    """Brings a process to its stage, tells it to leave, and sees how it does."""
    product = f"exit-{number}"
    environment = {
        **inherited(),
        **sandbox.environment(f"{product}/1.0"),
        **PATIENCE,
        "PYTHONPATH": str(PACKAGE),
        "RUST_BACKTRACE": "0",
    }
    sandbox.reset()
    if cell.stage == "refresh":
        environment["SEEKAUTH_STAY_WARM"] = "true"
        sandbox.configure(seek_api_lifetime_s=2)
        sandbox.script({})
    if cell.stage == "events":
        sandbox.script({})
    lookup = Path(directory, product)
    if cell.stage == "lookup":
        environment["SEEKAUTH_TOKEN_URL"] = "http://localhost/token"
        environment["SEEKAUTH_EXIT_LOOKUP"] = str(lookup)
        environment["LD_PRELOAD"] = str(BUILT / "lookup.so")
    sandbox.script({"hold": True, "times": 0})
    command = [*LANGUAGES[cell.language], cell.stage, cell.way]
    with closing(Process(command, environment, stderr=subprocess.PIPE)) as process:
        first = process.read()
        if not first.startswith("ready "):
            raise GoneError(f"ended before the stage was reached: {process.child.communicate()[1].decode()}")
        if cell.stage == "lookup":
            await_stage(lookup.exists, "no host name was looked up")
        elif count := int(first.split()[1]):
            await_stage(lambda: sandbox.requests(product=product) >= count, f"{count} token requests never arrived")
        with sandbox.releasing() if cell.stage in LANDING else nullcontext():
            time.sleep(gap)
            started = time.perf_counter()
            process.write("")
            output, errors = process.child.communicate(timeout=HANGS)
            seconds = time.perf_counter() - started
        return End(process.child.returncode, output.decode(), errors.decode(), seconds)


def await_stage(reached: Callable[[], bool], otherwise: str) -> None:
    wait_until(reached, otherwise, within_s=STARTS_WITHIN, poll_s=0.005)


def judge(cell: Cell, end: End, plain: End | None) -> Verdict:
    """`plain` is how the language ends without a client."""
    wrong = {
        f"EXIT {end.code}": end.code != cell.code and f"exit code {end.code}, not {cell.code}",
        "TOO LATE": end.seconds > LONGEST and f"ended after {end.seconds:.1f} s",
        "PRINTS": end.output and f"printed {end.output!r}",
        "WRITES": (not says_its_own(cell, end) if plain is None else shape(end.errors) != shape(plain.errors))
        and f"wrote to stderr {end.errors!r}",
    }
    complaints = {short: text for short, text in wrong.items() if text}
    if complaints:
        return Verdict(next(iter(complaints)), end.seconds, "; ".join(complaints.values()))
    return Verdict(f"{end.seconds * 1000:.0f} ms", end.seconds)


def says_its_own(cell: Cell, end: End) -> bool:
    """Whether a process without a client wrote what its own end makes its language write."""
    if cell.way in ("uncaught", "rejection"):
        return "the program's own" in end.errors
    if (cell.way, cell.language) == ("SIGINT", "Python"):
        return "KeyboardInterrupt" in end.errors
    return end.errors == ""


def shape(text: str) -> str:
    """What of an error text is the same in each process."""
    return re.sub(r"0x[0-9a-f]+|\d+", "0", text)


def table(verdicts: dict[Cell, Verdict]) -> str:
    width = 12
    lines = [" " * 20 + "".join(language.rjust(width) for language in LANGUAGES)]
    for stage, title in STAGES.items():
        lines += ["", f"{stage}: {title}"]
        for way in WAYS:
            found = [verdicts.get(Cell(stage, way, language)) for language in LANGUAGES]
            if any(found):
                texts = "".join((v.text if v else "-").rjust(width) for v in found)
                lines.append(f"  {way:<18}{texts}")
    return "\n".join(lines)


def main() -> int:
    # A background job ignores SIGINT, and so would the programs that are interrupted here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", default=[], metavar="TEXT")
    parser.add_argument("--times", type=int, default=1, metavar="N")
    only, times = (arguments := parser.parse_args()).only, arguments.times
    # A way to leave is abort(), which would leave cores about.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    every = (Cell(*names) for names in itertools.product(STAGES, WAYS, LANGUAGES))
    cells = [cell for cell in every if cell.code is not None]
    wanted = [c for c in cells if not only or any(text in str(c) for text in only)]
    # Those without a client are what the others are compared with.
    plain_cells = [Cell(NOTHING, c.way, c.language) for c in wanted if c.stage != NOTHING]
    first = dict.fromkeys([*plain_cells, *(c for c in wanted if c.stage == NOTHING)])
    # A renewal takes its time to come: those processes wait while the others run.
    others = sorted((c for c in wanted if c.stage != NOTHING), key=lambda c: c.stage != "refresh")

    sandboxes: SimpleQueue[Sandbox] = SimpleQueue()
    numbers = itertools.count()
    plain: dict[tuple[str, str], End] = {}

    def try_out(cell: Cell) -> Verdict:
        sandbox = sandboxes.get()
        try:
            gaps = times * (GAPS if cell.stage in LANDING else (0.0,))
            ends = [run(cell, sandbox, next(numbers), directory, gap) for gap in gaps]
        except subprocess.TimeoutExpired:
            return Verdict("HANGS", HANGS, f"had not ended after {HANGS:.0f} s")
        except GoneError as problem:
            return Verdict("FAILED", 0.0, str(problem))
        finally:
            sandboxes.put(sandbox)
        if cell.stage == NOTHING:
            plain[cell.way, cell.language] = ends[0]
        judged = [judge(cell, end, plain.get((cell.way, cell.language))) for end in ends]
        return max(judged, key=lambda verdict: (verdict.wrong != "", verdict.seconds))

    started = time.monotonic()
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        for _ in range(AT_ONCE):
            sandboxes.put(stack.enter_context(Sandbox()))
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        verdicts = dict(zip(first, pool.map(try_out, first), strict=True))
        verdicts |= zip(others, pool.map(try_out, others), strict=True)

    print(table(verdicts))
    wrong = {cell: verdict for cell, verdict in verdicts.items() if verdict.wrong}
    slowest = max(verdicts, key=lambda cell: verdicts[cell].seconds)
    late = sum(verdict.seconds > PROMISED for verdict in verdicts.values())
    print(
        f"\n{len(verdicts)} cells, {len(wrong)} wrong, {late} over {PROMISED:.0f} s;"
        f" slowest: {slowest}, {verdicts[slowest].seconds * 1000:.0f} ms;"
        f" in {time.monotonic() - started:.0f} s"
    )
    for cell, verdict in wrong.items():
        print(f"\n{cell}: {verdict.wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
