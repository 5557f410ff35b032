"""How the costs of seekauth grow: with threads, with keys, with callers; and what keys and clients take of memory."""

from __future__ import annotations

import statistics
from typing import Any

from server import Server
from subjects import Subject, ask, node, python

THREADS = (1, 2, 4, 8)
KEYS = (1, 100, 10_000)
CALLERS = (100, 1_000, 10_000)
IDLE = 200
C, RUST, NODE = (Subject(language, "seekauth") for language in ("C", "Rust", "Node"))
TASKS = Subject("Python", "seekauth", asynchronous=True)


def measure(server: Server) -> dict[str, list[dict[str, Any]]]:
    """Tables, each a list of rows."""
    return {"threads": threads(server), "keys": keys(server), "callers": callers(server), "clients": clients(server)}


def threads(server: Server) -> list[dict[str, Any]]:
    """Nanoseconds of a call. C and Rust: processor time in each thread. Python and Node: time that passes for each call
    of all threads; Python's take turns, Node's have a client each."""
    rows = []
    for number in THREADS:
        row: dict[str, Any] = {"threads": number}
        for each in (C, RUST):
            result = ask(server, each, "threads", server.place(), number)
            row[each.language] = statistics.median(result["ns"])
            row[f"{each.language} ÷ one"] = statistics.median(
                many / one for many, one in zip(result["ns"], result["one"], strict=True)
            )
        row["Python"] = python(server, "seekauth", "scale.py", "threads", server.place(), number)["ns"]
        row["Node"] = node(server, "seekauth", "scale.js", "threads", server.place(), number)["ns"]
        rows.append(row)
    return rows


def keys(server: Server) -> list[dict[str, Any]]:
    rows = []
    for number in KEYS:
        results = {
            "C": ask(server, C, "keys", server.place(), number),
            "Rust": ask(server, RUST, "keys", server.place(), number),
            "Python": python(server, "seekauth", "scale.py", "keys", server.place(), number),
            "Node": node(server, "seekauth", "scale.js", "keys", server.place(), number),
        }
        row: dict[str, Any] = {"keys": number}
        for language, result in results.items():
            row[language] = statistics.median(result["ns"]) if isinstance(result["ns"], list) else result["ns"]
            # Of one key alone there is more noise than memory.
            row[f"{language} bytes"] = result["bytes_per_key"] if number > 1 else None
        rows.append(row)
    return rows


def callers(server: Server) -> list[dict[str, Any]]:
    """A cold burst: token requests, and how long the slowest caller waited beyond the server's own 50 ms."""
    rows = []
    for number in CALLERS:
        row: dict[str, Any] = {"callers": number}
        for each in (C, RUST, TASKS, NODE):
            place = server.place(delay_ms=50, first_delay_ms=50)
            result = ask(server, each, "burst", place, number)
            row[f"{each.language} requests"] = server.requests(place)
            row[each.language] = result["longest_ms"]
        rows.append(row)
    return rows


def clients(server: Server) -> list[dict[str, Any]]:
    """Bytes of a client that was never asked for anything."""
    place = server.place()
    return [
        {
            "C": ask(server, C, "clients", place, IDLE)["bytes_per_client"],
            "Rust": ask(server, RUST, "clients", place, IDLE)["bytes_per_client"],
        }
    ]
