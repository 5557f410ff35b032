"""Authenticating a request, and inspecting its response: the steps that all adapters share.

Every rule is the core's, in `AuthFlow` and `Inspection`. Each adapter sends the request, and hands
the response over as if nothing of it had been read.
"""

from __future__ import annotations

from types import BuiltinMethodType

from seekauth._async import authorization_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
    from typing import Any

    from seekauth import AuthFlow, Client, Inspection

_CHUNK = 1 << 18


_DAY = 86_400


def missing(
    error: ModuleNotFoundError, package: str, extra: str | None = None
) -> ModuleNotFoundError:
    """The error for an adapter whose package is not installed; any other stays as it is."""
    if error.name != package:
        return error
    extra = extra or package
    message = f"seekauth.{extra} needs {package}: pip install seekauth[{extra}]"
    return ModuleNotFoundError(message, name=package)


def bound(timeout: object) -> float | None:
    """How long an HTTP client's time-out lets the wait for a token take; None for any length.

    No client of seekauth waits for a day by itself, so that nothing longer bounds anything.
    """
    return timeout if isinstance(timeout, (int, float)) and 0 <= timeout < _DAY else None


def note_request_id(flow: AuthFlow, headers: Mapping[str, Any]) -> None:
    """Tells the flow the X-Request-Id that a request has, for the errors."""
    value = headers.get("X-Request-Id")
    if value is not None:
        flow.request_id = value if isinstance(value, str) else value.decode("latin-1")


def replacement(client: Client) -> Callable[[], str] | None:
    """What a program has put in the place of `client.authorization`; None for the client's own.

    That is the double of a test, or the method of a subclass: tokens come from there then.
    """
    own = client.authorization
    is_native = isinstance(own, BuiltinMethodType) and own.__self__ is client
    return None if is_native else own


def replacement_async(client: Client) -> Callable[[], Awaitable[str]] | None:
    """The same for `client.authorization_async`."""
    own = client.authorization_async
    return None if getattr(own, "__func__", None) is authorization_async else own


def authorization_of(client: Client, flow: AuthFlow, timeout: float | None) -> str:
    """The Authorization value for the next attempt."""
    own = replacement(client)
    return own() if own else flow.authorization(timeout)


async def authorization_of_async(
    client: Client, flow: AuthFlow, timeout: float | None = None
) -> str:
    """`authorization_of` for event loops."""
    own = replacement_async(client)
    return await (own() if own else flow.authorization_async(timeout))


def authenticate(flow: AuthFlow, headers: MutableMapping[str, Any], authorization: str) -> None:
    """Puts the token, and the headers that go with it, into the headers of a request."""
    flow.attempt(authorization)
    for name, value in flow.headers(headers):
        headers[name] = value
    headers["Authorization"] = authorization


def check_host(flow: AuthFlow, values: Iterable[str | bytes]) -> None:
    """Refuses a request whose Host headers, the HTTP client's own among them, lead elsewhere."""
    for value in values:
        flow.check_host(value if isinstance(value, str) else value.decode("latin-1"))


def is_rejection(inspection: Inspection, body: bytes) -> bool:
    """The verdict on a response whose whole body is in memory."""
    # Fed in chunks, because no more of a long one is inspected than the verdict needs.
    for start in range(0, len(body), _CHUNK):
        verdict = inspection.feed(body[start : start + _CHUNK])
        if verdict is not None:
            return verdict
    return has_found_rejection(inspection)


def has_found_rejection(inspection: Inspection) -> bool:
    """The verdict at the end of a response.

    What the double of a test says is no verdict, and would be the same for each repetition.
    """
    return inspection.finish() is True


def is_complete(content_length: str | None, received: int) -> bool:
    """Whether a response has arrived in full, by its header Content-Length.

    The connection of a complete one can be used again without any wait.
    """
    return content_length is not None and content_length == str(received)
