"""Clients for tests, which never touch the network."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import adapters
import pytest
from program import UNLOGGED, run
from server import GOOD, REJECTION
from server import Response as Sent
from test_adapters import post

import seekauth
from seekauth import Client, GraphQLResponse, _native
from seekauth.testing import APIRequest, FakeClient, Response, TokenRequest

if TYPE_CHECKING:
    from sandbox import Sandbox
    from server import Server

REJECTED = GraphQLResponse(errors=[{"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}])
HALF_AN_HOUR = 1800


def token_requests(client: FakeClient) -> int:
    return sum(isinstance(asked, TokenRequest) for asked in client.journal)


def api_requests(client: FakeClient) -> list[APIRequest]:
    return [asked for asked in client.journal if isinstance(asked, APIRequest)]


def test_it_is_a_client_and_says_which() -> None:
    client = Client.fake(token="a-real-one-by-mistake")
    assert isinstance(client, Client)
    assert isinstance(client, FakeClient)
    client.respond(GraphQLResponse({}))
    client.graphql("{ a }")
    for shown in (repr(client), str(client), repr(client.journal), repr(client.get_token())):
        assert "a-real-one" not in shown
    assert repr(client).startswith("<seekauth.testing.FakeClient ")
    assert client.api_url.startswith("http://127.0.0.1:")


def test_it_caches_and_renews_as_time_is_moved() -> None:
    client = Client.fake(token="t", lifetime=60)
    assert [client.authorization() for _ in range(3)] == ["Bearer t"] * 3
    assert client.authorization() is client.authorization()
    assert client.journal == [TokenRequest((), None)]
    token = client.get_token()
    assert token.remaining == 60.0
    assert token.expires_at == client.now + timedelta(seconds=60)
    assert client.now.tzinfo is timezone.utc
    client.advance(59)
    assert token.remaining == 1.0
    client.advance(timedelta(seconds=1))
    assert client.authorization() == "Bearer t-2"
    assert client.stats().requests_succeeded == token_requests(client) == 2


def test_a_task_gets_a_token_that_is_fresh_without_giving_way() -> None:
    client = Client.fake(token="t")

    async def tasks() -> None:
        assert await client.authorization_async() == "Bearer t"
        for call in (client.authorization_async(), client.get_token_async()):
            with pytest.raises(StopIteration):
                call.send(None)
        client.advance(HALF_AN_HOUR)
        assert (await client.get_token_async()).value == "t-2"

    asyncio.run(tasks())


def test_failures_are_made_and_a_good_token_outlives_them() -> None:
    client = Client.fake(lifetime=600)
    client.fail_with(seekauth.InvalidCredentialsError)
    with pytest.raises(seekauth.InvalidCredentialsError) as refused:
        client.get_token()
    assert not refused.value.retryable
    assert client.journal == [TokenRequest((), "invalid_credentials")]
    client.succeed()
    client.advance(3600)
    first = client.get_token()
    client.fail_with("unavailable")
    client.advance(595)
    assert client.get_token() == first
    client.advance(3600)
    with pytest.raises(seekauth.UnavailableError):
        client.get_token()
    client.fail_with(seekauth.ThrottledError, timedelta(hours=2))
    client.advance(3600)
    with pytest.raises(seekauth.ThrottledError) as throttled:
        asyncio.run(client.get_token_async())
    assert throttled.value.retry_after == 7200


@pytest.mark.parametrize("kind", [row[1] for row in _native.ERROR_KINDS])
def test_it_fails_with_any_kind(kind: str) -> None:
    client = Client.fake()
    client.fail_with(kind)
    with pytest.raises(seekauth.SeekAuthError) as raised:
        client.authorization()
    assert raised.value.kind == kind


def test_a_rejected_token_is_renewed_and_the_operation_sent_again() -> None:
    client = Client.fake(token="t")
    client.get_token()
    client.advance(10)
    client.respond(REJECTED, GraphQLResponse({"self": {"id": "1"}}, extensions={"cost": 1}))
    response = client.graphql("query Me { self { id } }", {"a": 1}, operation_name="Me")
    assert response.raise_for_errors().data == {"self": {"id": "1"}}
    assert response.extensions == {"cost": 1}
    first, second = api_requests(client)
    assert [sent.headers["authorization"] for sent in (first, second)] == ["Bearer t", "Bearer t-2"]
    assert first.headers["x-request-id"] == second.headers["x-request-id"]
    assert (first.method, first.url) == ("POST", client.api_url)
    assert first.json()["operationName"] == "Me"
    assert first.json()["variables"] == {"a": 1}
    assert first.body == second.body
    # The last response stands.
    assert asyncio.run(client.graphql_async("{ self { id } }")).data == response.data


def test_a_response_is_whatever_http_allows() -> None:
    client = Client.fake()
    client.respond(
        Response(429, headers={"Retry-After": "7"}),
        Response(503, body="maintenance"),
        Response(json={"data": {"a": "é"}}),
        Response(body=b'{"data": null}', headers={"content-type": "application/json"}),
        GraphQLResponse({"a": None}, [{"message": "partly"}], status=400),
    )
    with pytest.raises(seekauth.ThrottledError) as throttled:
        client.graphql("{ a }")
    assert (throttled.value.status, throttled.value.retry_after) == (429, 7.0)
    with pytest.raises(seekauth.UnavailableError):
        client.graphql("{ a }")
    assert client.graphql("{ a }").data == {"a": "é"}
    with pytest.raises(seekauth.ProtocolError):
        client.graphql("{ a }").raise_for_errors()
    partly = client.graphql("{ a }")
    assert (partly.data, partly.errors, partly.status) == (
        {"a": None},
        [{"message": "partly"}],
        400,
    )
    assert repr(Response(404, body="of somebody")) == "<seekauth.testing.Response status=404>"


def test_without_a_response_it_asks_for_one() -> None:
    client = Client.fake()
    with pytest.raises(seekauth.InvalidArgumentError, match="no response"):
        client.graphql("{ a }")
    assert len(api_requests(client)) == 1
    canned: list[Any] = [GraphQLResponse({}), lambda _: GraphQLResponse({})]
    for response in canned:
        client.respond(response)
        assert client.graphql("{ a }").data == {}
        client.respond()
        with pytest.raises(seekauth.InvalidArgumentError, match="no response"):
            client.graphql("{ a }")


def test_a_function_responds_or_a_coroutine_function() -> None:
    client = Client.fake()
    threads = []

    def respond(request: APIRequest) -> GraphQLResponse:
        threads.append(threading.current_thread())
        return GraphQLResponse({"asked": request.json()["query"]})

    async def respond_async(request: APIRequest) -> Response:
        await asyncio.sleep(0)
        return Response(json={"data": {"asked": request.json()["query"]}})

    for responder in (respond, respond_async):
        client.respond(responder)
        assert client.graphql("{ a }").data == {"asked": "{ a }"}
        assert asyncio.run(client.graphql_async("{ b }")).data == {"asked": "{ b }"}
    assert threading.current_thread() not in threads


def test_a_function_that_waits_holds_up_no_other_call() -> None:
    client = Client.fake()
    begun, go_on = threading.Event(), threading.Event()

    def respond(request: APIRequest) -> GraphQLResponse:
        if request.json()["query"] == "{ first }":
            begun.set()
            go_on.wait()
        return GraphQLResponse({})

    client.respond(respond)
    first = threading.Thread(target=client.graphql, args=("{ first }",))
    first.start()
    begun.wait()
    assert client.graphql("{ second }").data == {}
    go_on.set()
    first.join()


def test_what_a_function_raises_is_what_the_call_raises() -> None:
    client = Client.fake()

    def respond(_: APIRequest) -> Response:
        raise seekauth.NetworkError("no way there", retry_after=3)

    client.respond(respond)
    for call in (client.graphql, lambda query: asyncio.run(client.graphql_async(query))):
        with pytest.raises(seekauth.NetworkError, match="no way there") as raised:
            call("{ a }")
        assert raised.value.retry_after == 3


@pytest.mark.parametrize("fails", ["raises", "returns", "base"])
def test_a_function_that_fails_otherwise_is_reported(
    fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda report: reported.append(report.exc_value))
    client = Client.fake()

    def respond(_: APIRequest) -> Any:
        if fails == "raises":
            raise KeyError("of the test")
        if fails == "base":
            raise seekauth.SeekAuthError("of no kind")
        return 200

    client.respond(respond)
    with pytest.raises(seekauth.InvalidArgumentError) as raised:
        client.graphql("{ a }")
    (failure,) = reported
    assert type(failure).__name__ in str(raised.value)
    if fails == "returns":
        assert "GraphQLResponse, not int" in str(failure)


def test_handles_for_other_scopes_are_of_the_same_fake() -> None:
    client = Client.fake(scopes="write.education read.employment", token="t")
    other = client.with_scopes("read.employment")
    assert isinstance(other, FakeClient)
    assert client.get_token().scopes == ("read.employment", "write.education")
    assert other.get_token().scopes == ("read.employment",)
    assert other.authorization() == "Bearer t-2"
    assert other.journal == client.journal
    assert client.journal[0] == TokenRequest(("read.employment", "write.education"), None)
    other.fail_with(seekauth.NotGrantedError)
    client.advance(HALF_AN_HOUR)
    with pytest.raises(seekauth.NotGrantedError):
        client.get_token()
    client.close()
    with pytest.raises(seekauth.ClosedError):
        other.get_token()
    assert Client.fake(scopes=["a"]).get_token().scopes == ("a",)


def test_nothing_is_shared_between_two() -> None:
    one, other = Client.fake(token="one"), Client.fake(token="other")
    one.advance(HALF_AN_HOUR)
    one.fail_with("network")
    assert other.get_token().remaining == HALF_AN_HOUR
    assert one.journal == []


class Tenant(Client):
    """With an `__init__` of its own."""

    def __init__(self, name: str) -> None:
        super().__init__(service="seek_api")
        self.name = name

    def partner(self) -> Any:
        return self.graphql("{ self }").data


def test_a_subclass_has_a_fake_of_its_own_class() -> None:
    tenant: Any = Tenant.fake(token="t")
    assert isinstance(tenant, Tenant)
    assert isinstance(tenant, FakeClient)
    tenant.respond(GraphQLResponse({"self": "acme"}))
    assert tenant.partner() == {"self": "acme"}
    assert type(FakeClient.fake()) is FakeClient
    assert type(type(tenant).fake()) is type(tenant)
    with pytest.raises(TypeError, match=r"Client\.fake\(\)"):
        FakeClient()


@pytest.mark.parametrize("name", adapters.NAMES)
def test_adapters_take_it(name: str, server: Server, loop: asyncio.AbstractEventLoop) -> None:
    with Client.fake(token="t", api_url=server.url) as client:
        client.get_token()
        client.advance(10)
        adapter = adapters.make(name, client, None, loop)
        server.responses = [Sent([REJECTION])]
        assert adapter.send(post(server.url)).body == GOOD
        sent = [received.headers["Authorization"] for received in server.received]
        assert sent == ["Bearer t", "Bearer t-2"]
        assert token_requests(client) == 2
        with pytest.raises(seekauth.ForbiddenOriginError):
            adapter.send(post("https://graphql.seek.com/graphql"))
        adapter.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"token": "two words"}, "visible ASCII"),
        ({"token": ""}, "visible ASCII"),
        ({"scopes": ["two words"]}, "scopes"),
        ({"lifetime": -1}, "lifetime must be 0 seconds or more"),
        ({"lifetime": float("nan")}, "lifetime must be 0 seconds or more"),
        ({"api_url": "https://graphql.seek.com/graphql"}, "api_url"),
    ],
)
def test_what_it_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(seekauth.InvalidArgumentError, match=message):
        Client.fake(**arguments)


def test_arguments_of_other_types_are_named() -> None:
    fake: Any = Client.fake
    for arguments, message in (
        ({"token": 1}, "token must be a str, not int"),
        ({"scopes": 1}, "scopes must be a str or an iterable of str, not int"),
        ({"lifetime": "1"}, "lifetime must be a number of seconds .*, not str"),
        ({"api_url": 1}, "api_url must be a str or a URL, not int"),
    ):
        with pytest.raises(TypeError, match=message):
            fake(**arguments)
    client = fake()
    with pytest.raises(TypeError, match="span must be a number"):
        client.advance("1")
    with pytest.raises(seekauth.InvalidArgumentError, match="span must be 0 seconds or more"):
        client.advance(-1)
    with pytest.raises(seekauth.InvalidArgumentError, match="has to be one of invalid_argu"):
        client.fail_with("nonsense")
    with pytest.raises(TypeError, match="a response must be"):
        client.respond({"data": {}})


def test_a_function_that_reaches_its_client_is_collected_with_it() -> None:
    def used() -> weakref.ref[Any]:
        client = Client.fake()

        def respond(_: APIRequest) -> GraphQLResponse:
            return GraphQLResponse({"now": str(client.now)})

        client.respond(respond)
        assert client.graphql("{ now }").data
        return weakref.ref(respond)

    watched = used()
    gc.collect()
    assert watched() is None


def test_a_token_is_made_by_hand() -> None:
    before = datetime.now(timezone.utc)
    token = seekauth.Token("t", lifetime=timedelta(hours=1), scopes=["b", "a"])
    assert (token.value, token.authorization, token.scopes) == ("t", "Bearer t", ("a", "b"))
    assert 3599 < token.remaining <= 3600
    assert token.expires_at >= before + timedelta(seconds=3599)
    assert token != seekauth.Token("t", lifetime=timedelta(hours=1), scopes=["b", "a"])
    assert "t" not in repr(token).replace("seekauth.Token", "").replace("expires_at", "")
    plain = seekauth.Token("t")
    assert plain.scopes == ()
    assert 1799 < plain.remaining <= HALF_AN_HOUR
    for value in ("", "Bearer t", "t\n"):
        with pytest.raises(seekauth.InvalidArgumentError):
            seekauth.Token(value)
    with pytest.raises(TypeError, match="value must be a str, not int"):
        seekauth.Token(1)  # type: ignore[arg-type]


def test_graphql_responses_are_made_by_hand() -> None:
    empty = GraphQLResponse()
    assert (empty.data, empty.errors, empty.extensions, empty.status) == (None, [], {}, 200)
    assert GraphQLResponse({"a": 1}).raise_for_errors().data == {"a": 1}
    with pytest.raises(seekauth.GraphQLError, match="UNAUTHENTICATED: no"):
        REJECTED.raise_for_errors()


NO_NETWORK = f"""{UNLOGGED}
import resource, sys
import seekauth, seekauth._logging
from seekauth import Client, GraphQLResponse
client = Client.from_env()
warm = Client.fake()
warm.respond(lambda request: GraphQLResponse({{}}))
warm.graphql("{{ a }}")
warm.authorization()
# No descriptor can be opened from now on, and so no socket.
resource.setrlimit(resource.RLIMIT_NOFILE, (0, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits descriptors as Linux does")
def test_it_never_opens_a_socket(sandbox: Sandbox) -> None:
    code = """
    fake = Client.fake(token="t", lifetime=60)
    assert fake.authorization() == "Bearer t"
    fake.advance(60)
    fake.respond(GraphQLResponse({"a": 1}), GraphQLResponse({"a": 2}))
    assert [fake.graphql("{ a }").data["a"] for _ in range(3)] == [1, 2, 2]
    fake.fail_with("network")
    fake.advance(60)
    try:
        fake.get_token()
    except seekauth.NetworkError as error:
        print(error)
    try:
        client.get_token(timeout=5)
    except seekauth.NetworkError as error:
        print(error)
    """
    fakes, real_ones = run(sandbox, code, NO_NETWORK).splitlines()
    assert fakes == "a test made the fake client fail with network"
    assert "Too many open files" in real_ones


@pytest.mark.skipif(sys.platform != "linux", reason="only there a forked child goes on for certain")
def test_a_forked_child_goes_on_with_it(sandbox: Sandbox) -> None:
    code = """
    import os
    fake = Client.fake(token="t")
    fake.authorization()
    child = os.fork()
    if child == 0:
        fake.advance(1800)
        fake.respond(GraphQLResponse({}))
        good = fake.authorization() == "Bearer t-2" and fake.graphql("{ a }").data == {}
        os._exit(0 if good else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), fake.authorization())
    """
    preamble = "import seekauth\nfrom seekauth import Client, GraphQLResponse\n"
    assert run(sandbox, code, preamble) == "0 Bearer t\n"
