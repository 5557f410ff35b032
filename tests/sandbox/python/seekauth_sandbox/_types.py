"""What goes to the sandbox and what comes from it, as type checkers see it. Its README says what each member means."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Endpoint = Literal["seek_api_token", "graphql", "browser_token", "seek_pass_token", "seek_pass_api", "foreign", "other"]
Service = Literal["seek_api", "seek_pass"]
Kind = Literal["valid", "duplicated", "replayed", "late", "wrongly_signed", "unsigned"]
Outcome = Literal["delivered", "bad_response", "request_timeout", "unreachable"]


class Response(TypedDict, total=False):
    """A response that is laid down for an endpoint, or for one GraphQL operation or path of it."""

    endpoint: Endpoint
    operation: str
    path: str
    status: int
    headers: dict[str, str]
    json: Any
    body: str
    html: str
    body_size: int
    body_start: str
    body_end: str
    redirect: str
    error: str
    delay_ms: int
    hold: bool
    after: dict[Endpoint, int]
    gzip: bool
    stall_at: int
    drop: Literal["before", "after_headers", "mid_body", "refuse"]
    drop_with: Literal["reset", "close"]
    drip_ms: int
    times: int


class Request(TypedDict):
    """A request that arrived, without secrets and tokens."""

    number: int
    endpoint: Endpoint
    service: str
    method: str
    path: str
    query: str | None
    operation: str | None
    headers: dict[str, str]
    body: str
    http_version: str
    connection: int
    token_indexing: str | None
    at_ms: int
    status: int | None
    dropped: str | None


class Attempt(TypedDict):
    """An attempt to deliver a webhook."""

    service: Service
    url: str
    attempt: int
    request_id: str
    event_ids: list[str]
    at_ms: int
    outcome: Outcome
    status: int | None
    answer: str
    latency_ms: int
