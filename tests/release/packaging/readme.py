"""Compiles and runs every example of the README and the recipes against the sandbox.

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
PAGES = ["README.md", "docs/recipes.md"]
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
        "SEEK_PLAYGROUND_CLIENT_ID": "sandbox-playground",
        "SEEK_PLAYGROUND_CLIENT_SECRET": "sandbox-playground-secret",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def examples() -> list[tuple[str, str, str]]:
    """Page, language and text of each fenced block of a programming language, in order."""
    block = re.compile(r"^```(python|js|rust|c|cpp)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [(page, language, text) for page in PAGES for language, text in block.findall((ROOT / page).read_text())]


def rust_project(source: Path) -> list[str]:
    """A package around a Rust example, with the dependencies that its reader would add."""
    project = WORK / "rust"
    shutil.rmtree(project, ignore_errors=True)
    (project / "src").mkdir(parents=True)
    shutil.copy(source, project / "src" / "main.rs")
    # The workspace's own versions, so that nothing is built twice.
    shutil.copy(ROOT / "Cargo.lock", project / "Cargo.lock")
    (project / "Cargo.toml").write_text(f"""
[package]
name = "readme"
version = "0.0.0"
edition = "2024"

[dependencies]
seekauth = {{ path = "{ROOT / "core"}" }}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}

[workspace]
""")
    manifest = str(project / "Cargo.toml")
    return [
        "cargo",
        "run",
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
        "-o",
        program,
    ]
    subprocess.run([*compiler, *WARNINGS, source, *link], check=True)
    return [str(program)]


def main() -> int:
    """Runs all; an example is right when it ends well and has something to say."""
    library = Path(sys.argv[1]).resolve()
    modules = WORK / "node_modules"
    modules.mkdir(parents=True, exist_ok=True)
    package = modules / "seekauth"
    if not package.exists():
        package.symlink_to(ROOT / "node")
    failed = 0
    for number, (page, language, text) in enumerate(examples(), 1):
        source = WORK / f"example_{number}.{'rs' if language == 'rust' else language.replace('python', 'py')}"
        source.write_text(text)
        run = subprocess.run(
            command(language, source, library),
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        if run.returncode != 0 or not run.stdout.strip() or run.stderr:
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
