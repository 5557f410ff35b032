"""`Exchange` and `Inspection` as those use them who write an adapter of their own."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from server import GOOD, REJECTION, Answer

import seekauth

if TYPE_CHECKING:
    from server import Server

    from seekauth import Client


def send(client: Client, url: str, body: bytes) -> bytes:
    """An adapter for `http.client`, as short as it can be."""
    exchange = client.exchange(url)
    while True:
        authorization = client.authorization()
        exchange.admit(authorization)
        headers = {**dict(exchange.headers([])), "Authorization": authorization}
        connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("POST", url, body, headers)
        answer = connection.getresponse()
        inspection = exchange.inspect(answer.status)
        whole = b""
        while inspection.verdict is None:
            piece = answer.read(10)
            whole += piece
            if not piece:
                inspection.finish()
            inspection.feed(piece)
        rest = answer.read()
        connection.close()
        if not inspection.verdict:
            return whole + rest
        exchange.reject()


def test_an_adapter_is_a_loop(api: Client, server: Server) -> None:
    server.answers = [Answer([REJECTION])]
    assert send(api, server.url, b"{}") == GOOD
    first, second = server.received
    assert first.headers["X-Request-Id"] == second.headers["X-Request-Id"]
    assert first.headers["Authorization"] != second.headers["Authorization"]
    assert first.headers["User-Agent"] == "seekauth-tests/1.0"
    server.answers = [Answer([REJECTION]), Answer([REJECTION])]
    with pytest.raises(seekauth.TokenRejectedError):
        send(api, server.url, b"{}")


def test_headers_that_are_there_stay(sandbox: Any) -> None:
    with sandbox.client(accept_language="en-AU") as client:
        exchange = client.exchange(client.api_url)
        assert [name for name, _ in exchange.headers(())] == [
            "User-Agent",
            "X-Request-Id",
            "Accept-Language",
        ]
        present = iter(["x-request-id", "ACCEPT-LANGUAGE", "User-Agent"])
        assert exchange.headers(present) == [("User-Agent", "seekauth-tests/1.0")]


def test_types_are_checked(client: Client) -> None:
    assert client.api_url is not None
    exchange: Any = client.exchange(client.api_url)
    for wrong in (7, [7], [b"a"]):
        with pytest.raises(TypeError):
            exchange.headers(wrong)
    with pytest.raises(TypeError):
        exchange.admit(b"Bearer x")
    with pytest.raises(TypeError):
        exchange.inspect("200")
    with pytest.raises(OverflowError):
        exchange.inspect(70_000)
    with pytest.raises(TypeError):
        exchange.inspect(200).feed("text")
    with pytest.raises(TypeError):
        client.exchange(7)  # type: ignore[arg-type]
    for cls in (seekauth.Exchange, seekauth.Inspection):
        make: Any = cls
        with pytest.raises(TypeError):
            make()


def test_a_verdict_stays(client: Client) -> None:
    assert client.api_url is not None
    exchange = client.exchange(client.api_url)
    inspection = exchange.inspect(200)
    seen = [inspection.verdict, inspection.feed(REJECTION[:20]), inspection.feed(REJECTION[20:])]
    assert seen == [None, None, True]
    assert [inspection.feed(GOOD), inspection.finish(), inspection.verdict] == [True] * 3
    assert exchange.inspect(401).finish() is True
    assert exchange.inspect(403).finish() is False
    assert exchange.inspect(401, "http://127.0.0.1:1/").verdict is False


def test_nothing_shows_the_token(client: Client) -> None:
    assert client.api_url is not None
    exchange = client.exchange(client.api_url)
    authorization = client.authorization()
    exchange.admit(authorization)
    exchange.reject()
    with pytest.raises(seekauth.TokenRejectedError) as raised:
        exchange.admit(authorization)
    value = authorization.removeprefix("Bearer ")
    assert value not in repr(exchange) + repr(raised.value) + str(vars(raised.value))
