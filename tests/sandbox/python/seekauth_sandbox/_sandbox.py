"""A running sandbox: a child process that ends when this one does, and its admin endpoint."""

from __future__ import annotations

import json
import subprocess
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ._program import find_sandbox_bin

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ._types import Attempt, Endpoint, Kind, Request, Response, Service

RESPONDS_WITHIN = 120.0
"""Seconds; a webhook that is not taken is tried three times, for ten seconds each."""


class SandboxError(Exception):
    """The sandbox did not start, or was asked for something that makes no sense; the message says for what."""


class Sandbox:
    """Servers of its own, until it is closed. Any thread may use it."""

    urls: dict[str, str]
    """Where it listens: `auth`, `token_url`, `graphql`, `graphql_url`, `pass`, `pass_token_url`, `foreign`, `admin`."""
    ca_file: str | None
    """With TLS, the authority to trust."""
    env: dict[str, str]
    """The variables with which `Client.from_env()` takes it for the SEEK API."""
    pass_env: dict[str, str]
    """The variables with which `Client.from_env(prefix="PASS_")` takes it for SEEK Pass."""

    def __init__(self, *, tls: bool = False) -> None:
        command = [find_sandbox_bin(), "--exit-with-stdin", *(["--tls"] if tls else [])]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self._process.communicate()
            raise SandboxError(f"{command[0]} ended with {self._process.returncode} before it said where it listens")
        said: dict[str, Any] = json.loads(line)
        self.env = said.pop("env")
        self.pass_env = said.pop("pass_env")
        self.ca_file = said.pop("ca_file")
        self.urls = said
        self._admin = HTTPConnection(urlsplit(self.urls["admin"]).netloc, timeout=RESPONDS_WITHIN)
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {self.urls['auth']}>"

    def close(self) -> None:
        """Ends it, and waits until it has ended."""
        self._admin.close()
        if self._process.poll() is None:
            self._process.communicate()

    def script(self, *responses: Response) -> None:
        """Lays down responses: each answers the next request of its `endpoint` that fits its `operation` and `path`."""
        self._ask("POST", "/script", list(responses))

    def script_left(self) -> int:
        """How many laid-down responses no request has used up."""
        left: int = self._ask("GET", "/script")["left"]
        return left

    def release(self) -> None:
        """Lets go the responses on hold."""
        self._ask("POST", "/release")

    def journal(self, endpoint: Endpoint | None = None, *, operation: str | None = None) -> list[Request]:
        """What arrived, in order: all of it, at one endpoint, or with one GraphQL operation."""
        given = {"endpoint": endpoint, "operation": operation}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items() if value)
        entries: list[Request] = self._ask("GET", f"/journal?{query}")
        return entries

    def requests(self, endpoint: Endpoint) -> int:
        """How many requests arrived at an endpoint."""
        count: int = self._ask("GET", "/counts")["endpoints"].get(endpoint, 0)
        return count

    def configure(self, **settings: object) -> None:
        """Replaces the settings that are named, such as `seek_api_lifetime_s`."""
        self._ask("PATCH", "/settings", settings)

    def advance(self, seconds: float) -> None:
        """Lets so much time pass for the tokens that it has issued."""
        self._ask("POST", "/advance", {"ms": round(seconds * 1000)})

    def forget_tokens(self) -> None:
        """Takes every token for unknown from now on."""
        self._ask("POST", "/forget")

    def deliver(
        self,
        service: Service,
        url: str,
        secret: str | None = None,
        *,
        kind: Kind = "valid",
        wait: bool = True,
        **order: object,
    ) -> list[Attempt]:
        """Sends webhooks to a receiver; returns how the attempts went, once it was taken or given up.

        With `wait=False` it returns at once, for a receiver that cannot answer meanwhile. What else an order may
        say (`events`, `count`, `event_type`, `attempts` …) is in the README of the sandbox.
        """
        given = {"service": service, "url": url, "secret": secret, "kind": kind, **order}
        attempts: list[Attempt] = self._ask("POST", "/webhooks" if wait else "/webhooks?wait=false", given)
        return attempts

    def webhooks(self) -> list[Attempt]:
        """How each attempt to deliver a webhook went, in order."""
        attempts: list[Attempt] = self._ask("GET", "/webhooks")
        return attempts

    def reset(self) -> None:
        """Makes it as fresh as at the start; its addresses stay."""
        self._ask("POST", "/reset")

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        with self._turn:
            try:
                self._admin.request(method, path, None if body is None else json.dumps(body))
                response = self._admin.getresponse()
                text = response.read()
            except BaseException:
                # A connection with half a response takes no other request; the next one opens another.
                self._admin.close()
                raise
        said = json.loads(text)
        if response.status != 200:
            raise SandboxError(said["error"])
        return said
