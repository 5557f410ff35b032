"""Compiles and runs every example of the papers against the sandbox: README.md, the pages of docs/, and the
READMEs that the packages for Python and Node bring.

Takes the library's folder (with libseekauth.so) as its argument and the sandbox's addresses from
the environment, as tests/c/with-sandbox.sh sets them. Python examples run under this interpreter.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WORK = ROOT / "target" / "readme"
# Its programs need libraries of others, which the suite of hosts has: tests/hosts/c.
ELSEWHERE = ["event-loops.md"]
PAGES = [
    "README.md",
    "python/README.md",
    "node/README.md",
    *sorted(f"docs/{page.name}" for page in ROOT.glob("docs/*.md") if page.name not in ELSEWHERE),
]
# A file of a project, with its name in front: tests/release/kit runs those.
IS_FILE = re.compile(r"(?:#|//|/\*) [\w./-]+\.\w+(?: \*/)?\n")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def environment() -> dict[str, str]:
    """What the README tells its reader to set, with the sandbox in SEEK's place."""
    return os.environ | {
        "SEEKAUTH_SERVICE": "seek_api",
        "SEEKAUTH_ENVIRONMENT": "live",
        "SEEKAUTH_CLIENT_ID": "sandbox-live",
        "SEEKAUTH_CLIENT_SECRET": "sandbox-live-secret",
        "SEEKAUTH_USER_AGENT": "Readme/1.0",
        "SEEKAUTH_TOKEN_URL": os.environ["SANDBOX_TOKEN_URL"],
        "SEEKAUTH_API_URL": os.environ["SANDBOX_GRAPHQL_URL"],
        "SEEK_PASS_URL": os.environ["SANDBOX_PASS_URL"],
        "SEEK_PASS_CLIENT_ID": "sandbox-pass",
        "SEEK_PASS_CLIENT_SECRET": "sandbox-pass-secret & more=100%",
        "PASS_SERVICE": "seek_pass",
        "PASS_ENVIRONMENT": "staging",
        "PASS_BASE_URL": os.environ["SANDBOX_PASS_URL"],
        "PASS_CLIENT_ID": "sandbox-pass",
        "PASS_CLIENT_SECRET": "sandbox-pass-secret & more=100%",
        "PASS_USER_AGENT": "Readme/1.0",
        "PASS_SCOPES": "write.education",
        "SEEK_PLAYGROUND_CLIENT_ID": "sandbox-playground",
        "SEEK_PLAYGROUND_CLIENT_SECRET": "sandbox-playground-secret",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def examples() -> list[tuple[str, str, str]]:
    """Page, language and text of each fenced block of a programming language, in order."""
    block = re.compile(r"^```(python|js|rust|c|cpp)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        (page, language, text)
        for page in PAGES
        for language, text in block.findall((ROOT / page).read_text())
        if not IS_FILE.match(text)
    ]


SPEAKS_ON_STDERR = re.compile(r"\blogging\b|\bstderr\b|\bcerr\b|\beprintln!|\bconsole\.error\b")
"""An example that writes there by itself; all others have to be silent."""


def is_rust_test(text: str) -> bool:
    return re.search(r"^ *#\[(tokio::)?test\]", text, re.MULTILINE) is not None


def rust_project(source: Path) -> list[str]:
    """A package around a Rust example, with the dependencies that its reader would add."""
    tests = is_rust_test(source.read_text())
    project = WORK / "rust"
    shutil.rmtree(project, ignore_errors=True)
    (project / "src").mkdir(parents=True)
    shutil.copy(source, project / "src" / ("lib.rs" if tests else "main.rs"))
    # The workspace's own versions, so that nothing is built twice.
    shutil.copy(ROOT / "Cargo.lock", project / "Cargo.lock")
    (project / "Cargo.toml").write_text(f"""
[package]
name = "readme"
version = "0.0.0"
edition = "2024"

[dependencies]
reqwest-middleware = {{ version = "0.5", default-features = false }}
seekauth = {{ path = "{ROOT / "core"}", features = ["reqwest-middleware"] }}
serde_json = "1"
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}

[profile.dev]
debug = "line-tables-only"

[workspace]
""")
    manifest = str(project / "Cargo.toml")
    return [
        "cargo",
        "test" if tests else "run",
        "--quiet",
        "--manifest-path",
        manifest,
        "--target-dir",
        str(ROOT / "target"),
    ]


def command(language: str, source: Path, library: Path) -> list[str]:
    """What runs the example; C and C++ are compiled here first, as strictly as the library itself."""
    if language == "python":
        return [sys.executable, str(source)]
    if language == "js":
        return ["node", str(source)]
    if language == "rust":
        return rust_project(source)
    program = source.with_suffix(f".{language}.out")
    compiler = ["cc", "-std=c99"] if language == "c" else ["c++", "-std=c++17"]
    link = [
        f"-I{ROOT / 'include'}",
        f"-L{library}",
        f"-Wl,-rpath,{library}",
        "-lseekauth",
        *(["-lgtest", "-lgtest_main", "-pthread"] if "<gtest/gtest.h>" in source.read_text() else []),
        "-o",
        program,
    ]
    subprocess.run([*compiler, *WARNINGS, source, *link], check=True)
    return [str(program)]


def extension(language: str, text: str) -> str:
    """What a file with the example has at the end of its name. Node tells its two module systems apart by it."""
    if language == "js" and re.search(r"^import ", text, re.MULTILINE):
        return "mjs"
    return {"python": "py", "rust": "rs"}.get(language, language)


def node_packages() -> None:
    """Lets Node find the package as built here, and those of others that examples use."""
    modules = WORK / "node_modules"
    modules.mkdir(parents=True, exist_ok=True)
    installed = ROOT / "node" / "node_modules"
    for name, folder in {
        "seekauth": ROOT / "node",
        **{name: installed / name for name in ("@opentelemetry", "axios", "got", "p-retry", "prom-client", "undici")},
    }.items():
        if not (modules / name).exists():
            (modules / name).symlink_to(folder)


def main() -> int:
    """Runs all; an example is right when it ends well and has something to say."""
    library = Path(sys.argv[1]).resolve()
    node_packages()
    failed = 0
    for number, (page, language, text) in enumerate(examples(), 1):
        source = WORK / f"example_{number}.{extension(language, text)}"
        source.write_text(text)
        run = subprocess.run(
            command(language, source, library),
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        is_silent = not run.stderr or SPEAKS_ON_STDERR.search(text)
        if run.returncode != 0 or not run.stdout.strip() or not is_silent:
            failed += 1
            print(
                f"FAILED: {page}, example {number} ({language})\n{run.stdout}{run.stderr}",
                file=sys.stderr,
            )
    total = len(examples())
    print(f"examples: {total - failed} passed, {failed} failed")
    return 1 if failed or total == 0 else 0


if __name__ == "__main__":
    raise SystemExit(main())
