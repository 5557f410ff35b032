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
`seekauth.httpx2`, `seekauth.requests` and `seekauth.aiohttp`; the settings are described in
`seekauth.settings`, and `seekauth.testing` is for a program's own tests. Each is imported on first
use.
"""

try:
    from seekauth._native import (
        AuthFlow,
        Client,
        Credentials,
        Event,
        EventListener,
        Inspection,
        Stats,
        StoreStatus,
        Token,
        TokenStats,
        __version__,
    )
except ModuleNotFoundError as missing:
    if missing.name != "seekauth._native":
        raise
    from seekauth._missing import explanation

    raise ImportError(explanation(), name=missing.name) from missing
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
    SeekAuthWarning,
    ThrottledError,
    TimeoutError,  # noqa: A004 - it is one
    TokenRejectedError,
    UnavailableError,
)
from seekauth.graphql import GraphQLError, GraphQLResponse

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Under their own names, by which type checkers know what may be imported from here.
    from seekauth import aiohttp as aiohttp
    from seekauth import httpx as httpx
    from seekauth import httpx2 as httpx2
    from seekauth import opentelemetry as opentelemetry
    from seekauth import prometheus as prometheus
    from seekauth import requests as requests
    from seekauth import settings as settings
    from seekauth import testing as testing

__all__ = [
    "AuthFlow",
    "CancelledError",
    "Client",
    "ClosedError",
    "Credentials",
    "CredentialsUnavailableError",
    "Event",
    "EventListener",
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
    "SeekAuthError",
    "SeekAuthWarning",
    "Stats",
    "StoreStatus",
    "ThrottledError",
    "TimeoutError",
    "Token",
    "TokenRejectedError",
    "TokenStats",
    "UnavailableError",
    "__version__",
]


def _imported_by_native_code() -> None:
    """For tools that look for imports and freeze what they find; never called.

    Some of them pass over what stands below `TYPE_CHECKING`.
    """
    import datetime  # noqa: F401, PLC0415

    import certifi  # noqa: F401, PLC0415

    import seekauth._authorities  # noqa: PLC0415
    import seekauth._authorization  # noqa: PLC0415
    import seekauth._credentials  # noqa: PLC0415
    import seekauth._greenlets  # noqa: PLC0415
    import seekauth._hubs  # noqa: PLC0415
    import seekauth._listeners  # noqa: PLC0415
    import seekauth._logging  # noqa: PLC0415
    import seekauth.testing  # noqa: F401, PLC0415


_MODULES = frozenset(
    (
        "aiohttp",
        "httpx",
        "httpx2",
        "opentelemetry",
        "prometheus",
        "requests",
        "settings",
        "testing",
    )
)


def __getattr__(name: str) -> object:
    """The modules that are imported on first use: they take longer than all the rest."""
    if name in _MODULES:
        from importlib import import_module  # noqa: PLC0415 - for these only

        return import_module(f"seekauth.{name}")
    message = f"module 'seekauth' has no attribute '{name}'"
    raise AttributeError(message)
