"""Processes that end while a token request is in flight: at once, with their own exit code, and
without a word, whether the result comes never, before, or in the middle of the interpreter's end.
"""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from program import PREAMBLE, Program, run

if TYPE_CHECKING:
    from sandbox import Sandbox

# A process that waited for the flight would take ten times as long: see `Program`.
AT_ONCE = 60

HOOK = """
def leave():
    print("leaving", flush=True)
    sys.stdin.readline()
atexit.register(leave)
"""
IMPORTS = "import asyncio, atexit, sys, threading\n"
CLIENT = "from seekauth import Client\nclient = Client.from_env()\n"

# Handlers run last come first: one that was registered before the import of seekauth runs after it
# has closed the way into Python, and one registered later runs before that.
PREAMBLES = {
    "never": IMPORTS + CLIENT,
    "before": IMPORTS + CLIENT + HOOK,
    "after": IMPORTS + HOOK + CLIENT,
}

LEFT_IN_FLIGHT = {
    "thread": """
        threading.Thread(target=client.get_token, daemon=True).start()
        sys.stdin.readline()
    """,
    "threads": """
        for _ in range(20):
            threading.Thread(target=client.get_token, daemon=True).start()
        sys.stdin.readline()
    """,
    "task": """
        async def start():
            asyncio.ensure_future(client.get_token_async())
            await asyncio.sleep(0)
            sys.stdin.readline()
        asyncio.run(start())
    """,
    "open loop": """
        import warnings
        warnings.simplefilter("ignore", ResourceWarning)
        async def start():
            return [asyncio.ensure_future(client.get_token_async()) for _ in range(100)]
        loop = asyncio.new_event_loop()
        tasks = loop.run_until_complete(start())
        loop.run_until_complete(asyncio.sleep(0))
        sys.stdin.readline()
        for task in tasks:
            task._log_destroy_pending = False
    """,
    "loop in a daemon thread": """
        threading.Thread(target=lambda: asyncio.run(client.get_token_async()), daemon=True).start()
        sys.stdin.readline()
    """,
    "nobody": """
        try:
            client.get_token(timeout=0.01)
        except TimeoutError:
            sys.stdin.readline()
    """,
}


@pytest.mark.parametrize("code", [0, 7])
@pytest.mark.parametrize("answered", PREAMBLES)
@pytest.mark.parametrize("waits", LEFT_IN_FLIGHT)
def test_a_flight_does_not_hold_up_the_exit(
    sandbox: Sandbox, waits: str, answered: str, code: int
) -> None:
    sandbox.script(hold=True)
    source = dedent(LEFT_IN_FLIGHT[waits]) + f"\nsys.exit({code})"
    with Program(sandbox, source, PREAMBLES[answered]) as program:
        sandbox.wait_for_requests(1)
        program.tell()
        if answered != "never":
            assert program.read() == "leaving"
            sandbox.release()
            program.tell()
        assert program.end(within=AT_ONCE) == (code, "", "")


def test_a_token_may_be_asked_for_at_exit(sandbox: Sandbox) -> None:
    code = """
    atexit.register(lambda: print(client.authorization()[:7]))
    atexit.register(lambda: print(asyncio.run(client.authorization_async())[:7]))
    """
    assert run(sandbox, code, "import atexit\n" + PREAMBLE) == "Bearer \nBearer \n"


def test_a_task_that_starts_after_the_end_is_told_so(sandbox: Sandbox) -> None:
    early = """
import asyncio, atexit
def late():
    import seekauth
    client = seekauth.Client.from_env()
    try:
        asyncio.run(client.authorization_async())
    except seekauth.ClosedError as error:
        print(error)
    print(client.authorization()[:7])
atexit.register(late)
import seekauth
"""
    assert run(sandbox, "", early) == "the interpreter is exiting\nBearer \n"


LISTENER = """
import atexit, threading, time
# Registered before the package's own, it runs after that.
atexit.register(lambda: print(time.perf_counter() - began))
from seekauth import Client
client, entered = Client.from_env(), threading.Event()

def hear(event):
    entered.set()
    {hears}

client.on_event(hear, level="debug")
client.close()
entered.wait()

@atexit.register
def begin():
    global began
    began = time.perf_counter()
"""


@pytest.mark.parametrize(
    ("hears", "least"), [("threading.Event().wait()", 0.2), ("time.sleep(0.01)", 0.0)]
)
def test_what_was_told_is_handed_over_for_a_fifth_of_a_second_at_most(
    sandbox: Sandbox, hears: str, least: float
) -> None:
    took = float(run(sandbox, LISTENER.format(hears=hears), ""))
    # A busy machine adds its own; without a bound the first would never end.
    assert least <= took < least + 1
