"""The settings of a client, typed, for programs that keep them in a dict of their own.

`Client` takes the same names as keyword arguments; `None` stands for *not given*. A setting that is
missing, malformed or out of place is an `InvalidArgumentError` that names it, raised when the
client is made; a value of the wrong type is a `TypeError`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike
from typing import Literal, Protocol, TypedDict, runtime_checkable

from seekauth._native import Credentials


@runtime_checkable
class Secret(Protocol):
    """A text that shows itself on demand only, such as pydantic's `SecretStr`."""

    def get_secret_value(self) -> str:
        """The text."""


@runtime_checkable
class URL(Protocol):
    """An object whose `str()` is a URL, such as those of httpx, yarl and pydantic."""

    @property
    def scheme(self) -> str:
        """Its scheme."""

    @property
    def host(self) -> str | None:
        """Its host."""


class ServiceSettings(TypedDict, total=False):
    """Every setting but the service. Times are seconds (int or float) or a `timedelta`."""

    environment: Literal["live", "playground", "staging", "production"] | None
    """The environment: `live` or `playground` (SEEK API), `staging` or `production` (SEEK Pass)."""
    client_id: str | None
    """The client id, as issued for the environment."""
    client_secret: str | Secret | None
    """The client secret, as issued with the client id; keep it in a secret store."""
    user_agent: str | None
    """The application, as `name/version`; sent with every request. Required."""
    scopes: str | Iterable[str] | None
    """The scopes to ask for; order and repetition do not matter. An iterable, or one `str` with
    spaces between them."""
    audience: str | None
    """The audience to ask for, in place of the environment's own."""
    base_url: str | URL | None
    """The address of SEEK Pass, from which token endpoint and API follow. Required for its
    production environment."""
    token_url: str | URL | None
    """The URL of the token endpoint, in place of the environment's own."""
    api_url: str | URL | None
    """The URL of the API, in place of the environment's own; tokens go to its origin only."""
    token_endpoint_auth_method: (
        Literal["client_secret_post", "client_secret_basic", "client_secret_basic_raw"] | None
    )
    """The form of the credentials: `client_secret_post`, `client_secret_basic`,
    `client_secret_basic_raw`. `oauth` only."""
    token_request_format: Literal["form", "json"] | None
    """The format of the token request: `form` or `json`. `oauth` only."""
    extra_parameters: Mapping[str, str | Sequence[str]] | None
    """The further members of the token request. `oauth` only; `resource` may have several."""
    allow_non_expiring: bool | None
    """Whether a response without a lifetime is accepted, as a token that does not expire."""
    timeout: float | timedelta | None
    """The time that a call waits for a token, or for token and response together."""
    request_timeout: float | timedelta | None
    """The time that one token request may take in all."""
    connect_timeout: float | timedelta | None
    """The time that connecting may take."""
    refresh_margin: float | timedelta | None
    """The time before its expiry from which a token counts as used up, at most half its life."""
    stay_warm: bool | None
    """Whether the token is renewed in time even while nobody asks for it."""
    ca_file: str | PathLike[str] | None
    """The path of a PEM file of certificate authorities to trust besides the system's."""
    accept_language: str | None
    """The `Accept-Language` of requests to the API that have none of their own, such as `en-AU`."""
    client_secret_next: str | Secret | None
    """The other secret of a rotation, next or previous; tried when the server refuses the first."""
    client_id_file: str | PathLike[str] | None
    """The path of a file that holds the client id, read anew for each token request."""
    client_secret_file: str | PathLike[str] | None
    """The path of a file that holds the client secret, read anew for each token request. A mounted
    Kubernetes or Docker secret, for example."""
    client_secret_next_file: str | PathLike[str] | None
    """The path of a file that holds the other secret of a rotation, read for each token request. It
    goes with `client_secret_file`."""
    credentials_file: str | PathLike[str] | None
    """The path of a JSON file that holds id and secret, read anew for each token request. Its
    members are `client_id`, `client_secret` and perhaps `client_secret_next`."""
    credentials_command: str | Iterable[str] | None
    """The program, with its arguments, that prints id and secret as JSON for each token request. It
    prints the members of a `credentials_file`, is run without a shell, and has `request_timeout` to
    do so."""
    credentials: Callable[[], Credentials | Awaitable[Credentials]] | None
    """A function or coroutine function that returns `seekauth.Credentials`, in place of all the
    settings for id and secret. It is called for each token request, one call at a time, on a
    thread of the library's own; a coroutine runs in an event loop of its own there, so it must not
    use what belongs to another loop, such as an HTTP session. It has `request_timeout` to return,
    and must not wait for a token of the same client. While it fails, a token that is still valid
    stays in use; without one, calls raise `CredentialsUnavailableError`. Its exceptions are shown
    nowhere, since they may hold a secret: let the function log its failures itself. The client
    drops the function when it is closed."""
    client_certificate_file: str | PathLike[str] | None
    """The path of a PEM file with the certificate to show to servers that ask for one."""
    client_key_file: str | PathLike[str] | None
    """The path of a PEM file with the private key of the client's certificate. Default: the
    certificate's file."""
    proxy: str | URL | Secret | None
    """The proxy of all requests, such as `http://name:password@proxy.example:3128`, or `none`.
    Default: the proxy in `HTTPS_PROXY`, unless `NO_PROXY` excludes the host."""
    store: str | Secret | None
    """The store through which processes share tokens: `none`, `local` or the URL of a Redis server.
    `local:/folder` for a folder of the program's own; `rediss://user:password@host:6379/0`,
    `redis://…`, `redis+unix:///path`. Default: `none`."""
    store_timeout: float | timedelta | None
    """The time that one step with the store may take before the process goes on without it.
    Default: a quarter of a second."""
    store_key_file: str | PathLike[str] | None
    """The path of a file whose text seals what is stored, in place of the client secret. At least
    32 characters."""
    store_password_file: str | PathLike[str] | None
    """The path of a file that holds the password of the Redis server, read for each connection."""
    store_ca_file: str | PathLike[str] | None
    """The path of a PEM file of the authorities to trust for `rediss`, in place of the system's."""
    store_prefix: str | None
    """What the names of all keys on the Redis server begin with. Default: `seekauth`."""


class Settings(ServiceSettings, total=False):
    """Every setting."""

    service: Literal["seek_api", "seek_pass", "oauth"] | None
    """The service that issues the tokens: `seek_api`, `seek_pass` or `oauth`. The classmethods of
    `Client` set it."""
