"""The command: `python -m seekauth` and the console script say what the program says."""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from harness.paths import DEBUG
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def tls() -> Iterator[Sandbox]:
    with Sandbox(tls=True) as sandbox:
        yield sandbox


def variables(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """The environment of a client of the sandbox."""
    inherited = {name: value for name, value in os.environ.items() if "SEEKAUTH" not in name}
    own = {**sandbox.environment("seekauth-tests/1.0"), **more}
    return {**inherited, "PYTHONPATH": str(HERE.parent), **own}


def run(program: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)


def module(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "seekauth", *arguments]


def stages(output: str) -> dict[str, Any]:
    """What was examined and how it ended, without what is another in each run or each program."""
    told = json.loads(output)
    for stage in told["stages"]:
        del stage["ms"]
        own = {"request id", "threads", "python", "wheel"}
        stage["facts"] = [
            fact
            for fact in stage["facts"]
            if fact["name"] not in own and not fact["value"].endswith(" ms")
        ]
    return told  # type: ignore[no-any-return]


@pytest.mark.parametrize("secret", [None, "wrong"])
def test_the_module_says_what_the_program_says(tls: Sandbox, secret: str | None) -> None:
    more = {} if secret is None else {"SEEKAUTH_CLIENT_SECRET": secret}
    environment = variables(tls, **more)
    program = run([str(DEBUG / "seekauth"), "doctor", "--json"], environment)
    ours = run(module("doctor", "--json"), environment)
    assert ours.stderr == ""
    assert stages(ours.stdout) == stages(program.stdout)
    assert ours.returncode == program.returncode == (0 if secret is None else 1)
    process = json.loads(ours.stdout)["stages"][-1]
    version = f"{platform.python_implementation()} {platform.python_version()}"
    assert {"name": "python", "value": version} in process["facts"]


def test_usage_and_configuration_are_two(sandbox: Sandbox) -> None:
    environment = variables(sandbox)
    assert run(module("--jsn"), environment).returncode == 2
    del environment["SEEKAUTH_SERVICE"]
    missing = run(module("token"), environment)
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith("seekauth: service is missing")


def test_the_console_script_is_the_module(sandbox: Sandbox) -> None:
    manifest = (HERE.parent / "pyproject.toml").read_text()
    entry = re.search(r'^\[project.scripts\]\nseekauth = "(\S+):(\S+)"$', manifest, re.MULTILINE)
    assert entry
    name, function = entry.groups()
    assert callable(getattr(import_module(name), function))
    script = f"import sys; from {name} import {function}; sys.exit({function}())"
    told = run([sys.executable, "-c", script, "token", "--header"], variables(sandbox))
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("Authorization: Bearer ")


def test_requests_ca_bundle_counts(tls: Sandbox) -> None:
    environment = variables(tls)
    environment["REQUESTS_CA_BUNDLE"] = environment.pop("SEEKAUTH_CA_FILE")
    told = run(module(), environment)
    assert told.returncode == 0, told.stdout
    words = " ".join(told.stdout.split())
    assert f"trusted by: REQUESTS_CA_BUNDLE {environment['REQUESTS_CA_BUNDLE']}" in words


def test_ctrl_c_ends_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        environment = {
            **os.environ,
            "PYTHONPATH": str(HERE.parent),
            "SEEKAUTH_SERVICE": "oauth",
            "SEEKAUTH_CLIENT_ID": "id",
            "SEEKAUTH_CLIENT_SECRET": "secret-of-nobody",
            "SEEKAUTH_USER_AGENT": "Acme/1",
            "SEEKAUTH_TOKEN_URL": f"http://{host}:{port}/token",
        }
        program = subprocess.Popen(module("token"), env=environment, stdout=subprocess.PIPE)
        connection, _ = silent.accept()
        # It has connected, so that it waits for a response.
        with connection:
            program.send_signal(signal.SIGINT)
            assert program.wait(30) == -signal.SIGINT
        program.communicate()
