"""What the tests beside it are of: code of a service that uses seekauth."""

from seekauth import Client


def partner_name(client: Client) -> str:
    """The partner's own name."""
    response = client.graphql("query Partner { self { partner { name } } }", operation_name="Partner")
    name: str = response.raise_for_errors().data["self"]["partner"]["name"]
    return name


async def partner_name_async(client: Client) -> str:
    """`partner_name` for event loops."""
    response = await client.graphql_async("{ self { partner { name } } }")
    name: str = response.raise_for_errors().data["self"]["partner"]["name"]
    return name
