"""A program that uses what native code imports on demand, as it is given to freezers: values, classes of errors, a
function for credentials, a loop, and the authorities of certifi. Prints the partner's name.
"""

import asyncio
import datetime
import os

import seekauth


async def credentials() -> seekauth.Credentials:
    await asyncio.sleep(0)
    names = ("client_id", "client_secret")
    return seekauth.Credentials(**{name: os.environ[f"SEEKAUTH_{name.upper()}"] for name in names})


async def issued_at_once(client: seekauth.Client) -> bool:
    token = await client.get_token_async()
    return token.expires_at > datetime.datetime.now(datetime.timezone.utc)


def main() -> None:
    client = seekauth.Client.seek_api(
        environment=os.environ["SEEKAUTH_ENVIRONMENT"],
        credentials=credentials,
        user_agent=os.environ["SEEKAUTH_USER_AGENT"],
        token_url=os.environ["SEEKAUTH_TOKEN_URL"],
        api_url=os.environ["SEEKAUTH_API_URL"],
        ca_file=os.environ["SEEKAUTH_CA_FILE"],
        timeout=datetime.timedelta(seconds=60),
    )
    assert asyncio.run(issued_at_once(client))
    try:
        client.get_token(timeout=-1)
    except seekauth.InvalidArgumentError:
        pass
    else:
        raise AssertionError("a negative timeout was taken")
    assert seekauth._authorities.of_certifi(), "certifi's authorities are not found"
    response = client.graphql("{ self { partner { name } } }")
    print(response.data["self"]["partner"]["name"])


if __name__ == "__main__":
    main()
