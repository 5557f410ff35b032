"""Measures one thing of one Python library and prints it as a line of JSON.

    probe.py SCENARIO LIBRARY PLACE [NUMBER]

PLACE is a path at the token server, which nobody else uses, so that the server's count is this process's.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import struct
import sys
import threading
import time
import timeit
from collections.abc import Awaitable, Callable
from typing import Any

from libraries import ASYNC, SYNC, HandWritten, Subject

ROUND_S = 0.02
REPEATED = 10
# How often the event loop is looked at. A loop that never slept would keep the interpreter from other threads.
TICK_S = 0.001


def per_call_ns(statement: str, names: dict[str, Any], number: int | None = None) -> tuple[float, int]:
    """Nanoseconds of processor time of one execution, and the turns it had, ten executions each."""
    timer = timeit.Timer(";".join([statement] * REPEATED), timer=time.thread_time, globals=names)
    if number is None:
        number = max(1, int(ROUND_S / max(1e-9, timer.timeit(3) / 3)))
    return timer.timeit(number) / number / REPEATED * 1e9, number


def hot(subject: Subject, rounds: int) -> dict[str, list[float]]:
    """The cached call, a hand-written class and an empty native method, turn by turn."""
    subject.call()
    timed = {
        "library": (subject.statement, subject.names),
        "floor": ("h.authorization()", {"h": HandWritten()}),
        "empty": ("e.isascii()", {"e": ""}),
    }
    return turn_by_turn(timed, per_call_ns, rounds)


def turn_by_turn(
    timed: dict[str, tuple[str, dict[str, Any]]],
    measure: Callable[..., tuple[float, int]],
    rounds: int,
) -> dict[str, list[float]]:
    numbers = {name: measure(*what)[1] for name, what in timed.items()}
    results: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        for name, what in timed.items():
            results[name].append(measure(*what, numbers[name])[0])
    return results


async def hot_async(subject: Subject, rounds: int) -> dict[str, list[float]]:
    """The cached call and an empty `async def`, awaited in turn."""
    await subject.call()
    names = {"library": subject.names, "floor": {"h": HandWritten()}}
    loops = {
        "library": loop_of(subject.statement, names["library"]),
        "floor": loop_of("await h.nothing()", names["floor"]),
    }
    numbers = {}
    for name, loop in loops.items():
        started = time.thread_time()
        await loop(30)
        numbers[name] = max(30, int(ROUND_S / ((time.thread_time() - started) / 30)))
    results: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(rounds):
        for name, loop in loops.items():
            started = time.thread_time()
            await loop(numbers[name])
            results[name].append((time.thread_time() - started) / numbers[name] / REPEATED * 1e9)
    return results


def loop_of(statement: str, names: dict[str, Any]) -> Callable[[int], Awaitable[None]]:
    body = ";".join([statement] * REPEATED)
    arguments = ", ".join(names)
    source = f"def make({arguments}):\n async def loop(n):\n  for _ in range(n):\n   {body}\n return loop"
    made: dict[str, Any] = {}
    exec(source, made)
    return made["make"](**names)


def burst(subject: Subject, callers: int) -> dict[str, Any]:
    """So many threads ask at once; how long each waited."""
    waited: list[float] = []
    errors: list[str] = []
    start = threading.Barrier(callers)

    def caller() -> None:
        start.wait()
        began = time.perf_counter()
        try:
            subject.call()
        except Exception as error:
            errors.append(repr(error))
        waited.append((time.perf_counter() - began) * 1e3)

    threads = [threading.Thread(target=caller) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"waited_ms": waited, "errors": errors[:3], "failed": len(errors)}


async def burst_async(subject: Subject, callers: int) -> dict[str, Any]:
    """So many tasks ask at once; how long each waited, and for how long at most the loop did nothing else."""
    errors: list[str] = []
    stall = 0.0
    running = True

    async def watch() -> None:
        nonlocal stall
        before = time.perf_counter()
        while running:
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            stall = max(stall, now - before - TICK_S)
            before = now

    async def caller() -> float:
        began = time.perf_counter()
        try:
            await subject.call()
        except Exception as error:
            errors.append(repr(error))
        return (time.perf_counter() - began) * 1e3

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0.05)
    stall = 0.0
    waited = await asyncio.gather(*[caller() for _ in range(callers)])
    running = False
    await watcher
    return {"waited_ms": waited, "stall_ms": stall * 1e3, "errors": errors[:3], "failed": len(errors)}


def move_clocks(seconds: int) -> None:
    """Makes this process's clocks go ahead; see later.c."""
    with open(os.environ["LATER"], "r+b") as file:
        file.write(struct.pack("qq", seconds, 0))


def short(subject: Subject, calls: int) -> dict[str, int]:
    for _ in range(calls):
        subject.call()
    return {"calls": calls}


async def short_async(subject: Subject, calls: int) -> dict[str, int]:
    for _ in range(calls):
        await subject.call()
    return {"calls": calls}


def left(subject: Subject, seconds: int) -> dict[str, Any]:
    subject.call()
    move_clocks(seconds)
    return burst(subject, 50)


async def left_async(subject: Subject, seconds: int) -> dict[str, Any]:
    await subject.call()
    move_clocks(seconds)
    return await burst_async(subject, 50)


SCENARIOS = {
    "hot": (hot, hot_async),
    "burst": (burst, burst_async),
    "left": (left, left_async),
    "short": (short, short_async),
}


def main() -> None:
    scenario, library, place = sys.argv[1:4]
    number = int(sys.argv[4])
    sync, asynchronous = SCENARIOS[scenario.removesuffix("-async")]
    if scenario.endswith("-async"):

        async def run() -> Any:
            return await asynchronous(ASYNC[library](place), number)

        result = asyncio.run(run())
    else:
        result = sync(SYNC[library](place), number)
    if "waited_ms" in result:
        waited = result.pop("waited_ms")
        result |= {"longest_ms": max(waited), "median_ms": statistics.median(waited), "waited_ms": sorted(waited)[-50:]}
    print(json.dumps(result))
    sys.stdout.flush()
    # Some libraries leave connections open; what that leads to is not measured here.
    os._exit(0)


main()
