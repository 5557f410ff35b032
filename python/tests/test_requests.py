"""requests: sessions, prepared requests, bodies that are files, Retry adapters, and `raw`."""

from __future__ import annotations

import copy
import gzip
import io
import os
import pickle
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from server import GOOD, REJECTION, Response
from urllib3.util import Retry

from seekauth import ForbiddenOriginError, TokenRejectedError
from seekauth.requests import SeekAuth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Sandbox
    from server import Server

    from seekauth import Client

QUERY = {"query": "{ self { partner { name } } }"}


@pytest.fixture
def session(api: Client) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.auth = SeekAuth(api)
        yield session


@pytest.mark.usefixtures("clock")
def test_the_rejected_response_is_in_the_history(session: requests.Session, server: Server) -> None:
    server.responses = [Response([REJECTION])]
    response = session.post(server.url, json=QUERY)
    assert response.json()["data"]
    assert [past.content for past in response.history] == [REJECTION]
    assert response.elapsed > timedelta(0)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("stream", [False, True])
def test_the_one_connection_of_a_pool_is_free_for_the_second_time(
    session: requests.Session, server: Server, *, stream: bool
) -> None:
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=1, pool_block=True))
    # The end of the second rejection never comes, so that its connection cannot be used again.
    goes_on = threading.Event()
    server.responses = [
        Response([REJECTION]),
        Response(),
        Response([REJECTION[:-1], b"}"], goes_on=goes_on if stream else None),
    ]
    try:
        for _ in range(3):
            with session.post(server.url, json=QUERY, stream=stream, timeout=30) as response:
                assert response.content == GOOD
    finally:
        goes_on.set()
    assert len(server.received) == 5


def test_a_response_that_is_not_read_frees_its_connection(
    session: requests.Session, server: Server
) -> None:
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=1, pool_block=True))
    server.responses = [Response([b'{"data":"' + b"x" * (3 << 20), b'"}']) for _ in range(3)]
    for _ in range(3):
        with session.post(server.url, json=QUERY, stream=True, timeout=30) as response:
            assert next(response.iter_content(10)) == b'{"data":"x'
    assert session.post(server.url, json=QUERY, timeout=30).content == GOOD


def test_every_way_of_reading_a_stream_gives_all_of_it(
    session: requests.Session, server: Server
) -> None:
    sent = gzip.compress(GOOD)
    ways: dict[str, Any] = {
        "content": lambda response: response.content,
        "iter_content": lambda response: b"".join(response.iter_content(7)),
        "iter_content as it comes": lambda response: b"".join(response.iter_content(None)),
        "iter_lines": lambda response: b"".join(response.iter_lines()),
        "raw.stream": lambda response: b"".join(response.raw.stream(9, decode_content=True)),
        "raw.read": lambda response: response.raw.read(decode_content=True),
    }
    undecoded: dict[str, Any] = {
        "raw.read": lambda response: response.raw.read(),
        "raw.read in chunks": lambda response: b"".join(iter(lambda: response.raw.read(9), b"")),
        "raw.read1": lambda response: b"".join(iter(response.raw.read1, b"")),
    }
    for chunked in (False, True):
        for expected, group in ((GOOD, ways), (sent, undecoded)):
            for name, read in group.items():
                headers = {"Content-Encoding": "gzip"}
                server.responses = [
                    Response([sent[:9], sent[9:]], headers=headers, chunked=chunked)
                ]
                with session.post(server.url, json=QUERY, stream=True) as response:
                    assert read(response) == expected, name
                    assert response.raw.status == response.status_code == 200
                    assert response.raw.headers["Content-Encoding"] == "gzip"
    assert len({received.connection for received in server.received}) == 1


def test_raw_read_fills_its_chunks(session: requests.Session, server: Server) -> None:
    long = b'{"data":"' + b"x" * (2 << 20) + b'"}'
    server.responses = [Response([long[:100], long[100:]])]
    with session.post(server.url, json=QUERY, stream=True) as response:
        chunks = list(iter(lambda: response.raw.read(30_000), b""))
    assert b"".join(chunks) == long
    assert {len(chunk) for chunk in chunks[:-1]} == {30_000}


def test_chunks_come_one_by_one(session: requests.Session, server: Server) -> None:
    goes_on = threading.Event()
    begin = b'{"errors":[],"data":'
    server.responses = [Response([begin, b"null}"], chunked=True, goes_on=goes_on)]
    try:
        with session.post(server.url, json=QUERY, stream=True) as response:
            chunks = response.iter_content(1000)
            assert next(chunks) == begin
            goes_on.set()
            assert next(chunks) == b"null}"
    finally:
        goes_on.set()


@pytest.mark.usefixtures("settled")
def test_a_prepared_request_may_be_sent_any_number_of_times(
    session: requests.Session, server: Server, sandbox: Sandbox
) -> None:
    prepared = session.prepare_request(requests.Request("POST", server.url, json=QUERY))
    server.responses = [Response([REJECTION]), Response(), Response([REJECTION]), Response()]
    assert session.send(prepared).content == session.send(prepared).content == GOOD
    assert sandbox.requests() == 2


