"""The errors, one class for each kind of failure.

All derive from `SeekAuthError`; some also from the builtin that a Python program expects in their
place. Kinds, codes and messages are the library's own and the same in every language. No error
holds a secret or a token, and what is printed of one quotes no server, so all of them may be
logged; a server's own words are in `server_message` and `server_path` alone. All can be pickled and
copied, so that they survive the way out of a worker process.
"""

from __future__ import annotations

import builtins
import sys

from seekauth import _native


class SeekAuthError(Exception):
    """Every error of seekauth. `str(error)` is one line that says what to do."""

    kind: str
    """Stable name of the kind, such as `"invalid_credentials"`."""
    code: int
    """Stable number of the kind, the same in every language."""
    meaning: str
    """The meaning of the kind, in a few words."""

    message: str
    """The same line as `str(error)`."""
    retryable: bool = False
    """Whether the same call may succeed later with nothing changed."""
    retry_after: float | None
    """Seconds to wait before the next try, where that is known."""
    status: int | None
    """HTTP status of the server's response, where there was one."""
    server_code: str | None
    """The server's own code.

    The `error` of a token response (RFC 6749, 5.2) or of `WWW-Authenticate`, or the code with
    which a GraphQL API rejected the token.
    """
    target: str | None
    """The token asked for: token endpoint, client id, audience and scopes. Never the secret."""
    request_id: str | None
    """The `X-Request-Id` of the request to the API, which SEEK can be asked about.

    What failed before it was sent has it too. None for an error of another call.
    """
    server_message: str | None
    """What a GraphQL API said as it rejected the token, in its own words; not part of `str()`.

    None where it repeats a secret.
    """
    server_path: str | None
    """Where in its response a GraphQL API rejected the token: a path such as `"self.hirer"`.

    Not part of `str()`; None where it repeats a secret.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool | None = None,
        retry_after: float | None = None,
        status: int | None = None,
        server_code: str | None = None,
        target: str | None = None,
        request_id: str | None = None,
        server_message: str | None = None,
        server_path: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if retryable is not None:
            self.retryable = retryable
        self.retry_after = retry_after
        self.status = status
        self.server_code = server_code
        self.target = target
        self.request_id = request_id
        self.server_message = server_message
        self.server_path = server_path


class InvalidArgumentError(SeekAuthError, ValueError):
    """A mistake in the call or in the configuration; the message names it."""

    kind = "invalid_argument"


class ClosedError(SeekAuthError):
    """The client was closed."""

    kind = "closed"


class CancelledError(SeekAuthError):
    """The caller gave up, or the client was closed during the call.

    A cancelled task gets asyncio's own error.
    """

    kind = "cancelled"


class TimeoutError(SeekAuthError, builtins.TimeoutError):  # noqa: A001 - it is one
    """The caller's deadline passed.

    The fetch goes on for the next caller.
    """

    kind = "timeout"


class NetworkError(SeekAuthError, ConnectionError):
    """Name, connection or TLS, or a connection that broke."""

    kind = "network"


class InvalidCredentialsError(SeekAuthError):
    """The server refused the client id or secret."""

    kind = "invalid_credentials"


class NotGrantedError(SeekAuthError):
    """The audience or a scope is not granted to this client."""

    kind = "not_granted"


class ThrottledError(SeekAuthError):
    """The server asked for a pause.

    `retry_after` says for how long.
    """

    kind = "throttled"


class UnavailableError(SeekAuthError):
    """The server failed.

    A token that is still valid stays in use meanwhile.
    """

    kind = "unavailable"


class ProtocolError(SeekAuthError):
    """The response was not understood.

    The message names the member that was wrong.
    """

    kind = "protocol"


class TokenRejectedError(SeekAuthError):
    """The API refused a newly issued token too; check audience and environment."""

    kind = "token_rejected"


class ForbiddenOriginError(SeekAuthError):
    """A token would have left the configured origin."""

    kind = "forbidden_origin"


class CredentialsUnavailableError(SeekAuthError):
    """The file, command or function with the credentials failed."""

    kind = "credentials_unavailable"


class InternalError(SeekAuthError):
    """A bug in seekauth; please report it."""

    kind = "internal"


class SeekAuthWarning(UserWarning):
    """A configuration that works and yet looks wrong, given when the client is made.

    So far: a file with secrets that every user may read, and a variable whose name looks misspelt.
    The text names the setting or the variable.
    """


_BY_KIND = {cls.kind: cls for cls in SeekAuthError.__subclasses__()}

for _code, _kind, _meaning, _retryable in _native.ERROR_KINDS:
    _class = _BY_KIND[_kind]
    _class.code, _class.meaning, _class.retryable = _code, _meaning, _retryable


def from_kind(kind: str, message: str, **facts: object) -> SeekAuthError:
    """The error of this kind; the native half calls it for every failure."""
    return _BY_KIND[kind](message, **facts)  # type: ignore[arg-type]


sys.modules[__name__] = _native.first_import(sys.modules[__name__])
