"""Ctrl-C and other signals while a thread waits for a token."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest
from program import Program

if TYPE_CHECKING:
    from sandbox import Sandbox

# The call itself would wait ten times as long: see `Program`.
AT_ONCE = 60

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")


@pytest.mark.parametrize("call", ["client.authorization()", "client.get_token(timeout=600)"])
def test_ctrl_c_ends_the_wait_at_once(sandbox: Sandbox, call: str) -> None:
    sandbox.script(hold=True)
    with Program(sandbox, call) as program:
        sandbox.wait_for_requests(1)
        program.send_signal(signal.SIGINT)
        code, output, errors = program.end(within=AT_ONCE)
    assert (code, output) == (-signal.SIGINT, "")
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_a_handler_of_the_program_runs_during_the_wait(sandbox: Sandbox) -> None:
    sandbox.script(hold=True)
    code = """
    import signal
    signal.signal(signal.SIGTERM, lambda *_: print("handled", flush=True))
    print(client.authorization()[:7])
    """
    with Program(sandbox, code) as program:
        sandbox.wait_for_requests(1)
        program.send_signal(signal.SIGTERM)
        assert program.read() == "handled"
        sandbox.release()
        assert program.end() == (0, "Bearer \n", "")


def test_ctrl_c_gives_up_the_wait_and_not_the_fetch(sandbox: Sandbox) -> None:
    sandbox.script(hold=True)
    code = """
    try:
        client.authorization()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    print(client.authorization()[:7])
    """
    with Program(sandbox, code) as program:
        sandbox.wait_for_requests(1)
        program.send_signal(signal.SIGINT)
        assert program.read() == "interrupted"
        sandbox.release()
        assert program.end() == (0, "Bearer \n", "")
    assert sandbox.requests() == 1


def test_ctrl_c_ends_asyncio_run_too(sandbox: Sandbox) -> None:
    sandbox.script(hold=True)
    with Program(sandbox, "asyncio.run(client.authorization_async())") as program:
        sandbox.wait_for_requests(1)
        program.send_signal(signal.SIGINT)
        code, output, errors = program.end(within=AT_ONCE)
    assert (code, output) == (-signal.SIGINT, "")
    assert errors.rstrip().endswith("KeyboardInterrupt")
