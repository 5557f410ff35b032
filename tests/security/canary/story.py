"""The story that every program is taken through: credentials from each source, requests through each HTTP client,
and every way to fail that can be provoked, with a secret in whatever the servers say.

Each secret is planted under a role of its own, so that a hit tells where it came from. A client's handle is the
role of its secret; its tokens have the role `token:` and that handle.
"""

import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.sandbox import Sandbox
from harness.search import MARKS, Canary

SOURCES = ("text", "next", "basic", "callback", "file", "command")
"""Where a client has its secret from."""
LIBRARY_ONLY = ("file", "command", "token:file", "token:command")
"""Secrets and tokens that the library alone ever handles: the program neither gives them nor asks for them."""
SURFACES = ("stdout", "stderr", "log", "error", "shown", "file", "memory", "environment")
KINDS = (
    "invalid_argument",
    "network",
    "invalid_credentials",
    "not_granted",
    "throttled",
    "unavailable",
    "protocol",
    "token_rejected",
    "forbidden_origin",
    "credentials_unavailable",
)
"""The errors that the story brings about."""
AUDIENCE = "https://graphql.seek.com"
NOWHERE = "127.0.0.1:1"


class Told(Protocol):
    """A program that carries out commands."""

    def tell(self, verb: str, **fields: object) -> int: ...


class WrongTurnError(Exception):
    """Something succeeded or failed that was to do the opposite."""


@dataclass(frozen=True)
class Plants:
    """What is planted in one program's story."""

    secrets: dict[str, str] = field(default_factory=lambda: {role: fresh() for role in (*SOURCES, "proxy", "other")})
    decoys: dict[str, str] = field(default_factory=lambda: {f"decoy:{surface}": fresh() for surface in SURFACES})

    def canaries(self) -> Iterator[Canary]:
        for role, text in (self.secrets | self.decoys).items():
            yield Canary(text, role)


def fresh() -> str:
    """With letters that a form, a URL and a shell write in their own ways, behind the part that is looked for."""
    return f"{MARKS[0]}{secrets.token_hex(8)} & 100%/+=~"


def clients(plants: Plants) -> list[dict[str, object]]:
    """The clients that the sandbox knows."""
    return [
        {"client_id": f"canary-{role}", "client_secret": plants.secrets[role], "audiences": [AUDIENCE], "scopes": []}
        for role in SOURCES
    ]


