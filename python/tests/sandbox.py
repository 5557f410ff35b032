"""The sandbox that stands in for SEEK, as these tests see it: started once, steered over HTTP."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from seekauth import Client

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

TOKEN: Final = "seek_api_token"
SECRET: Final = "sandbox-live-secret"


class Sandbox:
    """A running sandbox. `close()` ends it."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.urls: dict[str, str] = json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def settings(self) -> dict[str, str]:
        """What a client of the live SEEK API needs here."""
        return {
            "environment": "live",
            "client_id": "sandbox-live",
            "client_secret": SECRET,
            "user_agent": "seekauth-tests/1.0",
            "token_url": self.urls["token_url"],
            "api_url": self.urls["graphql"],
        }

    def client(self, **settings: Any) -> Client:
        return Client.seek_api(**{**self.settings, **settings})

    def reset(self) -> None:
        self._ask("POST", "/reset")

    def configure(self, **settings: object) -> None:
        self._ask("PATCH", "/settings", settings)

    def script(self, **answer: object) -> None:
        self._ask("POST", "/script", {"endpoint": TOKEN, **answer})

    def release(self) -> None:
        self._ask("POST", "/release")

    def release_once_asked(self) -> None:
        """Lets the held answer go as soon as the request for it is there."""
        self.wait_for_requests(1)
        self.release()

    def requests(self) -> int:
        """How many token requests have arrived."""
        counts: dict[str, int] = self._ask("GET", "/counts")["endpoints"]
        return counts.get(TOKEN, 0)

    def wait_for_requests(self, count: int) -> None:
        """Returns once so many token requests have arrived."""
        deadline = time.monotonic() + 10
        while self.requests() < count:
            assert time.monotonic() < deadline, f"{count} token requests never arrived"

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.urls["admin"] + path, data, method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)
