"""Builds the library with a sanitizer in it, and the C and C++ programs against that. The compiler is the
stable one; RUSTC_BOOTSTRAP lets it use the sanitizers that it ships. The standard library comes
compiled: for AddressSanitizer this is enough, since it watches the allocator; for ThreadSanitizer std.c
says what is missing.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
TARGET = ROOT / "target" / "sanitize"
RUNTIME = {"address": "address,undefined", "thread": "thread"}
"""What the C and C++ compilers are asked for."""

WRAPPED = {
    "mutex_lock_contended": "sync5mutex5futex.*5Mutex14lock_contended",
    "rwlock_read_contended": "sync6rwlock5futex.*6RwLock14read_contended",
    "rwlock_write_contended": "sync6rwlock5futex.*6RwLock15write_contended",
    "condvar_wait": "sync7condvar5futex.*7Condvar4wait",
    "condvar_wait_timeout": "sync7condvar5futex.*7Condvar12wait_timeout",
    "once_call": "sync4once5futex.*4Once4call",
}
"""The functions of std.c, and the end of the mangled name of what each stands before."""


def run(command: Sequence[str | Path], **environment: str) -> str:
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True, stdout=-1, text=True).stdout


def host() -> str:
    """The target triple: naming it keeps the sanitizer out of build scripts and procedural macros."""
    match = re.search("^host: (.*)$", run(["rustc", "-vV"]), re.MULTILINE)
    assert match is not None
    return match[1]


def library(sanitizer: str, package: str, file: str, *, link: Sequence[str] = ()) -> Path:
    """Builds one package; returns where its library is."""
    flags = f"-Zsanitizer={sanitizer}"
    if sanitizer == "thread":
        flags += " -Cunsafe-allow-abi-mismatch=sanitizer"
    place = TARGET / sanitizer
    command = ["cargo", "rustc", "--quiet", "-p", package, "--lib", "--features", "manual-clock"]
    run(
        [*command, "--target", host(), "--target-dir", place, "--", *link],
        RUSTC_BOOTSTRAP="1",
        RUSTFLAGS=flags,
        PYO3_BUILD_EXTENSION_MODULE="1",
    )
    return place / host() / "debug" / file


def annotations(plain: Path) -> list[str]:
    """The options that link std.c into a library which was linked without it once, to learn the names."""
    symbols = [line.split()[-1] for line in run(["nm", "--defined-only", plain]).splitlines()]
    wraps = ["__tsan_atomic64_fetch_sub"]
    defines = []
    for name, pattern in WRAPPED.items():
        found = [s for s in symbols if re.fullmatch(rf"(__wrap_)?(_R.*3std.*{pattern})", s)]
        if not found:
            raise SystemExit(f"this Rust's standard library has no {name}; see tests/security/sanitize/std.c")
        symbol = min(found, key=len).removeprefix("__wrap_")
        defines += [f"-D{name}=__wrap_{symbol}", f"-Dreal_{name}=__real_{symbol}"]
        wraps.append(symbol)
    file = TARGET / "std.o"
    run(["cc", "-std=c99", "-O1", "-fno-builtin", "-fPIC", *defines, "-c", HERE / "std.c", "-o", file])
    return [f"-Clink-arg={file}", *(f"-Clink-arg=-Wl,--wrap={symbol}" for symbol in wraps)]


def c_library(sanitizer: str) -> Path:
    """Returns the folder that it is in."""
    built = library(sanitizer, "seekauth-capi", "libseekauth.so")
    if sanitizer == "thread":
        built = library(sanitizer, "seekauth-capi", "libseekauth.so", link=annotations(built))
    return built.parent


def make(*words: str, sanitizer: str, libraries: Path, sandbox: Path) -> list[str]:
    """The command for tests/c/Makefile with a sanitizer in everything it builds."""
    ask = f"-fsanitize={RUNTIME[sanitizer]} -fno-omit-frame-pointer"
    places = [f"LIBDIR={libraries}", f"BUILD={TARGET / sanitizer / 'c'}", f"SANDBOX={sandbox}"]
    command = ["make", "--no-print-directory", "--silent", "-C", str(ROOT / "tests/c"), *words, *places]
    return [*command, f"CC=cc {ask}", f"CXX=c++ {ask}"]


def planted(sanitizer: str) -> Path:
    """The program with mistakes in it."""
    place = TARGET / sanitizer / "c"
    ask = [f"-fsanitize={RUNTIME[sanitizer]}", "-fno-omit-frame-pointer"]
    includes = [f"-I{ROOT / 'include'}", f"-I{ROOT / 'tests/c'}"]
    linked = [f"-L{place}", f"-Wl,-rpath,{place}", "-lseekauth", "-pthread"]
    run(["cc", "-std=c99", "-g", *ask, *includes, HERE / "planted.c", "-o", place / "planted", *linked])
    return place / "planted"


def copy(language: str, library: Path, name: str, modules: Mapping[str, Path]) -> Path:
    """The package and its tests as they are in the tree, with this library; returns its folder."""
    tree = TARGET / "tree"
    place = tree / language
    shutil.rmtree(place, ignore_errors=True)
    skipped = shutil.ignore_patterns("node_modules", ".venv", "*.so", "*.node", "__pycache__", ".pytest_cache")
    shutil.copytree(ROOT / language, place, ignore=skipped)
    shutil.copyfile(library, place / name)
    # What the tests of a language find beside its folder.
    for other in ("tests", "include", "target", "Cargo.toml", "README.md"):
        _link(tree / other, ROOT / other)
    for module, folder in modules.items():
        _link(place / module, folder)
    return place


def _link(path: Path, to: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(to)
