"""The clock of a client is native: libraries that stop or move Python's do not reach it, and harm nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import seekauth
import time_machine
from freezegun import freeze_time
from seekauth import Client, GraphQLResponse

from harness.sandbox import Sandbox

LATER = datetime(2099, 1, 1, tzinfo=timezone.utc)


def frozen() -> AbstractContextManager[object]:
    return freeze_time(LATER)


def travelled() -> AbstractContextManager[object]:
    return time_machine.travel(LATER, tick=False)


@pytest.fixture(params=[frozen, travelled])
def moved(request: pytest.FixtureRequest) -> AbstractContextManager[object]:
    made: AbstractContextManager[object] = request.param()
    return made


def test_a_fake_has_a_clock_of_its_own(moved: AbstractContextManager[object]) -> None:
    client = Client.fake(token="t")
    token = client.get_token()
    with moved:
        assert datetime.now(timezone.utc) == LATER
        assert client.now < LATER
        assert token.remaining == 1800
        assert client.authorization() == "Bearer t"
        client.advance(timedelta(hours=1))
        assert client.authorization() == "Bearer t-2"
        assert asyncio.run(client.authorization_async()) == "Bearer t-2"
        client.respond(lambda _: GraphQLResponse({"now": None}))
        assert client.graphql("{ now }").data == {"now": None}
    assert client.authorization() == "Bearer t-2"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def test_a_real_client_works_and_its_token_does_not_age(
    moved: AbstractContextManager[object], sandbox: Sandbox
) -> None:
    settings: Any = sandbox.settings
    with seekauth.Client.seek_api(**settings) as client:
        token = client.get_token()
        with moved:
            assert client.get_token() == token
            assert client.graphql("{ self { partner { name } } }").data
            assert asyncio.run(client.get_token_async()).expires_at < LATER
        assert sandbox.requests() == 1
