"""What a program's own function finds on a thread of the library's that calls it."""

from __future__ import annotations

import signal

# Python takes the thread that imports it first for the main one, which must not be the library's.
import threading  # noqa: F401

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CAN_MASK = hasattr(signal, "pthread_sigmask")


def signals_of_this_thread() -> Callable[[], None]:
    """A function that lets another thread take the signals which this one takes.

    The library's threads take none, and a program that is started from one inherits that: it could
    not be ended in the usual ways.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ()) if CAN_MASK else set()

    def take() -> None:
        if CAN_MASK:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    return take
