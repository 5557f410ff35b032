"""The frames of a failed request, without their variables.

While an HTTP client writes a request, its functions hold the bytes of the header in variables, and
a tool that shows the variables of a traceback would show the token. So the adapters let go of them
when a request fails. The lines of the traceback stay, and so does whatever the program's own
functions hold.
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType

_PACKAGES = frozenset(
    (
        "aiohttp",
        "anyio",
        "asyncio",
        "eventlet",
        "gevent",
        "h11",
        "h2",
        "hpack",
        "http",
        "httpcore",
        "httpcore2",
        "httpx",
        "httpx2",
        "requests",
        "ssl",
        "trio",
        "urllib3",
    )
)
"""HTTP clients, and what they send with."""
_SUSPENDABLE = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR


class Forgetting:
    """A block whose failure leaves no variables behind in the frames of the HTTP client."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        cls: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            forget(error)


def forget_failure() -> None:
    """`forget()` for the error that is being handled, here or by those who called."""
    error = sys.exc_info()[1]
    if error is not None:
        forget(error)


def forget(error: BaseException) -> None:
    """Lets go of what the HTTP client's frames hold, for an error and all that led to it."""
    errors, seen = [error], set()
    while errors:
        error = errors.pop()
        if id(error) not in seen:
            seen.add(id(error))
            _clear(error.__traceback__)
            errors += [led for led in (error.__cause__, error.__context__) if led is not None]


def _clear(traceback: TracebackType | None) -> None:
    while traceback is not None:
        frame = traceback.tb_frame
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package in _PACKAGES and _is_finished(frame):
            # It is still running: the error has not left it yet.
            with suppress(RuntimeError):
                frame.clear()
        traceback = traceback.tb_next


def _is_finished(frame: FrameType) -> bool:
    """Whether it may be cleared. Before Python 3.13 that would end a coroutine that waits."""
    if sys.version_info >= (3, 13) or not frame.f_code.co_flags & _SUSPENDABLE:
        return True
    # A finished frame owns its variables; those of a coroutine that waits are the coroutine's.
    # Python 3.10 does not tell.
    owns = len(gc.get_referents(frame)) > (frame.f_trace is not None)
    return owns and sys.version_info >= (3, 11)
