"""The promises of all adapters beyond the shared cases: responses that stream, compressed ones,
connections that are kept or let go, redirects, and errors that stay what they are.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from typing import TYPE_CHECKING

import adapters
import pytest
from adapters import FOREIGN, NAMES, Adapter, Request
from server import GOOD, REJECTION, Response, Server

import seekauth
from seekauth import SeekAuthError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from sandbox import Sandbox

    from seekauth import Client

BIG = b'{"data":{"text":"' + b"x" * (3 << 20)


@pytest.fixture(params=NAMES)
def adapter(
    request: pytest.FixtureRequest, api: Client, loop: asyncio.AbstractEventLoop
) -> Iterator[Adapter]:
    adapter = adapters.make(request.param, api, None, loop)
    yield adapter
    adapter.close()


def post(url: str, **changes: object) -> Request:
    given = {
        "method": "POST",
        "url": url,
        "headers": [("Content-Type", "application/json")],
        "body": b'{"query":"{ self { partner { name } } }"}',
        "stream": False,
        "follow": False,
        "part": False,
        "timeout": 30.0,
        "header": "",
    }
    return Request(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.usefixtures("settled")
def test_a_rejected_request_is_sent_again_over_the_same_connection(
    adapter: Adapter, server: Server, sandbox: Sandbox
) -> None:
    server.responses = [Response([REJECTION])]
    response = adapter.send(post(server.url))
    assert (response.status, response.body) == (200, GOOD)
    first, second = server.received
    assert first.connection == second.connection
    assert first.body == second.body
    assert first.headers["X-Request-Id"] == second.headers["X-Request-Id"]
    assert first.headers["Authorization"] != second.headers["Authorization"]
    assert sandbox.requests() == 2


@pytest.mark.usefixtures("clock")
def test_a_token_that_is_new_to_the_api_is_sent_again(
    adapter: Adapter, server: Server, sandbox: Sandbox
) -> None:
    server.responses = [Response([REJECTION])]
    assert adapter.send(post(server.url)).body == GOOD
    assert len({received.headers["Authorization"] for received in server.received}) == 1
    assert len(server.received) == 2
    assert sandbox.requests() == 1


def test_the_wait_for_a_new_token_to_be_known_is_real(adapter: Adapter, server: Server) -> None:
    server.responses = [Response([REJECTION])]
    began = time.monotonic()
    assert adapter.send(post(server.url)).body == GOOD
    assert 1 < time.monotonic() - began < 30


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("name", NAMES)
def test_an_empty_401_leaves_the_connection_good(
    name: str, sandbox: Sandbox, server: Server, loop: asyncio.AbstractEventLoop
) -> None:
    settings = {
        "token_url": sandbox.urls["pass_token_url"],
        "api_url": server.url,
        "client_id": "sandbox-pass",
        "client_secret": "sandbox-pass-secret & more=100%",
        "user_agent": "seekauth-tests/1.0",
        "scopes": "write.education",
    }
    server.responses = [Response([b""], status=401), Response([b"what the API said"], status=403)]
    with seekauth.Client.oauth(**settings) as client:  # type: ignore[arg-type]
        adapter = adapters.make(name, client, None, loop)
        response = adapter.send(post(server.url))
        adapter.close()
    assert (response.status, response.body) == (403, b"what the API said")
    assert len({received.connection for received in server.received}) == 1


@pytest.mark.usefixtures("clock")
def test_compressed_responses_are_inspected_and_handed_over(
    adapter: Adapter, server: Server
) -> None:
    headers = {"Content-Encoding": "gzip"}
    server.responses = [
        Response([gzip.compress(REJECTION)], headers=headers),
        Response([gzip.compress(GOOD)], headers=headers),
    ]
    assert adapter.send(post(server.url)).body == GOOD
    assert len(server.received) == 2


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_long_response_arrives_byte_by_byte(
    adapter: Adapter, server: Server, *, chunked: bool, compressed: bool
) -> None:
    body = BIG + hashlib.sha256(BIG).digest() * 1000
    sent = gzip.compress(body, 1) if compressed else body
    chunks = [sent[start : start + 50_000] for start in range(0, len(sent), 50_000)]
    headers = {"Content-Encoding": "gzip"} if compressed else {}
    server.responses = [Response(chunks, headers=headers, chunked=chunked)]
    assert adapter.send(post(server.url)).body == body


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    "begin", [BIG, b'{"errors":[{"message":"no"}],"data":{', b"<html>no GraphQL"]
)
def test_a_response_is_handed_over_before_its_end_has_come(
    adapter: Adapter, server: Server, begin: bytes, *, chunked: bool
) -> None:
    goes_on = threading.Event()
    server.responses = [Response([begin, b"the end"], chunked=chunked, goes_on=goes_on)]
    try:
        response = adapter.send(post(server.url, part=True))
        assert begin.startswith(response.body)
        assert response.body
    finally:
        goes_on.set()
    assert adapter.send(post(server.url)).body == GOOD


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("chunked", [False, True])
def test_nobody_waits_for_the_end_of_a_rejection(
    adapter: Adapter, server: Server, *, chunked: bool
) -> None:
    goes_on = threading.Event()
    server.responses = [Response([REJECTION[:-1], b"}"], chunked=chunked, goes_on=goes_on)]
    try:
        assert adapter.send(post(server.url)).body == GOOD
    finally:
        goes_on.set()
    assert len(server.received) == 2


def test_what_cannot_be_decoded_is_for_the_caller_to_meet(
    adapter: Adapter, server: Server, sandbox: Sandbox
) -> None:
    server.responses = [Response([b"this is no gzip"], headers={"Content-Encoding": "gzip"})]
    with pytest.raises(FOREIGN) as raised:
        adapter.send(post(server.url))
    assert not isinstance(raised.value, SeekAuthError)
    assert sandbox.requests() == 1


@pytest.mark.parametrize("begin", [GOOD[:20], BIG])
def test_a_response_that_breaks_off_is_an_error_of_the_http_client(
    adapter: Adapter, server: Server, begin: bytes
) -> None:
    server.responses = [Response([begin, b"the end"], breaks_off=True)]
    with pytest.raises(FOREIGN) as raised:
        adapter.send(post(server.url))
    assert not isinstance(raised.value, SeekAuthError)
    assert adapter.send(post(server.url)).body == GOOD


@pytest.mark.usefixtures("settled")
def test_a_stream_is_sent_once_and_the_error_says_so(
    adapter: Adapter, server: Server, sandbox: Sandbox
) -> None:
    server.responses = [Response([REJECTION])]
    body = b"x" * 100_000
    with pytest.raises(seekauth.TokenRejectedError, match="stream"):
        adapter.send(post(server.url, stream=True, body=body))
    assert [received.body for received in server.received] == [body]
    assert adapter.send(post(server.url, stream=True, body=body)).body == GOOD
    assert sandbox.requests() == 2


@pytest.mark.usefixtures("clock")
def test_a_second_rejection_is_an_error(adapter: Adapter, server: Server) -> None:
    server.responses = [Response([REJECTION]), Response([REJECTION])]
    with pytest.raises(seekauth.TokenRejectedError, match="wrong audience, a wrong environment"):
        adapter.send(post(server.url))
    assert len(server.received) == 2
    assert adapter.send(post(server.url)).body == GOOD


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_elsewhere_is_followed_without_the_token(
    adapter: Adapter, server: Server, sandbox: Sandbox, status: int
) -> None:
    with Server() as elsewhere, Server() as further:
        server.responses = [Response([b""], status=status, headers={"Location": elsewhere.url})]
        elsewhere.responses = [Response([b""], status=307, headers={"Location": further.url})]
        further.responses = [Response([REJECTION], status=401)]
        response = adapter.send(post(server.url, follow=True))
        assert (response.status, response.body) == (401, REJECTION)
        for other in (elsewhere, further):
            (received,) = other.received
            assert received.headers["Authorization"] is None
        with pytest.raises(seekauth.ForbiddenOriginError):
            adapter.send(post(elsewhere.url))
        assert len(elsewhere.received) == 1
    assert sandbox.requests() == 1


def test_a_redirect_back_to_the_api_brings_no_token(adapter: Adapter, server: Server) -> None:
    with Server() as elsewhere:
        server.responses = [
            Response([b""], status=307, headers={"Location": elsewhere.url}),
            Response([REJECTION], status=401),
        ]
        back = f"{server.url}/of-their-choice"
        elsewhere.responses = [Response([b""], status=307, headers={"Location": back})]
        response = adapter.send(post(server.url, follow=True))
        assert (response.status, response.body) == (401, REJECTION)
        assert [received.headers["Authorization"] for received in elsewhere.received] == [None]
    first, second = server.received
    assert first.headers["Authorization"].startswith("Bearer ")
    assert second.path == "/graphql/of-their-choice"
    assert second.headers["Authorization"] is None
    assert adapter.send(post(server.url)).body == GOOD
    assert server.received[-1].headers["Authorization"].startswith("Bearer ")


@pytest.mark.parametrize("status", [200, 201, 304, 307, 400])
def test_a_location_opens_no_way_for_later_requests(
    adapter: Adapter, server: Server, status: int
) -> None:
    with Server() as elsewhere:
        body = b"" if status == 304 else GOOD
        server.responses = [Response([body], status=status, headers={"Location": elsewhere.url})]
        assert adapter.send(post(server.url)).status == status
        with pytest.raises(seekauth.ForbiddenOriginError):
            adapter.send(post(elsewhere.url))
        assert elsewhere.received == []
    assert adapter.send(post(server.url)).body == GOOD


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_host_header_that_leads_elsewhere_is_refused(
    adapter: Adapter, server: Server, sandbox: Sandbox, host: str
) -> None:
    with pytest.raises(seekauth.ForbiddenOriginError, match="Host"):
        adapter.send(post(server.url, headers=[("hOST", host)]))
    assert server.received == []
    assert sandbox.requests() == 0
    own = server.url.split("/")[2]
    assert adapter.send(post(server.url, headers=[("Host", own)])).body == GOOD
    assert server.received[0].headers.get_all("Host") == [own]


def test_a_redirect_within_the_api_keeps_the_token(adapter: Adapter, server: Server) -> None:
    server.responses = [
        Response([b""], status=307, headers={"Location": "/other"}),
        Response([b""], status=307, headers={"Location": server.url}),
    ]
    assert adapter.send(post(server.url, follow=True)).body == GOOD
    assert [received.path for received in server.received] == ["/graphql", "/other", "/graphql"]
    assert len({received.headers["Authorization"] for received in server.received}) == 1
    assert server.received[0].headers["Authorization"].startswith("Bearer ")


def test_a_redirect_is_handed_over_to_those_who_follow_none(
    adapter: Adapter, server: Server
) -> None:
    server.responses = [Response([b"over there"], status=307, headers={"Location": "/other"})]
    response = adapter.send(post(server.url, header="Location"))
    assert (response.status, response.body, response.header) == (307, b"over there", "/other")


def test_a_token_that_cannot_be_had_is_seekauths_own_error(
    adapter: Adapter, server: Server, sandbox: Sandbox
) -> None:
    sandbox.script(error="too_many_requests", headers={"retry-after": "3600"}, times=0)
    with pytest.raises(seekauth.ThrottledError) as raised:
        adapter.send(post(server.url))
    assert raised.value.status == 429
    assert server.received == []


def test_a_token_endpoint_that_cannot_be_reached_is_a_network_error(
    adapter: Adapter, server: Server, sandbox: Sandbox
) -> None:
    sandbox.script(drop="before", times=0)
    with pytest.raises(seekauth.NetworkError) as raised:
        adapter.send(post(server.url))
    assert raised.value.retryable
    assert raised.value.target is not None
    assert server.received == []


def fails_in_time(adapter: Adapter, server: Server, within: float) -> None:
    began = time.monotonic()
    # aiohttp raises its own TimeoutError, and all are Python's. TokenRejectedError comes at once
    # where the time would not be enough.
    with pytest.raises((TimeoutError, seekauth.TokenRejectedError)):
        adapter.send(post(server.url, timeout=0.3))
    assert time.monotonic() - began < within


def test_the_http_clients_time_out_bounds_the_wait_for_a_token(
    adapter: Adapter, server: Server, sandbox: Sandbox
) -> None:
    sandbox.script(hold=True)
    # By itself the client waits for 30 seconds.
    fails_in_time(adapter, server, within=9)
    assert server.received == []
    sandbox.release()
    assert adapter.send(post(server.url)).body == GOOD


def test_it_bounds_the_wait_for_the_next_token_too(
    adapter: Adapter, server: Server, api: Client
) -> None:
    api.get_token()
    # A rejection of so young a token proves nothing: it would be sent again once it is older.
    server.responses = [Response([REJECTION])]
    fails_in_time(adapter, server, within=1.9)
    assert len(server.received) == 1


@pytest.mark.parametrize("timeout", [100_000.0, 1e9])
def test_a_longer_time_out_changes_nothing(
    adapter: Adapter, server: Server, timeout: float
) -> None:
    assert adapter.send(post(server.url, timeout=timeout)).body == GOOD
