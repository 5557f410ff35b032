"""The targets, each compared with what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chart import number
from samples import Samples


@dataclass(frozen=True)
class Row:
    """One line of the results: a figure, what it ought to be, and the best of the peers."""

    group: str
    name: str
    value: float
    unit: str
    target: str
    holds: bool
    peer: str = ""
    spread: str = ""


class Judge:
    """Makes rows of samples."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self.rows: list[Row] = []

    def at_most(
        self, group: str, name: str, value: float, limit: float, unit: str, peer: str = "", spread: str = ""
    ) -> None:
        self.rows.append(Row(group, name, value, unit, f"≤ {limit:g}", value <= limit, peer, spread))

    def exactly(
        self, group: str, name: str, value: float, wanted: float, unit: str, peer: str = "", spread: str = ""
    ) -> None:
        self.rows.append(Row(group, name, value, unit, f"{wanted:g}", value == wanted, peer, spread))

    def measured(
        self, group: str, name: str, key: tuple[str, str, str], limit: float, unit: str, exact: bool = False
    ) -> None:
        """A row of a median; of a count the worst round."""
        language, library, kind = key
        spread = self.samples.spread(language, library, kind)
        if spread is None:
            return
        peer = self.best_peer(language, library, kind)
        text = f"{number(spread.low)} to {number(spread.high)}"
        if exact:
            worst = spread.high if spread.high != limit else spread.low
            self.exactly(group, name, worst, limit, unit, peer, text)
        else:
            self.at_most(group, name, spread.median, limit, unit, peer, text)

    def best_peer(self, language: str, library: str, kind: str) -> str:
        """The peer with the lowest median, of those that are called in the same way."""
        if kind in {"above_empty_ns", "threads", "asyncio", "token_threads"}:
            return ""
        awaited = library.endswith("(asyncio)") or kind == "hot_async_ratio"
        kind = kind.replace("_async", "")
        figures = {
            name: self.samples.median(language, name, kind)
            for name in self.samples.names(language, kind)
            if not name.startswith("seekauth") and name.endswith("(asyncio)") == awaited
        }
        if not figures:
            return ""
        name = min(figures, key=lambda each: figures[each])
        return f"{name} {number(figures[name])}"


def judge(
    samples: Samples, growth: dict[str, Any] | None, sizes: dict[str, float], instructions: dict[str, float]
) -> list[Row]:
    make = Judge(samples)
    hot(make, growth, instructions)
    beginning(make)
    for name, limit in (("libseekauth.so", 3.6), ("seekauth.node", 3.8), ("wheel", 2.0)):
        make.at_most("size", f"{name}, file size", sizes[name], limit, "MB")
    renewal(make)
    counts(make)
    return make.rows


def hot(make: Judge, growth: dict[str, Any] | None, instructions: dict[str, float]) -> None:
    group = "cached call"
    versions = [name for name in make.samples.names("Python", "hot_ratio") if name.startswith("seekauth on ")]
    for name in versions:
        on = name.removeprefix("seekauth on ")
        make.measured(
            group, f"Python {on} authorization() ÷ hand-written class", ("Python", name, "hot_ratio"), 0.45, "×"
        )
        make.measured(
            group, f"Python {on} authorization() − empty native method", ("Python", name, "above_empty_ns"), 20, "ns"
        )
        make.measured(
            group,
            f"Python {on} await authorization_async() ÷ empty async def",
            ("Python", name, "hot_async_ratio"),
            1.4,
            "×",
        )
    node = ("Node", "seekauth")
    make.measured(group, "Node authorizationNow() ÷ closure with performance.now()", (*node, "now_ratio"), 0.6, "×")
    make.measured(group, "Node expired values given right after a suspend", (*node, "expired_given"), 0, "", exact=True)
    make.measured(group, "Node await authorization() ÷ hand-written async closure", (*node, "hot_ratio"), 1.1, "×")
    make.at_most(group, "C copy of a 1 KB header value", instructions["C"], 350, "instructions")
    for row in growth["threads"] if growth else []:
        if row["threads"] == 2:
            make.at_most(group, "C with two threads ÷ one", row["C ÷ one"], 1.15, "×")
    rust = ("Rust", "seekauth")
    # 20 and 35 ns on a machine whose Instant::now() takes 21.
    make.measured(group, "Rust value lent ÷ Instant::now()", (*rust, "lent_ratio"), round(20 / 21, 2), "×")
    make.measured(group, "Rust value owned ÷ Instant::now()", (*rust, "hot_ratio"), round(35 / 21, 2), "×")


