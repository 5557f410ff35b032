"""Credentials from a function of the program's own: its callers, its times, its failures."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sandbox import SECRET
from store import (
    ID,
    AsyncFailing,
    AsyncStore,
    Failing,
    Store,
    asking,
    asking_for_pass,
    good,
    good_for_pass,
)

import seekauth
from seekauth import (
    Client,
    Credentials,
    CredentialsUnavailableError,
    InvalidArgumentError,
    SeekAuthError,
)

if TYPE_CHECKING:
    from conftest import Clock
    from sandbox import Sandbox

PLANTED = "pl4nted-s3cret"


async def coroutine_function() -> Credentials:
    await asyncio.sleep(0)
    return good()


class Later:
    """Something to await that is no coroutine, and its type a function that returns it."""

    def __await__(self) -> Any:
        return coroutine_function().__await__()


class Owner:
    def give(self) -> Credentials:
        return good()

    async def give_later(self) -> Credentials:
        return good()


FUNCTIONS: dict[str, Any] = {
    "function": good,
    "callable object": Store(),
    "method": Owner().give,
    "coroutine function": coroutine_function,
    "partial coroutine function": partial(coroutine_function),
    "asynchronous callable object": AsyncStore(),
    "asynchronous method": Owner().give_later,
    "class of an awaitable": Later,
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_whatever_can_be_called_or_awaited_is_asked(
    sandbox: Sandbox, clock: Clock, function: Any
) -> None:
    with asking(sandbox, function) as client:
        value = client.authorization()
        assert value.startswith("Bearer ")
        clock.settle()
        client.invalidate(value)
        assert asyncio.run(client.authorization_async()) != value
    assert sandbox.requests() == 2


def test_it_is_called_once_for_each_token_request_and_never_else(
    sandbox: Sandbox, clock: Clock
) -> None:
    store = Store()
    with asking(sandbox, store) as client:
        assert (store.calls, sandbox.requests()) == (0, 0)
        for expected in (1, 2, 3):
            values = {client.authorization() for _ in range(100)}
            assert len(values) == 1
            assert (store.calls, sandbox.requests()) == (expected, expected)
            clock.settle()
            assert client.invalidate(values.pop())


def test_threads_and_tasks_on_an_empty_cache_cause_one_call(sandbox: Sandbox) -> None:
    store = Store()
    store.open.clear()
    with asking(sandbox, store) as client, ThreadPoolExecutor(20) as pool:
        threads = [pool.submit(client.authorization) for _ in range(20)]

        async def tasks() -> list[str]:
            calls = [asyncio.create_task(client.authorization_async()) for _ in range(100)]
            await asyncio.sleep(0)
            store.open.set()
            return await asyncio.gather(*calls)

        values = set(asyncio.run(tasks())) | {thread.result() for thread in threads}
    assert len(values) == 1
    assert (store.calls, sandbox.requests()) == (1, 1)


def test_an_event_loop_runs_while_the_function_is_asked(sandbox: Sandbox) -> None:
    function = AsyncStore()
    function.store.open.clear()

    async def use(client: Client) -> str:
        task = asyncio.create_task(client.authorization_async())
        await asyncio.to_thread(function.store.asked.wait)
        assert not task.done()
        function.store.open.set()
        return await task

    with asking(sandbox, function) as client:
        assert asyncio.run(use(client)).startswith("Bearer ")


def test_a_coroutine_returns_though_the_callers_loop_is_blocked(sandbox: Sandbox) -> None:
    async def use(client: Client) -> str:
        return client.authorization()

    with asking(sandbox, coroutine_function) as client:
        assert asyncio.run(use(client)).startswith("Bearer ")


def test_failures_are_credentials_unavailable_and_not_shown(
    sandbox: Sandbox, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", shown.append)
    monkeypatch.setattr("threading.excepthook", shown.append)
    kinds: list[type[BaseException]] = [
        RuntimeError,
        KeyboardInterrupt,
        SystemExit,
        asyncio.CancelledError,
        seekauth.InvalidCredentialsError,
    ]
    functions = [form(kind(PLANTED)) for kind in kinds for form in (Failing, AsyncFailing)]

    def failure(function: Failing, *, in_task: bool) -> CredentialsUnavailableError:
        with asking(sandbox, function) as client, pytest.raises(SeekAuthError) as raised:
            asyncio.run(client.authorization_async()) if in_task else client.authorization()
        assert isinstance(raised.value, CredentialsUnavailableError)
        return raised.value

    # All at once, since each takes as long as the pauses before it is tried again.
    with ThreadPoolExecutor(2 * len(functions)) as pool:
        started = [
            pool.submit(failure, function, in_task=in_task)
            for function in functions
            for in_task in (False, True)
        ]
        failures = [future.result() for future in started]
    assert len(failures) == 20
    classes = [type(function.error).__name__ for function in functions for _ in range(2)]
    for error, name in zip(failures, classes, strict=True):
        assert str(error) == f"the program's own credential provider failed with {name}"
        assert error.retryable
        assert (error.__cause__, error.__context__) == (None, None)
        assert PLANTED not in "".join(traceback.format_exception(error)) + repr(vars(error))
    assert shown == []
    assert capfd.readouterr() == ("", "")
    assert sandbox.requests() == 0


@pytest.mark.parametrize(
    "given", [None, (ID, PLANTED), {"client_id": ID}, PLANTED, Credentials, Failing], ids=repr
)
def test_what_is_no_credentials_is_named_by_its_type(sandbox: Sandbox, given: Any) -> None:
    async def later() -> Any:
        return given

    functions: list[Any] = [lambda: given, later]
    for function in functions:
        with asking(sandbox, function) as client, pytest.raises(SeekAuthError) as raised:
            client.authorization()
        assert type(raised.value) is CredentialsUnavailableError
        assert str(raised.value) == (
            f"credentials must return seekauth.Credentials, not {type(given).__qualname__}"
        )
        assert not raised.value.retryable


@pytest.mark.parametrize("given", ["", " ", f" {PLANTED}", f"{PLANTED}\r\n"])
@pytest.mark.parametrize("name", ["client_id", "client_secret", "client_secret_next"])
def test_malformed_credentials_are_refused_and_not_shown(
    sandbox: Sandbox, name: str, given: str
) -> None:
    texts: Any = {"client_id": ID, "client_secret": SECRET, name: given}
    with asking(sandbox, lambda: Credentials(**texts)) as client:
        with pytest.raises(CredentialsUnavailableError) as raised:
            client.authorization()
        assert PLANTED not in str(raised.value)
    assert sandbox.requests() == 0


@pytest.mark.parametrize("given", ["text", 1, ["x"], good()], ids=repr)
@pytest.mark.parametrize("make", [Client, Client.seek_api, Client.seek_pass, Client.oauth])
def test_what_cannot_be_called_is_a_type_error(make: Any, given: object) -> None:
    with pytest.raises(TypeError, match=r"^credentials must be a function .* not ") as raised:
        make(credentials=given)
    assert str(raised.value).endswith(f"not {type(given).__qualname__}")


def test_it_stands_in_place_of_all_other_credentials(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidArgumentError, match="client_secret"):
        sandbox.client(credentials=good)
    with pytest.raises(InvalidArgumentError, match="client_id"):
        sandbox.client(client_secret=None, credentials=good)
    with pytest.raises(InvalidArgumentError, match="credentials_file"):
        asking(sandbox, good, credentials_file="x.json")
    with sandbox.client(credentials=None) as client:
        assert client.authorization()


def test_one_that_hangs_is_unavailable_and_called_no_second_time(sandbox: Sandbox) -> None:
    store = Store()
    store.open.clear()
    with asking(sandbox, store, request_timeout=0.05) as client:
        with pytest.raises(CredentialsUnavailableError, match="request_timeout"):
            client.authorization()
        assert store.calls == 1
    store.open.set()


def rotate(sandbox: Sandbox, secret: str) -> None:
    grants = {"audiences": ["https://graphql.seek.com"], "client_credentials_allowed": True}
    sandbox.configure(clients=[{"client_id": ID, "client_secret": secret, "scopes": [], **grants}])


def test_a_refused_secret_is_asked_for_again_at_once(sandbox: Sandbox, clock: Clock) -> None:
    secrets = [SECRET, SECRET, "rotated"]
    with asking(sandbox, lambda: Credentials(client_id=ID, client_secret=secrets.pop(0))) as client:
        value = client.authorization()
        clock.settle()
        client.invalidate(value)
        rotate(sandbox, "rotated")
        assert client.authorization().startswith("Bearer ")
    assert secrets == []
    assert sandbox.requests() == 3


def test_the_other_secret_of_a_rotation_is_tried(sandbox: Sandbox, clock: Clock) -> None:
    rotate(sandbox, "rotated")
    both = Credentials(client_id=ID, client_secret=SECRET, client_secret_next="rotated")
    with asking(sandbox, lambda: both) as client:
        value = client.authorization()
        clock.settle()
        client.invalidate(value)
        assert client.authorization() != value
    # The secret that worked last is tried first from then on.
    assert sandbox.requests() == 3


def test_a_function_may_use_another_client(sandbox: Sandbox, clock: Clock) -> None:
    with sandbox.client() as other:

        def blocking() -> Credentials:
            assert other.authorization().startswith("Bearer ")
            return good()

        async def later() -> Credentials:
            assert (await other.authorization_async()).startswith("Bearer ")
            return good()

        functions: list[Any] = [blocking, later]
        for function in functions:
            with asking(sandbox, function) as client:
                assert client.authorization().startswith("Bearer ")
            value = other.authorization()
            clock.settle()
            assert other.invalidate(value)
    assert sandbox.requests() == 4


def test_one_that_waits_for_its_own_client_fails(sandbox: Sandbox) -> None:
    def function() -> Credentials:
        client.get_token(timeout=0.05)
        return good()

    with asking(sandbox, function) as client, pytest.raises(CredentialsUnavailableError):
        client.authorization()
    assert sandbox.requests() == 0


def test_clients_of_other_scopes_ask_the_same_function(sandbox: Sandbox) -> None:
    calls: list[None] = []

    def function() -> Credentials:
        calls.append(None)
        return good_for_pass()

    with asking_for_pass(sandbox, function) as client:
        derived = client.with_scopes("write.career_history")
        other = client.with_scopes("write.right_to_work")
        assert client.authorization() != derived.authorization()
        derived.close()
        assert other.authorization().startswith("Bearer ")
    assert len(calls) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal masks")
@pytest.mark.parametrize("blocked", [set(), {signal.SIGUSR1}], ids=["none", "one"])
def test_it_runs_with_the_signals_of_the_thread_that_made_the_client(
    sandbox: Sandbox, blocked: set[signal.Signals]
) -> None:
    seen: list[object] = []

    def function() -> Credentials:
        seen.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        seen.append(threading.current_thread() is threading.main_thread())
        return good()

    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    try:
        client = asking(sandbox, function)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    with client:
        client.authorization()
    assert seen == [before | blocked, False]
