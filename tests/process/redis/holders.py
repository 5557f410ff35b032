"""Who asks for all takes long, stands still, is killed, or forks in the middle of it."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from judging import SLOW_MS, one_after_the_other, wait_for_all_members

from harness.kills import STEPS, killed_at, outlived_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from bed import Allowed, Bed, Scenario


def slow_token_server(bed: Bed) -> Allowed:
    """Whoever asks keeps the lease for longer than it lasts by itself."""
    bed.server()
    bed.sandbox.script(delay_ms=4500)
    bed.fleet.start(bed.count, 7)
    bed.fleet.finish()
    return lambda requests: requests == 1


def lifeless(bed: Bed) -> Allowed:
    """Tokens that have expired when they come, from a slow server: they are of no use to others."""
    bed.server()
    bed.sandbox.configure(seek_api_lifetime_s=0)
    bed.sandbox.script(delay_ms=SLOW_MS, times=0)
    bed.fleet.start(bed.count, 4)
    bed.fleet.finish()
    one_after_the_other(bed)
    return lambda requests: requests == bed.fleet.total("calls")


def holder_killed(bed: Bed) -> Allowed:
    """Whoever asks is killed while the token server is about to respond; the next goes on when the lease ends."""
    bed.server()
    bed.sandbox.script(hold=True)
    holder = bed.fleet.start(1, 60)[0]
    bed.sandbox.wait_for_requests(1)
    bed.fleet.start(bed.count, 5)
    wait_for_all_members(bed)
    bed.expect(bed.sandbox.requests() == 1, "somebody asks while somebody does")
    killed_at = time.monotonic()
    holder.send_signal(signal.SIGKILL)
    bed.sandbox.wait_for_requests(2)
    bed.figures.append(f"next request {time.monotonic() - killed_at:.2f} s after")
    bed.fleet.finish()
    bed.sandbox.release()
    return lambda requests: requests == 2


def holder_stopped(bed: Bed) -> Allowed:
    """Whoever asks stands still with the lease."""
    bed.server()
    bed.sandbox.script(hold=True)
    holder = bed.fleet.start(1, 60)[0]
    bed.sandbox.wait_for_requests(1)
    holder.send_signal(signal.SIGSTOP)
    bed.fleet.start(bed.count, 6)
    bed.fleet.members.remove(holder)
    bed.fleet.finish()
    holder.kill()
    holder.communicate()
    bed.sandbox.release()
    return lambda requests: requests == 2


def killed_in_step(step: str) -> Callable[[Bed], Allowed]:
    """The first process to get so far aborts. What it leaves behind ends with the lease."""

    def scenario(bed: Bed) -> Allowed:
        bed.server()
        allowed = killed_at(step, seconds=6)(bed.fleet, bed.count, bed.generations)
        bed.figures.append(bed.fleet.remark)
        bed.fleet.remark = ""
        return allowed

    return scenario


def outlived_in_step(step: str) -> Callable[[Bed], Allowed]:
    """A process forks in the middle of a step and is killed. Its child lives on, with a copy of the connection, and
    goes on by itself; others wait for the lease to end, if it was taken.
    """

    def scenario(bed: Bed) -> Allowed:
        server = bed.server()
        checkpoints = bed.folder / "checkpoints"
        checkpoints.mkdir()
        parent = outlived_at(step, bed.fleet, checkpoints)
        # Without what the parent left there, the next one needs the lease.
        for key in (*server.key_names("*:t"), *server.key_names("*:n:*")):
            server.cli("DEL", key)
        bed.fleet.start(1, 1)
        bed.fleet.finish()
        bed.expect(bed.fleet.total("claimed") == 1, "the next one did not get the lease")
        bed.expect(not bed.fleet.total("alone"), "the next one did not wait for the lease")
        header = parent.communicate(timeout=60)[0].strip()
        bed.expect(bed.sandbox.accepts(header), "the child has no token")
        expected = 1 if step in ("read", "claimed") else 2
        return lambda requests: requests == expected

    return scenario


SCENARIOS: dict[str, Scenario] = {
    # name: what happens, processes, lifetimes; and the same at full size
    "token server slow": (slow_token_server, 8, 1, 64, 1),
    "tokens without life": (lifeless, 8, 1, 16, 1),
    "holder killed": (holder_killed, 8, 1, 64, 1),
    "holder stopped": (holder_stopped, 8, 1, 31, 1),
    **{f"killed at {step}": (killed_in_step(step), 8, 1, 64, 1) for step in STEPS},
    **{f"outlived by a child at {step}": (outlived_in_step(step), 1, 1, 1, 1) for step in STEPS},
}
