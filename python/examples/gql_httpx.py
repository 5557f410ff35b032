"""The SEEK API through gql, synchronously: `pip install gql[httpx] seekauth[httpx2]`.

Takes the client's settings from the environment, as described in seekauth's README. gql uses httpx2
where it is installed; with a gql that uses httpx, take `SeekAuth` from `seekauth.httpx`.
"""

from gql import Client, gql
from gql.transport.httpx import HTTPXTransport

import seekauth
from seekauth.httpx2 import SeekAuth

QUERY = gql("{ self { partner { name } } }")


def main() -> None:
    """Prints the name that the API knows the partner by."""
    client = seekauth.Client.from_env()
    transport = HTTPXTransport(client.api_url, auth=SeekAuth(client), timeout=30)
    with Client(transport=transport) as api:
        response = api.execute(QUERY)
    print(response["self"]["partner"]["name"])


main()
