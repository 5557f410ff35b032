"""Compares the ABI of today's header with the frozen one, by libabigail's abidiff: types, fields, arguments, symbols.

    compare.py FROZEN.h HEADER.h

abidiff reads debugging information, and that of libseekauth is of Rust's types, which C programs do not see. So each
header becomes a library of its own with the functions that it declares; that the real one has these functions and this
header is what symbols.sh and the test of the header are for. What docs/abi.md allows within a SONAME is no difference:
functions that are new, and fields at the end of a struct that says its size.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

DECLARATION = re.compile(r"^((?:const )?(?:struct )?\w+ \**)(seekauth_\w+)\(([^;{}#]*)\);", re.MULTILINE)
# They begin with their size, so fields may be added at their ends.
SIZED = ("seekauth_options", "seekauth_http_request", "seekauth_graphql")
# What must be found: where the comparison finds nothing of it, it finds nothing at all.
FAULTS = {
    "a field that moves": (r"(    const char \*)service;", r"    const char *first;\n\1service;"),
    "a field of another width": (r"uint64_t timeout_ms;", r"uint32_t timeout_ms;"),
    "a result of another type": (r"uint64_t (seekauth_token_remaining_ms)", r"uint32_t \1"),
    "a function that is gone": (r"const char \*seekauth_version\(void\);", r""),
    "a struct without a size that grows": (r"(typedef struct seekauth_header \{)", r"\1\n    const char *more;"),
}


def without_comments(header: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/|^SEEKAUTH_NODISCARD\s+", "", header, flags=re.DOTALL | re.MULTILINE)


def fields(header: str, struct: str) -> list[str]:
    found = re.search(rf"typedef struct {struct} \{{(.*?)\}} {struct};", header, re.DOTALL)
    if found is None:
        sys.exit(f"abi: {struct} was not found")
    return [field for field in found[1].split(";") if field.strip()]


def as_long_as(frozen: str, header: str) -> str:
    """The header, less the fields that have been added at the ends of the structs that say their size."""
    header, frozen = without_comments(header), without_comments(frozen)
    for struct in SIZED:
        everything = fields(header, struct)
        for added in everything[len(fields(frozen, struct)) :]:
            header = header.replace(f"{added};", "", 1)
    return header


def library(header: str, folder: Path, name: str) -> Path:
    """A library with the functions that the header declares, and debugging information."""
    functions = DECLARATION.findall(without_comments(header))
    if len(functions) < 50:
        sys.exit(f"abi: only {len(functions)} functions were found in {name}")
    (folder / f"{name}.h").write_text(header)
    bodies = [f"{result}{function}({arguments}) {{ for (;;); }}" for result, function, arguments in functions]
    source = folder / f"{name}.c"
    source.write_text(f'#include "{name}.h"\n' + "\n".join(bodies) + "\n")
    built = folder / f"{name}.so"
    flags = ["-std=c99", "-g", "-O0", "-w", "-shared", "-fPIC", "-Wl,-soname,libseekauth.so.0"]
    subprocess.run(["cc", *flags, source, "-o", built], check=True)
    return built


def differences(frozen: Path, today: Path) -> str:
    command = ["abidiff", "--no-added-syms", frozen, today]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode & 0b11:
        sys.exit(f"abi: abidiff failed: {done.stdout}{done.stderr}")
    return done.stdout if done.returncode else ""


def main() -> int:
    frozen, today = (Path(argument).read_text() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        old = library(frozen, folder, "frozen")
        found = differences(old, library(as_long_as(frozen, today), folder, "today"))
        if found:
            print(f"abi: today's header is not an addition to {sys.argv[1]}\n{found}", file=sys.stderr)
            return 1
        for number, (fault, (pattern, replacement)) in enumerate(FAULTS.items()):
            faulty, count = re.subn(pattern, replacement, today)
            if count == 0:
                sys.exit(f"abi: {fault} could not be made")
            if not differences(old, library(as_long_as(frozen, faulty), folder, f"fault{number}")):
                sys.exit(f"abi: abidiff does not see {fault}")
    print(f"abi: only additions to {Path(sys.argv[1]).name}; {len(FAULTS)} faults are seen")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
