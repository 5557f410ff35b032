"""The methods of native classes that need `async def`; the classes take them from here.

A call's work happens in the native half and its own thread; this file only carries a result into
the event loop that waits for it. It leaves importing asyncio to its users.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable
    from datetime import timedelta
    from typing import TypeVar

    from seekauth import AuthFlow, Client, SeekAuthError, Token
    from seekauth._native import CancelHandle

    A = TypeVar("A")
    T = TypeVar("T")


async def authorization_async(self: Client | AuthFlow) -> str:
    """`authorization()` for asyncio: the value for the Authorization header, `Bearer …`.

    Returns without giving way to the loop while the token is fresh; else the task waits, up to
    the client's `timeout`. Cancelling the task gives up its wait and never the fetch. Raises a
    `SeekAuthError`.
    """
    fresh = self._fresh_authorization()
    return fresh or (await await_callback(self._get_token_then, None)).authorization


async def get_token_async(self: Client, timeout: float | timedelta | None = None) -> Token:
    """`get_token()` for asyncio: the token and its facts.

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


async def await_callback(
    start: Callable[[A, Callable[[T | None, SeekAuthError | None], None]], CancelHandle],
    argument: A,
) -> T:
    """The result that `start(argument, done)` passes to `done`. Cancelling the task cancels it."""
    from asyncio import get_running_loop  # noqa: PLC0415 - importing seekauth must not import it

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
