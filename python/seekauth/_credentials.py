"""The callback through which the native half asks a program's own function for credentials.

It runs on a thread of the library's. Of a failure of the function the class alone is passed on,
since an exception's text may hold a secret. `Credentials` itself is the native half's.
"""

from __future__ import annotations

from collections.abc import Awaitable

from seekauth._greenlets import run
from seekauth._native import Credentials
from seekauth._threads import signals_of_this_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def make_callback(
    function: Callable[[], object],
) -> Callable[[], Credentials | str | type[BaseException]]:
    """A callback that calls `function`, waits for its result, and never raises.

    It returns the credentials; the name of the result's type, if that is another; or the class of
    the exception with which the function failed.
    """
    take_signals = signals_of_this_thread()

    def attempt() -> tuple[object, type[BaseException] | None]:
        try:
            return function(), None
        except BaseException as error:  # noqa: BLE001 - no other code there would see it
            return None, type(error)

    def callback() -> Credentials | str | type[BaseException]:
        take_signals()
        try:
            result, failure = run(attempt)
            if failure is not None:
                return failure
            if isinstance(result, Awaitable):
                result = _run(result)
        except BaseException as error:  # noqa: BLE001 - no other code on this thread would see it
            return type(error)
        return result if isinstance(result, Credentials) else type(result).__qualname__

    return callback


def _run(awaitable: Awaitable[object]) -> object:
    """The result, from an event loop of its own: the caller's may be blocked, closed, or none."""
    import asyncio  # noqa: PLC0415 - for coroutine functions only

    async def result() -> object:
        return await awaitable

    return asyncio.run(result())
