"""Ways to the server, and what it lets members do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bed import COMMANDS, PREFIX, USUAL_TIMEOUT, Bed
from certificates import Certificates
from judging import LIFETIME_S, POLL_S, SLOW_MS, WITHIN_S, alone, one_after_the_other, run_for, shared

from harness.process import wait_until

if TYPE_CHECKING:
    from bed import Allowed, Scenario


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
    bed.set(store=bed.url(server, scheme="rediss"), store_timeout=USUAL_TIMEOUT)
    bed.fleet.start(bed.count, 1)
    bed.fleet.finish()
    alone(bed)
    server.settle()
    bed.expect(not list(server.commands()), "something was sent to a server that is not trusted")
    return lambda requests: requests == bed.count


def listed(bed: Bed) -> Allowed:
    """As a user who may do what is needed and no more."""
    server = bed.server(users=("default off", bed.user(COMMANDS)))
    bed.set(store=bed.url(server, password=bed.witness.passwords[0], user="fleet"))
    run_for(bed, LIFETIME_S * 2)
    bed.expect(not server.cli("ACL", "LOG").strip(), "something was tried that the access list forbids")
    return shared(bed, LIFETIME_S * 2)


def numbered_database(bed: Bed) -> Allowed:
    """In a database of its own, under a prefix of its own."""
    bed.prefix = "a:prefix"
    bed.set(store_prefix=bed.prefix)
    server = bed.server(users=("default off", bed.user(f"{COMMANDS} +select", bed.prefix)))
    bed.set(store=bed.url(server, password=bed.witness.passwords[0], user="fleet") + "/3")
    run_for(bed, LIFETIME_S * 2)
    bed.expect(not server.key_names(), "there are keys in database 0")
    bed.expect(not server.cli("ACL", "LOG").strip(), "something was tried that the access list forbids")
    return shared(bed, LIFETIME_S * 2)


def no_time(bed: Bed) -> Allowed:
    """As a user who may not ask for the time: ages are then told by what is left of a key's life."""
    server = bed.server(users=("default off", bed.user(COMMANDS.replace(" +time", ""))))
    bed.set(store=bed.url(server, password=bed.witness.passwords[0], user="fleet"))
    run_for(bed, LIFETIME_S * 2)
    return shared(bed, LIFETIME_S * 2)


def no_clock(bed: Bed) -> Allowed:
    """Neither the time nor what is left of a key's life: nobody can tell how old a token is."""
    server = bed.server(users=("default off", bed.user("+get +set +pexpire +del")))
    bed.set(store=bed.url(server, password=bed.witness.passwords[0], user="fleet"))
    bed.fleet.start(bed.count, 1)
    bed.fleet.finish()
    alone(bed)
    return lambda requests: requests == bed.count


def records_refused(bed: Bed) -> Allowed:
    """As a user who may put leases and notes there, and no records: nobody waits for what cannot come."""
    most = COMMANDS.replace("+set ", "")
    rules = f"{most} (+set ~{PREFIX}:1:*:l) (+set ~{PREFIX}:1:*:n:*)"
    server = bed.server(users=("default off", bed.user(rules)))
    bed.set(store=bed.url(server, password=bed.witness.passwords[0], user="fleet"))
    bed.sandbox.script(delay_ms=SLOW_MS, times=0)
    bed.fleet.start(bed.count, 1)
    bed.fleet.finish()
    one_after_the_other(bed)
    return lambda requests: requests == bed.count


def rotated_password(bed: Bed) -> Allowed:
    """The password of the server is exchanged while members run; each connection reads it anew."""
    before, after = bed.witness.passwords
    file = bed.folder / "password"
    file.write_text(before + "\n")
    file.chmod(0o600)
    server = bed.server(users=("default off", bed.user(COMMANDS)))
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
    server = bed.server(users=("default off", bed.user(COMMANDS)))
    bed.set(store=bed.url(server, password=bed.witness.passwords[1], user="fleet"))
    bed.fleet.start(bed.count, 1)
    bed.fleet.finish()
    alone(bed)
    return lambda requests: requests == bed.count


SCENARIOS: dict[str, Scenario] = {
    # name: what happens, processes, lifetimes; and the same at full size
    "unix socket": (by_socket, 8, 1, 64, 1),
    "TLS": (by_tls, 8, 1, 64, 1),
    "TLS, authority not named": (foreign_authority, 4, 1, 16, 1),
    "access list": (listed, 8, 1, 64, 1),
    "access list, database 3": (numbered_database, 8, 1, 64, 1),
    "access list without TIME": (no_time, 8, 1, 64, 1),
    "neither TIME nor PTTL": (no_clock, 4, 1, 16, 1),
    "records refused": (records_refused, 8, 1, 64, 1),
    "password exchanged": (rotated_password, 8, 1, 64, 1),
    "password wrong": (wrong_password, 4, 1, 16, 1),
}
