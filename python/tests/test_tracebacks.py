"""No token in what trackers and loggers show of a failed request: the variables of all frames."""

from __future__ import annotations

import asyncio
import copy
import pickle
import pprint
import socket
import sys
from typing import TYPE_CHECKING, Any

import adapters
import aiohttp
import httpcore
import httpcore2
import httpx
import httpx2
import pytest
import trackers
from adapters import NAMES, Adapter
from server import GOOD, REJECTION, Response, Server
from test_adapters import post

import seekauth
from seekauth._adapters.frames import forget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import Sandbox

    from seekauth import Client

QUERY = {"query": "{ self { partner { name } } }"}


@pytest.fixture(params=NAMES)
def adapter(
    request: pytest.FixtureRequest, api: Client, loop: asyncio.AbstractEventLoop
) -> Iterator[Adapter]:
    adapter = adapters.make(request.param, api, None, loop)
    yield adapter
    adapter.close()


@pytest.fixture(params=trackers.ALL, ids=lambda tracker: tracker.__name__)
def tracker(request: pytest.FixtureRequest) -> Any:
    return request.param


def check(tracker: Callable[[BaseException], str], error: BaseException, value: str) -> None:
    shown = tracker(error)
    assert type(error).__name__ in shown + repr(error)
    # Beginnings, too: trackers cut what is long.
    value = value.removeprefix("Bearer ")
    assert len(value) > 20
    assert value[:20] not in shown


def fails(adapter: Adapter, url: str, **changes: object) -> BaseException:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever the HTTP client raises
        adapter.send(post(url, **changes))
    return raised.value


@pytest.mark.parametrize("tracker", [*trackers.ALL, trackers.rich_traceback])
def test_a_frame_of_ones_own_would_show_a_plain_token(
    tracker: Callable[[BaseException], str], client: Client
) -> None:
    value = client.get_token().value

    def fail(headers: dict[str, str]) -> None:
        raise RuntimeError(len(headers))

    for text, is_shown in ((f"Bearer {value}", True), (client.authorization(), False)):
        with pytest.raises(RuntimeError) as raised:
            fail({"Authorization": text})
        del text
        raised.value.__traceback__ = raised.value.__traceback__.tb_next  # type: ignore[union-attr]
        assert (value[:20] in tracker(raised.value)) is is_shown


def test_an_api_that_breaks_off(
    tracker: Callable[[BaseException], str], adapter: Adapter, api: Client, server: Server
) -> None:
    server.responses = [Response([GOOD[:5], GOOD[5:]], breaks_off=True)]
    check(tracker, fails(adapter, server.url), api.get_token().value)


