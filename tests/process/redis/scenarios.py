"""What happens to the servers, and how many token requests that is worth."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import signal
import statistics
import subprocess
import time
from typing import TYPE_CHECKING

from bed import COMMANDS, IMPATIENT, PREFIX, Bed
from proxy import EXCHANGES, FAULTS
from server import Certificates, free_port
from witness import adoption_lag_s

from harness.fleet import meanwhile
from harness.kills import STEPS, killed_at
from harness.paths import ROOT
from harness.process import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from proxy import Proxy
    from server import Cluster, Server

    Allowed = Callable[[int], bool]

OUTLIVING = ROOT / "target/c/outliving"
LIFETIME_S = 4
TROUBLE_S = 4
"""How long a server is away: longer than a token lives until it is renewed."""
SLOW_MS = 1300
"""What a slow token server takes: longer than a lease is left to itself, and than a mark lasts."""
REPLACED_AFTER_S = 6.5
"""How old a token has to be that is replaced for being rejected, and a little."""
UNHURRIED_MS = 3_000
"""Less than a look at the store may take while nobody waits for it."""
BUSY_S = 9
"""How long members run while the server has trouble."""
WITHIN_S = 30
POLL_S = 0.02


def shared(bed: Bed, seconds: float, *, names: int = 1) -> Allowed:
    """The requests are those of one process, for so long."""
    published = bed.fleet.total("published")
    most = names * (seconds / LIFETIME_S * 1.25 / 0.72 + 1)
    return lambda requests: abs(requests - published) <= 1 and requests <= most


def run_for(bed: Bed, seconds: float, *, each: int = 1) -> None:
    """All of them, tokens of a few seconds."""
    bed.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
    bed.fleet.start(bed.count * each, seconds)
    bed.fleet.finish()


def at_most_each_alone(bed: Bed, seconds: float = BUSY_S) -> Allowed:
    """Not more than without a store."""
    return lambda requests: requests <= bed.count * (seconds / LIFETIME_S * 1.25 / 0.72 + 1)


def quantiles(bed: Bed, what: str) -> str:
    """The spread of a figure over the members."""
    values = sorted(end[what] for end in bed.fleet.ends)
    return f"{values[0]:.1f} to {values[-1]:.1f}, median {statistics.median(values):.1f} ms"


# ---- all is well ----------------------------------------------------------------------------------


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


def by_socket(bed: Bed) -> Allowed:
    """Over a unix socket."""
    server = bed.server(witness_by_tcp=True)
    bed.set(store=f"redis+unix://{server.socket}")
    run_for(bed, LIFETIME_S * 2)
    return shared(bed, LIFETIME_S * 2)


def by_tls(bed: Bed) -> Allowed:
    """Over TLS, with a certificate of an authority that only this machine knows."""
    certificates = Certificates(bed.folder)
    server = bed.server(certificates=certificates)
    bed.set(store=bed.url(server, scheme="rediss"), store_ca_file=str(certificates.authority))
    run_for(bed, LIFETIME_S * 2)
    return shared(bed, LIFETIME_S * 2)


def foreign_authority(bed: Bed) -> Allowed:
    """Over TLS, with a certificate of an authority that nobody has named: it is not trusted."""
    server = bed.server(certificates=Certificates(bed.folder))
    bed.set(store=bed.url(server, scheme="rediss"), **without_prefix(IMPATIENT))
    bed.fleet.start(bed.count, 1)
    bed.fleet.finish()
    alone(bed)
    server.settle()
    bed.expect(not list(server.commands()), "something was sent to a server that is not trusted")
    return lambda requests: requests == bed.count


def listed(bed: Bed) -> Allowed:
    """As a user who may do what is needed and no more."""
    server = bed.server(users=("default off", user(bed, COMMANDS)))
    bed.set(store=bed.url(server, password=bed.witness.passwords[0], user="fleet"))
    run_for(bed, LIFETIME_S * 2)
    bed.expect(not server.cli("ACL", "LOG").strip(), "something was tried that the access list forbids")
    return shared(bed, LIFETIME_S * 2)


def numbered_database(bed: Bed) -> Allowed:
    """In a database of its own, under a prefix of its own."""
    bed.prefix = "a:prefix"
    bed.set(store_prefix=bed.prefix)
    server = bed.server(users=("default off", user(bed, f"{COMMANDS} +select", bed.prefix)))
    bed.set(store=bed.url(server, password=bed.witness.passwords[0], user="fleet") + "/3")
    run_for(bed, LIFETIME_S * 2)
    bed.expect(not server.key_names(), "there are keys in database 0")
    bed.expect(not server.cli("ACL", "LOG").strip(), "something was tried that the access list forbids")
    return shared(bed, LIFETIME_S * 2)


def no_time(bed: Bed) -> Allowed:
    """As a user who may not ask for the time: ages are then told by what is left of a key's life."""
    server = bed.server(users=("default off", user(bed, COMMANDS.replace(" +time", ""))))
    bed.set(store=bed.url(server, password=bed.witness.passwords[0], user="fleet"))
    run_for(bed, LIFETIME_S * 2)
    return shared(bed, LIFETIME_S * 2)


