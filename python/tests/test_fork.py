"""Processes that fork or spawn workers after the parent has used the client."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from program import FORK, PREAMBLE, UNLOGGED, Program, run

if TYPE_CHECKING:
    from sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")

CHILD = PREAMBLE + UNLOGGED + FORK


def test_a_child_uses_the_token_of_its_parent_and_renews_it_alone(sandbox: Sandbox) -> None:
    code = """
    seekauth._native.test_clock_start()
    client = Client.from_env()
    value = client.authorization()
    def use():
        assert client.authorization() == value
        assert asyncio.run(client.authorization_async()) == value
        seekauth._native.test_clock_advance(0, 2000)
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
    seekauth._native.test_clock_start()
    client = Client.from_env()
    value = client.authorization()
    seekauth._native.test_clock_advance(0, 2000)
    assert client.invalidate(value)
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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has namespaces of process ids")
def test_a_child_with_the_id_of_its_parent_is_a_child(sandbox: Sandbox) -> None:
    code = """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    NEWPID = 0x20000000
    def in_new_namespace(work):
        # Children from here on are the first processes of namespaces of their own.
        if libc.unshare(NEWPID) != 0:
            print("not permitted:", os.strerror(ctypes.get_errno()))
            sys.stdout.flush()
            os._exit(0)
        return child(work)
    def outer():
        assert os.getpid() == 1
        # It has a thread, sockets and locks of its own now.
        assert client.authorization().startswith("Bearer ")
        assert in_new_namespace(inner) == 0
        assert asyncio.run(client.authorization_async()).startswith("Bearer ")
    def inner():
        assert os.getpid() == 1
        assert client.authorization().startswith("Bearer ")
        for _ in range(2):
            # With a request of its own, and a thread for it.
            assert Client.from_env().authorization().startswith("Bearer ")
            new = Client.from_env()
            assert asyncio.run(new.authorization_async()).startswith("Bearer ")
    print(in_new_namespace(outer))
    """
    with Program(sandbox, code, CHILD) as program:
        status, output, errors = program.end(within=60)
    assert (status, errors) == (0, "")
    if output.startswith("not permitted"):
        pytest.skip(f"a namespace for process ids is {output.strip()}")
    assert output == "0\n"


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_a_fork_under_calls_that_fail_hangs_no_child(sandbox: Sandbox, kind: str) -> None:
    """Failing calls take every lock that there is. `SEEKAUTH_FORKS=12000` for more of it."""
    forks = int(os.environ.get("SEEKAUTH_FORKS", "400")) // 2
    sandbox.script(error="invalid_client", times=0)
    code = f"""
    over = threading.Event()
    def refused():
        # Each has a failure of its own to remember.
        with Client.from_env(client_secret_next="another") as one:
            try:
                {"one.get_token()" if kind == "blocking" else "asyncio.run(one.get_token_async())"}
            except seekauth.InvalidCredentialsError:
                return
        raise AssertionError("it was to fail")
    def go_on():
        while not over.is_set():
            refused()
    threads = [threading.Thread(target=go_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    def use():
        import signal
        # A child that hangs ends by this.
        signal.alarm(50)
        refused()
    failed = 0
    for _ in range({forks}):
        failed += child(use) != 0
    over.set()
    for thread in threads:
        thread.join()
    print(failed)
    """
    with Program(sandbox, code, CHILD) as program:
        assert program.end(within=120 + forks) == (0, "0\n", "")


def test_a_fork_under_128_tasks_that_fail_at_once_hangs_no_child(sandbox: Sandbox) -> None:
    """Each of their failures is delivered by the library's thread, which enters the interpreter."""
    forks = int(os.environ.get("SEEKAUTH_FORKS", "200"))
    sandbox.script(error="invalid_client", times=0)
    code = f"""
    over = threading.Event()
    async def refused():
        try:
            await client.get_token_async()
        except seekauth.InvalidCredentialsError:
            return
        raise AssertionError("it was to fail")
    async def go_on():
        while not over.is_set():
            await asyncio.gather(*(refused() for _ in range(128)))
    thread = threading.Thread(target=lambda: asyncio.run(go_on()))
    thread.start()
    def use():
        import signal
        # A child that hangs ends by this.
        signal.alarm(50)
        asyncio.run(refused())
    failed = 0
    for _ in range({forks}):
        failed += child(use) != 0
    over.set()
    thread.join()
    print(failed)
    """
    with Program(sandbox, code, CHILD) as program:
        assert program.end(within=120 + forks) == (0, "0\n", "")
