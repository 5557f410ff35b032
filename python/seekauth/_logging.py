"""The logger `seekauth`. The native half imports this for the first event that goes to the log."""

from __future__ import annotations

import sys

from seekauth._greenlets import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seekauth._native import Event


def log(event: Event) -> None:
    """Writes an event to the log; its facts are the record's attribute `seekauth`."""
    # Handlers have locks, which are greenlets' in a program that has those.
    call(_write, event)


def _write(event: Event) -> None:
    if "logging" not in sys.modules:
        # Nobody has set anything up, and this is what its handler of last resort would do. It is
        # not imported here: before 3.13 Python takes the thread that imports `threading` first for
        # the main one, and this is the library's.
        if sys.stderr is not None:
            sys.stderr.write(f"{event.message}\n")
        return
    import logging  # noqa: PLC0415 - it is there

    logger = logging.getLogger("seekauth")
    level = getattr(logging, event.level.upper())
    if logger.isEnabledFor(level):
        facts = {"event": event.name, **event.fields}
        logger.log(level, event.message, extra={"seekauth": facts})
