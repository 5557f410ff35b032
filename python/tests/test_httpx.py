"""httpx and httpx2: ways of using requests and responses, and ends of their clients."""

from __future__ import annotations

import asyncio
import copy
import gzip
import pickle
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
from adapters import FOREIGN
from sandbox import Sandbox
from server import GOOD, REJECTION, Response

import seekauth.httpx
import seekauth.httpx2
from seekauth import SeekAuthError, TokenRejectedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from server import Server

    from seekauth import Client

QUERY = {"query": "{ self { partner { name } } }"}


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    return {"httpx": httpx, "httpx2": httpx2}[request.param]


def auth_for(library: Any, client: Client) -> Any:
    ours: Any = {"httpx": seekauth.httpx, "httpx2": seekauth.httpx2}[library.__name__]
    return ours.SeekAuth(client)


def test_both_are_described_in_the_same_words() -> None:
    ours, other = seekauth.httpx.SeekAuth.__doc__, seekauth.httpx2.SeekAuth.__doc__
    assert ours is not None
    assert ours.replace("httpx", "httpx2") == other


@pytest.fixture
def http(library: Any, api: Client) -> Iterator[Any]:
    with library.Client(auth=auth_for(library, api), timeout=30) as http:
        yield http


@pytest.mark.usefixtures("clock")
def test_the_rejected_response_is_in_the_history(http: Any, server: Server) -> None:
    server.responses = [Response([REJECTION])]
    response = http.post(server.url, json=QUERY)
    assert response.json()["data"]
    assert [past.status_code for past in response.history] == [200]
    assert response.request.headers["Authorization"].startswith("Bearer ")


def test_every_way_of_reading_a_stream_gives_all_of_it(http: Any, server: Server) -> None:
    sent = gzip.compress(GOOD)
    for how, expected in {
        "iter_raw": sent,
        "iter_bytes": GOOD,
        "iter_text": GOOD,
        "iter_lines": GOOD,
    }.items():
        server.responses = [Response([sent[:9], sent[9:]], headers={"Content-Encoding": "gzip"})]
        with http.stream("POST", server.url, json=QUERY) as response:
            assert not response.is_stream_consumed
            parts = list(getattr(response, how)())
            assert response.num_bytes_downloaded == len(sent)
        joined = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
        assert joined == expected
        assert response.elapsed > timedelta(0)
    assert len({received.connection for received in server.received}) == 1


def test_chunks_may_have_a_size(http: Any, server: Server) -> None:
    with http.stream("POST", server.url, json=QUERY) as response:
        assert {len(chunk) for chunk in response.iter_raw(7)} == {7, len(GOOD) % 7}


def test_a_response_that_is_not_read_frees_its_connection(library: Any, api: Client) -> None:
    limits = library.Limits(max_connections=1)
    with library.Client(auth=auth_for(library, api), limits=limits, timeout=30) as http:
        for _ in range(3):
            with http.stream("POST", api.api_url, json=QUERY):
                pass
        assert http.post(api.api_url, json=QUERY).content == GOOD


@pytest.mark.usefixtures("clock")
def test_hooks_may_read_the_response_first(library: Any, api: Client, server: Server) -> None:
    seen = []

    def look(response: Any) -> None:
        seen.append(response.read())

    hooks = {"response": [look]}
    with library.Client(auth=auth_for(library, api), event_hooks=hooks, timeout=30) as http:
        server.responses = [Response([REJECTION])]
        assert http.post(server.url, json=QUERY).content == GOOD
    assert seen == [REJECTION, GOOD]


def test_a_transport_of_a_test_may_respond(library: Any, api: Client, server: Server) -> None:
    responses = [library.Response(200, content=REJECTION), library.Response(200, json={"data": {}})]
    transport = library.MockTransport(lambda _: responses.pop(0))
    with library.Client(auth=auth_for(library, api), transport=transport) as http:
        assert http.post(server.url, json=QUERY).json() == {"data": {}}
    assert responses == []


@pytest.mark.usefixtures("clock")
def test_a_stream_that_was_read_into_the_request_is_sent_again(http: Any, server: Server) -> None:
    server.responses = [Response([REJECTION]), Response(), Response([REJECTION])]
    request = http.build_request("POST", server.url, content=iter([b"a", b"b"]))
    request.read()
    assert http.send(request).content == GOOD
    assert [received.body for received in server.received] == [b"ab", b"ab"]
    with pytest.raises(TokenRejectedError, match="stream"):
        http.post(server.url, content=iter([b"a", b"b"]))
    assert len(server.received) == 3


def test_an_error_while_reading_ahead_names_its_request(http: Any, server: Server) -> None:
    server.responses = [Response([GOOD[:5], GOOD[5:]], breaks_off=True)]
    with pytest.raises(FOREIGN) as raised:
        http.post(server.url, json=QUERY)
    assert isinstance(raised.value, (httpx.RemoteProtocolError, httpx2.RemoteProtocolError))
    assert str(raised.value.request.url) == server.url


