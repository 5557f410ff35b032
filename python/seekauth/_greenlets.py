"""Waiting where threads are greenlets: in programs that gevent or eventlet has patched.

All greenlets of a thread share it, and one that waits as a thread does stops them all. So it lets
its hub run the others, and a thread of the library's wakes it through the hub. A program that is
patched has imported gevent or eventlet; here they are looked for and never brought in.
"""

from __future__ import annotations

import os
import sys
from _thread import get_native_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from seekauth._hubs import Hub

    A = TypeVar("A")
    T = TypeVar("T")

BEGINS_WITHIN = 1.0
"""Seconds. A hub that has not begun by then what it is to run is not running."""

_main_hub: Hub | None = None
"""The hub of the main thread, since a greenlet has waited there."""


class Waiter:
    """The waiting of one greenlet."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._set, self.wait = hub.event()

    def wake(self) -> None:
        """Ends the wait, from any thread."""
        self._hub.call_soon(self._set)


def waiter() -> Waiter | None:
    """A wait for the greenlet that runs; None where it may wait as threads do."""
    global _main_hub  # noqa: PLW0603 - a process has one
    hub = _hub_of_this_thread()
    if hub is None:
        return None
    # Linux numbers the main thread as it does the process. A hub of another comes and goes.
    if get_native_id() == os.getpid():
        _main_hub = hub
    return Waiter(hub)


def _hub_of_this_thread() -> Hub | None:
    modules = sys.modules
    if "gevent.monkey" in modules and modules["gevent.monkey"].is_module_patched("threading"):
        from seekauth._hubs import Gevent  # noqa: PLC0415 - for such programs only

        return Gevent.of_this_thread()
    if "eventlet.patcher" in modules and modules["eventlet.patcher"].is_monkey_patched("thread"):
        from seekauth._hubs import Eventlet  # noqa: PLC0415 - as above

        return Eventlet.of_this_thread()
    return None


def run(function: Callable[[], T]) -> T:
    """What `function` returns, for a thread of the library's; it must not raise.

    A greenlet of the main thread calls it, so that it may use what belongs to other greenlets, such
    as their locks. Where no hub runs there, it is called right here.
    """
    hub = _main_hub
    if hub is None:
        return function()
    # The native ones: those of `queue` are for greenlets by now.
    from _queue import Empty, SimpleQueue  # noqa: PLC0415 - for such programs only

    claim: SimpleQueue[None] = SimpleQueue()
    begun: SimpleQueue[None] = SimpleQueue()
    ended: SimpleQueue[T] = SimpleQueue()
    claim.put(None)

    def work() -> None:
        try:
            claim.get_nowait()
        except Empty:
            return
        begun.put(None)
        ended.put(function())

    hub.call_soon(lambda: hub.spawn(work))
    try:
        begun.get(timeout=BEGINS_WITHIN)
    except Empty:
        # If it begins in this moment, it finds nothing to do, or this finds nothing.
        work()
    return ended.get()


def call(function: Callable[[A], object], argument: A) -> None:
    """Calls a function where `run` does. It may raise, and this raises the same."""

    def attempt() -> BaseException | None:
        try:
            function(argument)
        except BaseException as error:  # noqa: BLE001 - it is raised below
            return error
        return None

    failure = run(attempt)
    if failure is not None:
        try:
            raise failure
        finally:
            # Its traceback holds this frame.
            del failure


def _forget_main_hub() -> None:
    """In a forked child, which may make another."""
    global _main_hub  # noqa: PLW0603 - as above
    _main_hub = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_main_hub)
