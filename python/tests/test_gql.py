"""gql over each adapter: the examples as they stand, and the errors that arrive."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gql import Client as GqlClient
from gql import gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.requests import RequestsHTTPTransport
from program import UNLOGGED, run
from server import REJECTION, Response

import seekauth
import seekauth.httpx2
import seekauth.requests
from seekauth.aiohttp import seek_auth

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Sandbox
    from server import Server

    from seekauth import Client

EXAMPLES = sorted(Path(__file__).parents[1].glob("examples/*.py"))
QUERY = gql("{ self { partner { name } } }")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_runs_and_renews_a_rejected_token(sandbox: Sandbox, example: Path) -> None:
    sandbox.script(endpoint="graphql", error="UNAUTHENTICATED")
    # Warnings of gql and its transports are theirs.
    preamble = UNLOGGED + "import warnings\nwarnings.simplefilter('ignore')\n"
    assert run(sandbox, example.read_text(), preamble) == "Sandbox partner sandbox-live\n"
    assert sandbox.requests("graphql") == 2


def test_there_are_examples() -> None:
    assert {example.stem for example in EXAMPLES} == {"gql_aiohttp", "gql_httpx"}


def over_requests(client: Client, url: str) -> Any:
    transport = RequestsHTTPTransport(url, auth=seekauth.requests.SeekAuth(client), timeout=30)
    with GqlClient(transport=transport) as api:
        return api.execute(QUERY)


def over_httpx(client: Client, url: str) -> Any:
    async def execute() -> Any:
        auth = seekauth.httpx2.SeekAuth(client)
        transport = HTTPXAsyncTransport(url, auth=auth, timeout=30)
        async with GqlClient(transport=transport, execute_timeout=60) as api:
            return await api.execute(QUERY)

    return asyncio.run(execute())


def over_aiohttp(client: Client, url: str) -> Any:
    async def execute() -> Any:
        options = {"middlewares": [seek_auth(client)]}
        transport = AIOHTTPTransport(url, client_session_args=options)
        async with GqlClient(transport=transport, execute_timeout=60) as api:
            return await api.execute(QUERY)

    return asyncio.run(execute())


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("execute", [over_requests, over_httpx, over_aiohttp])
def test_errors_of_the_api_are_gqls_and_those_of_seekauth_are_behind_them(
    api: Client, server: Server, execute: Callable[[Client, str], Any]
) -> None:
    server.responses = [Response([REJECTION])]
    assert execute(api, server.url)["self"]["partner"]["name"] == "Acme"
    forbidden = REJECTION.replace(b"UNAUTHENTICATED", b"FORBIDDEN")
    server.responses = [Response([forbidden])]
    with pytest.raises(TransportQueryError, match="FORBIDDEN"):
        execute(api, server.url)
    server.responses = [Response([REJECTION]), Response([REJECTION])]
    with pytest.raises((TransportError, seekauth.TokenRejectedError)) as raised:
        execute(api, server.url)
    kinds = {type(raised.value), type(raised.value.__cause__)}
    assert seekauth.TokenRejectedError in kinds
