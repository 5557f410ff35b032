"""The client and its tokens as Python objects."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import sys
import weakref
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yarl
from sandbox import SECRET

import seekauth
from seekauth import Client, ClosedError, ForbiddenOriginError, InvalidArgumentError

if TYPE_CHECKING:
    from conftest import Clock
    from sandbox import Sandbox


def test_a_fresh_value_is_one_object(client: Client, clock: Clock) -> None:
    first = client.authorization()
    clock.settle()
    assert client.authorization() is first
    assert asyncio.run(client.authorization_async()) is first
    token = client.cached_token()
    assert token is not None
    assert client.invalidate(token)
    second = client.authorization()
    assert second != first
    assert client.authorization() is second


def test_a_token_has_its_facts_in_python_types(sandbox: Sandbox, client: Client) -> None:
    sandbox.configure(seek_api_lifetime_s=1800)
    before = datetime.now(timezone.utc)
    token = client.get_token()
    assert token.authorization == f"Bearer {token.value}" == client.authorization()
    assert token.expires_at.tzinfo is timezone.utc
    lifetime = token.expires_at - before
    assert timedelta(seconds=1800) <= lifetime < timedelta(seconds=1900)
    assert isinstance(token.remaining, float)
    assert 1700 < token.remaining <= 1800
    assert token.scopes == ()
    immutable: Any = token
    with pytest.raises(AttributeError):
        immutable.value = "x"


def test_two_tokens_are_equal_when_they_are_the_same_issue(client: Client, clock: Clock) -> None:
    token = client.get_token()
    clock.settle()
    same = client.get_token()
    assert token is not same
    assert token == same
    assert hash(token) == hash(same)
    assert len({token, same}) == 1
    assert copy.copy(token) is token
    assert copy.deepcopy([token]) == [token]
    client.invalidate(token)
    assert client.get_token() != token
    assert token != token.value


def test_nothing_shows_a_token_or_a_secret(client: Client) -> None:
    token = client.get_token()
    for text in (repr(client), str(client), repr(token), str(token), f"{token} {client}"):
        assert token.value not in text
        assert SECRET not in text
    assert "sandbox-live" in repr(client)
    assert token.expires_at.isoformat(" ", "seconds") in repr(token)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_neither_can_be_pickled(client: Client, protocol: int) -> None:
    with pytest.raises(TypeError, match=r"cannot pickle a seekauth\.Client.*from_env"):
        pickle.dumps(client, protocol)
    with pytest.raises(TypeError, match=r"cannot pickle a seekauth\.Token.*credential"):
        pickle.dumps(client.get_token(), protocol)


def test_a_client_cannot_be_copied(client: Client) -> None:
    with pytest.raises(TypeError, match="cannot pickle"):
        copy.copy(client)


def test_a_token_is_made_by_the_library_only() -> None:
    make: Any = seekauth.Token
    with pytest.raises(TypeError):
        make()


def test_invalidate_takes_a_token_its_value_or_the_header(client: Client, clock: Clock) -> None:
    token = client.get_token()
    assert not client.invalidate(token)
    clock.settle()
    assert client.invalidate(token.value)
    assert client.cached_token() is None
    assert not client.invalidate(token)
    authorization = client.authorization()
    clock.settle()
    assert client.invalidate(authorization)
    assert client.get_token().authorization != authorization
    clock.settle()
    assert client.invalidate(client.get_token())
    assert not client.invalidate("of-somebody-else")
    anything: Any = client.invalidate
    with pytest.raises(TypeError, match=r"token must be a seekauth\.Token or a str, not bytes"):
        anything(b"bytes")


def test_api_url_is_where_the_tokens_go(sandbox: Sandbox, client: Client) -> None:
    assert client.api_url == sandbox.urls["graphql_url"]
    bare = Client.oauth(
        token_url=sandbox.urls["token_url"],
        client_id="x",
        client_secret="y",
        user_agent="seekauth-tests/1.0",
    )
    assert bare.api_url is None


def test_cached_token_never_fetches(sandbox: Sandbox, client: Client) -> None:
    assert client.cached_token() is None
    assert sandbox.requests() == 0
    token = client.get_token()
    assert client.cached_token() == token


def test_with_closes(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.get_token()
    with pytest.raises(ClosedError):
        client.authorization()
    client.close()


def test_async_with_closes(sandbox: Sandbox) -> None:
    async def use() -> Client:
        async with sandbox.client() as client:
            assert await client.authorization_async()
        with pytest.raises(ClosedError):
            await client.authorization_async()
        with pytest.raises(ClosedError):
            await client.get_token_async()
        return client

    with pytest.raises(ClosedError):
        asyncio.run(use()).get_token()


def test_with_scopes_stays_in_the_class(sandbox: Sandbox) -> None:
    class Mine(Client):
        pass

    settings: Any = {
        "environment": "staging",
        "client_id": "sandbox-pass",
        "client_secret": "sandbox-pass-secret & more=100%",
        "user_agent": "seekauth-tests/1.0",
        "base_url": sandbox.urls["pass"],
    }
    with Mine.seek_pass(**settings, scopes="write.education") as client:
        derived = client.with_scopes("write.career_history", "write.education")
        assert type(derived) is Mine
        assert derived.get_token().scopes == ("write.career_history", "write.education")
        assert client.get_token().scopes == ("write.education",)
        arguments: Any = (["write.education"],)
        with pytest.raises(TypeError, match=r"with_scopes\(\*scopes\) must be a str, not list"):
            client.with_scopes(*arguments)
        with pytest.raises(InvalidArgumentError, match="scopes"):
            client.with_scopes("")
    with pytest.raises(ClosedError):
        derived.get_token()


def test_a_client_and_its_strings_are_let_go(sandbox: Sandbox) -> None:
    class Mine(Client):
        pass

    settings: Any = sandbox.settings
    client = Mine.seek_api(**settings)
    client.authorization()
    asyncio.run(client.authorization_async())
    watched = weakref.ref(client)
    del client
    assert watched() is None


def test_a_hit_leaves_no_reference_behind(client: Client, clock: Clock) -> None:
    value = client.authorization()
    clock.settle()
    before = sys.getrefcount(value)
    for _ in range(100):
        client.authorization()
        client.get_token()
    asyncio.run(client.authorization_async())
    assert sys.getrefcount(value) == before
    client.invalidate(client.get_token())
    assert sys.getrefcount(value) == before
    client.authorization()
    assert sys.getrefcount(value) == before - 1


def test_an_error_leaves_no_cycle(sandbox: Sandbox) -> None:
    async def fail(client: Client) -> None:
        with pytest.raises(seekauth.InvalidCredentialsError):
            await client.get_token_async()

    with sandbox.client(client_secret="wrong") as client:
        watched = weakref.ref(client)
        gc.collect()
        gc.disable()
        try:
            asyncio.run(fail(client))
            with pytest.raises(seekauth.InvalidCredentialsError):
                client.get_token()
        finally:
            gc.enable()
    del client
    assert watched() is None


class Tenant(Client):
    """With an `__init__` of its own, which decides on the settings."""

    def __init__(self, name: str, settings: dict[str, Any]) -> None:
        super().__init__(service="seek_api", **settings)
        self.name = name


class Named(Client):
    def __init__(self, *, name: str = "nobody", **settings: Any) -> None:
        super().__init__(**settings)
        self.name = name


def test_a_subclass_may_have_other_arguments(sandbox: Sandbox) -> None:
    with Tenant("acme", dict(sandbox.settings)) as tenant:
        assert tenant.name == "acme"
        assert tenant.authorization().startswith("Bearer ")
        assert tenant.graphql("{ self { partner { name } } }").raise_for_errors().data


def test_a_subclass_may_add_arguments(sandbox: Sandbox) -> None:
    make: Any = Named
    with make.seek_api(name="acme", **sandbox.settings) as named:
        assert named.name == "acme"
        assert named.authorization().startswith("Bearer ")


def test_other_scopes_keep_the_attributes_of_a_subclass(sandbox: Sandbox) -> None:
    settings: Any = {
        "environment": "staging",
        "client_id": "sandbox-pass",
        "client_secret": "sandbox-pass-secret & more=100%",
        "user_agent": "seekauth-tests/1.0",
        "base_url": sandbox.urls["pass"],
        "scopes": "write.education",
    }
    make: Any = Named
    with make.seek_pass(name="acme", **settings) as named:
        other = named.with_scopes("write.career_history")
        assert type(other) is Named
        assert other.name == "acme"
        assert other.get_token().scopes == ("write.career_history",)


def test_a_subclass_that_is_not_initialised_says_so() -> None:
    class Forgetful(Client):
        def __init__(self) -> None:
            pass

    forgetful = Forgetful()
    assert "not initialised" in repr(forgetful)
    for call in (
        forgetful.authorization,
        forgetful.get_token,
        forgetful.cached_token,
        forgetful.close,
        lambda: forgetful.api_url,
        lambda: forgetful.graphql("{ self }"),
        lambda: forgetful.auth_flow("https://graphql.seek.com/graphql"),
    ):
        with pytest.raises(InvalidArgumentError, match=r"super\(\)\.__init__"):
            call()


def test_urls_may_be_objects(sandbox: Sandbox) -> None:
    for url in (httpx.URL, yarl.URL):
        settings: Any = {
            **sandbox.settings,
            "token_url": url(sandbox.urls["token_url"]),
            "api_url": url(sandbox.urls["graphql_url"]),
        }
        with Client.seek_api(**settings) as client:
            assert client.authorization().startswith("Bearer ")
            assert client.api_url == sandbox.urls["graphql_url"]
            flow = client.auth_flow(url(client.api_url))
            assert flow.inspect(200, url(client.api_url)).finish() is False
            with pytest.raises(ForbiddenOriginError):
                client.auth_flow(url("https://elsewhere.example"))
            with pytest.raises(TypeError, match=r"^url must be a str or a URL, not int$"):
                client.auth_flow(1)  # type: ignore[arg-type]
