"""How the native half asks a program's own function for credentials, on a thread of the library's.

What goes wrong in the function is dropped here, since an exception's text may hold a secret. Whom
the answer is for, and `Credentials` itself, is the native half's.
"""

from __future__ import annotations

import signal

# Python takes the thread that imports it first for the main one, which must not be the library's.
import threading  # noqa: F401
from collections.abc import Awaitable

from seekauth._native import Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CAN_MASK = hasattr(signal, "pthread_sigmask")


def asker(function: Callable[[], object]) -> Callable[[], Credentials | str | None]:
    """What calls `function`, waits for its result, and never raises.

    It returns the credentials; the name of the type of what was given in their place; or None
    where the function failed.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ()) if CAN_MASK else set()

    def ask() -> Credentials | str | None:
        if CAN_MASK:
            # The library's threads take no signals, and a program that is started from one inherits
            # that: it could not be ended in the usual ways.
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        try:
            given = function()
            if isinstance(given, Awaitable):
                given = _awaited(given)
        except BaseException:  # noqa: BLE001 - there is nobody else on this thread to see it
            return None
        return given if isinstance(given, Credentials) else type(given).__qualname__

    return ask


def _awaited(given: Awaitable[object]) -> object:
    """The result, from an event loop of its own: the caller's may be blocked, closed, or none."""
    import asyncio  # noqa: PLC0415 - for coroutine functions only

    async def result() -> object:
        return await given

    return asyncio.run(result())
