"""Clients for a program's own tests, which never touch the network: `Client.fake()`.

    import seekauth
    from seekauth import GraphQLResponse

    client = seekauth.Client.fake(token="t")
    client.respond(GraphQLResponse({"self": {"partner": {"name": "Acme"}}}))

    assert partner_of(client) == "Acme"  # the code under test
    assert client.journal[-1].headers["authorization"] == "Bearer t"

Mocks of HTTP clients do not see what a client of seekauth sends itself. Nor does a clock that a
test stops or moves, such as freezegun's, reach it: a fake client has a clock of its own, see
`FakeClient.advance()`.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from json import dumps, loads
from typing import Any, TypeAlias, overload

from seekauth import _native
from seekauth._credentials import _run
from seekauth._greenlets import call
from seekauth._native import Client, Fake
from seekauth._threads import signals_of_this_thread
from seekauth.errors import SeekAuthError
from seekauth.graphql import GraphQLResponse

__all__ = ["APIRequest", "FakeClient", "Response", "TokenRequest"]


@dataclass(frozen=True)
class TokenRequest:
    """A request for a token that a fake client would have sent."""

    scopes: tuple[str, ...]
    """The scopes that were asked for."""
    failure: str | None
    """The `kind` of error that it was made to fail with, if it was."""


@dataclass(frozen=True)
class APIRequest:
    """A request to the API that a fake client would have sent.

    Its `repr()` leaves out headers and body: they hold a token and speak of people.
    """

    method: str
    """`POST` for a GraphQL operation."""
    url: str
    """Where it would have gone."""
    headers: dict[str, str] = field(repr=False)
    """Its headers, by their names in lower case."""
    body: bytes = field(repr=False)
    """Its whole body."""

    def json(self) -> Any:
        """The body read as JSON; of a GraphQL operation that is a `dict` with `query`."""
        return loads(self.body)


class Response:
    """A response of the API to a fake client's request, where `GraphQLResponse` will not do."""

    status: int
    """The HTTP status."""
    headers: dict[str, str]
    """The headers."""
    body: bytes
    """The whole body."""

    def __init__(
        self,
        status: int = 200,
        *,
        json: object = None,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        if json is not None:
            body = dumps(json)
            self.headers.setdefault("content-type", "application/json")
        self.body = body.encode() if isinstance(body, str) else body

    def __repr__(self) -> str:
        return f"<seekauth.testing.Response status={self.status}>"


AnyResponse: TypeAlias = Response | GraphQLResponse[Any]
Responder: TypeAlias = Callable[[APIRequest], AnyResponse | Awaitable[AnyResponse]]


class FakeClient(Client):
    """A client for tests, whose token endpoint and API the test plays; made by `Client.fake()`.

    It is a `Client` in all respects, adapters included, and never touches the network. Those that
    `with_scopes()` makes of it are played by the same test. Its time stands still until it is
    advanced; only the pauses between failed attempts pass by themselves.
    """

    _fake: Fake

    def __init__(self) -> None:
        message = "a FakeClient is made by Client.fake()"
        raise TypeError(message)

    def fail_with(
        self, kind: str | type[SeekAuthError], retry_after: float | timedelta | None = None
    ) -> None:
        """Makes requests for tokens fail from now on.

        `kind` is an error's class, such as `seekauth.ThrottledError`, or its `kind`; `retry_after`
        is the pause that the server asks for. As in production, a token that is still good is
        served meanwhile, and a failure that is permanent is remembered for some time.
        """
        if isinstance(kind, type) and issubclass(kind, SeekAuthError):
            kind = getattr(kind, "kind", kind)
        if not isinstance(kind, str):
            message = "kind must be the class of an error, such as ThrottledError, or its kind"
            raise TypeError(message)
        self._fake.fail_with(kind, retry_after)

    def succeed(self) -> None:
        """Makes requests for tokens succeed from now on."""
        self._fake.succeed()

    def advance(self, span: float | timedelta) -> None:
        """Lets time pass, in seconds or as a `timedelta`: tokens age, and pauses end."""
        self._fake.advance(span)

    @property
    def now(self) -> datetime:
        """The time of this client: an aware `datetime` in UTC."""
        return self._fake.now

    @overload
    def respond(self, /, *responses: AnyResponse) -> None: ...
    @overload
    def respond(self, responder: Responder, /) -> None: ...
    def respond(self, /, *responses: Any) -> None:
        """Responds to requests to the API, in place of what responded before.

        With responses: the first to the first request and so on, the last to all that follow;
        without any there is no response, as at the start. Or with a function, or coroutine
        function, that takes an `APIRequest` and returns a response. It is called on a thread of the
        library's own, a coroutine in an event loop of its own there. The request fails with the
        `SeekAuthError` that it raises, such as a `NetworkError`; what else it raises goes to
        `sys.unraisablehook`, and the request fails with an `InvalidArgumentError`.
        """
        if len(responses) == 1 and callable(responses[0]):
            self._fake.respond_with(_make_callback(responses[0]))
        else:
            self._fake.respond([_parts(response) for response in responses])

    @property
    def journal(self) -> list[TokenRequest | APIRequest]:
        """What this client was asked to send so far, in order; a new `list` each time.

        Requests that an adapter sends by an HTTP client of the program's are not among it: that
        client's own doubles see them.
        """
        return self._fake.journal()


def fake_class(cls: type[Client]) -> type[FakeClient]:
    """`FakeClient` for `Client`, and for a subclass of the program's one that is both."""
    if issubclass(FakeClient, cls):
        return FakeClient
    if issubclass(cls, FakeClient):
        return cls
    return type(f"Fake{cls.__name__}", (FakeClient, cls), {"__module__": cls.__module__})


_Parts: TypeAlias = tuple[int, list[tuple[str, str]], bytes]


def _make_callback(function: Responder) -> Callable[[APIRequest], _Parts]:
    """The callback through which the native half asks the program's function."""
    take_signals = signals_of_this_thread()

    def callback(request: APIRequest) -> _Parts:
        take_signals()
        returned: list[Any] = []
        call(lambda request: returned.append(function(request)), request)
        response = returned.pop()
        return _parts(_run(response) if isinstance(response, Awaitable) else response)

    return callback


def _parts(response: object) -> _Parts:
    if isinstance(response, GraphQLResponse):
        members = {"data": response.data, "errors": response.errors}
        members["extensions"] = response.extensions
        given = {name: value for name, value in members.items() if value or name == "data"}
        response = Response(response.status, json=given)
    if not isinstance(response, Response):
        message = (
            "a response must be a seekauth.testing.Response or a seekauth.GraphQLResponse, "
            f"not {type(response).__qualname__}"
        )
        raise TypeError(message)
    return response.status, list(response.headers.items()), response.body


sys.modules[__name__] = _native.first_import(sys.modules[__name__])
