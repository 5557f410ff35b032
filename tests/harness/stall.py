"""Notices when the machine lets nobody run: a moment that a program looked at the clock is then later than
the moment it speaks of.
"""

import threading
import time
from collections.abc import Iterable

from .judge import Judge

STEP = 0.05


def watch(judges: Iterable[Judge], over: threading.Event) -> threading.Thread:
    """Tells the judges of each longest stall, until it is over."""
    thread = threading.Thread(target=_watch, args=(list(judges), over))
    thread.start()
    return thread


def _watch(judges: list[Judge], over: threading.Event) -> None:
    last = time.monotonic()
    while not over.wait(STEP):
        now = time.monotonic()
        late_ms = round((now - last - STEP) * 1000)
        last = now
        for judge in judges:
            judge.stall_ms = max(judge.stall_ms, late_ms)
