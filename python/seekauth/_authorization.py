"""The value of an Authorization header, kept out of tracebacks.

Tools that show the variables of a traceback's frames ask for their `repr()`: `traceback` with
`capture_locals`, error trackers, pretty printers. The frames are those of HTTP clients and of the
program itself, so what hides the token has to be the string itself.
"""

from __future__ import annotations

import sys

from seekauth import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import SupportsIndex

SHOWN = "'Bearer [hidden]'"


class Authorization(str):
    """A `str` in all respects but one: its `repr()` does not show the token. `str()` does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return SHOWN

    __sentry_repr__ = __repr__

    def __rich_repr__(self) -> Iterator[str]:
        yield "[hidden]"

    def __getitem__(self, key: SupportsIndex | slice, /) -> Authorization:
        # Tools cut long strings before they show them.
        return Authorization(super().__getitem__(key))

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        # A process that reads it need not have seekauth.
        return str, (str(self),)


sys.modules[__name__] = _native.first_import(sys.modules[__name__])
