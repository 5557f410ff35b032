"""A program's own function for credentials, as the shared cases steer it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seekauth import Credentials


class Provider:
    """A function that gives the credentials, or fails with the text, that it was told last."""

    def __init__(self) -> None:
        self.calls = 0
        self.gives: Credentials | None = None
        self.fails = "nothing was provided"
        self.hangs = False

    def __call__(self) -> Credentials:
        self.calls += 1
        if self.hangs:
            threading.Event().wait()
        if self.gives is None:
            raise LookupError(self.fails)
        return self.gives

    async def later(self) -> Credentials:
        if self.hangs:
            await asyncio.Event().wait()
        # The result must not be there at once.
        await asyncio.sleep(0)
        return self()
