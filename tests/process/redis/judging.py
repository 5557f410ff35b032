"""What the scenarios have in common: how long things last, what they wait for, and how they are judged."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from harness.process import wait_until

if TYPE_CHECKING:
    from bed import Allowed, Bed

LIFETIME_S = 4
"""Of tokens, where they are renewed."""
BUSY_S = 9
"""How long members run while something is wrong."""
SLOW_MS = 1300
"""What a slow token server takes: longer than a lease is left to itself, and than a mark lasts."""
REPLACED_AFTER_S = 6.5
"""How old a token has to be that is replaced for being rejected, and a little."""
WITHIN_S = 30
POLL_S = 0.02


def run_for(bed: Bed, seconds: float) -> None:
    """All of them, tokens of a few seconds."""
    bed.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
    bed.fleet.start(bed.count, seconds)
    bed.fleet.finish()


def shared(bed: Bed, seconds: float) -> Allowed:
    """The requests are those of one process, for so long."""
    published = bed.fleet.total("published")
    most = seconds / LIFETIME_S * 1.25 / 0.72 + 1
    return lambda requests: abs(requests - published) <= 1 and requests <= most


def at_most_each_alone(bed: Bed, seconds: float = BUSY_S) -> Allowed:
    """Not more than without a store."""
    return lambda requests: requests <= bed.count * (seconds / LIFETIME_S * 1.25 / 0.72 + 1)


def alone(bed: Bed) -> None:
    """That each did as without a store, and said why."""
    problems = {end["problem"] for end in bed.fleet.ends}
    bed.expect(all(problems), "somebody says nothing of the problem")
    bed.expect(not bed.fleet.total("adopted") and not bed.fleet.total("published"), "somebody used the store")
    bed.figures += [f"says: {problem}" for problem in sorted(problems)]


def one_after_the_other(bed: Bed) -> None:
    """That nobody waited for more than one request of another process."""
    longest = max(end["longest_ms"] for end in bed.fleet.ends)
    bed.expect(longest < 3 * SLOW_MS, f"somebody waited for {longest:.0f} ms")


def quantiles(bed: Bed, what: str) -> str:
    """The spread of a figure over the members."""
    values = sorted(end[what] for end in bed.fleet.ends)
    return f"{values[0]:.1f} to {values[-1]:.1f}, median {statistics.median(values):.1f} ms"


def wait_for_all_members(bed: Bed) -> None:
    """Returns once each of them has come to the server."""
    wait_until(
        lambda: len({command.client for server in bed.servers for command in server.commands()}) >= bed.count,
        "they do not use the store",
        within_s=WITHIN_S,
        poll_s=POLL_S,
    )
