"""What each wheel is tried with: a token over TLS, a request, a renewal, a fork. The SEEKAUTH_* variables say from
where; tokens there live for a few seconds.
"""

import os
import time

import seekauth

RENEWED_WITHIN = 60.0


def request(client: seekauth.Client) -> None:
    response = client.graphql("{ self { partner { name } } }")
    assert response.data["self"]["partner"]["name"]


def main() -> None:
    client = seekauth.Client.from_env()
    first = client.authorization()
    print("token", flush=True)
    request(client)
    print("graphql", flush=True)
    deadline = time.monotonic() + RENEWED_WITHIN
    while client.authorization() == first:
        assert time.monotonic() < deadline, "the token stays the same"
    print("renewal", flush=True)
    child = os.fork()
    if child == 0:
        request(client)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, "the child failed"
    print("fork", flush=True)


main()
