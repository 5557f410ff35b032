"""What a client may wait for that never ends."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.paths import ROOT
from harness.sandbox import Sandbox

PRELOADED = ROOT / "target" / "blockers" / "hang.so"
DEADLINE_MS = 300
STORE_TIMEOUT_S = 0.25
"""The default of `store_timeout`."""

Settings = dict[str, object]
Environment = dict[str, str]


@dataclass
class Place:
    """Where a cell runs, and what its blocker needs there."""

    folder: Path
    sandbox: Sandbox
    silent: str
    """Host and port of a server that accepts connections and says nothing."""
    authority: str
    """A file with a certificate."""

    def fifo(self, name: str = "fifo") -> str:
        """A pipe that nobody writes to."""
        os.mkfifo(path := self.folder / name)
        return str(path)

    def on_mount(self, name: str, text: str = "") -> str:
        """A file on the mount that hangs, now or later."""
        self.mount.mkdir(exist_ok=True)
        path = self.mount / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    @property
    def mount(self) -> Path:
        return self.folder / "mount"

    @property
    def gone(self) -> Path:
        """Once it is there, the mount hangs."""
        return self.folder / "gone"

    @property
    def reached(self) -> Path:
        """It is there once something preloaded hangs."""
        return self.folder / "reached"

    @property
    def nowhere(self) -> str:
        """A token endpoint for https that is never reached."""
        return f"https://{self.silent}/token"


@dataclass(frozen=True)
class Blocker:
    """Something that never ends."""

    settings: Callable[[Place], Settings]
    """Of the client that meets it, beside the usual ones; `None` leaves one out."""
    environment: Callable[[Place], Environment] = lambda _: {}
    is_reached: Callable[[Place], bool] = lambda _: True
    """Whether it has begun, where that can be told."""
    costs_s: float | None = None
    """How long a call waits for it at most, where it then goes on without."""


def _without_secret(settings: Settings) -> Settings:
    return {"client_secret": None, **settings}


def _without_credentials(settings: Settings) -> Settings:
    return {"client_id": None, "client_secret": None, **settings}


def _is_hanging(place: Place) -> bool:
    return place.reached.exists()


def _preloaded(place: Place, **variables: str) -> Environment:
    return {"LD_PRELOAD": str(PRELOADED), "BLOCKERS_REACHED": str(place.reached), **variables}


def _mount_that_goes(place: Place) -> Environment:
    return _preloaded(place, BLOCKERS_MOUNT=str(place.mount), BLOCKERS_GONE=str(place.gone))


def _mount_that_is_gone(place: Place) -> Environment:
    return _preloaded(place, BLOCKERS_MOUNT=str(place.mount))


def _authorities_on_mount(place: Place) -> Environment:
    return {**_mount_that_is_gone(place), "SSL_CERT_FILE": str(place.mount / "authorities.pem")}


def _silent_names(place: Place) -> Environment:
    return _preloaded(place, BLOCKERS_LOOKUP="1")


def _secret(place: Place) -> Settings:
    return _without_secret({"client_secret_file": place.on_mount("secret", "secret")})


def _credentials(place: Place) -> Settings:
    text = '{"client_id": "id", "client_secret": "secret"}'
    return _without_credentials({"credentials_file": place.on_mount("credentials", text)})


def _authority(place: Place) -> Settings:
    ca_file = place.on_mount("ca.pem", Path(place.authority).read_text())
    return {"ca_file": ca_file, "token_url": place.nowhere}


def _store(place: Place) -> Settings:
    place.mount.mkdir(exist_ok=True)
    return {"store": f"local:{place.mount / 'store'}"}


def _quickly(settings: Callable[[Place], Settings]) -> Callable[[Place], Settings]:
    """With a bound for what making the client may wait for."""
    return lambda place: {**settings(place), "connect_timeout_ms": DEADLINE_MS}


def _to_silence(scheme: str) -> Blocker:
    return Blocker(lambda place: {"token_url": f"{scheme}://{place.silent}/token"})


BLOCKERS: dict[str, Blocker] = {
    "secret file is a pipe": Blocker(lambda place: _without_secret({"client_secret_file": place.fifo()})),
    "credentials file is a pipe": Blocker(lambda place: _without_credentials({"credentials_file": place.fifo()})),
    "ca_file is a pipe": Blocker(lambda place: {"ca_file": place.fifo(), "token_url": place.nowhere}),
    "client certificate is a pipe": Blocker(
        lambda place: {
            "client_certificate_file": place.fifo(),
            "client_key_file": place.fifo("key"),
            "token_url": place.nowhere,
        }
    ),
    "secret on a mount that goes": Blocker(_secret, _mount_that_goes, _is_hanging),
    "credentials on a mount that goes": Blocker(_credentials, _mount_that_goes, _is_hanging),
    "ca_file on a mount that goes": Blocker(_authority, _mount_that_goes),
    "secret on a mount that is gone": Blocker(_quickly(_secret), _mount_that_is_gone),
    "credentials on a mount that is gone": Blocker(_quickly(_credentials), _mount_that_is_gone),
    "ca_file on a mount that is gone": Blocker(_quickly(_authority), _mount_that_is_gone),
    "system's authorities on one": Blocker(lambda place: {"token_url": place.nowhere}, _authorities_on_mount),
    "store on a mount that goes": Blocker(_store, _mount_that_goes, _is_hanging),
    "store on a mount that is gone": Blocker(_store, _mount_that_is_gone, _is_hanging, costs_s=STORE_TIMEOUT_S),
    "command that hangs": Blocker(lambda _: _without_credentials({"credentials_command": "sleep 1000"})),
    "name server that does not respond": Blocker(
        lambda _: {"token_url": "http://localhost/token"}, _silent_names, _is_hanging
    ),
    "credentials function that hangs": Blocker(lambda _: _without_credentials({"provider": "stuck"})),
    "asynchronous one that hangs": Blocker(
        lambda _: _without_credentials({"provider": "stuck", "provider_async": "true"})
    ),
    "token endpoint that hangs": Blocker(lambda _: {}, is_reached=lambda place: place.sandbox.requests() > 0),
    "server that accepts and says nothing": _to_silence("http"),
    "server that says nothing to TLS": _to_silence("https"),
    "proxy that says nothing": Blocker(
        lambda place: {"proxy": f"http://{place.silent}", "token_url": "https://api.example.invalid/token"}
    ),
}

WITHOUT = {
    # It runs on the thread of the program's own code, which then is the program that hangs.
    ("credentials function that hangs", "Node"),
}
