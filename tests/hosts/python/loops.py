"""A program that runs in the event loop that its argument names: asyncio, uvloop, trio, or anyio over asyncio or trio.
Its waits go through anyio, which is at home in all of them.
"""

import sys
from contextlib import asynccontextmanager
from functools import partial

import anyio
import httpx
import seekauth

from harness.sandbox import Sandbox

TASKS = 200
QUERY = "{ self { partner { name } } }"


def client(sandbox, **settings):
    return seekauth.Client.seek_api(**{**sandbox.settings, **settings})


@asynccontextmanager
async def held(sandbox, endpoint="seek_api_token"):
    """A block during which the endpoint's next response is held, until the loop has turned for another task."""
    sandbox.script(endpoint=endpoint, hold=True)

    async def release():
        await anyio.to_thread.run_sync(sandbox.wait_for_requests, 1, endpoint)
        await anyio.to_thread.run_sync(sandbox.release)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(release)
        yield tasks


async def one_request_for_all_tasks(sandbox):
    one, values = client(sandbox), set()

    async def ask():
        values.add(await one.authorization_async())

    async with held(sandbox) as tasks:
        for _ in range(TASKS):
            tasks.start_soon(ask)
    assert len(values) == sandbox.requests() == 1
    assert values == {await one.authorization_async()}
    assert (await one.get_token_async()).authorization in values


async def one_that_is_cancelled_gives_up_its_own_wait_only(sandbox):
    one, values = client(sandbox), []

    async def ask(scope):
        with scope:
            values.append(await one.get_token_async())

    scopes = anyio.CancelScope(), anyio.CancelScope()
    async with held(sandbox) as tasks:
        for scope in scopes:
            tasks.start_soon(ask, scope)
        await anyio.to_thread.run_sync(sandbox.wait_for_requests, 1)
        scopes[0].cancel()
    assert len(values) == sandbox.requests() == 1


async def a_time_limit_around_a_call_holds(sandbox):
    sandbox.script(hold=True)
    with anyio.move_on_after(0.05) as scope:
        await client(sandbox).get_token_async()
    assert scope.cancelled_caught
    sandbox.release()


async def failures_are_errors_of_the_task(sandbox):
    for settings, cls in (
        ({"client_secret": "wrong"}, seekauth.InvalidCredentialsError),
        ({"timeout": 0.05}, seekauth.TimeoutError),
    ):
        sandbox.reset()
        if cls is seekauth.TimeoutError:
            sandbox.script(hold=True)
        try:
            await client(sandbox, **settings).get_token_async()
        except cls:
            continue
        raise AssertionError(f"it was to raise {cls}")
    sandbox.release()


async def an_operation_is_sent(sandbox):
    async with client(sandbox) as one:
        response = await one.graphql_async(QUERY)
    assert response.raise_for_errors().data["self"]["partner"]["name"]


async def httpx_sends_with_the_token(sandbox):
    one = client(sandbox)
    async with httpx.AsyncClient(auth=seekauth.httpx.SeekAuth(one)) as api, held(sandbox):
        response = await api.post(one.api_url, json={"query": QUERY})
    assert response.json()["data"]["self"]


async def httpxs_time_out_bounds_the_wait(sandbox):
    one = client(sandbox)
    sandbox.script(hold=True)
    async with httpx.AsyncClient(auth=seekauth.httpx.SeekAuth(one), timeout=0.1) as api:
        try:
            await api.post(one.api_url, json={"query": QUERY})
        except seekauth.TimeoutError:
            return
    raise AssertionError("it was to end in time")


CHECKS = (
    one_request_for_all_tasks,
    one_that_is_cancelled_gives_up_its_own_wait_only,
    a_time_limit_around_a_call_holds,
    failures_are_errors_of_the_task,
    an_operation_is_sent,
    httpx_sends_with_the_token,
    httpxs_time_out_bounds_the_wait,
)


async def checks(sandbox):
    for check in CHECKS:
        sandbox.reset()
        await check(sandbox)
        print(check.__name__.replace("_", " "), flush=True)


def runner(loop):
    """What runs an async function in this loop."""
    if loop == "asyncio":
        import asyncio

        return lambda work, *arguments: asyncio.run(work(*arguments))
    if loop == "trio":
        import trio

        return trio.run
    backend, _, kind = loop.partition("-")
    options = {"use_uvloop": True} if kind == "uvloop" else {}
    return partial(anyio.run, backend=backend.removeprefix("anyio/"), backend_options=options)


def main():
    with Sandbox() as sandbox:
        runner(sys.argv[1])(checks, sandbox)


main()
