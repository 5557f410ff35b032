"""Fixtures: one sandbox for the whole run, made as new for each test; and clients of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seekauth import Client

# A background job ignores SIGINT, and so would the programs that these tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

BUILT = Path(__file__).parents[2] / "target" / "debug" / "seekauth-sandbox"


@pytest.fixture(scope="session")
def one_sandbox() -> Iterator[Sandbox]:
    with Sandbox(Path(os.environ.get("SEEKAUTH_SANDBOX", BUILT))) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(one_sandbox: Sandbox) -> Sandbox:
    one_sandbox.reset()
    return one_sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.client() as client:
        yield client
