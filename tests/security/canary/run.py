"""Plants secrets and tokens in a program of each language, takes it through everything that succeeds and fails, and
searches all that it shows, writes and leaves behind for them.

    run.py [LANGUAGE…]

Prints where how much was searched and what was found, and exits with 1 if anything was found that the library
could have kept back, or if the search did not find what was put there for it to find. Linux only: it looks into
the memory of the programs. Needs what tests/endurance/soak/run.py does, and the programs of this folder.
"""

import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import command
from story import KINDS, LIBRARY_ONLY, SURFACES, Plants, Story, WrongTurnError, clients, tokens
from subject import Subject

from harness.paths import DEBUG, PYTHON, ROOT
from harness.process import GoneError
from harness.sandbox import Sandbox
from harness.search import Found, Search, prove

HERE = Path(__file__).resolve().parent
LANGUAGES: dict[str, list[str]] = {
    "Rust": [str(DEBUG / "seekauth-canary")],
    "C": [str(ROOT / "target/canary/canary-c")],
    "C++": [str(ROOT / "target/canary/canary-cpp")],
    "Python": [str(PYTHON), str(HERE / "program.py")],
    "Node": ["node", "--expose-gc", str(HERE / "program.mjs")],
}
SETTLES_WITHIN_S = 30
POLL_S = 0.3
LOGS = {
    "Rust": ("h2::", "hyper_util::", "reqwest::", "rustls::"),
    "Python": ("asyncio:", "hpack.", "httpcore.", "httpcore2.", "httpx:", "httpx2:", "seekauth:", "urllib3."),
    "Node": ("FETCH ", "HTTP2 ", "NET ", "SEEKAUTH ", "STREAM ", "TLS "),
}
"""Who has to have logged something, for all logs are open. The library in C and C++ has no log."""
WIRE = "wire.txt"
"""What HTTP clients of the program's own dump of their requests when they are told to."""
HTTPS_DEBUG = re.compile(
    rb"^(?:HTTPS? \d+: |\S+ follow-redirects ).*\n(?:(?![A-Z][A-Z0-9_]* \d+: ).*\n)*", re.MULTILINE
)
"""The same on Node's standard error, where its own module, and what axios sends with, print the options of each
request.
"""
WITH_CURL = {"text", "token:text", "token:next", "token:basic", "token:callback"}
"""What the C program hands to libcurl, or libcurl hears from the API."""


@dataclass
class Result:
    """What came of one language."""

    found: dict[str, Found] = field(default_factory=dict)
    """By surface, without what was planted to be found."""
    program_holds: int = 0
    """Hits in memory of what the program itself has in its strings."""
    marked: Counter[bool] = field(default_factory=Counter)
    """Requests of the library over HTTP/2, by whether the token is kept out of the header table."""
    silent: list[str] = field(default_factory=list)
    """Libraries whose logs were open and had nothing in them."""
    versions: set[str] = field(default_factory=set)
    """Of HTTP, over which requests came to the API."""
    living: list[tuple[str, Found]] = field(default_factory=list)
    """What was in memory before the clients were closed."""
    met: str = ""
    """The texts of all errors, in small letters and without underscores."""
    wrong: list[str] = field(default_factory=list)


def outputs(language: str, process: Subject) -> Iterator[tuple[str, str, bytes]]:
    """All that a program showed and left, by surface and place."""
    for surface, texts in process.texts.items():
        for text in texts:
            yield surface, surface, text
    stderr, wire = process.stderr.read_bytes(), b""
    if language == "Node":
        wire = b"".join(HTTPS_DEBUG.findall(stderr))
        stderr = HTTPS_DEBUG.sub(b"", stderr)
        # All logs go there, those of libraries too.
        yield "log", "stderr", stderr
    yield "stderr", "stderr", stderr
    log = process.work / "log.txt"
    if log.exists():
        yield "log", log.name, log.read_bytes()
    yield "environment", "environ", process.environment()
    for file in process.work.rglob("*"):
        if file.is_file() and file not in (log, process.work / WIRE):
            yield "file", file.name, file.read_bytes()
    yield "file", "names", "\n".join(str(file) for file in process.work.rglob("*")).encode()
    child = process.work / "child.txt"
    yield "environment", child.name, child.read_bytes()
    if (process.work / WIRE).exists():
        wire += (process.work / WIRE).read_bytes()
    if wire:
        yield "wire", WIRE, wire


def look_into(process: Subject, search: Search) -> list[tuple[str, Found]]:
    """What is in its memory. It stands still meanwhile."""
    process.stop()
    places = [(place, search.look(data)) for place, data in process.memory()]
    process.go_on()
    return places


def all_errors(process: Subject) -> str:
    return b" ".join(process.texts["error"]).decode(errors="replace").lower().replace("_", "")


def memory(language: str, process: Subject, search: Search) -> list[tuple[str, Found]]:
    """What is in the memory of a program that stands still. Connections of clients that were closed end on the
    library's own thread, which is given time for it.
    """
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while True:
        places = look_into(process, search)
        kept = [role for _, found in places for role, _ in found.hits if not is_the_programs(language, role)]
        if not kept or time.monotonic() > deadline:
            return places
        time.sleep(POLL_S)


