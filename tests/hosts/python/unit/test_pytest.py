from collections.abc import Iterator
from datetime import timedelta

import pytest
import seekauth
from seekauth import Client, GraphQLResponse
from seekauth.testing import APIRequest, FakeClient, Response

from partners import partner_name

ACME = GraphQLResponse({"self": {"partner": {"name": "Acme"}}})


@pytest.fixture
def client() -> Iterator[FakeClient]:
    with Client.fake(token="t") as client:
        yield client


def test_the_operation_is_sent_with_the_token(client: FakeClient) -> None:
    client.respond(ACME)
    assert partner_name(client) == "Acme"
    request = client.journal[-1]
    assert request.json()["operationName"] == "Partner"
    assert request.headers["authorization"] == "Bearer t"


def test_another_day_has_another_token(client: FakeClient) -> None:
    client.respond(ACME)
    partner_name(client)
    client.advance(timedelta(days=1))
    partner_name(client)
    assert client.journal[-1].headers["authorization"] == "Bearer t-2"


def test_an_outage_reaches_the_caller(client: FakeClient) -> None:
    client.fail_with(seekauth.UnavailableError)
    with pytest.raises(seekauth.UnavailableError):
        partner_name(client)


def test_an_api_that_asks_for_a_pause(client: FakeClient) -> None:
    client.respond(Response(429, headers={"Retry-After": "30"}), ACME)
    with pytest.raises(seekauth.ThrottledError) as raised:
        partner_name(client)
    assert raised.value.retry_after == 30
    assert partner_name(client) == "Acme"


def test_a_function_responds(client: FakeClient) -> None:
    def respond(request: APIRequest) -> GraphQLResponse:
        return GraphQLResponse({"self": {"partner": {"name": request.json()["operationName"]}}})

    client.respond(respond)
    assert partner_name(client) == "Partner"
