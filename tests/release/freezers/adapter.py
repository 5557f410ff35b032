"""A program with an HTTP client of its own, as it is given to freezers. Prints the partner's name."""

import os

import httpx
import seekauth
from seekauth.httpx import SeekAuth


def main() -> None:
    client = seekauth.Client.from_env()
    with httpx.Client(auth=SeekAuth(client), verify=os.environ["SEEKAUTH_CA_FILE"]) as api:
        response = api.post(client.api_url, json={"query": "{ self { partner { name } } }"})
    print(response.json()["data"]["self"]["partner"]["name"])


if __name__ == "__main__":
    main()
