"""aiohttp: every way of reading `content`, bodies, time-outs, cancellation, other middlewares."""

from __future__ import annotations

import asyncio
import gzip
import io
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from server import GOOD, REJECTION, Response, Server

import seekauth
from seekauth.aiohttp import seek_auth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sandbox import Sandbox

    from seekauth import Client

QUERY = {"query": "{ self { partner { name } } }"}


def run(client: Client, use: Callable[[aiohttp.ClientSession], Awaitable[Any]]) -> Any:
    """The result of `use` with a session that has one connection at a time."""

    async def with_session() -> Any:
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(
            middlewares=[seek_auth(client)], connector=connector
        ) as session:
            return await use(session)

    return asyncio.run(with_session())


WAYS: dict[str, Callable[[aiohttp.ClientResponse], Awaitable[bytes]]] = {}


def way(function: Callable[[aiohttp.ClientResponse], Awaitable[bytes]]) -> None:
    WAYS[function.__name__] = function


@way
async def read(response: aiohttp.ClientResponse) -> bytes:
    return await response.read()


@way
async def text(response: aiohttp.ClientResponse) -> bytes:
    return (await response.text()).encode()


@way
async def content_read(response: aiohttp.ClientResponse) -> bytes:
    return await response.content.read()


@way
async def content_read_in_chunks(response: aiohttp.ClientResponse) -> bytes:
    parts = []
    while part := await response.content.read(10_007):
        assert len(part) <= 10_007
        parts.append(part)
    assert response.content.at_eof()
    return b"".join(parts)


@way
async def content_readexactly(response: aiohttp.ClientResponse) -> bytes:
    return await response.content.readexactly(10) + await response.content.read()


@way
async def content_readany(response: aiohttp.ClientResponse) -> bytes:
    return await response.content.readany() + await response.content.read()


@way
async def content_readline(response: aiohttp.ClientResponse) -> bytes:
    lines = []
    while line := await response.content.readline(max_line_length=4 << 20):
        lines.append(line)
    return b"".join(lines)


@way
async def content_read_nowait(response: aiohttp.ClientResponse) -> bytes:
    return response.content.read_nowait(3) + await response.content.read()


@way
async def content_readuntil(response: aiohttp.ClientResponse) -> bytes:
    assert (await response.content.readuntil(b":")) == b'{"data":'
    return b'{"data":' + await response.content.read()


@way
async def content_iter_any(response: aiohttp.ClientResponse) -> bytes:
    return b"".join([chunk async for chunk in response.content.iter_any()])


@way
async def content_iter_chunked(response: aiohttp.ClientResponse) -> bytes:
    return b"".join([chunk async for chunk in response.content.iter_chunked(10_007)])