def no_clock(bed: Bed) -> Allowed:
    """Neither the time nor what is left of a key's life: nobody can tell how old a token is."""
    server = bed.server(users=("default off", user(bed, "+get +set +pexpire +del")))
    bed.set(store=bed.url(server, password=bed.witness.passwords[0], user="fleet"))
    bed.fleet.start(bed.count, 1)
    bed.fleet.finish()
    alone(bed)
    return lambda requests: requests == bed.count


def records_refused(bed: Bed) -> Allowed:
    """As a user who may put leases and notes there, and no records: nobody waits for what cannot come."""
    most = COMMANDS.replace("+set ", "")
    rules = f"{most} (+set ~{PREFIX}:1:*:l) (+set ~{PREFIX}:1:*:n:*)"
    server = bed.server(users=("default off", user(bed, rules)))
    bed.set(store=bed.url(server, password=bed.witness.passwords[0], user="fleet"))
    bed.sandbox.script(delay_ms=SLOW_MS, times=0)
    bed.fleet.start(bed.count, 1)
    bed.fleet.finish()
    one_after_the_other(bed)
    return lambda requests: requests == bed.count


def lifeless(bed: Bed) -> Allowed:
    """Tokens that have expired when they come, from a slow server: they are of no use to others."""
    bed.server()
    bed.sandbox.configure(seek_api_lifetime_s=0)
    bed.sandbox.script(delay_ms=SLOW_MS, times=0)
    bed.fleet.start(bed.count, 4)
    bed.fleet.finish()
    one_after_the_other(bed)
    return lambda requests: requests == bed.fleet.total("calls")


def one_after_the_other(bed: Bed) -> None:
    """That nobody waited for more than one request of another process."""
    longest = max(end["longest_ms"] for end in bed.fleet.ends)
    bed.expect(longest < 3 * SLOW_MS, f"somebody waited for {longest:.0f} ms")


def rotated_password(bed: Bed) -> Allowed:
    """The password of the server is exchanged while members run; each connection reads it anew."""
    before, after = bed.witness.passwords
    file = bed.folder / "password"
    file.write_text(before + "\n")
    file.chmod(0o600)
    server = bed.server(users=("default off", user(bed, COMMANDS)))
    bed.set(store=f"redis://fleet@127.0.0.1:{server.port}", store_password_file=str(file))
    bed.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
    bed.fleet.start(bed.count, LIFETIME_S * 3)
    wait_until(lambda: bed.sandbox.requests() == 1, "nobody asks", within_s=WITHIN_S, poll_s=POLL_S)
    server.cli("ACL", "SETUSER", "fleet", f">{after}")
    new = bed.folder / "new"
    new.write_text(after)
    new.chmod(0o600)
    new.rename(file)
    server.cli("ACL", "SETUSER", "fleet", f"<{before}")
    bed.fleet.finish()
    return lambda requests: shared(bed, LIFETIME_S * 3)(requests) and requests > 1


def wrong_password(bed: Bed) -> Allowed:
    """With a password that the server does not take."""
    server = bed.server(users=("default off", user(bed, COMMANDS)))
    bed.set(store=bed.url(server, password=bed.witness.passwords[1], user="fleet"))
    bed.fleet.start(bed.count, 1)
    bed.fleet.finish()
    alone(bed)
    return lambda requests: requests == bed.count


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


# ---- members fail ---------------------------------------------------------------------------------


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


