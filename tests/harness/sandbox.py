"""The sandbox that plays SEEK: a child process that ends when this one does, whatever ends it, and its
admin endpoint over one connection that is kept.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .paths import SANDBOX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Self

TOKEN = "seek_api_token"
"""The endpoint whose tokens are those of the SEEK API."""
SECRET = "sandbox-live-secret"
PASS_ID = "sandbox-pass"
PASS_SECRET = "sandbox-pass-secret & more=100%"
RESPONDS_WITHIN = 60.0
"""Seconds; far more than the busiest machine takes."""


class Sandbox:
    """A running sandbox. `close()` ends it. Any thread may use it; their requests go out in turn."""

    def __init__(self, program: str | Path = SANDBOX, *, tls: bool = False) -> None:
        self._process = subprocess.Popen(
            [program, "--exit-with-stdin", "--show-secrets", *(["--tls"] if tls else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the sandbox ended before it said where it listens")
        self._began = time.time()
        self.urls: dict[str, str] = json.loads(line)
        self._admin = http.client.HTTPConnection(urlsplit(self.urls["admin"]).netloc, timeout=RESPONDS_WITHIN)
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends it, and waits until it has ended."""
        self._admin.close()
        self._process.communicate(timeout=RESPONDS_WITHIN)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a client of the live SEEK API that takes the sandbox for SEEK."""
        return {
            "environment": "live",
            "client_id": "sandbox-live",
            "client_secret": SECRET,
            "user_agent": "seekauth-tests/1.0",
            "token_url": self.urls["token_url"],
            "api_url": self.urls["graphql_url"],
        }

    def environment(self, user_agent: str) -> dict[str, str]:
        """The same settings as variables, with what a program of any language needs beside them."""
        settings = {"service": "seek_api", **self.settings, "user_agent": user_agent}
        if self.urls["ca_file"]:
            settings["ca_file"] = self.urls["ca_file"]
        variables = {f"SEEKAUTH_{name.upper()}": value for name, value in settings.items()}
        return {**variables, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

    def reset(self) -> None:
        """Makes it as fresh as at the start."""
        self.ask("POST", "/reset")

    def configure(self, **settings: object) -> None:
        """Replaces the settings that are named."""
        self.ask("PATCH", "/settings", settings)

    def script(self, *responses: dict[str, object], **response: object) -> None:
        """Lays down responses, of the token endpoint unless `endpoint` names another; `{}` is the usual one.
        A single one may be given by its fields.
        """
        laid = [*responses, response] if response else responses
        self.ask("POST", "/script", [{"endpoint": TOKEN, **one} for one in laid])

    def clear_script(self) -> None:
        """Forgets the responses that no request has used up."""
        self.ask("DELETE", "/script")

    def release(self) -> None:
        """Lets the responses on hold go."""
        self.ask("POST", "/release")

    def release_once_asked(self) -> None:
        """Lets the response on hold go as soon as the request for it is there."""
        self.wait_for_requests(1)
        self.release()

    def trouble(self, service: str, trouble: str) -> None:
        """`freeze` or `go_away` befalls the connections that the service has open."""
        self.ask("POST", "/trouble", {"service": service, "trouble": trouble})

    def renew_certificate(self) -> None:
        """Connections from now on get another certificate of the same authority."""
        self.ask("POST", "/certificate")

    def revoke(self, token: str) -> None:
        self.ask("POST", "/revoke", {"token": token})

    def requests(self, endpoint: str = TOKEN, *, product: str | None = None) -> int:
        """How many requests have arrived at an endpoint; with `product`, from the user agent of that name."""
        counts = self.ask("GET", "/counts")
        of_these: dict[str, int] = counts["endpoints"] if product is None else counts["user_agents"].get(product, {})
        return of_these.get(endpoint, 0)

    def wait_for_requests(self, count: int, endpoint: str = TOKEN) -> None:
        """Returns once so many requests have arrived there."""
        deadline = time.monotonic() + RESPONDS_WITHIN
        while self.requests(endpoint) < count:
            assert time.monotonic() < deadline, f"{count} requests never arrived at {endpoint}"

    def journal(self, endpoint: str = TOKEN) -> list[dict[str, Any]]:
        """The requests that have arrived at an endpoint, in their order."""
        entries: list[dict[str, Any]] = self.ask("GET", f"/journal?endpoint={endpoint}")
        return entries

    def arrivals(self, endpoint: str = TOKEN) -> list[float]:
        """When they arrived, by the wall clock and a few milliseconds late at most."""
        return [self._began + entry["at_ms"] / 1000 for entry in self.journal(endpoint)]

    def accepts(self, authorization: str) -> bool:
        """Whether the API takes this header value. Threads do not wait for each other here."""
        body = json.dumps({"query": "{ self { partner { name } } }"}).encode()
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        request = urllib.request.Request(self.urls["graphql_url"], body, headers)
        # Proxies are for addresses beyond this machine.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=RESPONDS_WITHIN) as response:
            return "errors" not in json.load(response)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Sends a request to the admin endpoint; returns what it responds."""
        with self._turn:
            self._send(method, path, body)
            return self._receive()

    @contextlib.contextmanager
    def releasing(self) -> Iterator[None]:
        """Lets the responses on hold go, and does not wait for that before the end of the block."""
        with self._turn:
            self._send("POST", "/release")
            try:
                yield
            finally:
                self._receive()

    def _send(self, method: str, path: str, body: object = None) -> None:
        self._admin.request(method, path, None if body is None else json.dumps(body))

    def _receive(self) -> Any:
        response = self._admin.getresponse()
        text = response.read()
        if response.status != http.client.OK:
            raise RuntimeError(f"the sandbox responded {response.status}: {text.decode()}")
        return json.loads(text)
