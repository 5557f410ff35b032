"""Builds a program against the C package as each build system finds it, and runs it against the sandbox.

    build_systems.py TARBALL INSTALLED

TARBALL is the one for this system, and INSTALLED a folder that `make install` filled with DESTDIR, PREFIX=/usr and
LIBDIR=/usr/lib/x86_64-linux-gnu. The sandbox's addresses are in the environment, as tests/c/with-sandbox.sh sets them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PROGRAM = ROOT / "tests" / "c" / "example.c"
OWN_TESTS = ROOT / "tests" / "c" / "ctest"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
CMAKE = """
cmake_minimum_required(VERSION 3.13)
project(consumer C)
{find}
add_executable(shared {program})
target_link_libraries(shared PRIVATE seekauth::seekauth)
add_executable(static {program})
target_link_libraries(static PRIVATE seekauth::static)
"""
MESON = """
project('consumer', 'c')
executable('consumer', 'program.c', dependencies: dependency('seekauth', version: '>=0.1'))
"""
OTHER_RUST = """
use std::collections::HashMap;

#[unsafe(no_mangle)]
pub extern "C" fn other_words(text: *const std::ffi::c_char) -> usize {
    let text = unsafe { std::ffi::CStr::from_ptr(text) }.to_string_lossy().into_owned();
    let counted = std::thread::spawn(move || {
        let mut words: HashMap<&str, usize> = HashMap::new();
        text.split(' ').for_each(|word| *words.entry(word).or_default() += 1);
        words.len()
    });
    counted.join().unwrap_or(0)
}
"""
TWO_RUSTS = """
#include <stddef.h>
#include <seekauth.h>
size_t other_words(const char *text);
int main(void) {
    seekauth_client *client = NULL;
    seekauth_error *error = seekauth_client_from_env(&client);
    const size_t words = other_words("one two one");
    seekauth_client_free(client);
    seekauth_error_free(error);
    return error == NULL && words == 2 ? 0 : 1;
}
"""
# A program that was compiled with the header of a later version, and says what that asks of the library.
LATER_HEADER = """
#include <stdio.h>
#include <seekauth.h>
int main(void) {
    puts(SEEKAUTH_VERSION_FITS() ? "fits" : "too old");
    return 0;
}
"""


class Failure(Exception):
    """A build or a program did not do what it should."""


def run(*command: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, env=os.environ | (env or {}), cwd=cwd)
    if done.returncode != 0:
        raise Failure(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def gets_a_token(program: Path, *, libraries: Path | None = None) -> None:
    settings = {
        "SEEKAUTH_CLIENT_ID": "sandbox-playground",
        "SEEKAUTH_CLIENT_SECRET": "sandbox-playground-secret",
        "SEEKAUTH_TOKEN_URL": os.environ["SANDBOX_TOKEN_URL"],
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    if libraries:
        settings["LD_LIBRARY_PATH"] = str(libraries)
    output = run(program, env=settings)
    if not output.startswith("Bearer "):
        raise Failure(f"{program.name} printed {output!r}")


def needs_the_library(program: Path) -> bool:
    return "libseekauth.so.0" in run("readelf", "-dW", program)


class Package:
    """The unpacked tarball, and what is tried with it."""

    def __init__(self, tarball: Path, installed: Path, work: Path) -> None:
        self.tarball = tarball
        self.installed = installed
        self.work = work
        with tarfile.open(tarball) as archive:
            archive.extractall(work, filter="data")
        self.folder = work / tarball.name.removesuffix(".tar.gz")

    def pkg_config(self, *options: str) -> list[str]:
        variables = {"PKG_CONFIG_PATH": str(self.folder / "lib" / "pkgconfig")}
        return run("pkg-config", *options, "seekauth", env=variables).split()

    def by_pkg_config(self) -> None:
        """pkg-config, shared"""
        program = self.work / "pc-shared"
        run("cc", "-std=c99", *WARNINGS, PROGRAM, "-o", program, *self.pkg_config("--cflags", "--libs"))
        gets_a_token(program, libraries=self.folder / "lib")

    def by_pkg_config_static(self) -> None:
        """pkg-config, -static and -static-pie"""
        for kind in ("-static", "-static-pie"):
            program = self.work / f"pc{kind}"
            libraries = self.pkg_config("--cflags", "--libs", "--static")
            run("cc", "-std=c99", kind, PROGRAM, "-o", program, *libraries)
            if "INTERP" in run("readelf", "-lW", program):
                raise Failure(f"{kind} left a program that needs a loader")
            gets_a_token(program)

    def by_archive(self) -> None:
        """the static library in a program with a shared libc, nothing of Rust's needed"""
        program = self.work / "archive"
        run("cc", "-std=c99", *WARNINGS, "-I", self.folder / "include", PROGRAM, self.folder / "lib/libseekauth.a", "-o", program)
        gets_a_token(program)

    def by_find_package(self) -> None:
        """CMake, find_package"""
        self.cmake("find", "find_package(seekauth 0.1 REQUIRED)", f"-DCMAKE_PREFIX_PATH={self.folder}")

    def by_find_package_of_a_later_version(self) -> None:
        """CMake refuses a version that is too old"""
        try:
            self.cmake("later", "find_package(seekauth 99.0 REQUIRED)", f"-DCMAKE_PREFIX_PATH={self.folder}")
        except Failure as failure:
            if "compatible with requested version" not in str(failure):
                raise
        else:
            raise Failure("CMake took a version that is too old")

    def by_fetch_content(self) -> None:
        """CMake, FetchContent of a release"""
        digest = hashlib.sha256(self.tarball.read_bytes()).hexdigest()
        find = f"""include(FetchContent)
FetchContent_Declare(seekauth URL "file://{self.tarball}" URL_HASH SHA256={digest})
FetchContent_MakeAvailable(seekauth)"""
        self.cmake("fetch", find)

    def by_add_subdirectory(self) -> None:
        """CMake, add_subdirectory"""
        self.cmake("subdirectory", f'add_subdirectory("{self.folder}" seekauth)')

    def cmake(self, name: str, find: str, *options: str) -> None:
        source = self.work / f"cmake-{name}"
        source.mkdir()
        (source / "CMakeLists.txt").write_text(CMAKE.format(find=find, program=PROGRAM))
        run("cmake", "-S", source, "-B", source / "build", *options)
        run("cmake", "--build", source / "build")
        for kind in ("shared", "static"):
            program = source / "build" / kind
            gets_a_token(program)
            if needs_the_library(program) != (kind == "shared"):
                raise Failure(f"{kind} is not how {name} linked the library")

    def by_ctest(self) -> None:
        """a program's own tests, by CTest and GoogleTest, without any server"""
        build = self.work / "ctest"
        run("cmake", "-S", OWN_TESTS, "-B", build, f"-DCMAKE_PREFIX_PATH={self.folder}")
        run("cmake", "--build", build)
        said = run("ctest", "--output-on-failure", "--no-tests=error", cwd=build)
        if "100% tests passed, 0 tests failed out of 5" not in said:
            raise Failure(said)

    def client_for_tests(self) -> None:
        """a client for tests does as released what it does in this library's own tests"""
        source, program = ROOT / "tests" / "c" / "fake.c", self.work / "fake"
        run("cc", "-std=c99", *WARNINGS, source, "-o", program, *self.pkg_config("--cflags", "--libs"), "-pthread")
        run(program, env={"LD_LIBRARY_PATH": str(self.folder / "lib")})

    def by_meson(self) -> None:
        """meson, with the wrap file of a release, shared and static"""
        for kind in ("shared", "static"):
            source = self.work / f"meson-{kind}"
            cache = source / "subprojects" / "packagecache"
            cache.mkdir(parents=True)
            shutil.copy(self.tarball, cache)
            wrap = self.tarball.with_name(self.tarball.name.replace(".tar.gz", ".wrap"))
            shutil.copy(wrap, source / "subprojects" / "seekauth.wrap")
            shutil.copy(PROGRAM, source / "program.c")
            (source / "meson.build").write_text(MESON)
            run("meson", "setup", f"--default-library={kind}", source / "build", source)
            run("meson", "compile", "-C", source / "build")
            gets_a_token(source / "build" / "consumer")
            if needs_the_library(source / "build" / "consumer") != (kind == "shared"):
                raise Failure(f"{kind} is not how meson linked the library")

    def two_rusts(self) -> None:
        """two static libraries from Rust in one program"""
        source, program = self.work / "two.c", self.work / "two"
        source.write_text(TWO_RUSTS)
        (self.work / "other.rs").write_text(OTHER_RUST)
        other = self.work / "libother.a"
        run("rustc", "--edition=2024", "--crate-type=staticlib", "-O", "-o", other, self.work / "other.rs")
        # All of both, as a linker takes it that is told to.
        both = ["-Wl,--whole-archive", self.folder / "lib/libseekauth.a", other, "-Wl,--no-whole-archive"]
        run("cc", *WARNINGS, "-I", self.folder / "include", source, *both, "-ldl", "-lpthread", "-lm", "-o", program)
        variables = {"SERVICE": "seek_api", "ENVIRONMENT": "live", "CLIENT_ID": "a", "CLIENT_SECRET": "b", "USER_AGENT": "T/1"}
        run(program, env={f"SEEKAUTH_{name}": value for name, value in variables.items()})

    def header_and_library(self) -> None:
        """a header that is newer than the library is noticed"""
        for minor, expected in ((0, "fits"), (99, "too old")):
            folder = self.work / f"header-{minor}"
            shutil.copytree(self.folder / "include", folder)
            header = folder / "seekauth.h"
            changed = re.sub(r"(?m)^(#define SEEKAUTH_VERSION_MINOR) .*$", rf"\1 {minor}", header.read_text())
            header.write_text(changed)
            (folder / "program.c").write_text(LATER_HEADER)
            program = folder / "program"
            run("cc", *WARNINGS, "-I", folder, folder / "program.c", self.folder / "lib/libseekauth.a", "-o", program)
            if run(program).strip() != expected:
                raise Failure(f"with a header of minor version {minor} the program did not say {expected!r}")

    def as_distributions_install(self) -> None:
        """make install with DESTDIR, PREFIX and LIBDIR"""
        libraries = self.installed / "usr/lib/x86_64-linux-gnu"
        links = {path.name: str(path.readlink()) for path in libraries.iterdir() if path.is_symlink()}
        [real] = [path for path in libraries.glob("libseekauth.so.0.*") if not path.is_symlink()]
        if links != {"libseekauth.so": "libseekauth.so.0", "libseekauth.so.0": real.name}:
            raise Failure(f"the links are {links}")
        for path in self.installed.rglob("*"):
            is_text = path.suffix in {".pc", ".cmake", ".h", ".3"}
            if is_text and str(self.installed) in path.read_text():
                raise Failure(f"{path} names the folder that it was staged in")
        variables = {
            "PKG_CONFIG_SYSROOT_DIR": str(self.installed),
            "PKG_CONFIG_LIBDIR": str(libraries / "pkgconfig"),
        }
        flags = run("pkg-config", "--cflags", "--libs", "seekauth", env=variables).split()
        program = self.work / "distribution"
        run("cc", "-std=c99", *WARNINGS, PROGRAM, "-o", program, *flags)
        gets_a_token(program, libraries=libraries)
        self.cmake("distribution", "find_package(seekauth REQUIRED)", f"-Dseekauth_DIR={libraries / 'cmake/seekauth'}")

    def manual(self) -> None:
        """the reference page has no fault that groff sees, and every function"""
        page = self.folder / "share/man/man3/seekauth.3"
        done = subprocess.run(["groff", "-k", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True)
        if done.returncode != 0 or done.stderr:
            raise Failure(done.stderr)
        functions = run("sh", ROOT / "tests/c/functions.sh", self.folder / "include/seekauth.h").split()
        if missing := [name for name in functions if f"{name}(" not in page.read_text()]:
            raise Failure(f"seekauth(3) lacks {missing}")


TESTS: tuple[Callable[[Package], None], ...] = (
    Package.by_pkg_config,
    Package.by_pkg_config_static,
    Package.by_archive,
    Package.by_find_package,
    Package.by_find_package_of_a_later_version,
    Package.by_fetch_content,
    Package.by_add_subdirectory,
    Package.by_ctest,
    Package.client_for_tests,
    Package.by_meson,
    Package.two_rusts,
    Package.header_and_library,
    Package.as_distributions_install,
    Package.manual,
)


def main() -> int:
    tarball, installed = (Path(argument).resolve() for argument in sys.argv[1:3])
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        package = Package(tarball, installed, Path(work))
        for test in TESTS:
            try:
                test(package)
                print(f"ok: {test.__doc__}", flush=True)
            except Failure as failure:
                failed += 1
                print(f"FAILED: {test.__doc__}\n{failure}", file=sys.stderr)
        print(f"build systems: {len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
