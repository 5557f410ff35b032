"""Fixtures for pytest, there as soon as the package is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ._sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

TLS = "seekauth_sandbox_tls"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Has the servers speak https where a project's settings say so."""
    parser.addini(TLS, "Whether the sandbox of seekauth speaks https.", type="bool", default=False)


@pytest.fixture(scope="session")
def seekauth_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One sandbox for all tests of this process; of pytest-xdist's workers each has its own."""
    with Sandbox(tls=bool(request.config.getini(TLS))) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(seekauth_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, as fresh as at the start, with the variables that lead `Client.from_env()` to it."""
    seekauth_sandbox.reset()
    # What the developer has set for real would be settings too.
    for name in [name for name in os.environ if name.startswith("SEEKAUTH_")]:
        monkeypatch.delenv(name)
    for name, value in {**seekauth_sandbox.env, **seekauth_sandbox.pass_env}.items():
        monkeypatch.setenv(name, value)
    return seekauth_sandbox
