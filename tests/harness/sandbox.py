"""The sandbox that plays SEEK, as a driver sees it: a child process that ends when this one does,
whatever ends it, and its admin endpoint over one connection that is kept.
"""

import http.client
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TOKEN = "seek_api_token"
ANSWERS_WITHIN = 60.0
"""Seconds; far more than the busiest machine takes."""


class Sandbox:
    """A running sandbox. `close()` ends it. One thread at a time may use it."""

    def __init__(self, program: Path, *, tls: bool = False) -> None:
        self._process = subprocess.Popen(
            [program, "--exit-with-stdin", *(["--tls"] if tls else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the sandbox ended before it said where it listens")
        self.urls: dict[str, Any] = json.loads(line)
        self._admin = http.client.HTTPConnection(urlsplit(self.urls["admin"]).netloc, timeout=ANSWERS_WITHIN)

    def close(self) -> None:
        """Ends it, and waits until it has ended."""
        self._admin.close()
        self._process.communicate(timeout=ANSWERS_WITHIN)

    def environment(self, user_agent: str) -> dict[str, str]:
        """What a program needs to know in order to take the sandbox for SEEK."""
        return {
            "SEEKAUTH_SERVICE": "seek_api",
            "SEEKAUTH_ENVIRONMENT": "live",
            "SEEKAUTH_CLIENT_ID": "sandbox-live",
            "SEEKAUTH_CLIENT_SECRET": "sandbox-live-secret",
            "SEEKAUTH_USER_AGENT": user_agent,
            "SEEKAUTH_TOKEN_URL": self.urls["token_url"],
            "SEEKAUTH_API_URL": self.urls["graphql_url"],
            **({"SEEKAUTH_CA_FILE": self.urls["ca_file"]} if self.urls["ca_file"] else {}),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def reset(self) -> None:
        self.ask("POST", "/reset")

    def configure(self, **settings: object) -> None:
        self.ask("PATCH", "/settings", settings)

    def script(self, *answers: dict[str, object]) -> None:
        """Answers to the token requests to come."""
        self.ask("POST", "/script", [{"endpoint": TOKEN, **answer} for answer in answers])

    def token_requests(self, product: str) -> int:
        """How many came from the user agent of that name."""
        counts: dict[str, int] = self.ask("GET", "/counts")["user_agents"].get(product, {})
        return counts.get(TOKEN, 0)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        self.send(method, path, body)
        return self.receive()

    def send(self, method: str, path: str, body: object = None) -> None:
        """The first half of `ask`: does not wait for the reply."""
        self._admin.request(method, path, None if body is None else json.dumps(body))

    def receive(self) -> Any:
        """The other half."""
        reply = self._admin.getresponse()
        text = reply.read()
        if reply.status != http.client.OK:
            raise RuntimeError(f"the sandbox answered {reply.status}: {text.decode()}")
        return json.loads(text)
