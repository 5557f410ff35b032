"""How seekauth's costs grow in Python: with threads, with keys; and a renewal beside a raw POST. Prints JSON.

scale.py threads|keys|refresh PLACE NUMBER
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import sys
import threading
import time
import timeit
import urllib.parse

from libraries import ID, SECRET, seekauth


def threads(place: str, number: int) -> dict[str, float]:
    """Nanoseconds of one cached call while so many threads call: of wall time for each call that any of them made."""
    client = seekauth(place).names["o"]
    client.authorization()
    timer = timeit.Timer(";".join(["o.authorization()"] * 10), globals={"o": client})
    loops = max(1, int(0.1 / number / (timer.timeit(100) / 100)))
    start = threading.Barrier(number + 1)

    def caller() -> None:
        start.wait()
        timer.timeit(loops)
        start.wait()

    callers = [threading.Thread(target=caller) for _ in range(number)]
    for each in callers:
        each.start()
    results = []
    start.wait()
    began = time.perf_counter()
    start.wait()
    results.append((time.perf_counter() - began) / loops / number / 10 * 1e9)
    for each in callers:
        each.join()
    return {"ns": results[0]}


def resident() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def keys(place: str, number: int) -> dict[str, float]:
    """The cached call over so many handles, each with scopes of its own, and what memory each key has."""
    client = seekauth(place).names["o"]
    client.authorization()
    before = resident()
    handles = [client.with_scopes(f"s{index}") for index in range(number)]
    for handle in handles:
        handle.authorization()
    after = resident()
    repeats = max(1, 20_000 // number)
    loop = timeit.Timer("for h in handles: h.authorization()", timer=time.thread_time, globals={"handles": handles})
    empty = timeit.Timer("for h in handles: pass", timer=time.thread_time, globals={"handles": handles})
    loop.timeit(1)
    calls = [(loop.timeit(repeats) - empty.timeit(repeats)) / repeats / number * 1e9 for _ in range(5)]
    return {"ns": statistics.median(calls), "bytes_per_key": (after - before) / number}


def refresh(place: str, number: int) -> dict[str, list[float]]:
    """Microseconds of a token request: a key that is new, on a connection that is open, and `http.client`'s POST."""
    client = seekauth(place).names["o"]
    server = urllib.parse.urlsplit(os.environ["BENCH_HTTP"])
    connection = http.client.HTTPConnection(server.hostname or "", server.port)
    body = urllib.parse.urlencode(
        {"grant_type": "client_credentials", "client_id": ID, "client_secret": SECRET, "scope": "s"}
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

    def post() -> None:
        connection.request("POST", f"/{place}/token", body, headers)
        json.loads(connection.getresponse().read())

    client.authorization()
    post()
    handles = iter([client.with_scopes(f"s{index}") for index in range(number)])
    results: dict[str, list[float]] = {"library": [], "http.client": []}
    for _ in range(number):
        began = time.perf_counter()
        post()
        between = time.perf_counter()
        next(handles).authorization()
        results["http.client"].append((between - began) * 1e6)
        results["library"].append((time.perf_counter() - between) * 1e6)
    return results


scenario, place, number = sys.argv[1:4]
print(json.dumps({"threads": threads, "keys": keys, "refresh": refresh}[scenario](place, int(number))))
