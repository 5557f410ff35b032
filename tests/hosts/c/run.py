"""C and C++ in the hands of the compilers, event loops and tools that programs bring.

    run.py [--quick] LIBRARY      with the folder of libseekauth.so

Takes the sandbox's addresses from the environment, as tests/c/with-sandbox.sh sets them. Writes a row for each host to
target/hosts/c.tsv, and prints what went wrong. --quick has the distribution's gcc and the newest clang alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
WORK = ROOT / "target" / "hosts" / "c"
TABLE = ROOT / "target" / "hosts" / "c.tsv"
PAGE = ROOT / "docs" / "event-loops.md"
SHARE = ROOT / "bindings" / "c" / "share"

C_STANDARDS = ["c99", "c11", "c17", "c2x"]
CPP_STANDARDS = ["c++17", "c++20", "c++2b"]
STRICT = [
    *("-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion"),
    *("-Wmissing-field-initializers", "-Werror"),
]
STRICT_CPP = [*STRICT, "-Weffc++", "-Wold-style-cast", "-Wnon-virtual-dtor"]
NO_OUTPUT = ["-c", "-o", os.devnull]
"""Unlike -fsyntax-only it has all warnings."""
LIMIT_S = 300
"""For one program; some hundred times what it takes."""

Failures = list[str]


@dataclass
class Compiler:
    name: str
    c: str
    cpp: str


def version(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+\.\d+\.\d+", said)
    return found[0] if found else "?"


def compilers(*, quick: bool) -> list[Compiler]:
    """gcc and clang as they are, and whatever other versions are installed."""
    found = {("gcc", version("gcc")): Compiler(f"gcc {version('gcc')}", "gcc", "g++")}
    names = {path.name for folder in os.environ["PATH"].split(":") for path in Path(folder).glob("*")}
    pairs = {"clang": "clang++", "gcc": "g++"}
    for c, cpp in pairs.items():
        for suffix in ["", *sorted({name[len(c) :] for name in names if re.fullmatch(rf"{c}-\d+", name)})]:
            if {c + suffix, cpp + suffix} <= names:
                key = (c, version(c + suffix))
                found.setdefault(key, Compiler(" ".join(key), c + suffix, cpp + suffix))
    every = sorted(found.values(), key=lambda one: [int(part) for part in re.findall(r"\d+", one.name)])
    if not quick:
        return every
    clangs = [one for one in every if one.name.startswith("clang")]
    return [found["gcc", version("gcc")], *clangs[-1:]]


def run(command: Iterable[object], **environment: str) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    told = os.environ | environment
    return subprocess.run(words, env=told, capture_output=True, text=True, timeout=LIMIT_S)


def succeeds(command: list[object], **environment: str) -> Failures:
    done = run(command, **environment)
    return [] if done.returncode == 0 else [f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"]


def is_told(command: list[object], words: str) -> Failures:
    """The compiler refuses, and its first complaint has these words."""
    done = run(command)
    complaints = [line for line in done.stderr.splitlines() if "error" in line]
    right = done.returncode != 0 and complaints and re.search(words, complaints[0])
    return [] if right else [f"{' '.join(map(str, command))}: no complaint of {words!r} first\n{done.stderr}"]


class Suite:
    def __init__(self, library: Path, *, quick: bool) -> None:
        self.library = library
        self.quick = quick
        self.compilers = compilers(quick=quick)
        self.include = [f"-I{ROOT / 'include'}", f"-I{ROOT / 'tests' / 'c'}"]
        self.link = [f"-L{library}", f"-Wl,-rpath,{library}", "-lseekauth", "-pthread", "-ldl"]

    def builds_and_runs(
        self, compiler: str, options: list[str], source: Path, *, arguments: Iterable[object] = (), **environment: str
    ) -> Failures:
        name = re.sub(r"[^\w+]", "_", f"{source.stem} {compiler} {' '.join(options)}")
        program = WORK / name[:200]
        link = ["-pthread", "-ldl"] if source.stem == "unload" else self.link
        others = ["-luv"] if "<uv.h>" in source.read_text() else []
        command = [compiler, "-g", *options, *self.include, source, "-o", program, *link, *others]
        return succeeds(command) or succeeds([program, *arguments], **environment)

    # ---- headers ----------------------------------------------------------------------------------

    def c_header(self, compiler: Compiler) -> Failures:
        failures = []
        for standard in C_STANDARDS:
            failures += self.builds_and_runs(compiler.c, [f"-std={standard}", *STRICT], HERE / "alone.c")
            lost = [compiler.c, f"-std={standard}", "-Werror", *self.include, *NO_OUTPUT, HERE / "lost.c"]
            failures += is_told(lost, "ignoring return value")
        old = [compiler.c, "-std=c89", *self.include, "-fsyntax-only", HERE / "alone.c"]
        return failures + is_told(old, "needs C99 or newer")

    def cpp_header(self, compiler: Compiler) -> Failures:
        failures = []
        for standard in CPP_STANDARDS:
            for mode in ([], ["-fno-exceptions"], ["-fno-rtti"], ["-fno-exceptions", "-fno-rtti"]):
                if self.quick and len(mode) == 1:
                    continue
                options = [f"-std={standard}", *STRICT_CPP, *mode]
                failures += self.builds_and_runs(compiler.cpp, options, HERE / "alone.cpp")
            lost = [compiler.cpp, f"-std={standard}", "-Werror", *self.include, *NO_OUTPUT, "-xc++", HERE / "lost.c"]
            failures += is_told(lost, "ignoring return value")
        for standard in ("c++98", "c++14"):
            old = [compiler.cpp, f"-std={standard}", *self.include, "-fsyntax-only", HERE / "alone.cpp"]
            failures += is_told(old, r"needs C\+\+17 or newer")
        return failures

    def doxygen(self) -> Failures:
        """Nothing is undocumented; and it would be noticed, as a header shows whose comments are gone."""
        headers = [ROOT / "include" / name for name in ("seekauth.h", "seekauth.hpp")]
        bare = WORK / "bare.hpp"
        bare.write_text(
            "\n".join(line for line in headers[1].read_text().splitlines() if "/// The HTTP status." not in line)
        )
        said = warnings_of_doxygen(headers)
        missed = [] if "status" in warnings_of_doxygen([bare]) else ["doxygen finds nothing where a comment is gone"]
        return ([said] if said else []) + missed

    # ---- tools ------------------------------------------------------------------------------------

    def valgrind(self) -> Failures:
        """Every kind of leak counts, with the suppressions that are shipped and without a shutdown too."""
        program = WORK / "tidy"
        command = ["gcc", "-g", "-std=c99", *self.include, HERE / "tidy.c", "-o", program, *self.link]
        strict = ["valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full"]
        usual = [*strict, program]
        every = [*strict, "--show-leak-kinds=all", "--errors-for-leak-kinds=all"]
        shipped = f"--suppressions={SHARE / 'valgrind.supp'}"
        failures = succeeds(command) or succeeds(usual)
        return failures or succeeds([*every, shipped, program]) + succeeds([*strict, shipped, program, "early"])

    def addresses(self, compiler: Compiler) -> Failures:
        """LeakSanitizer looks too. The library is as it is, without instrumentation."""
        options = ["-fsanitize=address,undefined"]
        sources = [HERE / "tidy.c", *([] if self.quick else [ROOT / "tests/c/endings.c", ROOT / "tests/c/callbacks.c"])]
        failures = [
            failure
            for source in sources
            for failure in self.builds_and_runs(compiler.c, ["-std=c99", *options], source)
        ]
        return failures + self.builds_and_runs(compiler.cpp, ["-std=c++17", *options], ROOT / "tests/c/wrapper.cpp")

    def threads(self, compiler: Compiler) -> Failures:
        """A correct program is not reported, and a race of its own in a callback is."""
        options = ["-std=c99", "-fsanitize=thread"]
        told = {"TSAN_OPTIONS": f"suppressions={SHARE / 'thread_sanitizer.supp'}"}
        sources = [HERE / "tidy.c", *([] if self.quick else [ROOT / "tests/c/endings.c", ROOT / "tests/c/callbacks.c"])]
        failures = [
            failure for source in sources for failure in self.builds_and_runs(compiler.c, options, source, **told)
        ]
        race = self.builds_and_runs(compiler.c, options, HERE / "race.c", **told)
        if not race or "data race" not in race[0]:
            failures.append("ThreadSanitizer does not find the race of the program's own")
        return failures

    def unloads(self, compiler: Compiler) -> Failures:
        library = self.library / "libseekauth.so.0"
        return self.builds_and_runs(compiler.c, ["-std=c99", *STRICT[:3]], HERE / "unload.c", arguments=[library])

    # ---- event loops ------------------------------------------------------------------------------

    def recipe(self, title: str, compiler: Compiler) -> Failures:
        """The program under this heading of the page says what it was told, alone and under AddressSanitizer."""
        section = PAGE.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
        language, text = re.findall(r"^```(c|cpp)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[0]
        name = re.sub(r"\W+", "_", title).lower()
        source = WORK / f"{name}_{compiler.c}.{language}"
        source.write_text(text)
        # libuv and epoll are POSIX's and Linux's, which ISO C hides.
        standard = {"c": "gnu99", "cpp": "c++20" if "<coroutine>" in text else "c++17"}[language]
        program = compiler.c if language == "c" else compiler.cpp
        strict = [f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        if "<asio.hpp>" in text:
            strict.append("-DASIO_STANDALONE")
        failures = []
        for mode in ([], ["-fsanitize=address,undefined"]):
            failures += self.builds_and_runs(program, [*strict, *mode], source, **SETTINGS)
        return failures


SETTINGS = {
    "SEEKAUTH_SERVICE": "seek_api",
    "SEEKAUTH_ENVIRONMENT": "live",
    "SEEKAUTH_CLIENT_ID": "sandbox-live",
    "SEEKAUTH_CLIENT_SECRET": "sandbox-live-secret",
    "SEEKAUTH_USER_AGENT": "Hosts/1.0",
    "SEEKAUTH_TOKEN_URL": os.environ.get("SANDBOX_TOKEN_URL", ""),
    "SEEKAUTH_API_URL": os.environ.get("SANDBOX_GRAPHQL_URL", ""),
}


def warnings_of_doxygen(headers: list[Path]) -> str:
    settings = f"""
