"""What each scenario is laid in: a sandbox, servers, proxies, and the processes of a fleet."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from cluster import Cluster
from proxy import Proxies, Proxy
from server import Server
from witness import Witness

from harness.fleet import Fleet
from harness.paths import SANDBOX
from harness.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from certificates import Certificates
    from typing_extensions import Self

    Allowed = Callable[[int], bool]
    """Whether so many token requests are right."""
    Scenario = tuple[Callable[["Bed"], Allowed], int, int, int, int]
    """What happens; processes and lifetimes at the small size, and at the full one."""

AUDIENCE = "https://graphql.seek.com"
PREFIX = "seekauth"
COMMANDS = "+get +set +pttl +pexpire +del +time"
"""All that members may do where an access list is kept short."""
USUAL_TIMEOUT = "0.25"
"""Of the store: the default, for scenarios in which the server fails. Elsewhere a busy machine must not look like
that.
"""


@dataclass
class Bed:
    """One scenario's. Ends with all that runs in it."""

    program: str
    """The server's."""
    folder: Path
    count: int
    generations: int
    sandbox: Sandbox = field(init=False)
    fleet: Fleet = field(init=False)
    witness: Witness = field(default_factory=Witness)
    servers: list[Server] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    prefix: str = PREFIX
    """Of all keys, as a pattern."""
    _open: ExitStack = field(default_factory=ExitStack)
    _proxies: Proxies | None = None

    def __enter__(self) -> Self:
        self.sandbox = self._open.enter_context(Sandbox(SANDBOX))
        client = {"client_id": self.witness.client_id, "client_secret": self.witness.client_secret}
        self.sandbox.configure(clients=[{**client, "audiences": [AUDIENCE], "scopes": []}])
        settings = {f"SEEKAUTH_{name.upper()}": value for name, value in client.items()}
        self.fleet = Fleet(self.sandbox, "none", settings)
        return self

    def __exit__(self, *_: object) -> None:
        for member in self.fleet.members:
            member.kill()
        self._open.close()

    def server(self, *lines: str, **options: object) -> Server:
        """One more server. The first one is the members' store."""
        server = Server(self.program, self.folder / f"server-{len(self.servers)}", *lines, **options)  # type: ignore[arg-type]
        self._open.enter_context(server)
        self.servers.append(server)
        if len(self.servers) == 1:
            self.set(store=f"redis://{server.address}")
        return server

    def cluster(self, certificates: Certificates | None = None) -> Cluster:
        cluster = self._open.enter_context(Cluster(self.program, self.folder, certificates))
        self.servers += cluster.nodes
        return cluster

    def proxy(self, server: Server) -> Proxy:
        """In front of a server."""
        if self._proxies is None:
            self._proxies = self._open.enter_context(Proxies())
        return Proxy(self._proxies, server.port)

    def set(self, **settings: str) -> None:
        """Settings of all members."""
        store = settings.pop("store", self.fleet.store)
        variables = {f"SEEKAUTH_{name.upper()}": value for name, value in settings.items()}
        self.fleet.store, self.fleet.environment = store, {**self.fleet.environment, **variables}

    def expect(self, holds: object, otherwise: str) -> None:
        if not holds:
            self.wrong.append(otherwise)

    def url(self, server: Server | Proxy, *, password: str | None = None, user: str = "", scheme: str = "redis") -> str:
        """The setting `store` for a server."""
        secret = "" if password is None else f"{user}:{quote(password, safe='')}@"
        return f"{scheme}://{secret}127.0.0.1:{server.port}"

    def user(self, commands: str, prefix: str = PREFIX) -> str:
        """The rules of a user with the first of the planted passwords."""
        password = hashlib.sha256(self.witness.passwords[0].encode()).hexdigest()
        return f"fleet on #{password} ~{prefix}:* {commands}"