def test_an_api_that_is_not_there(
    tracker: Callable[[BaseException], str],
    sandbox: Sandbox,
    loop: asyncio.AbstractEventLoop,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/graphql"
    with sandbox.client(api_url=url) as api:
        value = api.get_token().value
        for name in NAMES:
            adapter = adapters.make(name, api, None, loop)
            error = fails(adapter, url)
            adapter.close()
            if name == "requests":
                # The standard library connects while it holds what it is about to send.
                assert "Connection" in type(error).__name__
                continue
            check(tracker, error, value)


@pytest.mark.usefixtures("clock")
def test_an_api_that_takes_no_token(
    tracker: Callable[[BaseException], str], adapter: Adapter, server: Server
) -> None:
    server.responses = [Response([REJECTION]), Response([REJECTION])]
    error = fails(adapter, server.url)
    assert isinstance(error, seekauth.TokenRejectedError)
    for received in server.received:
        check(tracker, error, received.headers["Authorization"])


@pytest.mark.usefixtures("clock")
def test_a_stream_that_cannot_be_sent_again(
    tracker: Callable[[BaseException], str], adapter: Adapter, server: Server
) -> None:
    server.responses = [Response([REJECTION])]
    error = fails(adapter, server.url, stream=True)
    assert isinstance(error, seekauth.TokenRejectedError)
    check(tracker, error, server.received[0].headers["Authorization"])


@pytest.mark.usefixtures("clock")
def test_an_api_that_breaks_off_the_second_time(
    tracker: Callable[[BaseException], str], adapter: Adapter, server: Server
) -> None:
    server.responses = [Response([REJECTION]), Response([GOOD[:5], b"x"], breaks_off=True)]
    error = fails(adapter, server.url)
    assert len(server.received) == 2
    check(tracker, error, server.received[1].headers["Authorization"])


def test_a_status_that_the_program_raises_for(
    tracker: Callable[[BaseException], str], api: Client, server: Server
) -> None:
    server.responses = [Response([b"<html>"], status=500)]

    async def send() -> None:
        middleware = seekauth.aiohttp.seek_auth(api)
        async with aiohttp.ClientSession(middlewares=[middleware]) as session:
            await session.post(server.url, json=QUERY, raise_for_status=True)

    with pytest.raises(aiohttp.ClientResponseError) as raised:
        asyncio.run(send())
    assert raised.value.request_info.headers["Authorization"].startswith("Bearer ")
    check(tracker, raised.value, api.get_token().value)
    assert api.get_token().value not in repr(raised.value)


class Stuck:
    """What httpx sends over: a connection that takes no byte of a request in time."""

    def __init__(self, core: Any, *, asynchronous: bool) -> None:
        self._failure = core.WriteTimeout
        self._asynchronous = asynchronous

    def answer(self, result: object = None) -> Any:
        async def later() -> object:
            return result

        return later() if self._asynchronous else result

    def connect_tcp(self, *_: object, **__: object) -> Any:
        return self.answer(self)

    def write(self, buffer: bytes, *_: object, **__: object) -> Any:
        is_request = b"uthorization" in buffer or self._writes_all
        # Not the test's own variables are the question.
        del buffer
        if is_request:
            raise self._failure("stuck")
        return self.answer()

    _writes_all = False

    def close(self) -> None:
        pass

    def aclose(self) -> Any:
        return self.answer()

    def get_extra_info(self, _: str) -> object:
        return None


class StuckAtOnce(Stuck):
    _writes_all = True


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_httpx_that_cannot_write(
    tracker: Callable[[BaseException], str],
    api: Client,
    library: Any,
    *,
    http2: bool,
    asynchronous: bool,
) -> None:
    core: Any = {"httpx": httpcore, "httpx2": httpcore2}[library.__name__]
    options = {"http1": not http2, "http2": http2}
    kind: Any = StuckAtOnce if http2 else Stuck
    options["network_backend"] = kind(core, asynchronous=asynchronous)
    auth = getattr(seekauth, library.__name__).SeekAuth(api)

    async def send() -> None:
        transport = library.AsyncHTTPTransport()
        transport._pool = core.AsyncConnectionPool(**options)
        async with library.AsyncClient(auth=auth, transport=transport) as http:
            await http.post(api.api_url, json=QUERY)

    def send_and_wait() -> None:
        transport = library.HTTPTransport()
        transport._pool = core.ConnectionPool(**options)
        with library.Client(auth=auth, transport=transport) as http:
            http.post(api.api_url, json=QUERY)

    with pytest.raises(library.WriteTimeout) as raised:
        asyncio.run(send()) if asynchronous else send_and_wait()
    if asynchronous and sys.version_info < (3, 11):
        pytest.skip("Python 3.10 does not tell whether a coroutine's frame may be cleared")
    check(tracker, raised.value, api.get_token().value)


def test_aiohttp_that_cannot_write(
    tracker: Callable[[BaseException], str],
    api: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def write(_: object, *chunks: object) -> None:
        del chunks
        raise aiohttp.ClientConnectionResetError("torn")

    for name in ("_write", "_writelines"):
        monkeypatch.setattr(f"aiohttp.http_writer.StreamWriter.{name}", write)

    async def send() -> None:
        middleware = seekauth.aiohttp.seek_auth(api)
        async with aiohttp.ClientSession(middlewares=[middleware]) as session:
            await session.post(api.api_url or "", json=QUERY)

    with pytest.raises(aiohttp.ClientError) as raised:
        asyncio.run(send())
    check(tracker, raised.value, api.get_token().value)


def test_the_value_is_a_str_that_hides(client: Client) -> None:
    value = client.authorization()
    plain = "Bearer " + client.get_token().value
    assert value == plain
    assert hash(value) == hash(plain)
    assert str(value) == f"{value}" == "".join(sorted([value])) == plain
    assert type(str(value)) is str
    assert value.encode() == plain.encode()
    for shown in (repr(value), repr([value]), f"{value!r}", ascii(value), pprint.pformat([value])):
        assert "hidden" in shown
        assert plain[7:27] not in shown
    assert plain[7:27] not in repr(value[7:]) + repr(value[:80])
    assert value[7:] == plain[7:]
    for again in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert again == plain
    assert type(pickle.loads(pickle.dumps(value))) is str
    assert repr(client.get_token().authorization) == repr(value)
    assert repr(asyncio.run(client.authorization_async())) == repr(value)


def test_only_what_is_over_is_forgotten() -> None:
    """The frames of the program keep their variables, and a coroutine that waits goes on."""
    code = """
def fails(token):
    raise error
async def keeps(gate, token):
    try:
        fails(token)
    except ValueError:
        await gate.wait()
        return token
"""
    error = ValueError("shared")
    ours: dict[str, Any] = {"__name__": "the_program", "error": error}
    theirs: dict[str, Any] = {"__name__": "httpcore._async", "error": error}
    exec(code, ours)
    exec(code, theirs)

    async def run() -> None:
        gate = asyncio.Event()
        for module, kept in ((theirs, False), (ours, True)):
            error.__traceback__ = None
            task = asyncio.create_task(module["keeps"](gate, "the token"))
            await asyncio.sleep(0)
            forget(error)
            (entry,) = [
                entry
                for entry in trackers.frames(error)
                if entry.tb_frame.f_code.co_name == "fails"
            ]
            assert ("token" in entry.tb_frame.f_locals) is kept
            gate.set()
            assert await task == "the token"
            gate.clear()

    asyncio.run(run())