@way
async def content_iter_chunks(response: aiohttp.ClientResponse) -> bytes:
    return b"".join([chunk async for chunk, _ in response.content.iter_chunks()])


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", WAYS)
def test_every_way_of_reading_gives_all_of_it(
    api: Client, server: Server, name: str, *, compressed: bool, chunked: bool
) -> None:
    long = b'{"data":"' + b"x" * (2 << 20) + b'"}\n'
    for body in (GOOD, long):
        sent = gzip.compress(body, 1) if compressed else body
        chunks = [sent[:9], sent[9 : len(sent) // 2], sent[len(sent) // 2 :]]
        headers = {"Content-Encoding": "gzip"} if compressed else {}
        server.responses = [Response(chunks, headers=headers, chunked=chunked)]

        async def use(session: aiohttp.ClientSession) -> bytes:
            async with session.post(server.url, json=QUERY) as response:
                return await WAYS[name](response)

        assert run(api, use) == body


def test_http_chunks_keep_their_ends(api: Client, server: Server) -> None:
    chunks = [b'{"data":', b"null", b"}"]
    server.responses = [Response(chunks, chunked=True)]

    async def use(session: aiohttp.ClientSession) -> list[tuple[bytes, bool]]:
        async with session.post(server.url, json=QUERY) as response:
            return [part async for part in response.content.iter_chunks()]

    whole, ends = b"", []
    for chunk, is_end in run(api, use):
        whole += chunk
        # aiohttp may say twice that the last one has ended.
        if is_end and len(whole) not in ends:
            ends.append(len(whole))
    assert (whole, ends) == (b"".join(chunks), [8, 12, 13])


@pytest.mark.usefixtures("clock")
def test_a_response_may_be_left_unread(api: Client, server: Server) -> None:
    async def use(session: aiohttp.ClientSession) -> bytes:
        for _ in range(3):
            server.responses = [Response([b'{"data":"' + b"x" * (2 << 20), b'"}'])]
            async with session.post(server.url, json=QUERY):
                pass
            server.responses = [Response([REJECTION])]
        async with session.post(server.url, json=QUERY) as response:
            return await response.read()

    assert run(api, use) == GOOD


@pytest.mark.usefixtures("clock")
def test_a_rejected_response_makes_room_for_the_next(api: Client, server: Server) -> None:
    goes_on = threading.Event()
    server.responses = [Response([REJECTION[:-1], b"}"], goes_on=goes_on)]

    async def use(session: aiohttp.ClientSession) -> bytes:
        timeout = aiohttp.ClientTimeout(total=60)
        async with session.post(server.url, json=QUERY, timeout=timeout) as response:
            return await response.read()

    try:
        assert run(api, use) == GOOD
    finally:
        goes_on.set()


@pytest.mark.usefixtures("clock")
def test_files_are_rewound_and_generators_are_not(api: Client, server: Server) -> None:
    async def generator() -> AsyncIterator[bytes]:
        yield b"456789"

    async def use(session: aiohttp.ClientSession) -> None:
        with tempfile.TemporaryFile() as file:
            for body in (io.BytesIO(), file):
                body.write(b"0123456789")
                body.seek(4)
                server.responses = [Response([REJECTION])]
                async with session.post(server.url, data=body) as response:
                    assert await response.read() == GOOD
        server.responses = [Response([REJECTION])]
        with pytest.raises(seekauth.TokenRejectedError, match="stream"):
            await session.post(server.url, data=generator())

    run(api, use)
    assert [received.body for received in server.received] == [b"456789"] * 5


@pytest.mark.usefixtures("clock")
def test_forms_are_sent_again(api: Client, server: Server) -> None:
    server.responses = [Response([REJECTION])]

    async def use(session: aiohttp.ClientSession) -> bytes:
        form = aiohttp.FormData({"a": "1"})
        form.add_field("file", io.BytesIO(b"content"), filename="x")
        async with session.post(server.url, data=form) as response:
            return await response.read()

    assert run(api, use) == GOOD
    first, second = server.received
    assert first.body == second.body
    assert b"content" in first.body


def test_its_total_time_covers_the_wait_for_a_token(sandbox: Sandbox, client: Client) -> None:
    sandbox.script(hold=True)

    async def use(session: aiohttp.ClientSession) -> None:
        assert client.api_url is not None
        timeout = aiohttp.ClientTimeout(total=0.1)
        with pytest.raises(asyncio.TimeoutError):
            await session.post(client.api_url, json=QUERY, timeout=timeout)
        sandbox.release_once_asked()
        async with session.post(client.api_url, json=QUERY) as response:
            assert (await response.json())["data"]

    run(client, use)
    assert sandbox.requests() == 1


def test_the_clients_own_time_is_its_own_error(sandbox: Sandbox) -> None:
    sandbox.script(hold=True)
    with sandbox.client(timeout=0.05) as client:

        async def use(session: aiohttp.ClientSession) -> None:
            assert client.api_url is not None
            with pytest.raises(seekauth.TimeoutError) as raised:
                await session.post(client.api_url, json=QUERY)
            assert raised.value.retryable

        run(client, use)
    sandbox.release()


def test_a_task_may_be_cancelled_at_any_point(
    sandbox: Sandbox, api: Client, server: Server
) -> None:
    sandbox.script(hold=True)
    goes_on = threading.Event()
    server.responses = [Response([GOOD[:20], GOOD[20:]], goes_on=goes_on)]

    async def use(session: aiohttp.ClientSession) -> bytes:
        task = asyncio.create_task(session.post(server.url, json=QUERY).__aenter__())
        await asyncio.to_thread(sandbox.wait_for_requests, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        sandbox.release()
        task = asyncio.create_task(session.post(server.url, json=QUERY).__aenter__())
        await asyncio.to_thread(server.responded.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with session.post(server.url, json=QUERY) as response:
            return await response.read()

    try:
        assert run(api, use) == GOOD
    finally:
        goes_on.set()
    assert sandbox.requests() == 1


@pytest.mark.usefixtures("clock")
def test_it_works_beside_other_middlewares(api: Client, server: Server) -> None:
    seen = []

    async def reading(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        response = await handler(request)
        seen.append(await response.read())
        return response

    async def use() -> None:
        for middlewares in ([seek_auth(api), reading], [reading, seek_auth(api)]):
            server.responses = [Response([REJECTION])]
            async with (
                aiohttp.ClientSession() as session,
                session.post(server.url, json=QUERY, middlewares=middlewares) as response,
            ):
                assert await response.read() == GOOD

    asyncio.run(use())
    assert seen == [REJECTION, GOOD, GOOD]


def test_one_middleware_serves_many_loops(api: Client, server: Server, sandbox: Sandbox) -> None:
    middleware = seek_auth(api)

    async def send() -> bytes:
        async with aiohttp.ClientSession(middlewares=[middleware]) as session:

            async def one() -> bytes:
                async with session.post(server.url, json=QUERY) as response:
                    return await response.read()

            return b"".join(set(await asyncio.gather(*(one() for _ in range(5)))))

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(asyncio.run, send()) for _ in range(4)]
        assert {result.result() for result in results} == {GOOD}
    assert sandbox.requests() == 1


def test_an_error_of_the_token_request_is_one_of_aiohttps_too(
    sandbox: Sandbox, client: Client
) -> None:
    sandbox.script(drop="before", times=0)

    async def use(session: aiohttp.ClientSession) -> None:
        assert client.api_url is not None
        with pytest.raises(seekauth.NetworkError) as raised:
            await session.post(client.api_url, json=QUERY)
        assert isinstance(raised.value, aiohttp.ClientError)
        assert raised.value.kind == "network"
        assert raised.value.code == 5

    run(client, use)


def test_a_redirect_opens_no_other_way_out(api: Client, server: Server) -> None:
    async def use(session: aiohttp.ClientSession) -> None:
        with Server() as elsewhere, Server() as third:
            server.responses = [Response([b""], status=307, headers={"Location": elsewhere.url})]
            async with session.post(server.url, json=QUERY) as response:
                assert response.status == 200
            for url in (elsewhere.url, third.url):
                with pytest.raises(seekauth.ForbiddenOriginError):
                    await session.post(url, json=QUERY)
            server.responses = [
                Response([b""], status=200, headers={"Location": "mailto:somebody"})
            ]
            async with session.post(server.url, json=QUERY) as response:
                assert response.status == 200
            elsewhere.responses = [Response([b""], status=307, headers={"Location": server.url})]
            server.responses = [Response([b""], status=307, headers={"Location": elsewhere.url})]
            async with session.post(server.url, json=QUERY) as response:
                assert await response.read() == GOOD
            assert len(elsewhere.received) == 2
            async with session.post(server.url, json=QUERY) as response:
                assert response.status == 200
            values = [received.headers["Authorization"] for received in server.received[-2:]]
            assert [value is None for value in values] == [True, False]

    run(api, use)
