"""The rounds of the benchmarks. In each round every library has its turn, so that a machine that is busy for a while
makes none of them look better than the others.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable

from paths import BENCH, RUST, answer
from samples import Samples
from server import Server
from subjects import Subject, ask, node, python, start

# Answers take this long where callers are to meet while one is under way.
BURST_DELAY_MS = 50
# Answers take so long, and a caller counts as blocked that waits for half of it.
BLOCKED_DELAY_MS, BLOCKED_MS = 400, 200
LIFETIME_S = 1800
CALLERS = {"Python": 200, "Node": 1000, "C": 200, "Rust": 10_000}
ASYNC_CALLERS = 1000
FIRST_PEER_LIFETIME_S = 60
# In an outage its callers stand in line, and each repeats its request for a minute before the next may.
ENDLESS = Subject("Rust", "azure_identity")
LIFETIMES_S = (30, 60, 225, 300)


def progress(text: str) -> None:
    print(f"  {text}", flush=True)


def hot(server: Server, samples: Samples, subjects: Iterable[Subject], inner: int) -> None:
    """The cached call and, in the same process, what it is measured by."""
    for subject in subjects:
        result = ask(server, subject, "hot", server.place(), inner)
        if subject.language == "Rust":
            borrowed = result.get("lent") or result["library"]
            owned = result.get("owned") or result["library"]
            samples.add(subject, "hot_ns", *owned)
            samples.add(subject, "lent_ns", *borrowed)
            samples.add(subject, "instant_ns", *result["instant"])
            samples.add(subject, "hot_ratio", *ratios(owned, result["instant"]))
            samples.add(subject, "lent_ratio", *ratios(borrowed, result["instant"]))
            continue
        samples.add(subject, "hot_ns", *result["library"])
        samples.add(subject, "floor_ns", *result["floor"])
        samples.add(subject, "hot_ratio", *ratios(result["library"], result["floor"]))
        if "empty" in result:
            above = [ours - empty for ours, empty in zip(result["library"], result["empty"], strict=True)]
            samples.add(subject, "above_empty_ns", *above)


def ratios(ours: list[float], floor: list[float]) -> list[float]:
    return [mine / other for mine, other in zip(ours, floor, strict=True)]


def hot_now(server: Server, samples: Samples, inner: int) -> None:
    """Node's call that does not wait, which only seekauth has, and what it answers right after a suspend."""
    subject = Subject("Node", "seekauth")
    result = ask(server, subject, "hot-now", server.place(), inner)
    samples.add(subject, "now_ns", *result["library"])
    samples.add(subject, "now_ratio", *ratios(result["library"], result["floor"]))
    suspended = ask(server, subject, "suspended", server.place(), 2 * LIFETIME_S, later=True)
    samples.add(subject, "expired_given", suspended["expired_given"])


def hot_elsewhere(server: Server, samples: Samples, interpreters: dict[str, str], inner: int) -> None:
    """Python's hot calls on each CPython of the machine."""
    for version, interpreter in interpreters.items():
        for scenario, suffix in (("hot", ""), ("hot-async", "_async")):
            words = ("probe.py", scenario, "seekauth", server.place(), inner)
            result = python(server, "seekauth", *words, interpreter=interpreter)
            subject = Subject("Python", f"seekauth on {version}")
            samples.add(subject, f"hot{suffix}_ns", *result["library"])
            samples.add(subject, f"hot{suffix}_ratio", *ratios(result["library"], result["floor"]))
            if "empty" in result:
                above = [ours - empty for ours, empty in zip(result["library"], result["empty"], strict=True)]
                samples.add(subject, "above_empty_ns", *above)


