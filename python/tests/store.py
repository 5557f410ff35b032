"""Functions that give credentials, for the tests of clients that ask them."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from sandbox import SECRET

from seekauth import Client, Credentials

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox import Sandbox

ID = "sandbox-live"
PASS_SECRET = "sandbox-pass-secret & more=100%"


def good() -> Credentials:
    return Credentials(client_id=ID, client_secret=SECRET)


def good_for_pass() -> Credentials:
    return Credentials(client_id="sandbox-pass", client_secret=PASS_SECRET)


def asking(
    sandbox: Sandbox, function: Callable[[], Credentials | Awaitable[Credentials]], **settings: Any
) -> Client:
    """A client of the SEEK API that asks this function."""
    return sandbox.client(client_id=None, client_secret=None, credentials=function, **settings)


def asking_for_pass(
    sandbox: Sandbox, function: Callable[[], Credentials | Awaitable[Credentials]]
) -> Client:
    """A client of SEEK Pass that asks this function."""
    return Client.seek_pass(
        environment="staging",
        base_url=sandbox.urls["pass"],
        credentials=function,
        user_agent="seekauth-tests/1.0",
        scopes="write.education",
    )


class Store:
    """A secret store that counts how often it is asked, and answers while it is open."""

    def __init__(self) -> None:
        self.calls = 0
        self.asked = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def __call__(self) -> Credentials:
        self.calls += 1
        self.asked.set()
        assert self.open.wait(60)
        return good()


class AsyncStore:
    """The same for asyncio."""

    def __init__(self) -> None:
        self.store = Store()

    async def __call__(self) -> Credentials:
        return await asyncio.to_thread(self.store)


class Failing:
    """A secret store that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self) -> Credentials:
        raise self.error


class AsyncFailing(Failing):
    """The same for asyncio."""

    async def __call__(self) -> Credentials:  # type: ignore[override]
        await asyncio.sleep(0)
        raise self.error
