"""The sandbox set up for the story, what the programs are told of it, and what arrived there."""

from steps import SEEK_API, SEEK_PASS

from harness.sandbox import PASS_ID, PASS_SECRET, SECRET, Sandbox

TOKEN_DELAY_MS = 100
"""How long it takes over a token, so that a caller who waited for one is found out."""
API_DELAY_MS = 10
"""How long it takes over another request, so that callers who never pause leave others some air."""
PASS_LIFETIME_S = 6
"""The life of a SEEK Pass token, short so that a renewal ahead of its end can be watched."""

SECRETS = (SECRET, "sandbox-pass-secret")
TOKENS = "sandbox-seek-"
"""What every token of the sandbox has in it."""

ENDPOINTS = {
    SEEK_API: ("seek_api_token", "graphql"),
    SEEK_PASS: ("seek_pass_token", "seek_pass_api"),
}
"""For each service, where tokens are asked for and where they are used."""


def set_up(sandbox: Sandbox) -> None:
    """Makes it as slow, and its tokens as short, as the story needs."""
    sandbox.configure(seek_pass_lifetime_s=PASS_LIFETIME_S)
    for asking, using in ENDPOINTS.values():
        sandbox.script(endpoint=asking, delay_ms=TOKEN_DELAY_MS, times=0)
        sandbox.script(endpoint=using, delay_ms=API_DELAY_MS, times=0)


def environment(sandbox: Sandbox, agent: str) -> dict[str, str]:
    """What a program needs to know in order to take the sandbox for both services."""
    return {
        **sandbox.environment(f"{agent}/1.0"),
        "DEMO_PASS_CLIENT_ID": PASS_ID,
        "DEMO_PASS_CLIENT_SECRET": PASS_SECRET,
        "DEMO_PASS_URL": sandbox.urls["pass"],
        "DEMO_SANDBOX": sandbox.urls["admin"],
    }


def token_requests(sandbox: Sandbox, agent: str, service: str) -> int:
    """How many token requests came from the user agent of that name."""
    return sandbox.requests(ENDPOINTS[service][0], product=agent)


def tokens_used(sandbox: Sandbox, agent: str, service: str) -> list[str]:
    """The tokens that the user agent of that name sent to the service's API, in their order."""
    headers = (
        entry["headers"].get("authorization", "")
        for entry in sandbox.journal(ENDPOINTS[service][1])
        if entry["headers"].get("user-agent", "").startswith(f"{agent}/")
    )
    return list(dict.fromkeys(headers))
