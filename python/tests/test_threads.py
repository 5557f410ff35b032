"""A system that refuses threads and descriptors, and work that hangs: errors in time."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from program import PREAMBLE, run

import seekauth
from seekauth import Client, Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox import Sandbox
    from typing_extensions import Self

posix = pytest.mark.skipif(sys.platform == "win32", reason="limits and FIFOs are of POSIX systems")

REFUSED = """
import json, resource
async def later(call):
    return await call
# What Python itself needs later is there before nothing more can be had.
loop = asyncio.new_event_loop()
loop.run_until_complete(later(asyncio.sleep(0)))
def attempt(call):
    try:
        call()
    except seekauth.SeekAuthError as error:
        limits = [word for word in ("NPROC", "NOFILE") if f"RLIMIT_{word}" in str(error)]
        print(error.kind, error.retryable, *limits)
    except BaseException as error:
        print(type(error).__mro__)
    else:
        print("done")
def attempts():
    attempt(client.get_token)
    attempt(client.authorization)
    attempt(lambda: loop.run_until_complete(client.get_token_async()))
    attempt(lambda: loop.run_until_complete(client.authorization_async()))
    attempt(lambda: client.graphql("{ self { partner { name } } }"))
"""


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="the limit counts otherwise elsewhere")
def test_a_refused_thread_is_an_error_that_names_the_limit(sandbox: Sandbox) -> None:
    code = """
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, before[1]))
    if os.getuid() == 0:
        # It is above this limit.
        os.setresuid(65534, 65534, 0)
    attempts()
    if os.getresuid()[2] == 0:
        os.setresuid(0, 0, 0)
    resource.setrlimit(resource.RLIMIT_NPROC, before)
    attempts()
    loop.close()
    """
    said = run(sandbox, REFUSED + "\n" + dedent(code), PREAMBLE).splitlines()
    assert said == ["unavailable True NPROC"] * 5 + ["done"] * 5


@posix
def test_refused_descriptors_are_an_error_that_names_the_limit(sandbox: Sandbox) -> None:
    code = """
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = os.dup(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 1, before[1]))
    attempts()
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
    attempts()
    loop.close()
    """
    said = run(sandbox, REFUSED + "\n" + dedent(code), PREAMBLE).splitlines()
    assert said == ["unavailable True NOFILE"] * 5 + ["done"] * 5


class Hanging:
    """A function for credentials that hangs until the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def __call__(self) -> Credentials:
        self.over.wait()
        raise LookupError

    async def later(self) -> Credentials:
        await asyncio.to_thread(self.over.wait)
        raise LookupError


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.over.set()


def source(kind: str, hanging: Hanging, folder: Path) -> dict[str, Any]:
    match kind:
        case "function":
            return {"credentials": hanging}
        case "coroutine function":
            return {"credentials": hanging.later}
        case "command":
            return {"credentials_command": "sleep 600"}
    fifo = folder / "fifo"
    os.mkfifo(fifo, 0o600)
    return {"credentials_file": str(fifo)}


TIMEOUT = 0.5
LATE = 0.1
"""So much later than its deadline a caller may return."""


class Late:
    """How late the machine itself lets a thread run, which is not the library's doing."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self.worst = 0.0
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        last = time.monotonic()
        while not self._over.wait(0.01):
            now = time.monotonic()
            self.worst = max(self.worst, now - last - 0.01)
            last = now


@pytest.mark.parametrize("form", ["blocking", "asynchronous"])
@pytest.mark.parametrize(
    "kind",
    [
        "function",
        "coroutine function",
        pytest.param("command", marks=posix),
        pytest.param("file", marks=posix),
    ],
)
def test_callers_keep_their_deadline_whatever_hangs(
    sandbox: Sandbox, hanging: Hanging, tmp_path: Path, kind: str, form: str
) -> None:
    settings: dict[str, Any] = {**sandbox.settings, "client_id": None, "client_secret": None}
    with (
        Late() as late,
        Client.seek_api(**settings, **source(kind, hanging, tmp_path)) as client,
        sandbox.client(user_agent="another/1.0") as other,
    ):
        calls: dict[str, Callable[[], object]] = {
            "blocking": lambda: client.get_token(TIMEOUT),
            "asynchronous": lambda: asyncio.run(client.get_token_async(TIMEOUT)),
        }
        for attempt in range(2):
            late.worst = 0
            began = time.monotonic()
            with pytest.raises(seekauth.SeekAuthError) as raised:
                calls[form]()
            took = time.monotonic() - began
            assert took < TIMEOUT + LATE + late.worst, (attempt, raised.value)
            assert raised.value.kind in {"timeout", "credentials_unavailable"}
            # Nobody else waits.
            assert other.get_token(timeout=30).value
