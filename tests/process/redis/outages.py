"""The server is away, loses what it had, lies, is full, fails over, or is in a cluster that changes."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from typing import TYPE_CHECKING

from bed import PREFIX, USUAL_TIMEOUT, Bed
from certificates import Certificates
from judging import BUSY_S, LIFETIME_S, POLL_S, WITHIN_S, alone, at_most_each_alone, wait_for_all_members
from server import free_port

from harness.fleet import meanwhile
from harness.process import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from bed import Allowed, Scenario
    from cluster import Cluster
    from server import Server

TROUBLE_S = 4
"""How long a server is away: longer than a token lives until it is renewed."""
UNHURRIED_MS = 3_000
"""Less than a look at the store may take while nobody waits for it."""
POISON = """
for _, key in ipairs(redis.call('keys', ARGV[1])) do
  local value = redis.call('type', key).ok == 'string' and redis.call('get', key) or ''
  local kind = tonumber(ARGV[2])
  if kind == 0 then redis.call('set', key, ARGV[3])
  elseif kind == 1 then redis.call('set', key, string.sub(value, 1, #value / 2))
  elseif kind == 2 then redis.call('set', key, '')
  elseif kind == 3 then redis.call('del', key) redis.call('rpush', key, value)
  elseif kind == 4 then redis.call('set', key, string.rep(value .. 'x', 1000))
  else redis.call('set', key, string.sub(value, 1, -2) .. string.char(string.byte(value .. 'x', -1) % 255 + 1)) end
end
"""
"""Garbage, half of what was there, nothing, another type, far more, and the last byte changed; all without an end
of life.
"""
ANOTHER_TYPE, FAR_MORE = 3, 4
"""Of these."""
LONGEST_RECORD = 70_000


def nobody_there(bed: Bed) -> Allowed:
    """Nothing listens at the address."""
    bed.set(store=f"redis://127.0.0.1:{free_port()}", store_timeout=USUAL_TIMEOUT)
    bed.fleet.start(bed.count, 1)
    bed.fleet.finish()
    alone(bed)
    return lambda requests: requests == bed.count


def killed(bed: Bed) -> Allowed:
    """The server is killed, and comes back empty."""
    server = bed.server()
    troubled(bed)
    server.kill()
    time.sleep(TROUBLE_S)
    server.start()
    return ended(bed)


def frozen(bed: Bed) -> Allowed:
    """The server stands still, with its connections open and new ones accepted by the kernel."""
    server = bed.server()
    troubled(bed)
    server.freeze()
    time.sleep(TROUBLE_S)
    server.go_on()
    return ended(bed)


def frozen_and_rejected(bed: Bed) -> Allowed:
    """The server stands still, members take their time with it, since nobody waits, and then their token is rejected:
    now everybody does.
    """
    server = bed.server()
    proxy = bed.proxy(server)
    bed.set(store=bed.url(proxy), store_timeout=USUAL_TIMEOUT)
    bed.sandbox.configure(seek_api_lifetime_s=2 * LIFETIME_S)
    bed.fleet.start(bed.count, 3 * LIFETIME_S, graphql=True)
    bed.sandbox.wait_for_requests(1)
    wait_until(lambda: not proxy.open, "the connections stay open", within_s=WITHIN_S, poll_s=POLL_S)
    server.freeze()
    begun = proxy.seen["accept"]
    wait_until(lambda: proxy.seen["accept"] > begun, "nobody renews", within_s=WITHIN_S, poll_s=POLL_S)
    bed.sandbox.revoke(bed.sandbox.journal("graphql")[-1]["headers"]["authorization"].removeprefix("Bearer "))
    bed.fleet.finish()
    server.go_on()
    longest = max(end["longest_ms"] for end in bed.fleet.ends)
    bed.expect(longest < UNHURRIED_MS, f"somebody waited for {longest:.0f} ms")
    return lambda requests: 2 <= requests <= 1 + 2 * bed.count


def flushed(bed: Bed) -> Allowed:
    """All keys are removed, again and again."""
    server = bed.server()
    troubled(bed)
    meanwhile(TROUBLE_S, lambda: server.cli("FLUSHALL")).join()
    return ended(bed)


def disconnected(bed: Bed) -> Allowed:
    """The server ends all connections, again and again."""
    server = bed.server()
    troubled(bed)
    meanwhile(BUSY_S - 1, lambda: server.cli("CLIENT", "KILL", "USER", "default")).join()
    return ended(bed)


def poison(server: Server, what: str, kind: int) -> None:
    server.cli("EVAL", POISON, "0", f"{PREFIX}:*:{what}", str(kind), os.urandom(200).hex())


def poisoned(last: int) -> Callable[[Bed], Allowed]:
    """Every record is overwritten, again and again and each time with something else; in the end by what cannot be
    read, and does not end by itself.
    """

    def scenario(bed: Bed) -> Allowed:
        server = bed.server()
        kinds = itertools.cycle(range(6))
        troubled(bed)
        meanwhile(TROUBLE_S, lambda: poison(server, "t", next(kinds))).join()
        poison(server, "t", last)
        allowed = ended(bed)
        for key in server.key_names("*:t"):
            is_ours = server.cli("TYPE", key) == b"string" and int(server.cli("STRLEN", key)) < LONGEST_RECORD
            bed.expect(is_ours, "it was not overwritten")
        return allowed

    return scenario


def replayed(bed: Bed) -> Allowed:
    """The first record is put back, again and again."""
    server = bed.server()
    troubled(bed)
    wait_until(lambda: server.key_names("*:t"), "nothing is put there", within_s=WITHIN_S, poll_s=POLL_S)
    records = {key: server.value(key) for key in server.key_names("*:t")}

    def put_back() -> None:
        for key, record in records.items():
            server.cli("SET", key, stdin=record)

    meanwhile(BUSY_S - 1, put_back).join()
    return ended(bed)


def leases_poisoned(bed: Bed) -> Allowed:
    """The same with leases: one that nobody holds never ends, until it is removed."""
    server = bed.server()
    kinds = itertools.cycle(range(6))
    troubled(bed)
    meanwhile(TROUBLE_S, lambda: poison(server, "l", next(kinds))).join()
    server.cli("FLUSHALL")
    return ended(bed)


def full(bed: Bed) -> Allowed:
    """No memory is left, and nothing is evicted: what is there can be read."""
    server = bed.server()
    troubled(bed)
    server.cli("CONFIG", "SET", "maxmemory", "1")
    time.sleep(TROUBLE_S)
    server.cli("CONFIG", "SET", "maxmemory", "0")
    return ended(bed)


def unsaved(bed: Bed) -> Allowed:
    """The server cannot save to its disk, and takes no writes therefore."""
    server = bed.server()
    troubled(bed)
    shutil.rmtree(server.data)
    server.cli("BGSAVE", checked=False)
    server.cli("CONFIG", "SET", "save", "1 1")

    def refuses() -> bool:
        return b"MISCONF" in server.cli("SET", "witness", "x", checked=False)

    wait_until(refuses, "the server takes writes", within_s=WITHIN_S, poll_s=POLL_S)
    time.sleep(TROUBLE_S)
    server.cli("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
    return ended(bed)


def failed_over(bed: Bed) -> Allowed:
    """The primary is lost, and its replica is not yet promoted for a while; both are at the same address."""
    primary = bed.server()
    replica = bed.server("repl-diskless-sync-delay 0", primary=primary.address)
    wait_until(
        lambda: b"master_link_status:up" in replica.cli("INFO", "replication"),
        "there is no replica",
        within_s=WITHIN_S,
        poll_s=POLL_S,
    )
    proxy = bed.proxy(primary)
    bed.set(store=bed.url(proxy))
    troubled(bed)
    primary.kill()
    proxy.cut()
    proxy.upstream = replica.port
    time.sleep(TROUBLE_S)
    replica.cli("REPLICAOF", "NO", "ONE")
    bed.servers.remove(primary)
    return ended(bed)


def slot_moved(bed: Bed) -> Allowed:
    """Members know one node each, and the keys move from one to another while they run."""
    return moved(bed, bed.cluster(), "redis")


def slot_moved_by_tls(bed: Bed) -> Allowed:
    """The same over TLS, to each node."""
    certificates = Certificates(bed.folder)
    bed.set(store_ca_file=str(certificates.authority))
    return moved(bed, bed.cluster(certificates), "rediss")


def moved(bed: Bed, cluster: Cluster, scheme: str) -> Allowed:
    seconds = LIFETIME_S * 3
    bed.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
    for number in range(bed.count):
        bed.set(store=bed.url(cluster.nodes[number % len(cluster.nodes)], scheme=scheme))
        bed.fleet.start(1, seconds)
    wait_until(lambda: cluster.holder() is not None, "nothing is put there", within_s=WITHIN_S, poll_s=POLL_S)
    source, slot = cluster.holder() or (cluster.nodes[0], "0")
    target = next(node for node in cluster.nodes if node is not source)
    cluster.begin_move(slot, source, target)
    time.sleep(1)
    cluster.end_move(slot, source, target)
    bed.fleet.finish()
    bed.expect(not source.key_names() and target.key_names(), "they did not follow the keys")
    # While the slot is on its way, a lease is here or there.
    return lambda requests: requests <= seconds / LIFETIME_S * 1.25 / 0.72 + 1 + bed.count / 4


def troubled(bed: Bed) -> None:
    """Members run, and the server is about to have trouble."""
    bed.set(store_timeout=USUAL_TIMEOUT)
    bed.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
    bed.fleet.start(bed.count, BUSY_S)
    wait_for_all_members(bed)


def ended(bed: Bed) -> Allowed:
    bed.fleet.finish()
    bed.figures += [f"says: {problem}" for problem in sorted({end["problem"] for end in bed.fleet.ends} - {""})[:4]]
    return at_most_each_alone(bed)


SCENARIOS: dict[str, Scenario] = {
    # name: what happens, processes, lifetimes; and the same at full size
    "nobody there": (nobody_there, 4, 1, 16, 1),
    "server killed": (killed, 8, 1, 64, 1),
    "server frozen": (frozen, 8, 1, 64, 1),
    "server frozen, token rejected": (frozen_and_rejected, 4, 1, 64, 1),
    "server flushed": (flushed, 8, 1, 64, 1),
    "connections ended": (disconnected, 8, 1, 64, 1),
    "records poisoned": (poisoned(ANOTHER_TYPE), 8, 1, 64, 1),
    "records too long": (poisoned(FAR_MORE), 8, 1, 64, 1),
    "records put back": (replayed, 8, 1, 64, 1),
    "leases poisoned": (leases_poisoned, 8, 1, 64, 1),
    "server full": (full, 8, 1, 64, 1),
    "server cannot save": (unsaved, 8, 1, 64, 1),
    "failover": (failed_over, 8, 1, 64, 1),
    "slot moved": (slot_moved, 9, 1, 63, 1),
    "slot moved, TLS": (slot_moved_by_tls, 9, 1, 63, 1),
}
