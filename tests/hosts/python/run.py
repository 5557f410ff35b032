"""Runs what this folder has in each host, and writes a row for each to target/hosts/python.tsv.

    run.py            all of it
    run.py --quick    the half for continuous integration

Needs the debug builds and the environments below target/hosts/python, which hosts.mk makes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from interpreters import found, missing

from harness.paths import PACKAGE, PYTHON, ROOT
from harness.process import inherited

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = ROOT / "target" / "hosts" / "python"
PREFORK = ROOT / "target" / "prefork"
RESULTS = ROOT / "target" / "hosts" / "python.tsv"
LIMIT_S = 600
"""For one row; far more than the busiest machine takes."""
TESTS = ("waiting", "threads", "fork", "exit", "errors", "credentials", "graphql")
QUICK_TESTS = ("waiting", "errors", "graphql")


@dataclass
class Row:
    """One host, and what is tried in it."""

    host: str
    tried: str
    command: list[str]
    is_quick: bool = True


def environment(name: str) -> str:
    """The interpreter of one of the environments."""
    return str(ENVIRONMENTS / name / "bin" / "python")


def version(interpreter: str, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def greenlets(kind: str, name: str) -> Row:
    interpreter = environment(name)
    tried = "waits let greenlets run: tokens, graphql, requests, httpx, credentials, fork"
    # eventlet says that it is deprecated.
    command = [interpreter, "-W", "ignore:.*Eventlet", str(HERE / "greenlets.py"), kind]
    return Row(f"{kind} {version(interpreter, kind)}", tried, command)


def loop(name: str, argument: str) -> Row:
    tried = "async calls wait in the loop: one request for 200 tasks, cancelling, graphql, httpx"
    return Row(name, tried, [environment("loops"), str(HERE / "loops.py"), argument])


def loops() -> list[Row]:
    interpreter = environment("loops")
    trio, uvloop, anyio = (version(interpreter, package) for package in ("trio", "uvloop", "anyio"))
    return [
        loop("asyncio", "asyncio"),
        loop(f"uvloop {uvloop}", "anyio/asyncio-uvloop"),
        loop(f"trio {trio}", "trio"),
        loop(f"anyio {anyio} over asyncio", "anyio/asyncio"),
        loop(f"anyio {anyio} over trio", "anyio/trio"),
    ]


def checkers() -> list[Row]:
    tried = "README, docs and examples, as strict as it gets"
    program = [sys.executable, str(HERE / "checked.py")]
    folder = ENVIRONMENTS / "pyright"
    manifest = json.loads((folder / "node_modules" / "pyright" / "package.json").read_text())
    return [
        Row(f"mypy {version(str(PYTHON), 'mypy')}", tried, [*program, "mypy"]),
        Row(f"pyright {manifest['version']}", tried, [*program, "pyright", str(folder)]),
    ]


def coverage() -> Row:
    interpreter = environment("loops")
    host = f"pytest {version(interpreter, 'pytest')}, pytest-cov {version(interpreter, 'pytest-cov')}"
    command = [interpreter, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--cov=covered.service"]
    return Row(host, "errors are caught and classes are the same", [*command, str(HERE / "covered")])


def frameworks() -> Row:
    interpreter = environment("loops")
    host = ", ".join(f"{package} {version(interpreter, package)}" for package in ("fastapi", "pydantic"))
    tried = "dependencies and validate_call find the annotations; SecretStr and HttpUrl as settings"
    return Row(host, tried, [interpreter, str(HERE / "frameworks.py")])


def unit_tests() -> Row:
    interpreter = environment("loops")
    packages = ("pytest", "django", "fastapi", "freezegun", "time-machine", "respx", "responses")
    host = ", ".join(f"{package} {version(interpreter, package)}" for package in packages)
    tried = "a program's own tests: fakes and patches under pytest, unittest, Django, FastAPI; mocks of clocks and HTTP"
    return Row(host, tried, [interpreter, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "unit")])


def cpython(is_quick: bool) -> list[Row]:
    interpreters, tests = found(), QUICK_TESTS if is_quick else TESTS
    files = [str(PACKAGE / "tests" / f"test_{name}.py") for name in tests]
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(PACKAGE / "pyproject.toml"), *files]
    ends = {interpreters[0], interpreters[-1]}
    return [
        Row(one.host, tried(tests), [one.environment(), *command], one in ends)
        for one in interpreters
        if one in ends or not is_quick
    ]


def tried(tests: tuple[str, ...]) -> str:
    return f"the package's own tests: {', '.join(tests)}"


def servers() -> list[Row]:
    tried = "workers of a preloaded program: token fresh, expired or dropped at the fork, under load"
    program = str(PREFORK / "venv" / "bin" / "python")
    others = str(PREFORK / "eventlet" / "bin" / "python")
    hosts = {
        "gunicorn sync": version(program, "gunicorn"),
        "gunicorn gthread": version(program, "gunicorn"),
        "gunicorn gevent": version(program, "gunicorn"),
        "gunicorn eventlet": version(others, "gunicorn"),
        "gunicorn uvicorn": f"{version(program, 'gunicorn')}, uvicorn {version(program, 'uvicorn')}",
    }
    run = str(ROOT / "tests" / "process" / "prefork" / "run.py")
    quick = ("gunicorn gevent", "gunicorn eventlet")
    return [Row(f"{host} {name}", tried, [program, run, host], host in quick) for host, name in hosts.items()]


def rows(is_quick: bool) -> list[Row]:
    return [
        *cpython(is_quick),
        *checkers(),
        coverage(),
        frameworks(),
        unit_tests(),
        *loops(),
        greenlets("gevent", "loops"),
        greenlets("eventlet", "eventlet"),
        *servers(),
    ]


def result(row: Row) -> str:
    """`passed`, or what the program printed last."""
    run = subprocess.run(
        row.command,
        env={**inherited(), "PYTHONPATH": os.pathsep.join([str(PACKAGE), str(ROOT / "tests")])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
    )
    if run.returncode == 0:
        return "passed"
    print(f"{row.host}: {row.tried}\n{run.stdout}", file=sys.stderr)
    return f"failed with {run.returncode}: {(run.stdout.split() and run.stdout.splitlines()[-1]) or 'no word'}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    is_quick = parser.parse_args().quick
    wanted = [row for row in rows(is_quick) if row.is_quick or not is_quick]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    failed = 0
    with RESULTS.open("w") as results:
        for row in wanted:
            outcome = result(row)
            failed += outcome != "passed"
            results.write(f"{row.host}\t{row.tried}\t{outcome}\n")
            results.flush()
        if not is_quick:
            for host in missing(found()):
                results.write(f"{host}\t{tried(TESTS)}\tnot here: neither pip, npm nor apt has one for this machine\n")
    print(f"Python's hosts: {len(wanted) - failed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
