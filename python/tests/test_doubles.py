"""The doubles that a program's tests put in the place of a client, or of one of its methods."""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import pkgutil
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, get_type_hints
from unittest import mock

import adapters
import pytest
from server import GOOD, REJECTION, Response
from test_adapters import post

import seekauth
from seekauth import Client, GraphQLResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from server import Server

ASYNCHRONOUS = ("httpx-async", "httpx2", "aiohttp")
METHODS = (
    "authorization",
    "authorization_async",
    "get_token",
    "get_token_async",
    "cached_token",
    "graphql",
    "graphql_async",
    "invalidate",
    "auth_flow",
    "with_scopes",
    "close",
)


@pytest.fixture
def unreachable(server: Server) -> Iterator[Client]:
    """A client that could get no token: nobody listens at its token endpoint."""
    with Client.seek_api(
        environment="live",
        client_id="a",
        client_secret="b",
        user_agent="Acme/1.0",
        token_url="http://127.0.0.1:9/oauth/token",
        api_url=server.url,
    ) as client:
        yield client


def seam(name: str) -> str:
    """The method that an adapter asks for its token."""
    return "authorization_async" if name in ASYNCHRONOUS else "authorization"


@pytest.mark.parametrize("autospec", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_each_method_of_an_instance_can_be_patched(
    name: str, autospec: bool, unreachable: Client
) -> None:
    method = getattr(unreachable, name)
    with mock.patch.object(unreachable, name, autospec=autospec, return_value="double") as double:
        required = [
            "x"
            for parameter in inspect.signature(method).parameters.values()
            if parameter.default is parameter.empty
            and parameter.kind is not parameter.VAR_POSITIONAL
        ]
        returned = getattr(unreachable, name)(*required)
        assert (asyncio.run(returned) if name.endswith("_async") else returned) == "double"
        assert double.call_count == 1
    assert getattr(unreachable, name) == method
    assert name not in vars(unreachable)


@pytest.mark.skipif(sys.version_info[:2] == (3, 11), reason="it finds methods quicker with one")
def test_a_client_has_no_dict_before_it_has_an_attribute() -> None:
    # Python would look for methods there first.
    settings: Any = {"client_id": "a", "client_secret": "b", "user_agent": "Acme/1.0"}
    client = Client.seek_pass(environment="staging", scopes="a", **settings)
    for made in (client, client.with_scopes("b")):
        assert not [held for held in gc.get_referents(made) if isinstance(held, dict)]
        with mock.patch.object(made, "get_token"):
            assert vars(made).keys() == {"get_token"}


def test_a_patched_token_is_one_made_by_hand(unreachable: Client) -> None:
    token = seekauth.Token("t", lifetime=60)
    with mock.patch.object(unreachable, "get_token", return_value=token):
        assert unreachable.get_token(timeout=1).authorization == "Bearer t"
    with (
        mock.patch.object(unreachable, "get_token", side_effect=seekauth.ThrottledError("wait")),
        pytest.raises(seekauth.ThrottledError),
    ):
        unreachable.get_token()
    response = GraphQLResponse({"self": None})
    with mock.patch.object(unreachable, "graphql", return_value=response) as graphql:
        assert unreachable.graphql("{ self }").raise_for_errors().data == {"self": None}
    graphql.assert_called_once_with("{ self }")


def patched_on_the_instance(client: Client, name: str) -> Any:
    return mock.patch.object(client, name, return_value="Bearer double")


def patched_on_the_class(_: Client, name: str) -> Any:
    return mock.patch.object(Client, name, return_value="Bearer double")


@pytest.mark.parametrize("name", adapters.NAMES)
@pytest.mark.parametrize("patched", [patched_on_the_instance, patched_on_the_class])
def test_adapters_ask_the_patched_method(
    name: str,
    patched: Callable[[Client, str], Any],
    unreachable: Client,
    server: Server,
    loop: asyncio.AbstractEventLoop,
) -> None:
    with ExitStack() as stack:
        adapter = adapters.make(name, unreachable, None, loop)
        stack.callback(adapter.close)
        double = stack.enter_context(patched(unreachable, seam(name)))
        assert adapter.send(post(server.url)).body == GOOD
        (received,) = server.received
        assert received.headers["Authorization"] == "Bearer double"
        assert received.headers["User-Agent"].startswith("Acme/1.0")
        assert double.call_count == 1
        # Rejected, it is asked once more, and the token endpoint is left alone.
        server.responses = [Response([REJECTION])]
        with pytest.raises(seekauth.TokenRejectedError):
            adapter.send(post(server.url))
        assert unreachable.stats().requests_failed == {}


class Tenant(Client):
    """A program's own idea of where tokens come from."""

    def authorization(self) -> str:
        return "Bearer double"

    async def authorization_async(self) -> str:
        return "Bearer double"


@pytest.mark.parametrize("name", adapters.NAMES)
def test_adapters_ask_the_method_of_a_subclass(
    name: str, server: Server, loop: asyncio.AbstractEventLoop
) -> None:
    with Tenant(
        service="seek_api",
        environment="live",
        client_id="a",
        client_secret="b",
        user_agent="Acme/1.0",
        api_url=server.url,
    ) as tenant:
        adapter = adapters.make(name, tenant, None, loop)
        assert adapter.send(post(server.url)).body == GOOD
        assert server.received[0].headers["Authorization"] == "Bearer double"
        adapter.close()


def specified() -> Any:
    return mock.create_autospec(Client, instance=True)


def specified_by_an_instance() -> Any:
    return mock.create_autospec(Client.fake())


@pytest.mark.parametrize("name", adapters.NAMES)
@pytest.mark.parametrize("make", [specified, specified_by_an_instance, mock.MagicMock])
@pytest.mark.parametrize("response", [GOOD, REJECTION])
def test_adapters_send_once_for_a_client_that_is_a_double(
    name: str,
    make: Callable[[], Any],
    response: bytes,
    server: Server,
    loop: asyncio.AbstractEventLoop,
) -> None:
    client = make()
    client.authorization.return_value = "Bearer double"
    client.authorization_async = mock.AsyncMock(return_value="Bearer double")
    adapter = adapters.make(name, client, None, loop)
    server.responses = [Response([response])]
    assert adapter.send(post(server.url)).body == response
    (received,) = server.received
    assert received.headers["Authorization"] == "Bearer double"
    assert str(client.auth_flow.call_args.args[0]) == server.url
    adapter.close()


def test_a_specification_knows_the_methods() -> None:
    client = specified()
    client.get_token(timeout=1)
    client.graphql("{ a }", operation_name="a")
    asyncio.run(client.get_token_async())
    # unittest.mock looks at the arguments of functions alone, and of no native method.
    with pytest.raises(TypeError):
        client.graphql()
    with pytest.raises(AttributeError):
        client.get_access_token()
    assert isinstance(client, Client)


def test_a_factory_that_is_patched_gives_the_fake() -> None:
    fake = Client.fake(token="t")
    with mock.patch.object(Client, "from_env", return_value=fake):
        assert Client.from_env().authorization() == "Bearer t"
    with mock.patch("seekauth.Client") as double:
        double.seek_api.return_value = fake
        assert seekauth.Client.seek_api(client_id="a").authorization() == "Bearer t"
    assert seekauth.Client is Client


def test_handles_for_other_scopes_are_not_patched_along(unreachable: Client) -> None:
    client: Any = Client.fake(scopes="a", token="t")
    with mock.patch.object(client, "authorization", return_value="Bearer double"):
        client.note = 1
        assert client.with_scopes("b").note == 1
    assert "authorization" not in vars(client)
    with mock.patch.object(unreachable, "authorization"):
        assert type(unreachable.authorization) is not type(Client.fake().authorization)


def public_functions() -> Iterator[tuple[str, Any]]:
    """All that a program may call, by its name: of modules, and of the classes in them."""
    names = [module.name for module in pkgutil.iter_modules(seekauth.__path__)]
    for name in ("", *(name for name in names if not name.startswith("_"))):
        module = importlib.import_module(f"seekauth.{name}".rstrip("."))
        own = [
            name
            for name, value in vars(module).items()
            if getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
        ]
        for public in getattr(module, "__all__", own):
            value = getattr(module, public)
            if callable(value):
                yield f"{module.__name__}.{public}", value
            if inspect.isclass(value):
                for member, _ in inspect.getmembers(value, callable):
                    if not member.startswith("_"):
                        yield f"{module.__name__}.{public}.{member}", getattr(value, member)
                yield f"{module.__name__}.{public}.__init__", value.__init__


def test_type_hints_of_all_that_is_public_resolve() -> None:
    seen = dict(public_functions())
    assert seen.keys() >= {
        "seekauth.Client.graphql",
        "seekauth.aiohttp.seek_auth",
        "seekauth.errors.SeekAuthError.__init__",
        "seekauth.httpx.SeekAuth.async_auth_flow",
        "seekauth.opentelemetry.instrument",
        "seekauth.prometheus.collector",
        "seekauth.testing.FakeClient.fail_with",
    }
    for name, value in seen.items():
        hints = get_type_hints(value)
        if inspect.isfunction(value) and value.__module__.startswith("seekauth"):
            assert "return" in hints, name
