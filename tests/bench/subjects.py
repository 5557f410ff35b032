"""What is measured: the libraries of each language and how their measuring programs are called."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from paths import BENCH, HERE, LIBRARY, RUST, answer
from server import Server

PYTHON_MODULES = {
    "seekauth": "seekauth",
    "Authlib": "authlib.integrations.requests_client",
    "requests-oauthlib": "requests_oauthlib",
    "requests-oauth2client": "requests_oauth2client",
    "google-auth": "google.oauth2.credentials",
    "httpx-auth": "httpx_auth",
    "msal": "msal",
    "azure-identity": "azure.identity",
}
PYTHON_ASYNC = ("seekauth", "Authlib", "azure-identity")
NODE_MODULES = {
    "seekauth": "seekauth",
    "simple-oauth2": "simple-oauth2",
    "axios-token-interceptor": "axios,axios-oauth-client,axios-token-interceptor",
    "@badgateway/oauth2-client": "@badgateway/oauth2-client",
    "google-auth-library": "google-auth-library",
    "@azure/msal-node": "@azure/msal-node",
    "openid-client": "openid-client",
}
RUST_LIBRARIES = ("seekauth", "azure_identity", "google-cloud-auth", "aws-smithy-runtime")


@dataclass(frozen=True)
class Subject:
    """One library in one language; `name` as it is shown."""

    language: str
    library: str
    asynchronous: bool = False

    @property
    def name(self) -> str:
        return f"{self.library} (asyncio)" if self.asynchronous else self.library


def subjects(quick: bool) -> list[Subject]:
    """seekauth first; its peers unless only a quick look is asked for."""
    found = [Subject("Python", name) for name in PYTHON_MODULES]
    found += [Subject("Python", name, asynchronous=True) for name in PYTHON_ASYNC]
    found += [Subject("Node", name) for name in NODE_MODULES]
    found += [Subject("C", "seekauth")]
    found += [Subject("Rust", name) for name in RUST_LIBRARIES]
    return [each for each in found if each.library == "seekauth" or not quick]


def ask(
    server: Server, subject: Subject, scenario: str, place: str, number: int, later: bool = False
) -> dict[str, Any]:
    """One answer of the program that measures this library."""
    library = subject.library
    if subject.language == "Python":
        suffix = "-async" if subject.asynchronous else ""
        return python(server, library, "probe.py", f"{scenario}{suffix}", library, place, number, later=later)
    if subject.language == "Node":
        return node(server, library, "probe.js", scenario, library, place, number, later=later)
    if subject.language == "C":
        return answer([BENCH / "c" / "probe", scenario, place, number], server.environment, later)
    words = [RUST / "bench-fast", scenario] if library == "seekauth" else [RUST / "bench-peers", scenario, library]
    return answer([*words, place, number], server.environment, later)


def python(server: Server, library: str, *words: object, later: bool = False, interpreter: str = "") -> dict[str, Any]:
    script, *rest = words
    environment = server.environment | {"PYTHONPATH": str(BENCH / "python" / library)}
    command = [interpreter or sys.executable, HERE / "python" / str(script), *rest]
    return answer(command, environment, later)


def node(server: Server, library: str, *words: object, later: bool = False) -> dict[str, Any]:
    script, *rest = words
    modules = BENCH / ("node-seekauth" if library == "seekauth" else "node")
    return answer(
        ["node", HERE / "node" / str(script), *rest], server.environment | {"BENCH_MODULES": str(modules)}, later
    )


def start(server: Server, subject: Subject, first_token: bool) -> dict[str, Any]:
    """What it costs to begin, in a fresh process."""
    place = [server.place()] if first_token else []
    if subject.language == "Python":
        module, rest = PYTHON_MODULES[subject.library], [subject.library, *place] if place else []
        return python(server, subject.library, "start.py", module, *rest)
    if subject.language == "Node":
        module, rest = NODE_MODULES[subject.library], [subject.library, *place] if place else []
        return node(server, subject.library, "start.js", module, *rest)
    return answer([BENCH / "c" / "start", LIBRARY, *(place or [server.place()])], server.environment)


def interpreters() -> dict[str, str]:
    """Each CPython on this machine that the wheel is for, by version."""
    found = {}
    candidates = [sys.executable, *(shutil.which(f"python3.{minor}") or "" for minor in range(10, 16))]
    candidates += glob.glob(
        os.path.join(os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv")), "versions/*/bin/python3")
    )
    facts = "import sys; print(sys.implementation.name, sys.version_info >= (3, 10), *sys.version.split()[:1])"
    for candidate in filter(None, candidates):
        # A version manager may offer a name that leads nowhere.
        told = subprocess.run([candidate, "-c", facts], capture_output=True, text=True).stdout.split()
        if told[:2] == ["cpython", "True"]:
            found.setdefault(told[2], candidate)
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".") if part.isdigit()]))
