"""The SEEK API through gql, asynchronously: `pip install gql[aiohttp] seekauth[aiohttp]`.

Takes the client's settings from the environment, as described in seekauth's README.
"""

import asyncio

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport

import seekauth
from seekauth.aiohttp import seek_auth

QUERY = gql("{ self { partner { name } } }")


async def main() -> None:
    """Prints the name that the API knows the partner by."""
    client = seekauth.Client.from_env()
    transport = AIOHTTPTransport(
        client.api_url, client_session_args={"middlewares": [seek_auth(client)]}
    )
    async with Client(transport=transport, execute_timeout=30) as api:
        response = await api.execute(QUERY)
    print(response["self"]["partner"]["name"])


asyncio.run(main())
