"""What a renewal costs more when somebody listens, in Python: program.rs runs this.

python.py TOKEN_URL TURNS
"""

from __future__ import annotations

import queue
import statistics
import sys
import time

from seekauth import Client

EVENTS = 2
"""Events of a renewal: the request, and its token."""


def renewal(client: Client, turn: int) -> float:
    """How many microseconds the token of scopes takes that nobody asked for before."""
    handle = client.with_scopes(f"s{turn}")
    began = time.perf_counter()
    handle.get_token()
    return (time.perf_counter() - began) * 1e6


def main(token_url: str, turns: int) -> None:
    """Measures, and prints a row."""

    def make() -> Client:
        return Client.oauth(token_url=token_url, client_id="id", client_secret="secret", user_agent="events/1.0")

    bare, heard = make(), make()
    events: queue.SimpleQueue[object] = queue.SimpleQueue()
    heard.on_event(events.put, level="debug")
    without, with_ = [], []
    for turn in range(turns):
        for is_heard in (turn % 2 == 0, turn % 2 != 0):
            if is_heard:
                with_.append(renewal(heard, turn))
                # What is told of one renewal is no part of the next.
                for _ in range(EVENTS):
                    events.get(timeout=60)
            else:
                without.append(renewal(bare, turn))
    medians = statistics.median(without), statistics.median(with_)
    print(f"{'Python':<10} {medians[0]:>12.1f} {medians[1]:>12.1f} {medians[1] / medians[0]:>7.3f}")


main(sys.argv[1], int(sys.argv[2]))
