"""The sandbox that stands in for SEEK, with clients of it."""

from __future__ import annotations

from typing import Any

import harness.sandbox
from harness.sandbox import SECRET

from seekauth import Client

__all__ = ["SECRET", "Sandbox"]


class Sandbox(harness.sandbox.Sandbox):
    """A running sandbox. `close()` ends it."""

    def client(self, **settings: Any) -> Client:
        return Client.seek_api(**{**self.settings, **settings})
