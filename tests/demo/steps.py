"""The steps of the story, in the order in which every program reports them.

The ids are those that the programs print. What else is known about a step is said here: its title,
the token request it makes, and why the real service is spared it.
"""

from dataclasses import dataclass

SEEK_API = "seek_api"
SEEK_PASS = "seek_pass"

ADDS = "no made-up credential is added there"
WAITS = "its tokens live too long to wait for"
REVOKES = "no real token is revoked for a demo"
MISLEADS = "no wrong secret is sent there on purpose"


@dataclass(frozen=True)
class Step:
    """One step of the story."""

    id: str
    title: str
    asks: str | None = None
    """The service whose token endpoint it sends one request."""
    gets_token: bool = True
    """Whether that request is granted."""
    spared: str | None = None
    """Why it runs against the sandbox alone."""


STEPS = (
    Step("token", "token", asks=SEEK_API),
    Step("graphql", "GraphQL request"),
    Step("cache", "token from the cache"),
    Step("pass", "SEEK Pass token, add", asks=SEEK_PASS, spared=ADDS),
    Step("scope", "other scope, add", asks=SEEK_PASS, spared=ADDS),
    Step("renewal", "renewal ahead, longest wait", asks=SEEK_PASS, spared=WAITS),
    Step("revoked", "revoked and replaced", asks=SEEK_API, spared=REVOKES),
    Step("secret", "wrong secret", asks=SEEK_PASS, gets_token=False, spared=MISLEADS),
)

SHARING = Step("sharing", "eight processes with store=local", spared="the sandbox counts what they ask for")
"""What follows the story: the steps that the real service is not spared, in eight processes of a program at once."""


def requests(service: str) -> int:
    """How many token requests a service gets from each language."""
    return sum(step.asks == service for step in STEPS)


def tokens(service: str) -> int:
    """How many tokens each language gets from a service."""
    return sum(step.asks == service and step.gets_token for step in STEPS)
