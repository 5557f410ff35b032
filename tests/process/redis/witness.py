"""What a stranger sees who reads everything in and about the store: keys, values, MONITOR, logs, and what members
print. Nothing in it may be a secret, and no command may be one that is forbidden somewhere.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.search import MARKS, Canary, Search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server import Command, Server

    from harness.fleet import Fleet

LONGEST_LIFE_MS = 30 * 24 * 3600 * 1000
KEY = r"{prefix}:1:\{{[0-9a-f]{{32}}\}}:(t|l|n:[0-9a-f]{{32}})"
FORMS = (
    r"AUTH \(REDACTED\)( \(REDACTED\))?",
    r"SELECT [0-9]+",
    r"(GET|PTTL|DEL) KEY",
    r"PEXPIRE KEY TIME",
    r"SET KEY VALUE( [NX]X)? PX TIME( [NX]X)?",
    r"TIME",
)
"""All that is sent, as MONITOR shows it, which keeps the arguments of AUTH to itself."""


def fresh() -> str:
    """Behind the part that is looked for stands what a URL writes in its own way."""
    return f"{MARKS[0]}{secrets.token_hex(8)}@:/?#%"


@dataclass
class Witness:
    """What was planted in one scenario, and what was wrong."""

    client_id: str = field(default_factory=fresh)
    client_secret: str = field(default_factory=fresh)
    passwords: list[str] = field(default_factory=lambda: [fresh(), fresh()])
    """Of the server: that which is there at first, and another."""

    def wrong(self, servers: list[Server], fleet: Fleet, prefix: str) -> Iterator[str]:
        """Looks at it all, at the end of a scenario. `prefix` is a pattern."""
        planted = [Canary(self.client_id, "client id"), Canary(self.client_secret, "client secret")]
        planted += [Canary(password, "password") for password in self.passwords]
        # The part that all tokens begin with is as good as a token.
        search = Search([*planted, Canary(MARKS[1], "token")])
        for place, data in self._places(servers, fleet):
            for (role, form), times in search.look(data).hits.items():
                yield f"{place} has a {role} ({form}), {times} times"
        for server in servers:
            for command in server.commands():
                if not is_allowed(command, prefix):
                    yield f"sent {' '.join(command.words)[:120]}"
            if b"Protocol error" in server.log.read_bytes():
                yield "the server's log speaks of an error in the protocol"

    @staticmethod
    def _places(servers: list[Server], fleet: Fleet) -> Iterator[tuple[str, bytes]]:
        yield "what the members print", json.dumps(fleet.ends, ensure_ascii=False).encode()
        for number, server in enumerate(servers):
            server.settle()
            yield f"MONITOR of server {number}", server.observed.read_bytes()
            yield f"the log of server {number}", server.log.read_bytes()
            yield f"the access log of server {number}", server.cli("ACL", "LOG")
            for key in server.key_names():
                yield f"a key of server {number}", key
                yield f"a value of server {number}", server.value(key)


def is_allowed(command: Command, prefix: str) -> bool:
    """Whether it is one of the few, with keys that an access list knows, and a life that ends."""
    name, *words = command.words
    shape = [name.upper()]
    for word in words:
        if re.fullmatch(KEY.format(prefix=prefix), word):
            shape.append("KEY")
        elif name.upper() == "SET" and len(shape) == 2:
            shape.append("VALUE")
        elif word.isdigit() and name.upper() != "SELECT":
            shape.append("TIME" if 0 < int(word) <= LONGEST_LIFE_MS else "FOREVER")
        else:
            shape.append(word.upper())
    return any(re.fullmatch(form, " ".join(shape)) for form in FORMS)


def adoption_lag_s(commands: list[Command]) -> float | None:
    """Between the first token put there and the last one that somebody took over, with everybody there from the
    start.
    """
    put = [command.at for command in commands if command.words[0].upper() == "SET" and command.words[1].endswith(":t")]
    read = [command.at for command in commands if command.words[0].upper() == "GET"]
    return max(read) - put[0] if put and read else None
