"""What the tests of a program that uses seekauth test."""

import seekauth


def is_refused(client: seekauth.Client) -> bool:
    """Whether the credentials are refused."""
    try:
        client.get_token()
    except seekauth.InvalidCredentialsError:
        return True
    return False


def partner(client: seekauth.Client, query: str) -> str | None:
    """What the operation finds; None where the API reports an error."""
    response = client.graphql(query)
    assert isinstance(response, seekauth.GraphQLResponse)
    try:
        data = response.raise_for_errors().data
    except seekauth.GraphQLError:
        return None
    name: str = data["self"]["partner"]["name"]
    return name