def test_it_may_authenticate_single_requests(library: Any, api: Client, server: Server) -> None:
    auth = auth_for(library, api)
    with library.Client(timeout=30) as http:
        http.post(server.url, json=QUERY, auth=auth)
        http.post(server.url, json=QUERY)
    assert [bool(received.headers["Authorization"]) for received in server.received] == [
        True,
        False,
    ]


def test_it_can_be_copied_and_not_pickled(library: Any, api: Client, server: Server) -> None:
    auth = auth_for(library, api)
    with library.Client(auth=copy.copy(auth), timeout=30) as http:
        assert http.post(server.url, json=QUERY).content == GOOD
    with pytest.raises(TypeError, match=r"cannot pickle a seekauth\.Client"):
        pickle.dumps(auth)


def test_it_shows_no_token(library: Any, api: Client) -> None:
    auth = auth_for(library, api)
    token = api.get_token()
    assert token.value not in repr(auth) + str(vars(auth))


@pytest.mark.parametrize("asynchronous", [False, True])
def test_http2_sends_both_times_over_one_connection(library: Any, *, asynchronous: bool) -> None:
    with Sandbox(tls=True) as sandbox:
        ca_file = sandbox.urls["ca_file"]
        options = {"http2": True, "verify": ssl.create_default_context(cafile=ca_file)}
        with sandbox.client(ca_file=ca_file) as client:
            auth = auth_for(library, client)
            sandbox.script(endpoint="graphql", error="UNAUTHENTICATED")
            if asynchronous:

                async def send() -> Any:
                    async with library.AsyncClient(auth=auth, timeout=30, **options) as http:
                        return await http.post(client.api_url, json=QUERY)

                response = asyncio.run(send())
            else:
                with library.Client(auth=auth, timeout=30, **options) as http:
                    response = http.post(client.api_url, json=QUERY)
        assert response.http_version == "HTTP/2"
        assert response.json()["data"]["self"]
        first, second = sandbox.journal("graphql")
        assert first["connection"] == second["connection"]
        assert first["http_version"] == second["http_version"] == "HTTP/2.0"


def test_one_auth_serves_many_loops_and_threads(library: Any, api: Client, server: Server) -> None:
    auth = auth_for(library, api)

    async def send() -> bytes:
        async with library.AsyncClient(auth=auth, timeout=30) as http:
            responses = await asyncio.gather(*(http.post(server.url, json=QUERY) for _ in range(5)))
            return b"".join({response.content for response in responses})

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(asyncio.run, send()) for _ in range(4)]
        assert {result.result() for result in results} == {GOOD}
    assert len(server.received) == 20


def test_a_task_may_be_cancelled_while_it_waits_for_a_token(
    library: Any, sandbox: Sandbox, client: Client
) -> None:
    sandbox.script(hold=True)

    async def run() -> Any:
        auth = auth_for(library, client)
        async with library.AsyncClient(auth=auth, timeout=30) as http:
            task = asyncio.create_task(http.post(client.api_url, json=QUERY))
            await asyncio.to_thread(sandbox.wait_for_requests, 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            sandbox.release()
            return await http.post(client.api_url, json=QUERY)

    assert asyncio.run(run()).json()["data"]
    assert sandbox.requests() == 1


def test_a_task_may_be_cancelled_while_a_response_is_read_ahead(
    library: Any, api: Client, server: Server
) -> None:
    goes_on = threading.Event()
    server.responses = [Response([GOOD[:20], GOOD[20:]], goes_on=goes_on)]

    async def run() -> bytes:
        limits = library.Limits(max_connections=1)
        begun = asyncio.Event()

        async def look(_: Any) -> None:
            begun.set()

        hooks = {"response": [look]}
        async with library.AsyncClient(
            auth=auth_for(library, api), limits=limits, event_hooks=hooks, timeout=30
        ) as http:
            task = asyncio.create_task(http.post(server.url, json=QUERY))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            content: bytes = (await http.post(server.url, json=QUERY)).content
            return content

    try:
        assert asyncio.run(run()) == GOOD
    finally:
        goes_on.set()


@pytest.mark.usefixtures("clock")
def test_asynchronous_streams_are_whole_and_may_be_left(
    library: Any, api: Client, server: Server
) -> None:
    long = b'{"data":"' + b"x" * (2 << 20) + b'"}'

    async def body() -> AsyncIterator[bytes]:
        yield b"{}"

    async def run() -> None:
        auth = auth_for(library, api)
        async with library.AsyncClient(auth=auth, timeout=30) as http:
            server.responses = [Response([long])]
            async with http.stream("POST", server.url, content=body()) as response:
                assert b"".join([chunk async for chunk in response.aiter_raw()]) == long
            server.responses = [Response([long])]
            async with http.stream("POST", server.url, json=QUERY) as response:
                assert (await anext(response.aiter_bytes())).startswith(b'{"data"')
            server.responses = [Response([REJECTION])]
            with pytest.raises(SeekAuthError, match="stream"):
                await http.post(server.url, content=body())

    asyncio.run(run())