def run(language: str, folder: Path) -> Result:
    result, plants = Result(), Plants()
    planted = folder / "planted"
    planted.mkdir(parents=True)
    with Sandbox(tls=True) as sandbox:
        sandbox.configure(clients=clients(plants))
        decoys = plants.decoys
        with closing(Subject(LANGUAGES[language], folder, decoys["decoy:environment"])) as process:
            story = Story(process, sandbox, plants, planted, process.work)
            try:
                story.tell()
                story.plant()
                search = Search([*plants.canaries(), *tokens(sandbox)])
                result.living = look_into(process, search)
                process.tell("end")
            except (GoneError, WrongTurnError) as problem:
                result.wrong.append(str(problem))
                return result
            for surface, place, data in outputs(language, process):
                if surface == "log":
                    result.silent = [name for name in LOGS[language] if name.encode() not in data]
                judge(language, surface, place, search.look(data), result)
            for place, found in memory(language, process, search):
                judge(language, "memory", place, found, result)
            result.met = all_errors(process)
            result.wrong += unsealed(process.work / "store")
        for entry in sandbox.journal("graphql"):
            role = entry["headers"]["user-agent"].partition("/")[0].removeprefix("canary-")
            result.versions.add(entry["http_version"])
            if role in LIBRARY_ONLY and entry["http_version"] == "HTTP/2.0":
                result.marked[entry["token_indexing"] == "never"] += 1
    conclude(language, result)
    return result


def unsealed(store: Path) -> list[str]:
    """What is wrong with the files of the shared store, which show neither secret, token nor client."""
    files = list(store.iterdir())
    kinds = {file.suffix for file in files}
    wrong = [f"there is no {kind} in the store" for kind in (".token", ".note") if kind not in kinds]
    for file in files:
        shown = file.name.encode() + file.read_bytes()
        wrong += [
            f"{file.name} shows the {word.decode()}" for word in (b"canary-", b"client", b"scope") if word in shown
        ]
    return wrong


def judge(language: str, surface: str, place: str, found: Found, result: Result) -> None:
    for (role, form), times in sorted(found.hits.items()):
        if role.startswith("decoy:"):
            continue
        if surface == "memory" and is_the_programs(language, role):
            result.program_holds += times
        elif surface != "wire":
            result.wrong.append(f"{surface}, {place}: {times} times the {role}, {form}")
    result.found.setdefault(surface, Found()).add(found)


def is_the_programs(language: str, role: str) -> bool:
    """Whether the program has it in strings of its own, which the library cannot wipe."""
    match language:
        case "Rust":
            return role.startswith("decoy:")
        case "C":
            return role.startswith("decoy:") or role in WITH_CURL
    return role not in LIBRARY_ONLY


def conclude(language: str, result: Result) -> None:
    for surface in SURFACES:
        if surface not in result.found:
            if not (surface == "log" and language in ("C", "C++")):
                result.wrong.append(f"{surface} was not searched")
        elif not result.found[surface].count([f"decoy:{surface}"]):
            result.wrong.append(f"what was planted in {surface} was not found")
    for token in ("token:file", "token:command"):
        if not any(found.count([token]) for _, found in result.living):
            result.wrong.append(f"the {token} was not found in memory while it was there")
    if result.silent:
        result.wrong.append(f"nothing was logged by {', '.join(result.silent)}")
    # In C++ there is but the library's own sender.
    if not result.versions >= ({"HTTP/2.0"} if language == "C++" else {"HTTP/1.1", "HTTP/2.0"}):
        result.wrong.append(f"requests came over {', '.join(result.versions)} alone")
    for kind in KINDS:
        if kind.replace("_", "") not in result.met:
            result.wrong.append(f"nothing failed with {kind}")
    if result.marked[False] or not result.marked[True]:
        result.wrong.append(f"tokens that header tables may keep, and not: {dict(result.marked)}")


def cell(result: Result, surface: str) -> str:
    found = result.found.get(surface)
    if found is None:
        return "-"
    roles = {role for role, _ in found.hits if not role.startswith("decoy:")}
    hits = found.count(roles)
    if surface == "memory":
        hits -= result.program_holds
    return f"{hits} of {found.outputs} ({found.searched / 2**20:.1f} MiB)"


def main(words: list[str]) -> int:
    unknown = set(words) - set(LANGUAGES)
    if unknown:
        print(f"there is no {', '.join(unknown)}", file=sys.stderr)
        return 2
    prove()
    wanted = words or list(LANGUAGES)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="seekauth-canary-") as folder, ThreadPoolExecutor(len(wanted)) as pool:
        done = pool.map(lambda name: run(name, Path(folder, str(wanted.index(name)))), wanted)
        results = dict(zip(wanted, done, strict=True))
    print("hits of outputs searched (and their size)")
    print(f"{'':<30}" + "".join(f"{name:>24}" for name in results))
    for surface in (*SURFACES, "wire"):
        name = "wire dumps of HTTP clients *" if surface == "wire" else surface
        print(f"{name:<30}" + "".join(f"{cell(result, surface):>24}" for result in results.values()))
    held = (str(result.program_holds) for result in results.values())
    print(f"{'memory, program-held strings *':<30}" + "".join(f"{text:>24}" for text in held))
    marked = (f"{result.marked[True]} of {result.marked.total()}" for result in results.values())
    print(f"{'tokens out of header tables':<30}" + "".join(f"{text:>24}" for text in marked))
    searched, shown = command.examine()
    print(f"{'the command seekauth':<30}{f'{len(shown)} of {searched}':>24}")
    print("* the program's own, beyond the library's reach; not counted as wrong")
    for name, result in results.items():
        for text in result.wrong[:40]:
            print(f"\n{name}: {text}")
    for text in shown[:40]:
        print(f"\nthe command: {text}")
    bad = sum(bool(result.wrong) for result in results.values()) + bool(shown)
    print(f"\ncanary: {len(results) + 1 - bad} passed, {bad} failed, {time.monotonic() - began:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
