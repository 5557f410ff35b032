"""Processes that share, one of which aborts at a step of its way through the store: those that are left get
their token, for one token request more at most. The same for every kind of store.
"""

from __future__ import annotations

import resource
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from .fleet import Fleet

STEPS = ("read", "claimed", "answered", "published", "noted")
"""As core/src/store/shared.rs has them: after a look into the store, with the lease, with the server's response,
with the token in the store and the lease still taken, with the refusal of a secret in the store.
"""


OUTLIVING = ROOT / "target/c/outliving"


def outlived_at(step: str, fleet: Fleet, checkpoints: Path) -> subprocess.Popen[str]:
    """A process that forked in the middle of a step and is killed by now. The child, which lives on, says which header
    it got: what is read from here.
    """
    if step == "noted":
        fleet.sandbox.script(error="invalid_client")
    (checkpoints / f"{step}.pause").touch()
    parent = subprocess.Popen(
        [OUTLIVING, checkpoints / f"{step}.reached"],
        env=fleet.variables({"STORE_CHECKPOINTS": str(checkpoints)}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "forked\n"
    parent.kill()
    parent.wait()
    return parent


def killed_at(step: str, *, seconds: float) -> Callable[[Fleet, int, int], Callable[[int], bool]]:
    """The scenario in which the first process to get so far aborts. `seconds` is for what heals a lease."""

    def scenario(fleet: Fleet, count: int, _generations: int) -> Callable[[int], bool]:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        lasts, environment = seconds, {}
        if step == "noted":
            # The renewal is refused, and nobody is the worse for it while the first token lives.
            fleet.sandbox.configure(seek_api_lifetime_s=20)
            fleet.sandbox.script({}, {"error": "invalid_client", "delay_ms": 200})
            environment = {"SEEKAUTH_REFRESH_MARGIN": "10"}
            lasts = 10
        else:
            fleet.sandbox.script(delay_ms=200, times=0)
        with tempfile.TemporaryDirectory() as checkpoints:
            Path(checkpoints, f"{step}.abort").touch()
            fleet.start(count, lasts, environment={**environment, "STORE_CHECKPOINTS": checkpoints})
            fleet.finish()
            aborted = Path(checkpoints, f"{step}.reached").stat().st_ctime
        ended = [member.returncode for member in fleet.members]
        assert sorted(ended) == [-signal.SIGABRT, *[0] * (count - 1)], f"they ended with {ended}"
        later = [at for at in fleet.sandbox.arrivals() if at > aborted]
        fleet.remark = f"next request after {(later[0] - aborted) * 1000:.0f} ms" if later else "no further request"
        usual = 2 if step == "noted" else 1
        return lambda requests: usual <= requests <= usual + 1

    return scenario
