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

    def __init__(self, program: Path, *options: str) -> None:
        self.program = program
        self._process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.urls: dict[str, str] = json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)
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
            "api_url": self.urls["graphql_url"],
        }

    def client(self, **settings: Any) -> Client:
        return Client.seek_api(**{**self.settings, **settings})

    def reset(self) -> None:
        self._ask("POST", "/reset")

    def configure(self, **settings: object) -> None:
        self._ask("PATCH", "/settings", settings)

    def script(self, **answer: object) -> None:
        """Lays down an answer, of the token endpoint unless `endpoint` names another."""
        self._ask("POST", "/script", {"endpoint": TOKEN, **answer})

    def journal(self, endpoint: str) -> list[dict[str, Any]]:
        """What has arrived at an endpoint."""
        entries: list[dict[str, Any]] = self._ask("GET", f"/journal?endpoint={endpoint}")
        return entries

    def clear_script(self) -> None:
        """Forgets the answers that nobody has asked for yet."""
        self._ask("DELETE", "/script")

    def release(self) -> None:
        self._ask("POST", "/release")

    def release_once_asked(self) -> None:
        """Lets the held answer go as soon as the request for it is there."""
        self.wait_for_requests(1)
        self.release()

    def requests(self, endpoint: str = TOKEN) -> int:
        """How many requests have arrived at an endpoint, that of tokens if none is named."""
        counts: dict[str, int] = self._ask("GET", "/counts")["endpoints"]
        return counts.get(endpoint, 0)

    def wait_for_requests(self, count: int, endpoint: str = TOKEN) -> None:
        """Returns once so many requests have arrived there."""
        deadline = time.monotonic() + 60
        while self.requests(endpoint) < count:
            assert time.monotonic() < deadline, f"{count} requests never arrived at {endpoint}"

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.urls["admin"] + path, data, method=method)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)
