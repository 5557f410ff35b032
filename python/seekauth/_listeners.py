"""The callback through which the native half tells a program's own function of events.

It runs on a thread of the library's.
"""

from __future__ import annotations

from inspect import iscoroutinefunction

from seekauth._greenlets import call
from seekauth._threads import signals_of_this_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seekauth._native import Event


def make_callback(function: Callable[[Event], object]) -> Callable[[Event], None]:
    """A callback that calls `function`, and raises what that raises."""
    if not callable(function) or iscoroutinefunction(function):
        got = type(function).__qualname__ if not callable(function) else "a coroutine function"
        message = f"function must be a function that takes a seekauth.Event, not {got}"
        raise TypeError(message)
    take_signals = signals_of_this_thread()

    def callback(event: Event) -> None:
        take_signals()
        call(function, event)

    return callback
