"""What tools that capture the variables of a traceback's frames show of an error."""

from __future__ import annotations

import json
import pprint
import pydoc
import traceback
from io import StringIO
from typing import TYPE_CHECKING, Any

import rich.console
import rich.traceback
import sentry_sdk
import sentry_sdk.transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType


def frames(error: BaseException) -> Iterator[TracebackType]:
    """The frames of an error and of all that led to it."""
    errors, seen = [error], set()
    while errors:
        error = errors.pop()
        if id(error) in seen:
            continue
        seen.add(id(error))
        errors += [led for led in (error.__cause__, error.__context__) if led is not None]
        entry = error.__traceback__
        while entry is not None:
            yield entry
            entry = entry.tb_next


def stdlib(error: BaseException) -> str:
    """`traceback` with `capture_locals`, as many loggers use it."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(shown.format())


def cgitb(error: BaseException) -> str:
    """As `cgitb` did, and formatters that were made after it."""
    formatter = pydoc.HTMLDoc()
    return "\n".join(
        f"{name} = {formatter.repr(value)} {pprint.pformat(value)}"
        for entry in frames(error)
        for name, value in entry.tb_frame.f_locals.items()
    )


def rich_traceback(error: BaseException) -> str:
    """rich, which typer and others show their errors with."""
    shown = rich.traceback.Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_string=80
    )
    console = rich.console.Console(file=StringIO(), width=500)
    console.print(shown)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


DSN = "https://key@127.0.0.1/1"


class Keeping(sentry_sdk.transport.Transport):
    """Keeps what would be sent."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.sent: list[str] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.sent.append(envelope.serialize().decode(errors="replace"))


def sentry(error: BaseException) -> str:
    """The real sentry-sdk with its default scrubber; all that it would send."""
    transport = Keeping({"dsn": DSN})
    with sentry_sdk.new_scope() as scope:
        scope.set_client(
            sentry_sdk.Client(
                dsn=DSN,
                transport=transport,
                default_integrations=False,
                max_value_length=100_000,
            )
        )
        sentry_sdk.capture_exception(error)
    sent = "\n".join(transport.sent)
    assert '"vars"' in sent
    # Its text is JSON within lines.
    return sent + "\n".join(json.dumps(line) for line in sent.splitlines())


ALL: tuple[Callable[[BaseException], str], ...] = (stdlib, cgitb, sentry)