def slow_token_server(bed: Bed) -> Allowed:
    """Whoever asks keeps the lease for longer than it lasts by itself."""
    bed.server()
    bed.sandbox.script(delay_ms=4500)
    bed.fleet.start(bed.count, 7)
    bed.fleet.finish()
    return lambda requests: requests == 1


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
        if step == "noted":
            bed.sandbox.script(error="invalid_client")
        checkpoints = bed.folder / "checkpoints"
        checkpoints.mkdir()
        (checkpoints / f"{step}.pause").touch()
        parent = subprocess.Popen(
            [OUTLIVING, checkpoints / f"{step}.reached"],
            env=bed.fleet.variables({"STORE_CHECKPOINTS": str(checkpoints)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert parent.stdout is not None
        assert parent.stdout.readline() == "forked\n"
        parent.kill()
        parent.wait()
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


# ---- servers fail ---------------------------------------------------------------------------------


def nobody_there(bed: Bed) -> Allowed:
    """Nothing listens at the address."""
    bed.set(store=f"redis://127.0.0.1:{free_port()}", **without_prefix(IMPATIENT))
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
    bed.set(store=bed.url(proxy), **without_prefix(IMPATIENT))
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


ANOTHER_TYPE = 3
"""Of these."""


def poison(server: Server, what: str, kind: int) -> None:
    server.cli("EVAL", POISON, "0", f"{PREFIX}:*:{what}", str(kind), os.urandom(200).hex())


def poisoned(bed: Bed) -> Allowed:
    """Every record is overwritten, again and again and each time with something else; in the end by what no command
    for texts reads, and what does not end by itself.
    """
    server = bed.server()
    kinds = itertools.cycle(range(6))
    troubled(bed)
    meanwhile(TROUBLE_S, lambda: poison(server, "t", next(kinds))).join()
    poison(server, "t", ANOTHER_TYPE)
    allowed = ended(bed)
    types = {server.cli("TYPE", key) for key in server.key_names("*:t")}
    bed.expect(types <= {b"string"}, "it was not overwritten")
    return allowed


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


def disconnected(bed: Bed) -> Allowed:
    """The server ends all connections, again and again."""
    server = bed.server()
    troubled(bed)
    meanwhile(BUSY_S - 1, lambda: server.cli("CLIENT", "KILL", "USER", "default")).join()
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


# ---- the way there fails --------------------------------------------------------------------------


def fault(name: str) -> Callable[[Bed], Allowed]:
    """One fault at each exchange, a fleet for each of them."""

    def scenario(bed: Bed) -> Allowed:
        server = bed.server(users=("default off", user(bed, COMMANDS, "fault-*")))
        # So slow that the lease is extended meanwhile.
        bed.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
        bed.sandbox.script(delay_ms=SLOW_MS, times=0)
        proxies: dict[str, Proxy] = {}
        for step in EXCHANGES:
            proxies[step] = proxy = bed.proxy(server)
            proxy.faults = {step: name}
            bed.set(store=bed.url(proxy, password=bed.witness.passwords[0], user="fleet"))
            own = {"SEEKAUTH_STORE_PREFIX": f"fault-{step}", "SEEKAUTH_USER_AGENT": f"{step}/1.0"}
            # Half of it is what a caller may be kept waiting for others.
            own["SEEKAUTH_TIMEOUT"] = "10"
            bed.fleet.start(bed.count, BUSY_S, environment={**IMPATIENT, **own})
        bed.fleet.finish()
        bed.prefix = "fault-[a-z]+"
        requests = {step: bed.sandbox.requests(product=step) for step in EXCHANGES}
        bed.figures.append("requests: " + ", ".join(f"{step} {count}" for step, count in requests.items()))
        for step, proxy in proxies.items():
            bed.expect(proxy.spoiled[step, name], f"no exchange was spoiled at {step}")
            bed.expect(at_most_each_alone(bed)(requests[step]), f"{requests[step]} requests with {name} at {step}")
        return lambda count: count == sum(requests.values())

    return scenario


# ---- what these share -----------------------------------------------------------------------------


def user(bed: Bed, commands: str, prefix: str = PREFIX) -> str:
    """An access list of the first planted password."""
    password = hashlib.sha256(bed.witness.passwords[0].encode()).hexdigest()
    return f"fleet on #{password} ~{prefix}:* {commands}"


def without_prefix(variables: dict[str, str]) -> dict[str, str]:
    return {name.removeprefix("SEEKAUTH_").lower(): value for name, value in variables.items()}


def alone(bed: Bed) -> None:
    """That each did as without a store, and said why."""
    problems = {end["problem"] for end in bed.fleet.ends}
    bed.expect(all(problems), "somebody says nothing of the problem")
    bed.expect(not bed.fleet.total("adopted") and not bed.fleet.total("published"), "somebody used the store")
    bed.figures += [f"says: {problem}" for problem in sorted(problems)]


def troubled(bed: Bed) -> None:
    """Members run, and the server is about to have trouble."""
    bed.set(**without_prefix(IMPATIENT))
    bed.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
    bed.fleet.start(bed.count, BUSY_S)
    wait_for_all_members(bed)


def wait_for_all_members(bed: Bed) -> None:
    """Returns once each of them has come to the server."""
    wait_until(
        lambda: len({command.client for server in bed.servers for command in server.commands()}) >= bed.count,
        "they do not use the store",
        within_s=WITHIN_S,
        poll_s=POLL_S,
    )


def ended(bed: Bed) -> Allowed:
    bed.fleet.finish()
    bed.figures += [f"says: {problem}" for problem in sorted({end["problem"] for end in bed.fleet.ends} - {""})[:4]]
    return at_most_each_alone(bed)


def kills() -> Iterator[tuple[str, Callable[[Bed], Allowed]]]:
    for step in STEPS:
        yield f"killed at {step}", killed_in_step(step)


def forks() -> Iterator[tuple[str, Callable[[Bed], Allowed]]]:
    for step in STEPS:
        yield f"outlived by a child at {step}", outlived_in_step(step)


def faults() -> Iterator[tuple[str, Callable[[Bed], Allowed]]]:
    for name in FAULTS:
        yield f"network: {name}", fault(name)
