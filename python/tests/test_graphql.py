"""`Client.graphql()`: values in and out, errors as data and as an exception, callers that wait."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import signal
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from program import Program
from server import REJECTION, Response

import seekauth
from seekauth import GraphQLError, GraphQLResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Clock
    from sandbox import Sandbox
    from server import Server

    from seekauth import Client

QUERY = "{ self { partner { name } } }"


def blocking(client: Client, *arguments: Any, **options: Any) -> GraphQLResponse:
    return client.graphql(*arguments, **options)


def asynchronous(client: Client, *arguments: Any, **options: Any) -> GraphQLResponse:
    return asyncio.run(client.graphql_async(*arguments, **options))


@pytest.fixture(params=[blocking, asynchronous])
def graphql(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_response_is_pythons_own_values(client: Client, graphql: Callable[..., Any]) -> None:
    response = graphql(client, QUERY)
    assert response.status == 200
    assert response.data == {"self": {"partner": {"name": "Sandbox partner sandbox-live"}}}
    assert response.errors == []
    assert response.extensions == {}
    assert response.raise_for_errors() is response


def test_what_is_asked_for_arrives_as_json(
    api: Client, server: Server, graphql: Callable[..., Any]
) -> None:
    variables = {"ü": [1, 2.5, None, True, {"a": "\N{SNOWMAN}"}]}
    headers = {"Accept-Language": "en-NZ", "X-Request-Id": "mine"}
    graphql(api, "query A { a } query B { b }", variables, operation_name="B", headers=headers)
    (received,) = server.received
    assert json.loads(received.body) == {
        "query": "query A { a } query B { b }",
        "variables": variables,
        "operationName": "B",
    }
    assert received.headers["Content-Type"] == "application/json"
    assert received.headers["Accept-Language"] == "en-NZ"
    assert received.headers["X-Request-Id"] == "mine"
    assert received.headers["User-Agent"] == "seekauth-tests/1.0"


def test_errors_are_data_and_an_exception_on_demand(
    api: Client, server: Server, graphql: Callable[..., Any]
) -> None:
    errors = [
        {"message": "not yours", "extensions": {"code": "FORBIDDEN"}, "path": ["a"]},
        {"message": "just so"},
    ]
    body = {"data": {"a": None, "b": 1}, "errors": errors, "extensions": {"cost": 3}}
    server.responses = [Response([json.dumps(body).encode()], status=400)]
    response = graphql(api, QUERY)
    assert (response.status, response.data, response.errors) == (400, body["data"], errors)
    assert response.extensions == {"cost": 3}
    with pytest.raises(GraphQLError) as raised:
        response.raise_for_errors()
    assert not isinstance(raised.value, seekauth.SeekAuthError)
    for again in (raised.value, copy.copy(raised.value), pickle.loads(pickle.dumps(raised.value))):
        assert str(again) == "FORBIDDEN: not yours; just so"
        assert (again.errors, again.data) == (errors, body["data"])


@pytest.mark.parametrize("odd", ['"text"', "7", "true", "{}", "[null]", '["text"]', "[7]", "[[]]"])
def test_errors_of_another_shape_are_no_graphql(
    api: Client, server: Server, graphql: Callable[..., Any], odd: str
) -> None:
    server.responses = [Response([b'{"data":{},"errors":%s}' % odd.encode()])]
    with pytest.raises(seekauth.ProtocolError, match="errors") as raised:
        graphql(api, QUERY)
    assert raised.value.status == 200


def test_odd_members_of_errors_are_shown_all_the_same(
    api: Client, server: Server, graphql: Callable[..., Any]
) -> None:
    bodies = {
        '{"errors":null,"data":{},"extensions":null}': None,
        '{"errors":[],"data":{},"extensions":"odd"}': None,
        '{"errors":[{"message":"no","extensions":null}]}': "no",
        '{"errors":[{"message":"no","extensions":"odd"}]}': "no",
        '{"errors":[{"message":"no","extensions":{"code":7}}]}': "7: no",
        '{"errors":[{"message":{"a":1},"extensions":[]}]}': "{'a': 1}",
        '{"errors":[{}]}': "None",
        r'{"errors":[{"message":"\ud800 no","extensions":{"code":"A"}}]}': "A: ? no",
    }
    for body, shown in bodies.items():
        server.responses = [Response([body.encode()])]
        response = graphql(api, QUERY)
        assert response.extensions == {}
        if shown is None:
            assert response.raise_for_errors() is response
            continue
        with pytest.raises(GraphQLError) as raised:
            response.raise_for_errors()
        assert str(raised.value) == shown
        str(raised.value).encode()


def test_what_python_cannot_read_is_a_protocol_error(
    api: Client, server: Server, graphql: Callable[..., Any]
) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    for odd in (deep, b"1" * 5000):
        server.responses = [Response([b'{"data":{"a":%s}}' % odd])]
        with pytest.raises(seekauth.ProtocolError, match="for Python to read") as raised:
            graphql(api, QUERY)
        assert raised.value.__cause__ is raised.value.__context__ is None
        assert not raised.value.retryable


def test_a_byte_order_mark_is_no_part_of_the_response(
    api: Client, server: Server, graphql: Callable[..., Any]
) -> None:
    server.responses = [Response([b'\xef\xbb\xbf{"data":{"name":"Ren\xe9"}}'])]
    assert graphql(api, QUERY).data == {"name": "Ren\N{REPLACEMENT CHARACTER}"}


def test_an_error_of_a_programs_own_shows_whatever_it_holds() -> None:
    for odd in (None, "text", 7, {"a": 1}, [None], ["text"], [{"extensions": {"code": None}}]):
        anything: Any = odd
        error = GraphQLError(anything)
        assert str(error)
        assert repr(error)


def test_a_response_shows_no_data(client: Client) -> None:
    assert repr(client.graphql(QUERY)) == "<seekauth.GraphQLResponse status=200 errors=0>"


@pytest.mark.usefixtures("settled")
def test_a_rejection_leads_to_one_more_request(
    api: Client, server: Server, sandbox: Sandbox, clock: Clock, graphql: Callable[..., Any]
) -> None:
    server.responses = [Response([REJECTION])]
    assert graphql(api, QUERY).data
    clock.settle()
    server.responses = [Response([REJECTION]), Response([REJECTION])]
    with pytest.raises(seekauth.TokenRejectedError, match="audience"):
        graphql(api, QUERY)
    assert len(server.received) == 4
    assert sandbox.requests() == 3


def test_a_host_header_that_leads_elsewhere_is_refused(
    api: Client, server: Server, graphql: Callable[..., Any]
) -> None:
    with pytest.raises(seekauth.ForbiddenOriginError, match="Host"):
        graphql(api, QUERY, headers={"host": "evil.example"})
    assert server.received == []
    own = server.url.split("/")[2]
    assert graphql(api, QUERY, headers={"Host": own}).data
    assert server.received[0].headers.get_all("Host") == [own]


def test_what_is_no_graphql_is_an_error(
    api: Client, server: Server, graphql: Callable[..., Any]
) -> None:
    server.responses = [
        Response([b"slow down"], status=429, headers={"Retry-After": "7"}),
        Response([b"<html>"], status=502),
        Response([b"<html>"], status=404),
    ]
    with pytest.raises(seekauth.ThrottledError) as raised:
        graphql(api, QUERY)
    assert (raised.value.status, raised.value.retry_after) == (429, 7.0)
    with pytest.raises(seekauth.UnavailableError):
        graphql(api, QUERY)
    with pytest.raises(seekauth.ProtocolError):
        graphql(api, QUERY)


def test_arguments_of_a_wrong_type_are_named(client: Client, graphql: Callable[..., Any]) -> None:
    wrong_types: list[tuple[dict[str, Any], str]] = [
        ({"query": 7}, "query must be a str, not int"),
        ({"operation_name": 7}, "operation_name must be a str, not int"),
        ({"headers": 7}, "headers must be a mapping of str to str, not int"),
        ({"headers": {"a": 7}}, "headers must be a mapping of str to str, not int"),
        ({"timeout": "7"}, "timeout must be a number of seconds"),
        ({"variables": {"a": object()}}, "not JSON serializable"),
    ]
    for options, message in wrong_types:
        with pytest.raises(TypeError, match=message):
            graphql(client, **{"query": QUERY, **options})
    wrong_values: list[tuple[dict[str, Any], str]] = [
        ({"variables": ["a"]}, "variables must be a JSON object"),
        ({"variables": {"a": float("nan")}}, "variables must be a JSON object"),
        ({"headers": {"a b": "c"}}, "header"),
        ({"headers": {"a": "b\r\nc: d"}}, "header"),
        ({"timeout": -1}, "timeout"),
        ({"query": "\udc80"}, "query has a lone surrogate"),
    ]
    for options, message in wrong_values:
        with pytest.raises(seekauth.InvalidArgumentError, match=message):
            graphql(client, **{"query": QUERY, **options})


@pytest.mark.parametrize("timeout", [0.05, timedelta(milliseconds=50)])
def test_a_deadline_is_a_timeout_error(
    sandbox: Sandbox, client: Client, graphql: Callable[..., Any], timeout: Any
) -> None:
    client.get_token()
    sandbox.script(endpoint="graphql", hold=True)
    with pytest.raises(seekauth.TimeoutError):
        graphql(client, QUERY, timeout=timeout)
    # The request may not have got as far as the sandbox.
    sandbox.clear_script()
    sandbox.release()
    assert graphql(client, QUERY).data


def test_a_cancelled_task_gives_its_request_up(sandbox: Sandbox, client: Client) -> None:
    sandbox.script(endpoint="graphql", hold=True)

    async def run() -> None:
        task = asyncio.create_task(client.graphql_async(QUERY))
        await asyncio.to_thread(sandbox.wait_for_requests, 1, "graphql")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.graphql_async(QUERY)).data

    asyncio.run(run())
    sandbox.release()


def test_closing_ends_the_wait(sandbox: Sandbox) -> None:
    sandbox.script(endpoint="graphql", hold=True)
    client = sandbox.client()

    async def run() -> None:
        task = asyncio.create_task(client.graphql_async(QUERY))
        await asyncio.to_thread(sandbox.wait_for_requests, 1, "graphql")
        client.close()
        with pytest.raises(seekauth.CancelledError):
            await task

    asyncio.run(run())
    with pytest.raises(seekauth.ClosedError):
        client.graphql(QUERY)
    sandbox.release()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_ends_the_wait(sandbox: Sandbox) -> None:
    sandbox.script(endpoint="graphql", hold=True)
    with Program(
        sandbox, "client.graphql('{ self { partner { name } } }', timeout=600)"
    ) as program:
        sandbox.wait_for_requests(1, "graphql")
        program.send_signal(signal.SIGINT)
        code, output, errors = program.end()
    assert (code, output) == (-signal.SIGINT, "")
    assert errors.rstrip().endswith("KeyboardInterrupt")
    sandbox.release()


def test_a_client_without_an_api_says_which_setting_is_missing(sandbox: Sandbox) -> None:
    with (
        seekauth.Client.oauth(
            token_url=sandbox.urls["token_url"],
            client_id="x",
            client_secret="y",
            user_agent="seekauth-tests/1.0",
        ) as client,
        pytest.raises(seekauth.InvalidArgumentError, match="api_url"),
    ):
        client.graphql(QUERY)
    assert sandbox.requests() == 0
