from collections.abc import Iterator
from functools import cache
from typing import Annotated

import pytest
import seekauth
from fastapi import Depends, FastAPI, HTTPException
from fastapi.testclient import TestClient
from seekauth import Client, GraphQLResponse
from seekauth.testing import FakeClient

from partners import partner_name_async

app = FastAPI()


@cache
def seek() -> Client:
    """The client of the whole process."""
    return Client.from_env()


@app.get("/partner")
async def partner(client: Annotated[Client, Depends(seek)]) -> str:
    try:
        return await partner_name_async(client)
    except seekauth.SeekAuthError as error:
        raise HTTPException(503, error.kind) from error


@pytest.fixture
def fake() -> Iterator[FakeClient]:
    with Client.fake() as fake:
        app.dependency_overrides[seek] = lambda: fake
        yield fake
        app.dependency_overrides.clear()


def test_the_route_shows_the_name(fake: FakeClient) -> None:
    fake.respond(GraphQLResponse({"self": {"partner": {"name": "Acme"}}}))
    assert TestClient(app).get("/partner").json() == "Acme"


def test_the_route_survives_an_outage(fake: FakeClient) -> None:
    fake.fail_with(seekauth.UnavailableError)
    response = TestClient(app).get("/partner")
    assert (response.status_code, response.json()) == (503, {"detail": "unavailable"})
