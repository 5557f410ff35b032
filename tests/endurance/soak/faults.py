"""What goes wrong during a soak: passing failures of the token endpoint, one by one and as outages,
connections to it that freeze, end or are refused, new certificates, lifetimes that change, and tokens that
are revoked.
"""

import random
import time
from collections.abc import Mapping
from typing import Any

from harness.judge import Judge
from harness.sandbox import Sandbox

ENDPOINTS = ("seek_api_token", "seek_pass_token")
LIFETIMES_S = (5, 20)
PAUSE_S = (1.0, 4.0)
OUTAGE_S = (1.0, 6.0)
REVOKE_EVERY_S = 20.0
"""Renewals that are forced are limited to five a minute, so this is what a client can follow."""


class Faults:
    """Makes trouble in one sandbox; the same trouble for the same seed."""

    def __init__(self, sandbox: Sandbox, judges: Mapping[str, Judge], dice: random.Random) -> None:
        self._sandbox = sandbox
        self._judges = judges
        self._dice = dice
        self._next_revocation = time.monotonic() + REVOKE_EVERY_S
        self.made = 0
        self.revoked = 0
        self._sandbox.configure(seek_api_lifetime_s=LIFETIMES_S[0], seek_pass_lifetime_s=LIFETIMES_S[0])

    def make_until(self, end: float) -> None:
        """Returns at that moment of the monotonic clock, with nothing wrong any more."""
        while time.monotonic() < end:
            happens = self._dice.choice(
                (self._fail_some, self._fail_some, self._outage, self._age, self._trouble, self._trouble)
            )
            happens(end)
            if time.monotonic() > self._next_revocation:
                self._revoke()
            self._pause(PAUSE_S, end)

    def _pause(self, length: tuple[float, float], end: float) -> None:
        time.sleep(max(0.0, min(self._dice.uniform(*length), end - time.monotonic())))

    def _fail_some(self, _end: float) -> None:
        self.made += 1
        self._script(self._dice.randint(1, 6))

    def _outage(self, end: float) -> None:
        self.made += 1
        self._script(0)
        self._pause(OUTAGE_S, end)
        self._sandbox.clear_script()

    def _trouble(self, _end: float) -> None:
        """Only at the service that nobody but the library speaks with."""
        self.made += 1
        trouble = self._dice.choice(("freeze", "go_away", "refuse", "certificate"))
        if trouble == "refuse":
            times = self._dice.randint(1, 6)
            refusals = ({"drop": "refuse", "endpoint": endpoint, "times": times} for endpoint in ENDPOINTS)
            self._sandbox.script(*refusals)
        elif trouble == "certificate":
            self._sandbox.renew_certificate()
            # Connections keep the one that they began with.
            self._sandbox.trouble("auth", "go_away")
        else:
            self._sandbox.trouble("auth", trouble)

    def _script(self, times: int) -> None:
        """The same trouble for both services, so many times (0: for good)."""
        fault = self._fault()
        self._sandbox.script(*({**fault, "endpoint": endpoint, "times": times} for endpoint in ENDPOINTS))

    def _age(self, _end: float) -> None:
        lifetime = self._dice.randint(*LIFETIMES_S)
        self._sandbox.configure(seek_api_lifetime_s=lifetime, seek_pass_lifetime_s=lifetime)

    def _revoke(self) -> None:
        self._next_revocation = time.monotonic() + REVOKE_EVERY_S
        token = self._judges[self._dice.choice(list(self._judges))].revoke()
        if token:
            self._sandbox.revoke(token)
            self.revoked += 1

    def _fault(self) -> dict[str, Any]:
        seconds = self._dice.randint(1, 4)
        return self._dice.choice(
            (
                {"status": 503},
                {"status": 503, "headers": {"retry-after": str(seconds)}},
                {"status": 502, "html": "<html><body>Bad Gateway</body></html>"},
                {"status": 429, "headers": {"retry-after": str(seconds)}},
                {"error": "server_error"},
                {"html": "<html><body>Welcome to this network</body></html>"},
                {"body": '{"access_token": "torn'},
                {"body": ""},
                {"body_size": 2_000_000},
                {"drop": "before"},
                {"drop": "after_headers"},
                {"drop": "mid_body"},
                {"drop": "mid_body", "drop_with": "close"},
                {"drip_ms": 50},
                {"delay_ms": 250 * seconds},
                {"delay_ms": 4_000},
            )
        )
