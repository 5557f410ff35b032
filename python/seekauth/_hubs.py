"""The hubs of gevent and eventlet, as far as a wait needs them."""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary, finalize

if TYPE_CHECKING:
    from collections.abc import Callable


class Hub(Protocol):
    """What runs the greenlets of one thread."""

    def event(self) -> tuple[Callable[[], object], Callable[[], object]]:
        """What sets an event, called in the hub, and what waits for it in a greenlet."""

    def call_soon(self, function: Callable[[], object]) -> None:
        """Calls `function` in the hub, where it must not wait. Any thread may ask for it."""

    def spawn(self, function: Callable[[], object]) -> None:
        """Calls `function` in a greenlet of its own."""


class Gevent:
    def __init__(self, hub: Any) -> None:
        self._hub = hub

    @classmethod
    def of_this_thread(cls) -> Gevent | None:
        """The hub; None in the hub itself, which cannot wait for itself."""
        gevent = sys.modules["gevent"]
        hub = gevent.get_hub()
        return None if gevent.getcurrent() is hub else cls(hub)

    def event(self) -> tuple[Callable[[], object], Callable[[], object]]:
        event = __import__("gevent.event").event.Event()

        def wait() -> None:
            # A loop that watches nothing takes it that the wait would never end.
            with self._hub.loop.async_() as watcher:
                watcher.start(bool)
                event.wait()

        return event.set, wait

    def call_soon(self, function: Callable[[], object]) -> None:
        # It refuses when the hub was destroyed: then nobody waits there.
        with suppress(ValueError):
            self._hub.loop.run_callback_threadsafe(function)

    def spawn(self, function: Callable[[], object]) -> None:
        sys.modules["gevent"].spawn(function)


class Eventlet:
    """A hub, with a pair of sockets through which other threads call it: it has no way for them."""

    def __init__(self, hub: Any) -> None:
        self._calls: deque[Callable[[], object]] = deque()
        # As the system has them; eventlet's would make a hub in the thread that writes.
        reading, writing = sys.modules["eventlet.patcher"].original("socket").socketpair()
        for end in (reading, writing):
            end.setblocking(False)
        self._reading, self._writing = reading, writing
        hub.add(hub.READ, reading.fileno(), self._run_calls, _ignore, bool)
        finalize(hub, _close, reading, writing)

    @classmethod
    def of_this_thread(cls) -> Eventlet | None:
        """The hub; None in the hub itself, which cannot wait for itself."""
        eventlet = sys.modules["eventlet"]
        hub = eventlet.hubs.get_hub()
        if eventlet.getcurrent() is hub.greenlet:
            return None
        if hub not in _eventlets:
            _eventlets[hub] = cls(hub)
        return _eventlets[hub]

    def event(self) -> tuple[Callable[[], object], Callable[[], object]]:
        event = sys.modules["eventlet"].Event()
        return event.send, event.wait

    def call_soon(self, function: Callable[[], object]) -> None:
        self._calls.append(function)
        # Full, it wakes the hub already; closed, nobody waits.
        with suppress(OSError):
            self._writing.send(b"\0")

    def spawn(self, function: Callable[[], object]) -> None:
        sys.modules["eventlet"].spawn_n(function)

    def _run_calls(self, _descriptor: int) -> None:
        with suppress(OSError):
            self._reading.recv(1 << 12)
        while self._calls:
            self._calls.popleft()()


_eventlets: WeakKeyDictionary[Any, Eventlet] = WeakKeyDictionary()
_of_parents: list[object] = []


def _ignore(_: object) -> None:
    """For a listener that nothing is thrown into."""


def _close(*sockets: Any) -> None:
    for one in sockets:
        one.close()


def _forget_parents_hubs() -> None:
    """In a forked child, a hub that it goes on using gets sockets of its own.

    Those of the parent stay open: they are in what parent and child listen to together.
    """
    global _eventlets  # noqa: PLW0603 - a process has one
    _of_parents.append(_eventlets)
    _eventlets = WeakKeyDictionary()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parents_hubs)