def burst(server: Server, samples: Samples, subjects: Iterable[Subject]) -> None:
    """Many callers at once on an empty cache."""
    for subject in subjects:
        callers = ASYNC_CALLERS if subject.asynchronous else CALLERS[subject.language]
        place = server.place(delay_ms=BURST_DELAY_MS, first_delay_ms=BURST_DELAY_MS)
        result = ask(server, subject, "burst", place, callers)
        samples.add(subject, "burst_requests", server.requests(place))
        samples.add(subject, "burst_longest_ms", result["longest_ms"])
        samples.add(subject, "burst_failed", result["failed"])
        if "stall_ms" in result:
            samples.add(subject, "stall_ms", result["stall_ms"])


def left(server: Server, samples: Samples, subjects: Iterable[Subject]) -> None:
    """Fifty callers at once when a token of half an hour has little left, with a server that is slow, or broken."""
    for subject in subjects:
        for seconds in (120, 250):
            place = server.place(LIFETIME_S, BLOCKED_DELAY_MS)
            result = ask(server, subject, "left", place, LIFETIME_S - seconds, later=True)
            samples.add(subject, f"left_{seconds}_blocked", blocked(result))
        if subject == ENDLESS:
            continue
        place = server.place(LIFETIME_S, 0, 0, 503)
        result = ask(server, subject, "left", place, LIFETIME_S - 120, later=True)
        samples.add(subject, "outage_errors", result["failed"])


def blocked(result: dict[str, object]) -> float:
    waited = result.get("waited_ms")
    if isinstance(waited, list):
        return sum(each > BLOCKED_MS for each in waited)
    return float(str(result["blocked"]))


def short(server: Server, samples: Samples, subjects: Iterable[Subject]) -> None:
    """A hundred calls in a row while the server issues short tokens."""
    for subject in subjects:
        for lifetime in LIFETIMES_S if subject.library == "seekauth" else (FIRST_PEER_LIFETIME_S,):
            place = server.place(lifetime)
            ask(server, subject, "short", place, 100)
            samples.add(subject, f"short_{lifetime}_requests", server.requests(place))


def begin(server: Server, samples: Samples, subjects: Iterable[Subject]) -> None:
    """Import and first token, each in a fresh process."""
    for subject in subjects:
        if subject.asynchronous or subject.language == "Rust":
            continue
        result = start(server, subject, first_token=False)
        samples.add(subject, "import_ms", result["import_ms"])
        samples.add(subject, "import_mb", result["import_mb"])
        samples.add(subject, "threads", result["threads"])
        if "asyncio" in result:
            samples.add(subject, "asyncio", result["asyncio"])
        result = start(server, subject, first_token=True)
        samples.add(subject, "token_mb", result["token_mb"])
        samples.add(subject, "token_threads", result["token_threads"])


def refresh(server: Server, samples: Samples, number: int) -> None:
    """A renewal over a raw POST on a kept-alive connection; the server has a processor of its own."""
    every = os.sched_getaffinity(0)
    if len(every) > 1:
        server.keep_to({max(every)})
        os.sched_setaffinity(0, every - {max(every)})
    try:
        words = ("refresh", server.place(), number)
        results = {
            "C": answer([BENCH / "c" / "refresh", *words[1:]], server.environment),
            "Rust": answer([RUST / "bench-fast", "refresh", server.place(), number], server.environment),
            "Python": python(server, "seekauth", "scale.py", "refresh", server.place(), number),
            "Node": node(server, "seekauth", "scale.js", "refresh", server.place(), number),
        }
    finally:
        os.sched_setaffinity(0, every)
        server.keep_to(every)
    for language, result in results.items():
        for name, values in result.items():
            samples.add(
                Subject(language, "seekauth" if name == "library" else name), "refresh_us", statistics.median(values)
            )
        floor = next(name for name in result if name != "library")
        ours = statistics.median(result["library"])
        samples.add(Subject(language, "seekauth"), "refresh_ratio", ours / statistics.median(result[floor]))
        for name in set(result) - {"library", floor}:
            samples.add(
                Subject(language, name),
                "refresh_ratio",
                statistics.median(result[name]) / statistics.median(result[floor]),
            )