INPUT = {" ".join(map(str, headers))}
OUTPUT_DIRECTORY = {WORK}
GENERATE_HTML = NO
GENERATE_LATEX = NO
GENERATE_XML = YES
QUIET = YES
WARN_IF_UNDOCUMENTED = YES
WARN_NO_PARAMDOC = NO
TYPEDEF_HIDES_STRUCT = YES
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
PREDEFINED = SEEKAUTH_NODISCARD= __STDC_VERSION__=199901L __cplusplus=201703L __cpp_exceptions=1
EXCLUDE_SYMBOLS = seekauth::detail*
"""
    done = subprocess.run(["doxygen", "-"], input=settings, capture_output=True, text=True, timeout=LIMIT_S)
    return done.stderr if done.returncode == 0 else f"doxygen ended with {done.returncode}: {done.stderr}"


def rows(suite: Suite) -> list[tuple[str, str, Callable[[], Failures]]]:
    every = suite.compilers
    header = "seekauth.h alone in C99, C11, C17, C2x: no warning, lost errors told, C89 told"
    wrapper = "seekauth.hpp alone in C++17, 20, 23, without exceptions and RTTI too"
    addresses = "AddressSanitizer and LeakSanitizer, the library as it is"
    threads = "ThreadSanitizer, shipped suppressions: own races alone"
    recipes = [(title, one) for one in (every[:1] if suite.quick else every) for title in RECIPES]
    unloads = "loaded, shut down and unloaded 20 times, under a thread that stays"
    leaks = "no leak of any kind, shut down or not, shipped suppressions"
    return [
        *((one.name, header, partial(suite.c_header, one)) for one in every),
        *((one.name, wrapper, partial(suite.cpp_header, one)) for one in every),
        *((one.name, addresses, partial(suite.addresses, one)) for one in every),
        *((one.name, threads, partial(suite.threads, one)) for one in every),
        *(
            (title, f"the recipe, alone and under AddressSanitizer, {one.name}", partial(suite.recipe, title, one))
            for title, one in recipes
        ),
        ("dlopen", unloads, partial(suite.unloads, every[0])),
        ("Valgrind", leaks, suite.valgrind),
        (f"doxygen {version('doxygen')}", "nothing undocumented in both headers", suite.doxygen),
    ]


RECIPES = ["epoll", "libuv", "asio", "C++20 coroutines"]
NOT_HERE = [
    ("MSVC", "both headers", "not here: Windows is untested"),
    ("Apple clang", "both headers", "not here: macOS is untested"),
]


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    suite = Suite(Path(arguments[-1]).resolve(), quick=quick)
    WORK.mkdir(parents=True, exist_ok=True)
    wanted = rows(suite)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda row: row[2](), wanted))
    lines = [
        f"{host}\t{tried}\t{'failed' if failures else 'passed'}"
        for (host, tried, _), failures in zip(wanted, outcomes, strict=True)
    ]
    lines += ["\t".join(row) for row in NOT_HERE]
    TABLE.write_text("\n".join(lines) + "\n")
    for (host, tried, _), failures in zip(wanted, outcomes, strict=True):
        for failure in failures:
            print(f"FAILED: {host}: {tried}\n{failure}", file=sys.stderr)
    failed = sum(map(bool, outcomes))
    print(f"hosts in c: {len(wanted) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
