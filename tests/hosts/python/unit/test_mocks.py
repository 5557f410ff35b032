"""Requests that an adapter sends by an HTTP client of the program's own are seen by that client's mocks."""

import httpx
import pytest
import requests
import responses
import respx
import seekauth.httpx
import seekauth.requests
from seekauth import Client
from seekauth.testing import TokenRequest

ACME = {"data": {"self": {"partner": {"name": "Acme"}}}}
REJECTED = {"errors": [{"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}]}


@respx.mock
def test_respx_sees_what_httpx_sends() -> None:
    fake = Client.fake(token="t")
    fake.get_token()
    fake.advance(10)
    route = respx.post(fake.api_url).mock(
        side_effect=[httpx.Response(200, json=REJECTED), httpx.Response(200, json=ACME)]
    )
    with httpx.Client(auth=seekauth.httpx.SeekAuth(fake)) as api:
        assert api.post(fake.api_url, json={"query": "{ self { partner { name } } }"}).json() == ACME
    sent = [call.request.headers["authorization"] for call in route.calls]
    assert sent == ["Bearer t", "Bearer t-2"]
    assert [type(asked) for asked in fake.journal] == [TokenRequest, TokenRequest]


@responses.activate
def test_responses_sees_what_requests_sends() -> None:
    fake = Client.fake(token="t")
    call = responses.post(fake.api_url, json=ACME)
    with requests.Session() as api:
        api.auth = seekauth.requests.SeekAuth(fake)
        assert api.post(fake.api_url, json={"query": "{ self { partner { name } } }"}).json() == ACME
        with pytest.raises(seekauth.ForbiddenOriginError):
            api.post("https://graphql.seek.com/graphql")
    assert call.calls[0].request.headers["Authorization"] == "Bearer t"
