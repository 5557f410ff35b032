"""Brings a client to a stage and leaves the process in a way, as `run.py` tells it to.

    program.py STAGE WAY

Threads that wait are daemons, so the interpreter ends under them. Prints `ready` and the number of
token requests that belong to the stage, reads a line, and leaves.
"""

import asyncio
import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace

import seekauth

CODE = 7
WAITERS = 4
GIVES_UP_AFTER = 0.25
"""Seconds; too short for any response, so that no caller waits for the request any more."""

kept = SimpleNamespace(client=None)
"""What lives until the interpreter ends."""


def reach(stage: str) -> int:
    """Returns how many token requests that takes."""
    if stage == "nothing":
        return 0
    client = kept.client = seekauth.Client.from_env()
    if stage == "before":
        return 0
    if stage in ("flight", "freed"):
        with contextlib.suppress(seekauth.TimeoutError):
            client.get_token(GIVES_UP_AFTER)
        return 1
    if stage == "refresh":
        client.get_token()
        return 2
    if stage in ("listening", "telling"):
        return listen(client, stage)
    if stage not in ("waiters", "landing", "lookup", "closed"):
        raise SystemExit("no such stage")
    for _ in range(WAITERS):
        start(wait, client)
    start(run_loop, client)
    return 1


def listen(client: seekauth.Client, stage: str) -> int:
    """With a function that hears of all events, and in the second stage never comes back."""
    entered = threading.Event()

    def hear(_: seekauth.Event) -> None:
        entered.set()
        while stage == "telling":
            sum(range(100))

    client.on_event(hear, level="debug")
    if stage == "telling":
        # Its end is an event.
        client.close()
        entered.wait()
        return 0
    for _ in range(WAITERS):
        start(wait, client)
    return 1


def start(work: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


def wait(client: seekauth.Client) -> None:
    with contextlib.suppress(seekauth.SeekAuthError):
        client.get_token()


def run_loop(client: seekauth.Client) -> None:
    """An event loop with tasks that wait."""

    async def tasks() -> None:
        calls = (client.get_token_async() for _ in range(WAITERS))
        await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(tasks())


def leave(way: str) -> None:
    if way == "return":
        return
    if way == "exit":
        sys.exit(CODE)
    elif way == "exit in a thread":
        # It ends the thread; the program's end is main's.
        start(sys.exit, 3).join()
        sys.exit(CODE)
    elif way == "_exit":
        os._exit(CODE)
    elif way == "_exit in a thread":
        start(os._exit, CODE)
        threading.Event().wait()
    elif way == "abort":
        os.abort()
    elif way == "uncaught":
        raise RuntimeError("the program's own")
    elif way == "SIGINT":
        signal.raise_signal(signal.SIGINT)
    elif way == "close at exit":
        atexit.register(lambda: kept.client and kept.client.close())
        sys.exit(CODE)
    else:
        raise SystemExit("no such way")


def main(stage: str, way: str) -> None:
    print("ready", reach(stage), flush=True)
    sys.stdin.readline()
    if stage == "closed":
        kept.client.close()
    elif stage == "freed":
        kept.client = None
    leave(way)


main(*sys.argv[1:])