class Story:
    """The story of one program, whose planted files go into `folder` and whose commands run there."""

    def __init__(self, program: Told, sandbox: Sandbox, plants: Plants, folder: Path, work: Path) -> None:
        self._program = program
        self._sandbox = sandbox
        self._secrets = plants.secrets
        self._decoys = plants.decoys
        self._folder = folder
        self._work = work
        self._failures = 0

    def tell(self) -> None:
        self._sandbox.configure(seek_api_accepts_form=True)
        self._live()
        self._be_refused()
        self._misconfigure()
        self._lose_credentials()
        self._lose_connections()
        self._lose_store()
        self._be_rejected()
        for handle in ("text", "callback"):
            self._program.tell("panic", handle=handle)
        for handle in SOURCES:
            self._succeed("show", handle=handle)

    def plant(self) -> None:
        """Puts a hit where the search has to find it, in each surface."""
        named = {role.removeprefix("decoy:"): text for role, text in self._decoys.items()}
        named.pop("environment")
        self._program.tell("plant", **named)

    def _live(self) -> None:
        """Tokens from each source, used in each way."""
        for role in SOURCES:
            self._succeed("new", **self._settings(role))
            self._succeed("graphql", handle=role)
            self._succeed("show", handle=role)
        for role in SOURCES:
            if role not in LIBRARY_ONLY:
                self._succeed("get", handle=role)
                self._succeed("send", **self._request(role, self._sandbox.urls["graphql_url"]))
        self._meet_error("send", **self._request("text", self._sandbox.urls["foreign"]))
        self._meet_error("send", **self._request("text", f"http://{NOWHERE}/"))

    def _request(self, handle: str, url: str) -> dict[str, object]:
        return {"handle": handle, "url": url, "ca_file": self._sandbox.urls["ca_file"]}

    def _succeed(self, verb: str, **fields: object) -> None:
        if self._program.tell(verb, **fields):
            raise WrongTurnError(f"{verb} of {fields['handle']} failed")

    def _meet_error(self, verb: str, **fields: object) -> None:
        if not self._program.tell(verb, **fields):
            raise WrongTurnError(f"{verb} of {fields['handle']} did not fail")

    def _be_refused(self) -> None:
        """What a token endpoint may say that has heard the secret."""
        secret, token = self._secrets["text"], self._secrets["other"]
        words = f"the secret {secret} is not good"
        told: list[dict[str, Any]] = [
            {"status": 401, "json": {"error": "invalid_client", "error_description": words}},
            {"status": 401, "json": {"error": secret}},
            {"status": 401, "html": f"<html>{words}</html>"},
            {"status": 400, "json": {"error": "invalid_request", "error_description": words, "error_uri": secret}},
            {"status": 400, "body": words},
            {"status": 403, "json": {"error": "access_denied", "error_description": words}},
            {"status": 418, "headers": {"x-said": secret}, "json": {"error": "odd", "client_secret": secret}},
            {"status": 429, "headers": {"retry-after": secret}, "json": {"error": secret}},
            {"status": 500, "body": words},
            {"status": 503, "html": f"<html>{words}</html>"},
            {"redirect": f"{{foreign}}/?client_secret={MARKS[0]}{secret[len(MARKS[0]) : 25]}"},
            {"body": f'{{"access_token": "{token}'},
            {"body": words},
            {"json": {"access_token": f"{token}\n", "token_type": "Bearer", "expires_in": 60}},
            {"json": {"access_token": token, "token_type": f"mac {token}", "expires_in": 60}},
            {"json": {"access_token": token, "token_type": "Bearer", "expires_in": f"soon {token}"}},
            {"json": {"access_token": token, "token_type": "Bearer"}},
            {"json": [token, secret]},
            {"body_size": 200_000, "body_start": words},
            {"drop": "before"},
            {"body": words, "drop": "mid_body"},
        ]
        for answer in told:
            self._sandbox.script({**answer, "times": 0})
            self._fail()
            self._sandbox.ask("DELETE", "/script")
        for answer in ({"status": 401, "body": words}, {"status": 503, "body": words}):
            self._sandbox.script({**answer, "times": 0})
            self._fail("basic")
            self._sandbox.ask("DELETE", "/script")

    def _misconfigure(self) -> None:
        secret, proxy = self._secrets["text"], self._secrets["proxy"]
        word = secret[:25]
        for wrong in (
            {"client_secret": f" {secret}"},
            {"client_secret": f"{secret}\n"},
            {"client_secret_next": f"{secret} "},
            {"client_id": f"{secret}\n"},
            {"user_agent": word},
            {"environment": word},
            {"service": word},
            {"token_url": f"https://name:{word}@127.0.0.1/"},
            {"token_url": f"http://example.com/{word}"},
            {"api_url": f"{word}://{word}"},
            {"proxy": f"ftp://name:{proxy[:25]}@127.0.0.1"},
            {"proxy": f"name:{proxy[:25]}@127.0.0.1"},
            {"extra_parameters": f"client_secret={word}"},
            {"accept_language": f"{word}\n"},
            {"credentials_file": f"{self._folder}/nothing", "client_secret": secret},
            {"token_endpoint_auth_method": word},
            {"store": word},
            {"store": f"local:{word}"},
        ):
            self._meet_error("new", **{**self._settings("text"), "handle": "wrong", **wrong})

    def _lose_credentials(self) -> None:
        secret = self._secrets["other"]
        torn = self._file("torn.json", f'{{"client_id": "canary-text", "client_secret": "{secret}')
        two = self._file("two-lines", f"{secret}\n{secret}\n")
        complaint = self._file("complain.sh", f"echo '{secret}'; echo '{secret}' >&2; exit 3")
        babble = self._file("babble.sh", f"echo '{secret}'; echo '{secret}' >&2")
        for source in (
            {"credentials_file": torn},
            {"credentials_file": f"{self._folder}/nothing"},
            {"client_id": "canary-text", "client_secret_file": two},
            {"credentials_command": f"/bin/sh {complaint}"},
            {"credentials_command": f"/bin/sh {babble}"},
            {"callback_fails": f"there is {secret} but not for you"},
            {"callback": f"{secret}\n", "callback_id": "canary-text"},
            {"callback": self._secrets["callback"], "callback_id": "a-stranger"},
        ):
            self._fail(**source)

    def _lose_connections(self) -> None:
        proxy = f"name:{self._secrets['proxy'][:25]}"
        self._fail("text", token_url=f"https://{NOWHERE}/oauth/token")
        self._fail("text", proxy=f"http://{proxy}@{NOWHERE}")
        self._fail("text", proxy=f"http://{proxy}@{self._sandbox.urls['foreign'].split('//')[1]}")
        # The sandbox's certificate is of no authority that a client trusts that is told of none.
        self._fail("text", ca_file=None)

    def _lose_store(self) -> None:
        """Stores that cannot be used, and the note of a refused secret in one that can."""
        secret = self._secrets["text"]
        for unusable in (
            {"store": f"local:/nowhere/{secret[:25]}"},
            {"store": f"local:{self._file(secret[:25], secret)}"},
            {"store": f"local:{self._work}/store", "store_key_file": self._file("short-key", secret[:25])},
        ):
            self._succeed("new", **{**self._settings("text"), "handle": "alone", **unusable})
            for verb in ("graphql", "show", "close"):
                self._succeed(verb, handle="alone")
        self._sandbox.script(status=401, json={"error": "invalid_client", "error_description": secret}, times=0)
        self._fail(**self._shared(), timeout_ms=30_000)
        self._sandbox.clear_script()

    def _be_rejected(self) -> None:
        """An API that takes no token, and says which."""
        secret = self._secrets["text"]
        words = {
            # A path of GraphQL's own holds names alone.
            "text": {"message": f"the token is not good, nor is {secret}", "path": [re.sub(r"\W", "_", secret)]},
            "file": {"message": "the token is not good", "path": ["self", 0]},
        }
        for role, entry in words.items():
            rejection = {"errors": [{**entry, "extensions": {"code": "UNAUTHENTICATED"}}]}
            self._script_api({"json": rejection, "times": 0})
            if role == "text":
                self._meet_error("send", **self._request(role, self._sandbox.urls["graphql_url"]))
            self._program.tell("graphql", handle=role)
            self._sandbox.ask("DELETE", "/script")
        for answer in ({"status": 500, "body": "no"}, {"body": "torn {"}, {"drop": "before"}, {"drop": "mid_body"}):
            self._script_api({**answer, "times": 0})
            self._program.tell("graphql", handle="text")
            self._sandbox.ask("DELETE", "/script")

    def _script_api(self, answer: dict[str, object]) -> None:
        self._sandbox.ask("POST", "/script", [{"endpoint": "graphql", **answer}])

    def _fail(self, role: str = "text", **changes: object) -> None:
        """A client of its own whose every call fails: a failure is remembered."""
        settings = {**self._settings(role), "handle": f"failing-{self._failures}", "timeout_ms": 1500}
        self._failures += 1
        if any(name.startswith(("credentials", "callback", "client_secret_file")) for name in changes):
            del settings["client_id"], settings["client_secret"]
        settings |= changes
        self._succeed("new", **{name: value for name, value in settings.items() if value is not None})
        self._meet_error("graphql", handle=settings["handle"])
        self._succeed("show", handle=settings["handle"])
        self._program.tell("close", handle=settings["handle"])

    def _settings(self, role: str) -> dict[str, object]:
        secret, client_id = self._secrets[role], f"canary-{role}"
        urls = self._sandbox.urls
        seek = {
            "handle": role,
            "service": "seek_api",
            "environment": "live",
            "user_agent": f"canary-{role}/1.0",
            "token_url": urls["token_url"],
            "api_url": urls["graphql_url"],
            "ca_file": urls["ca_file"],
            "timeout_ms": 30_000,
        }
        given = {"client_id": client_id, "client_secret": secret}
        match role:
            case "next":
                # What it puts into the store is searched like every file that it leaves.
                shared = {**seek, **self._shared()}
                return {**shared, **given, "client_secret": "of-last-year", "client_secret_next": secret}
            case "basic":
                oauth = {**seek, **given, "service": "oauth", "audience": AUDIENCE}
                del oauth["environment"]
                return {**oauth, "token_endpoint_auth_method": "client_secret_basic"}
            case "callback":
                return {**seek, "callback": secret, "callback_id": client_id}
            case "file":
                return {**seek, "client_id": client_id, "client_secret_file": self._file("secret", f"{secret}\n")}
            case "command":
                document = self._file("document.json", json.dumps(given))
                script = f"env > {self._work}/child.txt; tr '\\0' ' ' < /proc/$$/cmdline >> {self._work}/child.txt"
                printer = self._file("print.sh", f"{script}; cat {document}")
                return {**seek, "credentials_command": f"/bin/sh {printer}"}
        return {**seek, **given}

    def _shared(self) -> dict[str, object]:
        """A store of the program's own, which no busy machine is a reason to go on without."""
        return {"store": f"local:{self._work}/store", "store_timeout_ms": 10_000}

    def _file(self, name: str, text: str) -> str:
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return os.fspath(path)


def tokens(sandbox: Sandbox) -> Iterator[Canary]:
    """The tokens that arrived at the API, each under the role of the client that sent it."""
    seen = set()
    for entry in sandbox.ask("GET", "/journal?endpoint=graphql"):
        role = entry["headers"]["user-agent"].partition("/")[0].removeprefix("canary-")
        value = entry["headers"].get("authorization", "").removeprefix("Bearer ")
        if value and value not in seen:
            seen.add(value)
            yield Canary(value, f"token:{role}")