@pytest.mark.usefixtures("clock")
def test_a_file_is_rewound_to_where_it_was(session: requests.Session, server: Server) -> None:
    with tempfile.TemporaryFile() as file:
        for body in (io.BytesIO(b"0123456789"), file):
            body.write(b"0123456789")
            body.seek(4)
            server.responses = [Response([REJECTION])]
            assert session.post(server.url, data=body).content == GOOD
    assert {received.body for received in server.received} == {b"456789"}
    assert len(server.received) == 4


@pytest.mark.usefixtures("clock")
def test_what_cannot_be_rewound_is_sent_once(session: requests.Session, server: Server) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"ab")
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123 - it has no path
        bodies: list[Any] = [iter([b"a", b"b"]), (chunk for chunk in (b"a", b"b")), pipe]
        for body in bodies:
            server.responses = [Response([REJECTION])]
            with pytest.raises(TokenRejectedError, match="stream"):
                session.post(server.url, data=body)
    assert [received.body for received in server.received] == [b"ab"] * 3


@pytest.mark.usefixtures("clock")
def test_uploads_are_sent_again(session: requests.Session, server: Server) -> None:
    server.responses = [Response([REJECTION])]
    assert session.post(server.url, files={"a": io.BytesIO(b"content")}).content == GOOD
    first, second = server.received
    assert first.body == second.body
    assert b"content" in first.body


@pytest.mark.usefixtures("settled")
def test_a_retry_adapter_goes_its_own_way(
    session: requests.Session, server: Server, sandbox: Sandbox
) -> None:
    retry = Retry(total=2, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    session.mount("http://", HTTPAdapter(max_retries=retry))
    busy = Response([b"busy"], status=503)
    server.responses = [busy, Response([REJECTION]), busy, busy, Response()]
    assert session.post(server.url, json=QUERY).content == GOOD
    assert len(server.received) == 5
    assert len({received.headers["X-Request-Id"] for received in server.received}) == 1
    assert sandbox.requests() == 2
    server.responses = [busy, busy, busy]
    with pytest.raises(requests.exceptions.RetryError):
        session.post(server.url, json=QUERY)
    assert sandbox.requests() == 2


@pytest.mark.usefixtures("clock")
def test_a_redirected_request_is_repeated_where_it_was_rejected(
    session: requests.Session, server: Server
) -> None:
    server.responses = [
        Response([b""], status=307, headers={"Location": "/other"}),
        Response([REJECTION]),
    ]
    assert session.post(server.url, json=QUERY).content == GOOD
    assert [received.path for received in server.received] == ["/graphql", "/other", "/other"]
    assert len({received.body for received in server.received}) == 1


@pytest.mark.usefixtures("clock")
def test_cookies_of_a_rejection_stay_in_the_session(
    session: requests.Session, server: Server
) -> None:
    server.responses = [
        Response([REJECTION], headers={"Set-Cookie": "a=1"}),
        Response(headers={"Set-Cookie": "b=2"}),
    ]
    session.post(server.url, json=QUERY)
    with session.post(server.url, json=QUERY, stream=True):
        assert session.cookies.get_dict() == {"a": "1", "b": "2"}
    assert server.received[-1].headers["Cookie"] == "a=1; b=2"


@pytest.mark.usefixtures("clock")
def test_hooks_of_the_program_see_the_last_response(
    session: requests.Session, server: Server
) -> None:
    seen = []
    session.hooks["response"].append(lambda response, **_: seen.append(response.content))
    server.responses = [Response([REJECTION])]
    session.post(server.url, json=QUERY)
    assert seen == [GOOD]


def test_an_adapter_of_a_test_may_respond(session: requests.Session, server: Server) -> None:
    class Canned(HTTPAdapter):
        def send(self, request: Any, **_: Any) -> requests.Response:  # type: ignore[override]
            response = requests.Response()
            response.status_code = 200
            response.raw = io.BytesIO(bodies.pop(0))
            response.request, response.url, response.connection = request, request.url, self
            return response

    bodies = [REJECTION, GOOD, GOOD]
    session.mount("http://", Canned())
    assert session.post(server.url, json=QUERY).content == GOOD
    assert session.post(server.url, json=QUERY, stream=True).content == GOOD


def test_a_token_goes_nowhere_else(session: requests.Session, sandbox: Sandbox) -> None:
    with pytest.raises(ForbiddenOriginError):
        session.get(sandbox.urls["pass"])
    assert sandbox.requests() == 0


def test_one_auth_serves_many_threads(
    session: requests.Session, server: Server, sandbox: Sandbox
) -> None:
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(session.post, server.url, json=QUERY) for _ in range(40)]
        assert {call.result().content for call in calls} == {GOOD}
    assert sandbox.requests() == 1


def test_it_can_be_copied_and_not_pickled(
    session: requests.Session, api: Client, server: Server
) -> None:
    auth = copy.copy(SeekAuth(api))
    assert requests.post(server.url, json=QUERY, auth=auth, timeout=30).content == GOOD
    for holder in (auth, session):
        with pytest.raises(TypeError, match=r"cannot pickle a seekauth\.Client"):
            pickle.dumps(holder)
    assert api.get_token().value not in repr(auth) + str(vars(auth))


def test_a_response_can_be_pickled(session: requests.Session, server: Server) -> None:
    for stream in (False, True):
        response = session.post(server.url, json=QUERY, stream=stream)
        response.request.hooks = {}
        assert pickle.loads(pickle.dumps(response)).content == GOOD
