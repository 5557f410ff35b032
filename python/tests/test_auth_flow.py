"""`AuthFlow` and `Inspection` as the author of an adapter uses them."""

from __future__ import annotations

import asyncio
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from server import GOOD, REJECTION, Response

import seekauth

if TYPE_CHECKING:
    from conftest import Clock
    from sandbox import Sandbox
    from server import Server

    from seekauth import Client


def send(client: Client, url: str, body: bytes) -> bytes:
    """An adapter for `http.client`, as short as it can be."""
    flow = client.auth_flow(url)
    while True:
        authorization = flow.authorization()
        flow.attempt(authorization)
        headers = {**dict(flow.headers([])), "Authorization": authorization}
        connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("POST", url, body, headers)
        response = connection.getresponse()
        inspection = flow.inspect(response.status)
        whole = b""
        while inspection.verdict is None:
            chunk = response.read(10)
            whole += chunk
            if not chunk:
                inspection.finish()
            inspection.feed(chunk)
        rest = response.read()
        connection.close()
        if not inspection.verdict:
            return whole + rest
        flow.retry()


@pytest.mark.usefixtures("settled")
def test_an_adapter_is_a_loop(api: Client, server: Server) -> None:
    server.responses = [Response([REJECTION])]
    assert send(api, server.url, b"{}") == GOOD
    first, second = server.received
    assert first.headers["X-Request-Id"] == second.headers["X-Request-Id"]
    assert first.headers["Authorization"] != second.headers["Authorization"]
    assert first.headers["User-Agent"] == "seekauth-tests/1.0"
    server.responses = [Response([REJECTION]), Response([REJECTION])]
    with pytest.raises(seekauth.TokenRejectedError):
        send(api, server.url, b"{}")


def test_headers_that_are_there_stay(sandbox: Any) -> None:
    with sandbox.client(accept_language="en-AU") as client:
        flow = client.auth_flow(client.api_url)
        assert [name for name, _ in flow.headers(())] == [
            "User-Agent",
            "X-Request-Id",
            "Accept-Language",
        ]
        present = iter(["x-request-id", "ACCEPT-LANGUAGE", "User-Agent"])
        assert flow.headers(present) == [("User-Agent", "seekauth-tests/1.0")]


def test_the_value_for_the_repetition_is_the_flows(
    client: Client, clock: Clock, sandbox: Sandbox
) -> None:
    url = client.api_url or ""
    for asynchronous in (False, True):

        def next_value(flow: seekauth.AuthFlow, *, asynchronous: bool = asynchronous) -> str:
            return asyncio.run(flow.authorization_async()) if asynchronous else flow.authorization()

        flow = client.auth_flow(url)
        first = next_value(flow)
        assert first is client.authorization()
        assert next_value(flow) is first
        flow.attempt(first)
        flow.retry()
        # It was new: the same one is sent again.
        assert next_value(flow) == first
        flow.attempt(first)
        clock.settle()
        flow = client.auth_flow(url)
        flow.attempt(first)
        flow.retry()
        second = next_value(flow)
        assert second != first
        assert second == client.authorization()
        flow.attempt(second)
    assert sandbox.requests() == 3


def test_a_host_that_is_not_the_apis_is_refused(client: Client) -> None:
    url = client.api_url or ""
    flow = client.auth_flow(url)
    flow.check_host(urlsplit(url).netloc)
    for host in ("evil.example", "", "127.0.0.1", f"{urlsplit(url).netloc}.evil.example"):
        with pytest.raises(seekauth.ForbiddenOriginError, match="Host"):
            flow.check_host(host)


def test_types_are_checked(client: Client) -> None:
    assert client.api_url is not None
    flow: Any = client.auth_flow(client.api_url)
    for wrong in (7, [7], [b"a"]):
        with pytest.raises(TypeError):
            flow.headers(wrong)
    with pytest.raises(TypeError):
        flow.attempt(b"Bearer x")
    with pytest.raises(TypeError):
        flow.check_host(b"localhost")
    with pytest.raises(TypeError):
        flow.inspect("200")
    with pytest.raises(OverflowError):
        flow.inspect(70_000)
    with pytest.raises(TypeError):
        flow.inspect(200).feed("text")
    with pytest.raises(TypeError):
        client.auth_flow(7)  # type: ignore[arg-type]
    for cls in (seekauth.AuthFlow, seekauth.Inspection):
        make: Any = cls
        with pytest.raises(TypeError):
            make()


def test_a_verdict_stays(client: Client) -> None:
    assert client.api_url is not None
    flow = client.auth_flow(client.api_url)
    inspection = flow.inspect(200)
    seen = [inspection.verdict, inspection.feed(REJECTION[:20]), inspection.feed(REJECTION[20:])]
    assert seen == [None, None, True]
    assert [inspection.feed(GOOD), inspection.finish(), inspection.verdict] == [True] * 3
    assert flow.inspect(401).finish() is True
    assert flow.inspect(403).finish() is False
    assert flow.inspect(401, "http://127.0.0.1:1/").verdict is False


def test_nothing_shows_the_token(client: Client, clock: Clock) -> None:
    assert client.api_url is not None
    flow = client.auth_flow(client.api_url)
    authorization = client.authorization()
    clock.settle()
    flow.attempt(authorization)
    flow.retry()
    with pytest.raises(seekauth.TokenRejectedError) as raised:
        flow.attempt(authorization)
    value = authorization.removeprefix("Bearer ")
    assert value not in repr(flow) + repr(raised.value) + str(vars(raised.value))
