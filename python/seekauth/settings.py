"""The settings of a client, typed, for programs that keep them in a dict of their own.

`Client` takes the same names as keyword arguments; `None` stands for *not given*. What is missing,
malformed or out of place is an `InvalidArgumentError` that names the setting, raised when the
client is made; a value of the wrong type is a `TypeError`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import TypedDict

from seekauth._native import Credentials


class ServiceSettings(TypedDict, total=False):
    """Every setting but the service. Times are seconds (int or float) or a `timedelta`."""

    environment: str | None
    """SEEK API: `"live"` or `"playground"`. SEEK Pass: `"staging"` or `"production"`."""
    client_id: str | None
    """The client id that SEEK issued."""
    client_secret: str | None
    """The client secret that SEEK issued. Keep it in a secret store."""
    user_agent: str | None
    """Who is calling, as `name/version`; sent with every request. Required."""
    scopes: str | Iterable[str] | None
    """Scopes to ask for: an iterable, or one `str` with spaces between them."""
    audience: str | None
    """The audience to ask for, in place of the environment's own."""
    base_url: str | None
    """Where SEEK Pass is. Required for its production environment."""
    token_url: str | None
    """The token endpoint, in place of the environment's own."""
    api_url: str | None
    """The only origin that tokens may be sent to, in place of the environment's own."""
    token_endpoint_auth_method: str | None
    """`oauth` only: `"client_secret_post"` or `"client_secret_basic"`."""
    token_request_format: str | None
    """`oauth` only: `"form"` or `"json"`."""
    extra_parameters: Mapping[str, str] | None
    """`oauth` only: further members of the token request."""
    allow_non_expiring: bool | None
    """Accept a reply without `expires_in` as a token that does not expire."""
    timeout: float | timedelta | None
    """How long a call waits for a token."""
    request_timeout: float | timedelta | None
    """How long one token request may take in all."""
    connect_timeout: float | timedelta | None
    """How long connecting may take."""
    refresh_margin: float | timedelta | None
    """How long before its expiry a token counts as used up."""
    stay_warm: bool | None
    """Renew tokens in time even while nobody asks for them."""
    ca_file: str | None
    """Path of a PEM file of certificate authorities to trust besides the system's."""
    accept_language: str | None
    """Accept-Language of the requests to the API that have none of their own, such as `en-AU`."""
    client_secret_next: str | None
    """The other secret of a rotation, the next or the previous one: tried after a refusal."""
    client_id_file: str | None
    """Path of a file that holds the client id, read anew for each token request."""
    client_secret_file: str | None
    """Path of a file that holds the client secret, such as a mounted Kubernetes or Docker secret,
    read anew for each token request."""
    client_secret_next_file: str | None
    """Path of a file that holds the other secret of a rotation, beside `client_secret_file`."""
    credentials_file: str | None
    """Path of a JSON file with `client_id`, `client_secret` and perhaps `client_secret_next`, read
    anew for each token request."""
    credentials_command: str | Iterable[str] | None
    """A program and its arguments that prints such JSON, run without a shell for each token
    request, within `request_timeout`."""
    credentials: Callable[[], Credentials | Awaitable[Credentials]] | None
    """A function or coroutine function that returns `seekauth.Credentials`, in place of all the
    settings for id and secret. It is called for each token request, one call at a time, on a
    thread of the library's own; a coroutine runs in an event loop of its own there, so it must not
    use what belongs to another loop, such as an HTTP session. It has `request_timeout` to answer,
    and must not wait for a token of the same client. While it fails, a token that is still valid
    stays in use; without one, calls raise `CredentialsUnavailableError`. What it raises is shown
    nowhere, since it may hold a secret: let the function log its failures itself. The client lets
    go of it when it is closed."""
    client_certificate_file: str | None
    """Path of a PEM file with the certificate that the client shows to servers that ask."""
    client_key_file: str | None
    """Path of a PEM file with that certificate's key. Default: the certificate's file."""
    proxy: str | None
    """The proxy for all requests, or `"none"`. Default: what `HTTPS_PROXY` and `NO_PROXY` say."""


class Settings(ServiceSettings, total=False):
    """Every setting."""

    service: str | None
    """`"seek_api"`, `"seek_pass"` or `"oauth"`; the classmethods of `Client` set it."""
