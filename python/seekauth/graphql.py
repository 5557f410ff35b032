"""GraphQL operations: `Client.graphql()`, its response, and an exception for the API's errors.

The request is the core's: it carries the token, is sent once more if the API rejects that, and
fails as any other call. The `errors` that the API reports are data, and here only their shape
changes from JSON to Python values.
"""

from __future__ import annotations

import sys

from seekauth import _native
from seekauth._async import await_callback
from seekauth._native import Client
from seekauth.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    import types
    import typing
    from collections.abc import Callable, Mapping
    from typing import Any, Generic

    from typing_extensions import Self, TypeVar

    Data = TypeVar("Data", bound="dict[str, Any] | None", default=dict[str, Any] | None)
    Observe = Callable[[str | None, Mapping[str, str] | None], "Request"]
    Operation = tuple[
        str, str | None, str | None, Mapping[str, str] | None, float | datetime.timedelta | None
    ]
else:
    from _collections_abc import Mapping

    from seekauth._async import datetime, typing

    class Generic:
        """As much of `typing.Generic` as matters at run time."""

        __slots__ = ()
        __class_getitem__ = classmethod(type(list[str]))

    Data = dict | None


class GraphQLResponse(Generic[Data]):
    """The API's response to an operation. Its `repr()` shows no data: it is about people.

    For type checkers it is generic in its `data`, which `raise_for_errors()` makes a `dict`.
    """

    __slots__ = ("data", "errors", "extensions", "request_id", "status")

    data: Data
    """The data; None if there is none. With `errors`, parts of it may be missing."""
    errors: list[dict[str, typing.Any]]
    """The errors that the API reported, each with `message`, `path` and `extensions`.

    Empty if all went well. `extensions["code"]` is an open set: treat an unknown one as permanent.
    """
    extensions: dict[str, typing.Any]
    """The API's additions to the response; mostly empty."""
    status: int
    """The HTTP status. It says little: a response with `errors` mostly has 200."""
    request_id: str | None
    """The `X-Request-Id` of the request, which SEEK can be asked about.

    None if the operation brought a header of this name that is not visible ASCII.
    """

    def __init__(
        self,
        data: Data = None,  # type: ignore[assignment] # As its default says.
        errors: list[dict[str, typing.Any]] | None = None,
        extensions: dict[str, typing.Any] | None = None,
        status: int = 200,
        request_id: str | None = None,
    ) -> None:
        self.data = data
        self.errors = errors or []
        self.extensions = extensions or {}
        self.status = status
        self.request_id = request_id

    def raise_for_errors(self) -> GraphQLResponse[dict[str, typing.Any]]:
        """Raises `GraphQLError` if there are `errors`; returns this response otherwise.

        Where neither errors nor data are in it, which GraphQL does not allow, it raises
        `ProtocolError`: the data of what is returned is never None.
        """
        if self.errors:
            raise GraphQLError(self.errors, self.data, self.request_id)
        if self.data is None:
            message = "the API's response has neither data nor errors"
            raise ProtocolError(message, status=self.status, request_id=self.request_id)
        return self  # type: ignore[return-value] # Its data is a dict.

    def __repr__(self) -> str:
        return f"<seekauth.GraphQLResponse status={self.status} errors={len(self.errors)}>"


class Request:
    """An operation on its way. An instrumentation has a class of its own for it."""

    __slots__ = ("headers",)

    def __init__(self, headers: Mapping[str, str] | None) -> None:
        self.headers = headers

    def __enter__(self) -> Self:
        return self

    def end(self, response: GraphQLResponse) -> GraphQLResponse:
        """Takes note of the response, and returns it."""
        return response

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        """Takes note of the end, with or without a response."""


observers: dict[int, Observe] = {}
"""What makes the requests of clients that are instrumented, by the clients' numbers."""


