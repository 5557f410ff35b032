"""All is well: what sharing is for, and what it costs."""

from __future__ import annotations

import itertools
import statistics
import time
from typing import TYPE_CHECKING

from judging import (
    LIFETIME_S,
    POLL_S,
    REPLACED_AFTER_S,
    WITHIN_S,
    quantiles,
    run_for,
    shared,
    wait_for_all_members,
)
from witness import adoption_lag_s

from harness.process import wait_until

if TYPE_CHECKING:
    from bed import Allowed, Bed, Scenario


def lifetimes(bed: Bed) -> Allowed:
    """Tokens of a few seconds, for several of their lifetimes."""
    server = bed.server()
    seconds = LIFETIME_S * bed.generations
    run_for(bed, seconds)
    received = server.cli("INFO", "stats").decode()
    connections = next(line for line in received.split() if line.startswith("total_connections_received:"))
    bed.figures.append(f"{bed.fleet.total('published')} tokens published, {connections.replace(':', ' ')}")
    return shared(bed, seconds)


def cold_start(bed: Bed) -> Allowed:
    """All at once, and a server that takes its time."""
    server = bed.server()
    bed.sandbox.script(delay_ms=200)
    bed.fleet.start(bed.count, 3)
    bed.fleet.finish()
    server.settle()
    lag = adoption_lag_s(list(server.commands()))
    bed.expect(lag is not None, "no token was put there")
    bed.figures.append(f"first calls {quantiles(bed, 'first_ms')}; adopted by all {(lag or 0) * 1e3:.0f} ms after")
    return lambda requests: requests == 1


def adopting(bed: Bed) -> Allowed:
    """What a first call takes alone, with a store, and with a token in it; one process after the other."""
    server = bed.server()
    with_store = bed.fleet.store
    kinds = {"without a store": ("none", True), "asking": (with_store, True), "adopting": (with_store, False)}
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _, (kind, (store, is_flushed)) in itertools.product(range(bed.generations), kinds.items()):
        if is_flushed:
            server.cli("FLUSHALL")
        bed.set(store=store)
        bed.fleet.members = bed.fleet.start(1, 0.01)
        bed.fleet.finish()
        took[kind].append(bed.fleet.ends[-1]["first_ms"])
    for kind, values in took.items():
        bed.figures.append(f"{kind}: {min(values):.1f} to {max(values):.1f}, median {statistics.median(values):.1f} ms")
    return lambda requests: requests == 2 * bed.generations


def slow_network(bed: Bed) -> Allowed:
    """What a first call takes more, in round trips of a slow network. Proxies on this machine connect at once, so a
    connection counts as one.
    """
    server = bed.server()
    proxy = bed.proxy(server)
    proxy.latency_s = 0.05
    bed.set(store=bed.url(proxy))
    turns = []
    for _ in range(bed.generations):
        server.cli("FLUSHALL")
        before = proxy.turns
        bed.fleet.members = bed.fleet.start(1, 0.01)
        bed.fleet.finish()
        wait_until(lambda: not proxy.open, "the connection stays open", within_s=WITHIN_S, poll_s=POLL_S)
        turns.append(proxy.turns - before)
    first = [end["first_ms"] for end in bed.fleet.ends]
    bed.figures.append(
        f"{max(turns)} round trips, connecting and giving back included; "
        f"first call {min(first):.0f} to {max(first):.0f} ms at 100 ms each"
    )
    bed.expect(max(turns) <= 5, f"{max(turns)} round trips")
    return lambda requests: requests == bed.generations


def idle(bed: Bed) -> Allowed:
    """With tokens that live long, nobody stays connected."""
    server = bed.server()
    bed.fleet.start(bed.count, 4)
    wait_for_all_members(bed)
    wait_until(lambda: not server.clients(), "connections stay open", within_s=3, poll_s=POLL_S)
    seen = [len(server.clients()) for _ in range(40)]
    bed.fleet.finish()
    bed.expect(not any(seen), f"up to {max(seen)} connections are open while there is nothing to do")
    bed.figures.append(f"{max(seen)} connections in {len(seen)} looks at CLIENT LIST")
    return lambda requests: requests == 1


def revoking(bed: Bed) -> Allowed:
    """A token server that revokes the previous token with each new one, and workers that send requests."""
    bed.server()
    bed.sandbox.configure(seek_api_lifetime_s=LIFETIME_S, revoke_previous=True)
    seconds = LIFETIME_S * bed.generations
    bed.fleet.start(bed.count, seconds, graphql=True)
    bed.fleet.finish()
    calls = len(bed.sandbox.journal("graphql"))
    bed.figures.append(f"{calls - bed.fleet.total('calls')} calls sent once more")
    return lambda requests: requests <= bed.generations * 3


def rejected(bed: Bed) -> Allowed:
    """The API rejects the token of all: one of them gets another, and the others take that over."""
    bed.server()
    bed.fleet.start(bed.count, REPLACED_AFTER_S + 3, graphql=True)
    bed.sandbox.wait_for_requests(1)
    # One that is younger is not replaced, whoever rejects it.
    time.sleep(REPLACED_AFTER_S)
    bed.sandbox.revoke(bed.sandbox.journal("graphql")[-1]["headers"]["authorization"].removeprefix("Bearer "))
    bed.fleet.finish()
    again = len(bed.sandbox.journal("graphql")) - bed.fleet.total("calls")
    bed.figures.append(f"{again} calls sent once more")
    bed.expect(0 < again <= bed.count, f"{again} calls were rejected")
    return lambda requests: requests == 2


SCENARIOS: dict[str, Scenario] = {
    # name: what happens, processes, lifetimes; and the same at full size
    "several lifetimes": (lifetimes, 16, 3, 64, 10),
    "several lifetimes, many": (lifetimes, 24, 2, 200, 10),
    "cold start": (cold_start, 16, 1, 64, 1),
    "one after the other": (adopting, 1, 5, 1, 30),
    "slow network": (slow_network, 1, 2, 1, 10),
    "nothing to do": (idle, 8, 1, 64, 1),
    "previous token revoked": (revoking, 8, 3, 16, 10),
    "token rejected": (rejected, 8, 1, 64, 1),
}
