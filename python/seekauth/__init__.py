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
ahead of its expiry. Importing this package starts no thread; the first call that needs a token
does.

For HTTP clients that authenticate their requests by themselves there are `seekauth.httpx`,
`seekauth.httpx2`, `seekauth.requests` and `seekauth.aiohttp`, each imported by its name.
"""

from seekauth._native import AuthFlow, Client, Credentials, Inspection, Token, __version__
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
    SecurityWarning,
    SeekAuthError,
    ThrottledError,
    TimeoutError,  # noqa: A004 - it is one
    TokenRejectedError,
    UnavailableError,
)
from seekauth.graphql import GraphQLError, GraphQLResponse

__all__ = [
    "AuthFlow",
    "CancelledError",
    "Client",
    "ClosedError",
    "Credentials",
    "CredentialsUnavailableError",
    "ForbiddenOriginError",
    "GraphQLError",
    "GraphQLResponse",
    "Inspection",
    "InternalError",
    "InvalidArgumentError",
    "InvalidCredentialsError",
    "NetworkError",
    "NotGrantedError",
    "ProtocolError",
    "SecurityWarning",
    "SeekAuthError",
    "ThrottledError",
    "TimeoutError",
    "Token",
    "TokenRejectedError",
    "UnavailableError",
    "__version__",
]
