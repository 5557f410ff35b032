"""SEEK partner tokens and SEEK Pass tokens: obtained, cached and renewed.

    from seekauth import Client

    client = Client.seek_api(
        environment="live",
        client_id="…",
        client_secret="…",
        user_agent="YourService/1.2.3",
    )
    headers = {"Authorization": client.authorization()}

Make one client and keep it: the token is fetched once, shared by all threads and tasks, and renewed
ahead of its expiry. Importing this package starts nothing; the first call that needs a token does.
"""

from seekauth._native import Client, Token, __version__
from seekauth.errors import (
    CancelledError,
    ClosedError,
    CredentialsUnavailableError,
    ForbiddenOriginError,
    InternalError,
    InvalidArgumentError,
    InvalidCredentialsError,
    NetworkError,
    NotGrantedError,
    ProtocolError,
    SeekAuthError,
    ThrottledError,
    TimeoutError,  # noqa: A004 - it is one
    TokenRejectedError,
    UnavailableError,
)

__all__ = [
    "CancelledError",
    "Client",
    "ClosedError",
    "CredentialsUnavailableError",
    "ForbiddenOriginError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidCredentialsError",
    "NetworkError",
    "NotGrantedError",
    "ProtocolError",
    "SeekAuthError",
    "ThrottledError",
    "TimeoutError",
    "Token",
    "TokenRejectedError",
    "UnavailableError",
    "__version__",
]
