"""The token server of the benchmarks as the driver sees it: a child process that ends with this one."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import urllib.request

from paths import BENCH, RUST


class Server:
    """A running token server."""

    def __init__(self) -> None:
        # Of this run alone: another may go on beside it.
        self._authority = BENCH / f"ca-{os.getpid()}.pem"
        self._process = subprocess.Popen(
            [RUST / "bench-server", self._authority], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("bench: the token server ended before it said where it listens")
        urls = json.loads(line)
        self._http: str = urls["http"]
        # Proxies are for what is out there.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._numbers = itertools.count(1)
        self.environment = {
            "BENCH_HTTP": urls["http"],
            "BENCH_HTTPS": urls["https"],
            "BENCH_CA": str(self._authority),
            "REQUESTS_CA_BUNDLE": str(self._authority),
            "NODE_EXTRA_CA_CERTS": str(self._authority),
        }

    def place(self, lifetime_s: int = 1800, delay_ms: int = 0, first_delay_ms: int = 0, status: int = 200) -> str:
        """A path of its own that behaves so; see rust/server/src/answer.rs."""
        return f"p{next(self._numbers)}.{lifetime_s}.{delay_ms}.{first_delay_ms}.{status}"

    def requests(self, place: str) -> int:
        """How many token requests came there."""
        with self._opener.open(f"{self._http}/counts/{place}", timeout=30) as reply:
            return int(reply.read())

    def keep_to(self, processors: set[int]) -> None:
        os.sched_setaffinity(self._process.pid, processors)

    def close(self) -> None:
        self._process.communicate(timeout=30)
        self._authority.unlink()
