"""The function that gives credentials and its process: clocks, forks, and the interpreter's end."""

from __future__ import annotations

import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from program import FORK, UNLOGGED, Program, run

if TYPE_CHECKING:
    from sandbox import Sandbox

# The function itself would take ten times as long.
AT_ONCE = 60

# Without `threading`: Python takes the thread that imports it first for the main one.
PREAMBLE = """
import os, sys, time
from seekauth import Client, Credentials, CredentialsUnavailableError
name, secret = os.environ.pop("SEEKAUTH_CLIENT_ID"), os.environ.pop("SEEKAUTH_CLIENT_SECRET")
def good():
    return Credentials(client_id=name, client_secret=secret)
"""


def test_a_live_token_stays_in_use_while_the_function_hangs_or_fails(sandbox: Sandbox) -> None:
    code = """
    from seekauth import _native
    import threading
    open_, failing = threading.Event(), False
    def function():
        if failing:
            raise OSError("no store")
        open_.wait()
        return good()
    _native.test_clock_start()
    client = Client.from_env(credentials=function, request_timeout=0.05)
    open_.set()
    value = client.authorization()
    open_.clear()
    # Ten seconds before its expiry it counts as used up.
    _native.test_clock_advance(0, 1790_000)
    print(client.authorization() == value)
    failing = True
    open_.set()
    _native.test_clock_advance(0, 9_000)
    print(client.authorization() == value)
    _native.test_clock_advance(0, 1_000)
    try:
        client.get_token(timeout=0.01)
    except CredentialsUnavailableError as error:
        print(error)
    failing = False
    _native.test_clock_advance(0, 60_000)
    print(client.authorization() != value)
    """
    assert run(sandbox, code, PREAMBLE + UNLOGGED) == (
        "True\nTrue\nthe program's own credential provider failed with OSError\nTrue\n"
    )
    assert sandbox.requests() == 2


@pytest.mark.parametrize("form", ["def", "async def"])
def test_a_program_without_threads_stays_in_its_main_thread(sandbox: Sandbox, form: str) -> None:
    code = f"""
    assert not {{"threading", "asyncio"}} & set(sys.modules)
    {form} function():
        import logging
        return good()
    print(Client.from_env(credentials=function).authorization()[:7])
    import threading
    print(threading.current_thread() is threading.main_thread())
    """
    assert run(sandbox, code, PREAMBLE) == "Bearer \nTrue\n"


CHILD = PREAMBLE + FORK

forks = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")


@forks
@pytest.mark.parametrize("form", ["def", "async def"])
def test_a_child_asks_the_function_itself(sandbox: Sandbox, form: str) -> None:
    code = f"""
    asked = []
    {form} function():
        asked.append(os.getpid())
        return good()
    import seekauth
    seekauth._native.test_clock_start()
    client = Client.from_env(credentials=function)
    def use():
        value = client.authorization()
        seekauth._native.test_clock_advance(0, 2000)
        assert client.invalidate(value)
        client.authorization()
        assert asked.count(os.getpid()) > 0
    print(child(use), client.authorization()[:7], child(use), child(use), asked.count(os.getpid()))
    """
    assert run(sandbox, code, CHILD + UNLOGGED) == "0 Bearer  0 0 1\n"
    assert sandbox.requests() == 5


@forks
@pytest.mark.parametrize("waiting", ["open_.wait()", "await asyncio.to_thread(open_.wait)"])
def test_a_fork_while_the_function_is_running_hangs_nobody(sandbox: Sandbox, waiting: str) -> None:
    form = "async def" if "await" in waiting else "def"
    code = f"""
    import asyncio, threading
    parent, entered, open_ = os.getpid(), threading.Event(), threading.Event()
    {form} function():
        if os.getpid() == parent:
            entered.set()
            {waiting}
        return good()
    client = Client.from_env(credentials=function)
    thread = threading.Thread(target=client.authorization)
    thread.start()
    entered.wait()
    print([child(client.authorization) for _ in range(3)])
    open_.set()
    thread.join()
    print(client.authorization()[:7])
    """
    assert run(sandbox, code, CHILD) == "[0, 0, 0]\nBearer \n"
    assert sandbox.requests() == 4


@forks
def test_a_child_of_a_busy_parent_exits(sandbox: Sandbox) -> None:
    code = """
    import threading
    entered, open_ = threading.Event(), threading.Event()
    def function():
        entered.set()
        open_.wait()
        return good()
    client = Client.from_env(credentials=function)
    thread = threading.Thread(target=client.authorization)
    thread.start()
    entered.wait()
    pid = os.fork()
    if pid == 0:
        sys.exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    open_.set()
    thread.join()
    """
    assert run(sandbox, code, PREAMBLE) == "7\n"


# The function's work when the interpreter finishes; most of it needs the interpreter soon.
DOING = {
    "sleeping": "time.sleep(600)",
    "taking naps": "while True: time.sleep(0.0001)",
    "busy": "while True: pass",
    "locking": "while True: sys.modules['threading'].Lock().acquire(timeout=0.0001)",
    "awaiting": "await asyncio.sleep(600)",
    "awaiting again and again": "while True: await asyncio.sleep(0.0001)",
    "asking another client": "Client.from_env(credentials=again).authorization()",
}


@pytest.mark.parametrize("code", [0, 7])
@pytest.mark.parametrize("doing", DOING)
def test_a_function_that_is_running_does_not_hold_up_the_exit(
    sandbox: Sandbox, doing: str, code: int
) -> None:
    form = "async def" if "await " in DOING[doing] else "def"
    source = f"""
import asyncio, threading
class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(0.2)
# The interpreter takes its time, so that the function finds it half torn down.
slow, sys.slow = Slow(), Slow()
def again():
    while True: time.sleep(0.001)
entered = threading.Event()
{form} function():
    entered.set()
    {DOING[doing]}
client = Client.from_env(credentials=function)
threading.Thread(target=client.authorization, daemon=True).start()
entered.wait()
sys.exit({code})
"""
    with Program(sandbox, dedent(source), PREAMBLE) as program:
        assert program.end(within=AT_ONCE) == (code, "", "")
    assert sandbox.requests() == 0


@pytest.mark.parametrize("form", ["def", "async def"])
def test_it_may_be_asked_at_exit(sandbox: Sandbox, form: str) -> None:
    code = f"""
    import atexit
    {form} function():
        return good()
    client = Client.from_env(credentials=function)
    atexit.register(lambda: print(client.authorization()[:7]))
    """
    assert run(sandbox, code, PREAMBLE) == "Bearer \n"


def test_once_the_interpreter_is_closed_to_it_calls_fail(sandbox: Sandbox) -> None:
    early = """
import atexit
def late():
    try:
        client.get_token(timeout=600)
    except CredentialsUnavailableError as error:
        print(error)
atexit.register(late)
"""
    code = "client = Client.from_env(credentials=good)"
    assert run(sandbox, code, early + PREAMBLE) == "the program's own credential provider failed\n"
    assert sandbox.requests() == 0


def test_a_program_that_the_function_starts_can_be_ended(sandbox: Sandbox) -> None:
    code = """
    import subprocess
    look = "import signal; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())))"
    def function():
        print(subprocess.run([sys.executable, "-c", look], capture_output=True).stdout.decode())
        return good()
    Client.from_env(credentials=function).authorization()
    """
    assert run(sandbox, code, PREAMBLE) == "[]\n\n"
