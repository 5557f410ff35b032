"""The sandbox that stands in for SEEK, as the runner sees it."""

import json
import subprocess
import urllib.request

TOKEN = "seek_api_token"
ANSWERS_WITHIN = 60
"""Seconds; far more than the busiest machine takes."""


class Sandbox:
    """A running sandbox. It ends with `close()`, or with this process, whatever ends that."""

    def __init__(self, program):
        self._process = subprocess.Popen(
            [program, "--exit-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        # Proxies are for what is out there.
        self._http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.urls = json.loads(self._process.stdout.readline())

    def close(self):
        self._process.communicate(timeout=ANSWERS_WITHIN)

    def environment(self, agent):
        """What a program needs to know in order to take the sandbox for SEEK."""
        return {
            "SEEKAUTH_SERVICE": "seek_api",
            "SEEKAUTH_ENVIRONMENT": "live",
            "SEEKAUTH_CLIENT_ID": "sandbox-live",
            "SEEKAUTH_CLIENT_SECRET": "sandbox-live-secret",
            "SEEKAUTH_USER_AGENT": f"{agent}/1.0",
            "SEEKAUTH_TOKEN_URL": self.urls["token_url"],
            "SEEKAUTH_API_URL": self.urls["graphql_url"],
            "SEEKAUTH_TIMEOUT": "300",
            "PREFORK_ADMIN": self.urls["admin"],
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def issue(self, lifetime_s):
        """From now on tokens live this long."""
        self._ask("PATCH", "/settings", {"seek_api_lifetime_s": lifetime_s})

    def script(self, *answers):
        """What the next token requests get, one after the other; `{}` is the usual answer."""
        self._ask("POST", "/script", [{"endpoint": TOKEN, **answer} for answer in answers])

    def release(self):
        self._ask("POST", "/release")

    def token_requests(self):
        return self._ask("GET", "/counts")["endpoints"].get(TOKEN, 0)

    def token_request_times(self):
        """When each token request arrived, in milliseconds, in their order."""
        return [entry["at_ms"] for entry in self._ask("GET", f"/journal?endpoint={TOKEN}")]

    def accepts(self, authorization):
        """Whether the API takes this header value."""
        body = json.dumps({"query": "{ self { partner { name } } }"}).encode()
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        request = urllib.request.Request(self.urls["graphql_url"], body, headers)
        with self._http.open(request, timeout=ANSWERS_WITHIN) as reply:
            return "errors" not in json.load(reply)

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.urls["admin"] + path, data, method=method)
        with self._http.open(request, timeout=ANSWERS_WITHIN) as reply:
            return json.load(reply)
