"""The sandbox as the orchestrator sees it: started, set up for the story, asked what arrived.

It runs as a child process that ends when this one does, whatever ends it.
"""

import json
import subprocess
import urllib.request
from typing import Any

from steps import SEEK_API, SEEK_PASS

TOKEN_DELAY_MS = 100
"""How long it takes over a token, so that a caller who waited for one is found out."""
API_DELAY_MS = 10
"""How long it takes over another request, so that callers who never pause leave others some air."""
PASS_LIFETIME_S = 6
"""The life of a SEEK Pass token, short so that a renewal ahead of its end can be watched."""

SECRETS = ("sandbox-live-secret", "sandbox-pass-secret")
TOKENS = "sandbox-seek-"
"""What every token of the sandbox has in it."""

ENDPOINTS = {
    SEEK_API: ("seek_api_token", "graphql"),
    SEEK_PASS: ("seek_pass_token", "seek_pass_api"),
}
"""For each service, where tokens are asked for and where they are used."""


class Sandbox:
    """A running sandbox. `close()` ends it."""

    def __init__(self, program: str) -> None:
        self._process = subprocess.Popen(
            [program, "--exit-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        # Proxies are for what is out there.
        self._http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the sandbox ended before it said where it listens")
        self.urls: dict[str, str] = json.loads(line)
        self._ask("PATCH", "/settings", {"seek_pass_lifetime_s": PASS_LIFETIME_S})
        for asking, using in ENDPOINTS.values():
            self._delay(asking, TOKEN_DELAY_MS)
            self._delay(using, API_DELAY_MS)

    def close(self) -> None:
        """Ends it, and waits until it has ended."""
        self._process.communicate(timeout=10)

    def environment(self) -> dict[str, str]:
        """What a program needs to know in order to take the sandbox for SEEK."""
        return {
            "SEEKAUTH_SERVICE": SEEK_API,
            "SEEKAUTH_ENVIRONMENT": "live",
            "SEEKAUTH_CLIENT_ID": "sandbox-live",
            "SEEKAUTH_CLIENT_SECRET": "sandbox-live-secret",
            "SEEKAUTH_TOKEN_URL": self.urls["token_url"],
            "SEEKAUTH_API_URL": self.urls["graphql_url"],
            "DEMO_PASS_CLIENT_ID": "sandbox-pass",
            "DEMO_PASS_CLIENT_SECRET": "sandbox-pass-secret & more=100%",
            "DEMO_PASS_URL": self.urls["pass"],
            "DEMO_SANDBOX": self.urls["admin"],
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def token_requests(self, agent: str, service: str) -> int:
        """How many token requests came from the user agent of that name."""
        counts: dict[str, int] = self._ask("GET", "/counts")["user_agents"].get(agent, {})
        return counts.get(ENDPOINTS[service][0], 0)

    def tokens_used(self, agent: str, service: str) -> list[str]:
        """The tokens that the user agent of that name sent to the service's API, in their order."""
        entries = self._ask("GET", f"/journal?endpoint={ENDPOINTS[service][1]}")
        headers = (
            entry["headers"].get("authorization", "")
            for entry in entries
            if entry["headers"].get("user-agent", "").startswith(f"{agent}/")
        )
        return list(dict.fromkeys(headers))

    def _delay(self, endpoint: str, milliseconds: int) -> None:
        self._ask("POST", "/script", {"endpoint": endpoint, "delay_ms": milliseconds, "times": 0})

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.urls["admin"] + path, data, method=method)
        with self._http.open(request, timeout=10) as reply:
            return json.load(reply)
