"""Callers that wait: threads, tasks and event loops, and those that give up."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import seekauth
from seekauth import Client

if TYPE_CHECKING:
    from sandbox import Sandbox


def test_200_threads_on_an_empty_cache_make_one_request(sandbox: Sandbox, client: Client) -> None:
    together = threading.Barrier(200)

    def call() -> str:
        together.wait()
        return client.authorization()

    with ThreadPoolExecutor(200) as pool:
        values = {future.result() for future in [pool.submit(call) for _ in range(200)]}
    assert len(values) == 1
    assert sandbox.requests() == 1


def test_1000_tasks_on_an_empty_cache_make_one_request(sandbox: Sandbox, client: Client) -> None:
    sandbox.script(hold=True)

    async def burst() -> list[str]:
        tasks = [asyncio.create_task(client.authorization_async()) for _ in range(1000)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)
        sandbox.release_once_asked()
        return await asyncio.gather(*tasks)

    assert len(set(asyncio.run(burst()))) == 1
    assert sandbox.requests() == 1


def test_a_fresh_token_is_returned_without_giving_way(client: Client) -> None:
    value = client.authorization()
    for call in (client.authorization_async, client.get_token_async):
        coroutine = call()
        with pytest.raises(StopIteration) as returned:
            coroutine.send(None)
        assert returned.value.value in {value, client.cached_token()}


def test_the_loop_runs_while_tasks_wait(sandbox: Sandbox, client: Client) -> None:
    sandbox.script(hold=True)

    async def run() -> None:
        task = asyncio.create_task(client.get_token_async())
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()
        assert not task.done()
        sandbox.release_once_asked()
        assert (await task).value

    asyncio.run(run())


def test_threads_run_while_one_waits(sandbox: Sandbox, client: Client) -> None:
    sandbox.script(hold=True)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get_token)
        sandbox.release_once_asked()
        assert waiting.result().value


def test_a_cancelled_task_gives_up_its_own_wait_only(sandbox: Sandbox, client: Client) -> None:
    sandbox.script(hold=True)
    problems: list[object] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: problems.append(context))
        leader = asyncio.create_task(client.authorization_async())
        await asyncio.sleep(0)
        follower = asyncio.create_task(client.authorization_async())
        await asyncio.sleep(0)
        leader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leader
        assert not follower.done()
        sandbox.release_once_asked()
        # Callbacks come in order, so that of the call that gave up has come by then.
        assert await follower == client.authorization()

    asyncio.run(run())
    assert problems == []
    assert sandbox.requests() == 1


def test_a_timeout_around_the_call_works_too(sandbox: Sandbox, client: Client) -> None:
    sandbox.script(hold=True)

    async def run() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.get_token_async(), 0.05)
        with pytest.raises(seekauth.TimeoutError):
            await client.get_token_async(timeout=0.05)
        sandbox.release_once_asked()
        await client.get_token_async()

    asyncio.run(run())
    assert sandbox.requests() == 1


def test_closing_ends_every_wait(sandbox: Sandbox) -> None:
    sandbox.script(hold=True)
    client = sandbox.client()

    async def run() -> None:
        task = asyncio.create_task(client.get_token_async())
        await asyncio.sleep(0)
        with ThreadPoolExecutor(1) as pool:
            thread = pool.submit(client.get_token)
            sandbox.wait_for_requests(1)
            client.close()
            with pytest.raises((seekauth.CancelledError, seekauth.ClosedError)):
                thread.result()
        with pytest.raises(seekauth.CancelledError):
            await task

    asyncio.run(run())


def test_one_client_serves_many_loops_at_once(sandbox: Sandbox, client: Client) -> None:
    sandbox.script(hold=True)
    together = threading.Barrier(9)

    async def call() -> str:
        value = asyncio.create_task(client.authorization_async())
        await asyncio.sleep(0)
        await asyncio.to_thread(together.wait)
        return await value

    with ThreadPoolExecutor(8) as pool:
        loops = [pool.submit(asyncio.run, call()) for _ in range(8)]
        together.wait()
        sandbox.release_once_asked()
        assert {loop.result() for loop in loops} == {client.authorization()}
    assert sandbox.requests() == 1


def test_a_loop_may_be_closed_under_a_waiting_task(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    unraisable: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", unraisable.append)
    sandbox.script(hold=True)
    loop = asyncio.new_event_loop()
    coroutine = client.get_token_async()

    async def step() -> None:
        coroutine.send(None)

    loop.run_until_complete(step())
    loop.close()
    sandbox.release_once_asked()
    assert client.get_token().value
    # The callback of the closed loop runs on the library's thread, in the order of the calls, at
    # the latest before that of a later call.
    asyncio.run(client.get_token_async())
    coroutine.close()
    assert unraisable == []
