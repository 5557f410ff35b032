"""Fixtures: one sandbox for the whole run, made as new for each test; and clients of it."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING

import pytest
from sandbox import Sandbox
from server import Server

from seekauth import _native

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from seekauth import Client

# The clock is part of test builds only, and of no stub.
CLOCK: Any = _native

# A background job ignores SIGINT, and so would the programs that these tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def one_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(one_sandbox: Sandbox) -> Sandbox:
    one_sandbox.reset()
    return one_sandbox


class Clock:
    """The clock of clients that are made while it runs. It stands still, and skips back-offs."""

    def advance(self, seconds: float) -> None:
        CLOCK.test_clock_advance(0, round(seconds * 1000))

    def settle(self) -> None:
        """Lets tokens grow old enough that a rejection of one proves something."""
        self.advance(2)


@pytest.fixture
def clock() -> Iterator[Clock]:
    CLOCK.test_clock_start()
    yield Clock()
    CLOCK.test_clock_stop()


@pytest.fixture(autouse=True)
def clock_first(request: pytest.FixtureRequest) -> None:
    """The clients of a test that has the clock read it."""
    if "clock" in request.fixturenames:
        request.getfixturevalue("clock")


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.client() as client:
        yield client


@pytest.fixture
def settled(api: Client, clock: Clock) -> None:
    """A token that is no longer new."""
    api.get_token()
    clock.settle()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def api(sandbox: Sandbox, server: Server) -> Iterator[Client]:
    """A client of the sandbox's tokens for an API of the test's own."""
    with sandbox.client(api_url=server.url) as client:
        yield client


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    runner = threading.Thread(target=loop.run_forever)
    runner.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    runner.join()
    loop.close()