def beginning(make: Judge) -> None:
    group = "start"
    for language, what, limit in (
        ("Python", "import seekauth", 5),
        ("Node", "require('seekauth')", 5),
        ("C", "dlopen", 1),
    ):
        key = (language, "seekauth")
        make.measured(group, what, (*key, "import_ms"), limit, "ms")
        make.measured(group, f"{what}: threads started", (*key, "threads"), 0, "", exact=True)
        if language == "Python":
            make.measured(group, f"{what}: asyncio imported", (*key, "asyncio"), 0, "", exact=True)
        make.measured(group, f"{what}: memory added", (*key, "import_mb"), 3, "MB")
        make.measured(group, f"{language}: memory added after the first token over http", (*key, "token_mb"), 6, "MB")
        make.measured(group, f"{language}: threads after the first token", (*key, "token_threads"), 1, "", exact=True)


def renewal(make: Judge) -> None:
    group = "renewal"
    for language, floor, limit in (
        ("C", "a socket", 1.35),
        ("Rust", "a socket", 1.35),
        ("Python", "http.client", 1.0),
        ("Node", "Node's http", 1.1),
    ):
        make.measured(
            group,
            f"{language} renewal ÷ a kept-alive POST with {floor}",
            (language, "seekauth", "refresh_ratio"),
            limit,
            "×",
        )


def counts(make: Judge) -> None:
    group = "counts"
    callers = (
        ("Python", "seekauth", "200 threads"),
        ("Python", "seekauth (asyncio)", "1,000 tasks"),
        ("Node", "seekauth", "1,000 promises"),
        ("C", "seekauth", "200 threads"),
        ("Rust", "seekauth", "10,000 tasks"),
    )
    for language, name, who in callers:
        make.measured(
            group,
            f"{language}, {who} on an empty cache: token requests",
            (language, name, "burst_requests"),
            1,
            "",
            exact=True,
        )
        for seconds in (120, 250):
            what = f"{language}, {name}: callers of 50 that wait with {seconds} s of 1,800 s left"
            make.measured(group, what, (language, name, f"left_{seconds}_blocked"), 0, "", exact=True)
        what = f"{language}, {name}: errors of 50 callers with 120 s left while the endpoint answers 503"
        make.measured(group, what, (language, name, "outage_errors"), 0, "", exact=True)
        for lifetime in (30, 60, 225, 300):
            what = f"{language}, {name}: token requests for 100 calls with tokens of {lifetime} s"
            make.measured(group, what, (language, name, f"short_{lifetime}_requests"), 1, "", exact=True)
        make.measured(
            group, f"{language}, {name}: event-loop stall, {who} at once", (language, name, "stall_ms"), 10, "ms"
        )
    checks = (
        ("rejected_requests", "token requests after 100 simultaneous rejections", 1),
        ("forked_failed", "children of 8 that hang or fail on their first call after a fork", 0),
        ("secrets_shown", "planted secrets found in texts", 0),
        ("threads_of_50_clients", "worker threads after the first token of 50 clients", 1),
    )
    for kind, what, wanted in checks:
        for language in ("Python", "Node", "C", "Rust"):
            make.measured(group, f"{language}: {what}", (language, "seekauth", kind), wanted, "", exact=True)
