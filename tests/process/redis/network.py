"""The way to the server fails, at each exchange of a flight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bed import COMMANDS, USUAL_TIMEOUT, Bed
from judging import BUSY_S, LIFETIME_S, SLOW_MS, at_most_each_alone
from proxy import EXCHANGES, FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bed import Allowed, Scenario
    from proxy import Proxy


def fault(name: str) -> Callable[[Bed], Allowed]:
    """One fault at each exchange, a fleet for each of them."""

    def scenario(bed: Bed) -> Allowed:
        server = bed.server(users=("default off", bed.user(COMMANDS, "fault-*")))
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
            own |= {"SEEKAUTH_TIMEOUT": "10", "SEEKAUTH_STORE_TIMEOUT": USUAL_TIMEOUT}
            bed.fleet.start(bed.count, BUSY_S, environment=own)
        bed.fleet.finish()
        bed.prefix = "fault-[a-z]+"
        requests = {step: bed.sandbox.requests(product=step) for step in EXCHANGES}
        bed.figures.append("requests: " + ", ".join(f"{step} {count}" for step, count in requests.items()))
        for step, proxy in proxies.items():
            bed.expect(proxy.spoiled[step, name], f"no exchange was spoiled at {step}")
            bed.expect(at_most_each_alone(bed)(requests[step]), f"{requests[step]} requests with {name} at {step}")
        return lambda count: count == sum(requests.values())

    return scenario


SCENARIOS: dict[str, Scenario] = {
    # name: what happens, processes for each exchange, lifetimes; and the same at full size
    **{f"network: {name}": (fault(name), 2, 1, 8, 1) for name in FAULTS},
}
