"""The methods of native classes that need `async def`; they are put into the classes here.

A call's work happens in the native half and its own thread; this file only carries a result into
the event loop that waits for it: asyncio's or trio's.
"""

from __future__ import annotations

import sys

from seekauth._native import AuthFlow, Client, Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable
    from typing import Any, TypeVar

    from seekauth._native import CancelHandle
    from seekauth.errors import SeekAuthError

    A = TypeVar("A")
    T = TypeVar("T")
else:

    class _Later:
        """A module that is imported when somebody looks up annotations with its names.

        It takes longer to import than all of seekauth.
        """

        def __init__(self, name):
            self._name = name

        def __getattr__(self, name):
            return getattr(__import__(self._name), name)

    datetime, typing = _Later("datetime"), _Later("typing")


async def authorization_async(self: Client) -> str:
    """`authorization()` for asyncio and trio: the value of the header, `Bearer …`.

    Returns without giving way to the loop while the token is fresh; else the task waits, up to
    the client's `timeout`. Cancelling the task gives up its wait and never the fetch. Raises a
    `SeekAuthError`.
    """
    fresh = self._fresh_authorization()
    return fresh or (await await_callback(self._get_token_then, None)).authorization


async def get_token_async(self: Client, timeout: float | datetime.timedelta | None = None) -> Token:
    """`get_token()` for asyncio and trio: the token and its facts.

    `timeout` is how long to wait for it, in seconds or as a `timedelta`; `None` leaves it to
    the client's `timeout` setting. Cancelling the task gives up its wait and never the fetch.
    Raises a `SeekAuthError`.
    """
    token = self._fresh_token()
    return token if token is not None else await await_callback(self._get_token_then, timeout)


async def __aenter__(self: Client) -> Client:  # noqa: N807 - it becomes a method
    return self


async def __aexit__(self: Client, *_: object) -> None:  # noqa: N807 - it becomes a method
    self.close()


async def _authorization_of_flow_async(
    self: AuthFlow, timeout: float | datetime.timedelta | None = None
) -> str:
    """`authorization()` for asyncio and trio: the value of the header, `Bearer …`.

    Returns without giving way to the loop while the token is fresh; else the task waits, up to
    `timeout` and to the client's own. Cancelling the task gives up its wait, never the fetch.
    Raises a `SeekAuthError`.
    """
    fresh = self._fresh_authorization()
    return fresh or (await await_callback(self._get_token_then, timeout)).authorization


for _method in (authorization_async, get_token_async, __aenter__, __aexit__):
    setattr(Client, _method.__name__, _method)
_authorization_of_flow_async.__name__ = authorization_async.__name__
AuthFlow.authorization_async = _authorization_of_flow_async  # type: ignore[method-assign]


async def await_callback(
    start: Callable[[A, Callable[[T | None, SeekAuthError | None], None]], CancelHandle],
    argument: A,
) -> T:
    """The result that `start(argument, done)` passes to `done`. Cancelling the task cancels it."""
    trio = sys.modules.get("trio")
    if trio is not None and _is_in_a_task_of(trio):
        return await _await_in_trio(trio, start, argument)
    return await _await_in_asyncio(start, argument)


def _is_in_a_task_of(trio: Any) -> bool:
    # trio may run as a guest of asyncio's loop, so that only the task tells.
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return False
    return True


async def _await_in_trio(
    trio: Any,
    start: Callable[[A, Callable[[T | None, SeekAuthError | None], None]], CancelHandle],
    argument: A,
) -> T:
    event, token = trio.Event(), trio.lowlevel.current_trio_token()
    outcome: list[tuple[T | None, SeekAuthError | None]] = []

    def done(result: T | None, error: SeekAuthError | None) -> None:
        outcome.append((result, error))
        try:
            token.run_sync_soon(event.set)
        except trio.RunFinishedError:
            # A loop that has ended has no task that waits.
            return

    handle = start(argument, done)
    try:
        await event.wait()
    finally:
        handle.cancel()
    result, error = outcome.pop()
    if result is not None:
        return result
    try:
        raise error or AssertionError("a call ends with a result or an error")
    finally:
        # Its traceback holds this frame.
        del error


async def _await_in_asyncio(
    start: Callable[[A, Callable[[T | None, SeekAuthError | None], None]], CancelHandle],
    argument: A,
) -> T:
    from asyncio import get_running_loop  # noqa: PLC0415 - for its own tasks only

    loop = get_running_loop()
    future: Future[T] = loop.create_future()
    handle = start(argument, _resolver(loop, future))
    try:
        return await future
    finally:
        handle.cancel()
        # The future holds its error, whose traceback holds this frame.
        del future


def _resolver(
    loop: AbstractEventLoop, future: Future[T]
) -> Callable[[T | None, SeekAuthError | None], None]:
    """The callback that carries a result from the library's thread to the loop's future."""

    def done(result: T | None, error: SeekAuthError | None) -> None:
        try:
            loop.call_soon_threadsafe(_resolve, future, result, error)
        except RuntimeError:
            # A closed loop has no task that waits.
            if not loop.is_closed():
                raise

    return done


def _resolve(future: Future[T], result: T | None, error: SeekAuthError | None) -> None:
    if future.done():
        return
    if result is not None:
        future.set_result(result)
    elif error is not None:
        future.set_exception(error)