class GraphQLError(Exception):
    """The API reported `errors`, and the program asked for them as an exception.

    Only `GraphQLResponse.raise_for_errors()` raises it. It is no `SeekAuthError`: the request
    succeeded. `str(error)` gives codes and messages; SEEK allows messages to be shown to hirers.
    """

    errors: list[dict[str, typing.Any]]
    """The errors that the API reported; never empty."""
    data: dict[str, typing.Any] | None
    """The data that the response has nevertheless."""
    request_id: str | None
    """The `X-Request-Id` of the request, which SEEK can be asked about."""

    def __init__(
        self,
        errors: list[dict[str, typing.Any]],
        data: dict[str, typing.Any] | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(errors, data)
        self.errors = errors
        self.data = data
        self.request_id = request_id

    def __str__(self) -> str:
        # A program's own test may put anything in its place.
        errors: typing.Any = self.errors
        text = "; ".join(map(_line, errors if isinstance(errors, (list, tuple)) else [errors]))
        # Half a surrogate pair, which a server may cut a message to, could not be logged.
        return text.encode("utf-8", "replace").decode()


def graphql(
    self: Client,
    query: str,
    variables: Mapping[str, typing.Any] | None = None,
    *,
    operation_name: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float | datetime.timedelta | None = None,
) -> GraphQLResponse:
    """Sends a GraphQL query or mutation to `api_url`, with the token, and returns the response.

    `variables` are written as JSON; `operation_name` chooses one of several operations;
    `headers` are further ones, such as `Accept-Language` in place of the client's. `timeout` is
    how long to wait for the whole response, in seconds or as a `timedelta`; `None` leaves it to
    the client's `timeout` setting. The calling thread waits with the interpreter lock released;
    Ctrl-C ends the wait.

    If the API rejects the token, the operation is sent once more with a new one; so give
    mutations their `idempotencyId`. Errors that the API reports are in the response and raise
    nothing: see `GraphQLResponse.raise_for_errors()`. Raises a `SeekAuthError`, among them
    `TokenRejectedError` if a new token was rejected too, and `ThrottledError`,
    `UnavailableError` or `ProtocolError` for a response that is not GraphQL.
    """
    with _begin(self, operation_name, headers) as request:
        operation = (query, _json(variables), operation_name, request.headers, timeout)
        return request.end(_response(self._graphql(operation)))


async def graphql_async(
    self: Client,
    query: str,
    variables: Mapping[str, typing.Any] | None = None,
    *,
    operation_name: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float | datetime.timedelta | None = None,
) -> GraphQLResponse:
    """`graphql()` for asyncio and trio. Cancelling the task gives the request up.

    A mutation that was given up may have been carried out. Raises a `SeekAuthError`.
    """
    with _begin(self, operation_name, headers) as request:
        operation = (query, _json(variables), operation_name, request.headers, timeout)
        return request.end(_response(await await_callback(self._graphql_then, operation)))


def _begin(
    client: Client, operation_name: str | None, headers: Mapping[str, str] | None
) -> Request:
    observe = observers.get(client._number) if observers else None
    return observe(operation_name, headers) if observe else Request(headers)


def _json(variables: Mapping[str, typing.Any] | None) -> str | None:
    import json  # noqa: PLC0415 - programs without GraphQL need not import it

    return None if variables is None else json.dumps(variables)


def _response(native: tuple[int, str, str | None]) -> GraphQLResponse:
    import json  # noqa: PLC0415 - as above

    status, text, request_id = native
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        # It is JSON, as the core has found out. The error would hold all of it.
        members = None
    if members is None:
        message = (
            "the API's response is nested too deeply, or has a number too long, for Python to read"
        )
        raise ProtocolError(message, status=status, request_id=request_id)
    extensions = members.get("extensions")
    return GraphQLResponse(
        members.get("data"),
        members.get("errors") or [],
        extensions if isinstance(extensions, dict) else {},
        status,
        request_id,
    )


def _line(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return f"{code}: {error.get('message')}" if code else str(error.get("message"))


_first = sys.modules[__name__] = _native.first_import(sys.modules[__name__])
for _method in (_first.graphql, _first.graphql_async):
    setattr(Client, _method.__name__, _method)
