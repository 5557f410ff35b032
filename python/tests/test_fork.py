"""Processes that fork or spawn workers after the parent has used the client."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from program import FORK, PREAMBLE, Program, run

if TYPE_CHECKING:
    from sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")

CHILD = PREAMBLE + FORK


def test_a_child_uses_the_token_of_its_parent_and_renews_it_alone(sandbox: Sandbox) -> None:
    code = """
    value = client.authorization()
    def use():
        assert client.authorization() == value
        assert asyncio.run(client.authorization_async()) == value
        assert client.invalidate(value)
        renewed = client.authorization()
        assert renewed != value
        assert asyncio.run(client.authorization_async()) == renewed
    print([child(use) for _ in range(3)], client.authorization() == value)
    """
    assert run(sandbox, code, CHILD) == "[0, 0, 0] True\n"
    assert sandbox.requests() == 4


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_a_child_that_finds_the_token_fresh_starts_no_thread(sandbox: Sandbox) -> None:
    code = """
    value = client.authorization()
    def use():
        assert client.authorization() == client.get_token().authorization == value
        assert asyncio.run(client.authorization_async()) == value
        assert asyncio.run(client.get_token_async()).authorization == value
        assert len(os.listdir("/proc/self/task")) == 1
    print(child(use))
    """
    assert run(sandbox, code, CHILD) == "0\n"


def test_the_first_call_of_a_child_works(sandbox: Sandbox) -> None:
    code = """
    def use():
        assert client.authorization().startswith("Bearer ")
    print(child(use))
    """
    assert run(sandbox, code, CHILD) == "0\n"


def test_the_first_call_of_a_child_may_be_a_task(sandbox: Sandbox) -> None:
    code = """
    client.authorization()
    client.invalidate(client.authorization())
    def use():
        asyncio.run(client.authorization_async())
    print(child(use))
    """
    assert run(sandbox, code, CHILD) == "0\n"


@pytest.mark.parametrize("waits", ["client.get_token()", "asyncio.run(client.get_token_async())"])
def test_a_fork_during_a_flight_hangs_nobody(sandbox: Sandbox, waits: str) -> None:
    sandbox.script(hold=True)
    code = f"""
    thread = threading.Thread(target=lambda: {waits})
    thread.start()
    sys.stdin.readline()
    print(child(client.authorization), child(lambda: asyncio.run(client.authorization_async())))
    sys.stdout.flush()
    thread.join()
    print(client.authorization()[:7])
    """
    with Program(sandbox, code, CHILD) as program:
        sandbox.wait_for_requests(1)
        program.tell()
        assert program.read() == "0 0"
        sandbox.release()
        assert program.end() == (0, "Bearer \n", "")
    assert sandbox.requests() == 3


def test_a_child_that_exits_the_long_way_exits(sandbox: Sandbox) -> None:
    code = """
    client.authorization()
    pid = os.fork()
    if pid == 0:
        asyncio.run(client.authorization_async())
        sys.exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """
    assert run(sandbox, code) == "7\n"


def test_a_pool_that_forks_shares_the_client(sandbox: Sandbox) -> None:
    code = """
    import multiprocessing
    client.authorization()
    def use(_):
        return client.authorization()
    with multiprocessing.get_context("fork").Pool(4) as pool:
        print(len(set(pool.map(use, range(100)))))
    """
    assert run(sandbox, code) == "1\n"
    assert sandbox.requests() == 1


def test_a_spawned_worker_makes_its_own_client_and_sends_errors_back(sandbox: Sandbox) -> None:
    code = """
    import multiprocessing
    import worker
    client.authorization()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.apply(worker.authorization)[:7])
        try:
            pool.apply(worker.refused)
        except seekauth.InvalidCredentialsError as error:
            print(error.status, error.retryable, error.code)
        try:
            pool.apply(worker.use, (client,))
        except TypeError as error:
            print("from_env" in str(error))
    """
    assert run(sandbox, code) == "Bearer \n401 False 6\nTrue\n"
