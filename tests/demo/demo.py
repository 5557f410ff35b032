"""SEEK API and SEEK Pass tokens from Python, with httpx as the HTTP client.

The SEEKAUTH_* variables say whose tokens and from where. With DEMO_SANDBOX, the admin address of
the sandbox that plays SEEK, the steps that need one run too. Prints a line per step: its name, ok
or wrong, what happened and microseconds, with tabs between them.
"""

import asyncio
import os
from time import perf_counter

import httpx
from seekauth import Client, SeekAuthError

HEADERS = {"User-Agent": os.environ["SEEKAUTH_USER_AGENT"]}
QUERY = {"query": "{ self { partner { name } } }"}
CREDENTIAL = {"id": "demo-1"}
CACHED_CALLS = 100_000
CALLERS = 4


def main() -> None:
    sandbox = os.environ.get("DEMO_SANDBOX")
    with Client.from_env() as client, httpx.Client(headers=HEADERS) as http:
        token(client)
        if os.environ.get("SEEKAUTH_SERVICE") == "seek_api":
            graphql(client, http)
        cache(client)
        if sandbox:
            with seek_pass(os.environ["DEMO_PASS_CLIENT_SECRET"]) as pass_client:
                pass_token(pass_client, http)
                other_scope(pass_client, http)
                asyncio.run(renewal(pass_client))
            revoked(client, http, sandbox)
            wrong_secret()


def token(client: Client) -> None:
    """The first call asks the token endpoint."""
    started = perf_counter()
    token = client.get_token()
    elapsed = perf_counter() - started
    report("token", token.remaining > 0, f"expires in {token.remaining:.0f} s", elapsed)


def graphql(client: Client, http: httpx.Client) -> None:
    """A request to the SEEK API."""
    started = perf_counter()
    response = ask(client, http, client.authorization())
    report("graphql", has_data(response), f"HTTP {response.status_code}", perf_counter() - started)


def cache(client: Client) -> None:
    """The same token again, without a request: the time that one call takes."""
    first = client.get_token().authorization
    started = perf_counter()
    for _ in range(CACHED_CALLS):
        authorization = client.authorization()
    elapsed = perf_counter() - started
    report("cache", authorization == first, "the same token", elapsed / CACHED_CALLS)


def pass_token(client: Client, http: httpx.Client) -> None:
    """A SEEK Pass token, and a credential added with it."""
    started = perf_counter()
    headers = {"Authorization": client.authorization()}
    response = http.post(add_url("education"), headers=headers, json=CREDENTIAL)
    elapsed = perf_counter() - started
    report("pass", response.status_code == 201, f"HTTP {response.status_code}", elapsed)


def other_scope(client: Client, http: httpx.Client) -> None:
    """Another scope is another token, from a client that shares everything else."""
    started = perf_counter()
    authorization = client.with_scopes("write.microcredential").authorization()
    headers = {"Authorization": authorization}
    response = http.post(add_url("microcredential"), headers=headers, json=CREDENTIAL)
    elapsed = perf_counter() - started
    another = authorization != client.authorization()
    report("scope", another and response.status_code == 201, f"HTTP {response.status_code}", elapsed)


async def renewal(client: Client) -> None:
    """Callers that never pause, until all have used a renewed token: the longest wait for one."""
    first = await client.authorization_async()

    async def caller(http: httpx.AsyncClient) -> tuple[int, int, float]:
        calls, refused, longest, authorization = 0, 0, 0.0, first
        while authorization == first:
            started = perf_counter()
            authorization = await client.authorization_async()
            longest = max(longest, perf_counter() - started)
            headers = {"Authorization": authorization}
            response = await http.post(add_url("education"), headers=headers, json=CREDENTIAL)
            calls += 1
            refused += response.status_code != 201
        return calls, refused, longest

    async with httpx.AsyncClient(headers=HEADERS) as http:
        results = await asyncio.gather(*(caller(http) for _ in range(CALLERS)))
    calls, refused, longest = zip(*results, strict=True)
    what = f"{sum(refused)} of {sum(calls)} refused"
    report("renewal", sum(refused) == 0, what, max(longest))


def revoked(client: Client, http: httpx.Client, sandbox: str) -> None:
    """The API refuses a token: say so to the client, and ask again with the next one."""
    authorization = client.authorization()
    http.post(f"{sandbox}/revoke", json={"token": authorization})

    started = perf_counter()
    response = ask(client, http, authorization)
    refused = is_unauthenticated(response)
    if refused:
        client.invalidate(authorization)
        response = ask(client, http, client.authorization())
    elapsed = perf_counter() - started
    what = f"{'refused' if refused else 'not refused'}, then {response.status_code}"
    report("revoked", refused and has_data(response), what, elapsed)


def wrong_secret() -> None:
    """What a wrong secret looks like."""
    started = perf_counter()
    try:
        seek_pass("not the secret").get_token()
    except SeekAuthError as error:
        elapsed = perf_counter() - started
        expected = error.kind == "invalid_credentials" and not error.retryable
        retryable = "retryable" if error.retryable else "not retryable"
        report("secret", expected, f"{error.kind} ({retryable}): {error}", elapsed)


def seek_pass(secret: str) -> Client:
    return Client.seek_pass(
        environment="staging",
        client_id=os.environ["DEMO_PASS_CLIENT_ID"],
        client_secret=secret,
        user_agent=HEADERS["User-Agent"],
        scopes="write.education",
        base_url=os.environ["DEMO_PASS_URL"],
    )


def add_url(credential_type: str) -> str:
    return f"{os.environ['DEMO_PASS_URL']}/api/partner/v1/add/{credential_type}.json"


def ask(client: Client, http: httpx.Client, authorization: str) -> httpx.Response:
    return http.post(str(client.api_url), headers={"Authorization": authorization}, json=QUERY)


def has_data(response: httpx.Response) -> bool:
    return response.status_code == 200 and "errors" not in response.json()


def is_unauthenticated(response: httpx.Response) -> bool:
    """The code in the body decides: GraphQL's HTTP status is no signal."""
    codes = [error.get("extensions", {}).get("code") for error in response.json().get("errors", [])]
    return "UNAUTHENTICATED" in codes


def report(step: str, ok: bool, what: str, seconds: float) -> None:
    fields = (step, "ok" if ok else "wrong", what, f"{seconds * 1e6:.3f}")
    print(*fields, sep="\t", flush=True)


if __name__ == "__main__":
    main()
