from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import ModuleType, TracebackType
from typing import Any, Final, Literal, NoReturn, TypeAlias, final

from typing_extensions import Self, Unpack, disjoint_base

from seekauth.errors import SeekAuthError
from seekauth.graphql import GraphQLResponse, Operation
from seekauth.settings import URL, Secret, ServiceSettings, Settings
from seekauth.testing import APIRequest, FakeClient, TokenRequest

__version__: Final[str]
ERROR_KINDS: Final[tuple[tuple[int, str, str, bool], ...]]
SETTINGS: Final[tuple[tuple[str, str, str], ...]]

EventField: TypeAlias = str | int | float | tuple[str, ...]
EventLevel: TypeAlias = Literal["debug", "info", "warning", "error"]

def run_command(arguments: list[str], facts: list[tuple[str, str]]) -> int:
    """Runs the command and returns its exit code. `facts` are what is known of the process.

    It writes to the process's own standard output, and waits without the interpreter lock.
    """

def is_header(name: str, value: str) -> bool:
    """Whether a request can carry this header."""

def first_import(module: ModuleType) -> ModuleType:
    """The module of this name as it was first imported; that is `module` itself the first time.

    For the end of a module with classes that native code raises or returns, which so exist once.
    """

@final
class Event:
    """One thing that a client did or met. It never changes, and shows no secret and no token."""

    @property
    def name(self) -> str:
        """What happened: `token_request`, `token_obtained`, `serving_stale` and so on."""
    @property
    def level(self) -> str:
        """How much it matters: `debug`, `info`, `warning`, or `error` when callers fail."""
    @property
    def at(self) -> datetime:
        """When it happened: an aware `datetime` in UTC."""
    @property
    def message(self) -> str:
        """The whole of it in one line, for logs."""
    @property
    def fields(self) -> dict[str, EventField]:
        """All that is known about it, by name.

        `client` numbers the clients of the process, `service`, `environment` and `scopes` tell
        whose token it is about, and the others depend on what happened. Times are in seconds. What
        is not known is left out. It is a new `dict` each time.
        """

@final
class EventListener:
    """A function that hears of a client's events. Returned by `Client.on_event()`.

    It is heard as long as the client is there: this object need not be kept. Use it as a context
    manager or call `close()` to end it sooner.
    """

    def close(self) -> None:
        """Ends it. A call of the function that is under way goes on; none begins any more.

        May be called again.
        """
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

@final
class Fake:
    """What a client for tests is given, and what it was asked."""

    def fail_with(self, kind: str, retry_after: float | timedelta | None) -> None:
        """Makes requests for tokens fail with an error of this kind."""
    def succeed(self) -> None:
        """Makes requests for tokens succeed."""
    def advance(self, span: float | timedelta) -> None:
        """Lets time pass."""
    @property
    def now(self) -> datetime:
        """The time of the clients of this fake."""
    def respond(self, responses: Sequence[tuple[int, list[tuple[str, str]], bytes]]) -> None:
        """Responds with these responses, the last again and again."""
    def respond_with(
        self, callback: Callable[[APIRequest], tuple[int, list[tuple[str, str]], bytes]]
    ) -> None:
        """Responds with what `callback`, made by `seekauth.testing`, returns."""
    def journal(self) -> list[TokenRequest | APIRequest]:
        """What was asked so far, in order."""

@final
class Stats:
    """What a client did so far in this process, and how its tokens stand. It never changes."""

    @property
    def requests_succeeded(self) -> int:
        """Token requests that ended with a token."""
    @property
    def requests_failed(self) -> dict[str, int]:
        """Token requests that failed, by the error's `kind`; kinds that never came are absent."""
    @property
    def tokens_adopted(self) -> int:
        """Tokens taken over from the store."""
    @property
    def rejections(self) -> int:
        """Rejections of a token by the API."""
    @property
    def stale_served(self) -> int:
        """Calls that got a token although its renewal had failed."""
    @property
    def waiting(self) -> int:
        """Calls that wait for a token now."""
    @property
    def waiting_max(self) -> int:
        """The most calls that ever waited at once."""
    @property
    def waits(self) -> int:
        """Calls that had to wait."""
    @property
    def waited(self) -> float:
        """Seconds that calls waited, all together."""
    @property
    def events_dropped(self) -> int:
        """Events that were lost because nobody took them in time."""
    @property
    def tokens(self) -> list[TokenStats]:
        """How each token stands, one for each set of scopes."""

@final
class TokenStats:
    """How one token of a client stands. It never changes."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that are asked for; empty for the SEEK API, whose tokens have none."""
    @property
    def state(self) -> str:
        """What it is good for: `none`, `fresh`, `ahead`, `margin`, `expired` or `rejected`.

        `fresh` is given out; `ahead` too, and renewed in the background; in `margin` calls wait for
        the next one if it is to be had; one that is `rejected` is being renewed.
        """
    @property
    def remaining(self) -> float | None:
        """Seconds until it expires; None without a token."""
    @property
    def obtained_at(self) -> datetime | None:
        """When it arrived: an aware `datetime` in UTC, or None if none ever did."""
    @property
    def is_requesting(self) -> bool:
        """Whether a token is being asked for."""
    @property
    def last_failure(self) -> str | None:
        """The `kind` of error that the last request failed with; None if it did not fail."""

@final
class StoreStatus:
    """How the store fares through which a client shares its tokens. It never changes."""

    @property
    def kind(self) -> str:
        """Which store it is: `none`, `local` or `redis`."""
    @property
    def usable(self) -> bool:
        """Whether it is used now.

        One that failed is left alone for a second at first, and a minute at most.
        """
    @property
    def last_problem(self) -> str | None:
        """The last problem with it, in one line that is safe to log, or None."""
    @property
    def reads(self) -> int:
        """How often it was read."""
    @property
    def adopted(self) -> int:
        """Tokens taken over that another process, or another client of this one, had got."""
    @property
    def claimed(self) -> int:
        """Requests for a token made on behalf of all."""
    @property
    def waited(self) -> int:
        """Times that this process waited for the request of another."""
    @property
    def published(self) -> int:
        """Tokens put into it."""
    @property
    def alone(self) -> int:
        """Requests made without it: it failed, rested, or another process took too long."""
    @property
    def unreadable(self) -> int:
        """Records that did not open: damaged, or of another secret."""
    @property
    def notes(self) -> int:
        """Refusals of the secret that another process had met."""
    @property
    def failures(self) -> int:
        """Steps that failed."""
    @property
    def clock_disagreements(self) -> int:
        """Records left alone because two clocks disagree about them by more than five minutes."""

@final
class Token:
    """A token and its facts. It never changes; a renewed token is a new object.

    Two are equal when they are the same issue of a token. The value reaches the data of every
    hirer the partner works with: keep it on the backend. It is not part of `repr()`, and a token
    cannot be pickled.

    Clients make them; a test may make its own, which lives for half an hour unless `lifetime`, in
    seconds or as a `timedelta`, says otherwise.
    """

    def __new__(
        cls,
        value: str,
        *,
        lifetime: float | timedelta | None = None,
        scopes: str | Iterable[str] | None = None,
    ) -> Self: ...
    @property
    def value(self) -> str:
        """The access token itself, as the server sent it."""
    @property
    def authorization(self) -> str:
        """The whole value of the Authorization header: `Bearer …`."""
    @property
    def expires_at(self) -> datetime:
        """When the token expires: an aware `datetime` in UTC. seekauth renews it before that."""
    @property
    def remaining(self) -> float:
        """Seconds until the token expires; 0.0 once it has."""
    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes granted, sorted; empty for the SEEK API, whose tokens have none."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...
    def __reduce__(self) -> NoReturn: ...

@final
class Credentials:
    """A client id and its secret, as a function passed as `credentials=` returns them.

    `client_secret_next` is the other secret of a rotation, the next or the previous one: it is
    tried when the server refuses the first. Nothing of the three is part of `repr()` or can be
    read from the object, and it cannot be pickled.
    """

    def __new__(
        cls,
        *,
        client_id: str,
        client_secret: str | Secret,
        client_secret_next: str | Secret | None = None,
    ) -> Self: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...
    def __reduce__(self) -> NoReturn: ...

@final
class CancelHandle:
    """Cancels one call that has been started."""

    def cancel(self) -> None:
        """Gives the call up: its callback is then called with `CancelledError`.

        Nothing happens when the call has ended.
        """

@final
class AuthFlow:
    """The authentication of one request to the API and of its retry, without I/O.

    Made by `Client.auth_flow()`; it sends nothing itself. Each of the two attempts goes like this:
    pass `authorization()` to `attempt()`; set it as the Authorization header, and those of
    `headers()`; send; `inspect()` the response. Unless it is a rejection, it is the caller's. If it
    is one, discard it, call `retry()`, and send the same request again.

    Belongs to one request, and so to one thread or task at a time.
    """

    def authorization(self, timeout: float | timedelta | None = None) -> str:
        """The Authorization value for the next attempt, `Bearer …`.

        First it is the client's `authorization()`; after `retry()` that of the token for the
        repetition. The calling thread waits for it, up to `timeout` (seconds or a `timedelta`) and
        to the client's own, with the interpreter lock released; Ctrl-C ends the wait. Raises a
        `SeekAuthError`.
        """
    async def authorization_async(self, timeout: float | timedelta | None = None) -> str:
        """`authorization()` for asyncio and trio: the value of the header, `Bearer …`.

        Returns without giving way to the loop while the token is fresh; else the task waits, up to
        `timeout` and to the client's own. Cancelling the task gives up its wait, never the fetch.
        Raises a `SeekAuthError`.
        """
    @property
    def request_id(self) -> str | None:
        """The X-Request-Id of the request, which its errors carry.

        Set it to the value of a header that the request has already; one that is not visible ASCII
        in moderate length is no id, and errors then carry None.
        """
    @request_id.setter
    def request_id(self, value: str) -> None: ...
    def headers(self, present: Iterable[str]) -> list[tuple[str, str]]:
        """The headers to set besides Authorization, as pairs of name and value.

        `User-Agent` replaces the request's own. `X-Request-Id` and `Accept-Language` are left out
        if `present`, the names of the headers that the request has, includes them.
        """
    def check_host(self, value: str) -> None:
        """Refuses a Host header that names another host than the API's: the token would go there.

        Only for a header that the request has; the HTTP client's own is right. Raises
        `ForbiddenOriginError`.
        """
    def attempt(self, authorization: str) -> None:
        """Notes the Authorization value that is about to be sent.

        Raises `TokenRejectedError` if it is the one that the API has just rejected: no newer one
        can be had at the moment.
        """
    def inspect(self, status: int, url: str | URL | None = None) -> Inspection:
        """Begins to read a response.

        `url` is where it came from, if redirects may have been followed: a response from elsewhere
        says nothing about the token.
        """
    def retry(self) -> None:
        """Reports that the response was a rejection: the client sets the token aside.

        If it returns, ask for `authorization()` again and send the same request once more. Raises
        `TokenRejectedError` the second time, if the body cannot be sent twice, if the API accepted
        the token for a later request, or if too many were rejected lately; and what the last
        renewal failed with, while its pause lasts.
        """
    def _fresh_authorization(self) -> str | None:
        """The first attempt's value while the client's token is fresh, else None. Never waits."""
    def _get_token_then(
        self,
        timeout: float | timedelta | None,
        done: Callable[[Token | None, SeekAuthError | None], None],
    ) -> CancelHandle:
        """Calls `done(token, error)` once, from a library thread and never from this call."""

@final
class Inspection:
    """The reading of one response, to find out whether the API rejected the token in it.

    Made by `AuthFlow.inspect()`. The verdict is True if it did, False if the response is for the
    caller, and None while more of the body has to be read. Once it is not None, it stays.
    """

    @property
    def verdict(self) -> bool | None:
        """The verdict so far: True for a rejection, False for none, None for not yet."""
    def feed(self, chunk: bytes) -> bool | None:
        """Takes the next chunk of the body, after content decoding, and returns the verdict.

        Nothing of it is kept but the message and path of a rejection, for the error. A response
        without a rejection in its first 1 MiB is none.
        """
    def finish(self) -> bool:
        """Says that the body has ended or broke off; returns the verdict: no longer None."""

@disjoint_base
class Client:
    """Obtains a token, keeps it, renews it ahead of its expiry, and shares it with all callers.

    Takes the settings of `seekauth.settings.Settings` as keyword arguments. Making a client
    validates them and raises `InvalidArgumentError` or `TypeError`, and warns with a
    `SeekAuthWarning` of what works and yet looks wrong. It sends nothing and starts nothing. The
    first call that needs a token starts one thread for the whole process.

    A client may be used by any number of threads, event loops and tasks at once; all share one
    token request. A forked process may go on using it. It cannot be pickled.

    Use it as a context manager or call `close()` to end it.

    A subclass may have an `__init__` with arguments of its own, which calls `super().__init__()`
    with the settings. `from_env()` and `with_scopes()` make instances without calling it; one made
    by `with_scopes()` gets the attributes of this one.
    """

    def __init__(self, **settings: Unpack[Settings]) -> None: ...
    @classmethod
    def seek_api(cls, **settings: Unpack[ServiceSettings]) -> Self:
        """A client of the SEEK API; `environment` is `"live"` or `"playground"`."""
    @classmethod
    def seek_pass(cls, **settings: Unpack[ServiceSettings]) -> Self:
        """A client of SEEK Pass; `environment` is `"staging"` or `"production"`. Needs `scopes`."""
    @classmethod
    def oauth(cls, **settings: Unpack[ServiceSettings]) -> Self:
        """A client of any endpoint that speaks RFC 6749's client credentials, at `token_url`."""
    @classmethod
    def from_env(cls, prefix: str | None = None, **overrides: Unpack[Settings]) -> Self:
        """A client from the environment: `SEEKAUTH_SERVICE`, `SEEKAUTH_CLIENT_ID` and so on.

        There is one variable for each setting; times are in seconds, scopes separated by spaces.
        Keyword arguments take precedence. The error names the variable that is missing. With
        `prefix` the variables' names begin with that in place of `SEEKAUTH_`.
        """
    @classmethod
    def fake(
        cls,
        *,
        token: str | None = None,
        scopes: str | Iterable[str] | None = None,
        lifetime: float | timedelta | None = None,
        api_url: str | URL | None = None,
    ) -> FakeClient:
        """A client for tests, which never touches the network: a test plays token endpoint and API.

        It is the real client, with cache, renewals and retries, over tokens that are made on the
        spot: the first is `token`, those after it end in `-2`, `-3` and so on. With `scopes` it is
        one of SEEK Pass, else one of the SEEK API. Tokens live for `lifetime`, in seconds or as a
        `timedelta`; half an hour unless it is said. `api_url` is for tests with a server of their
        own on this machine; tokens go nowhere else.

        What the test can do with it is in `seekauth.testing.FakeClient`.
        """
    def with_scopes(self, *scopes: str) -> Self:
        """A client that asks for these scopes and shares connections and cache with this one."""
    def authorization(self) -> str:
        """The value for the Authorization header, `Bearer …`.

        Returns at once while the token is fresh. Otherwise the calling thread waits, up to the
        client's `timeout`, with the interpreter lock released; Ctrl-C ends the wait. Raises a
        `SeekAuthError`.
        """
    async def authorization_async(self) -> str:
        """`authorization()` for asyncio and trio: the value of the header, `Bearer …`.

        Returns without giving way to the loop while the token is fresh; else the task waits, up to
        the client's `timeout`. Cancelling the task gives up its wait and never the fetch. Raises a
        `SeekAuthError`.
        """
    def get_token(self, timeout: float | timedelta | None = None) -> Token:
        """The token and its facts.

        `timeout` is how long to wait for it, in seconds or as a `timedelta`; `None` leaves it to
        the client's `timeout` setting. The calling thread waits with the interpreter lock released;
        Ctrl-C ends the wait. Raises a `SeekAuthError`.
        """
    async def get_token_async(self, timeout: float | timedelta | None = None) -> Token:
        """`get_token()` for asyncio and trio: the token and its facts.

        `timeout` is how long to wait for it, in seconds or as a `timedelta`; `None` leaves it to
        the client's `timeout` setting. Cancelling the task gives up its wait and never the fetch.
        Raises a `SeekAuthError`.
        """
    def store_status(self) -> StoreStatus:
        """How the store fares through which this client shares its tokens. Never waits."""
    def stats(self) -> Stats:
        """What this client did so far in this process, and how its tokens stand. Never waits.

        It counts for all clients that `with_scopes()` made from the same one, together.
        """
    def on_event(
        self, function: Callable[[Event], object], level: EventLevel = "info"
    ) -> EventListener:
        """Calls `function(event)` with each `seekauth.Event` of this level or above, from now on.

        Levels are those of logging: `"debug"`, `"info"`, `"warning"`, and `"error"` when callers
        fail. The events are those of all clients that `with_scopes()` made from the same one; calls
        that are served from the cache tell of nothing. The function runs on a thread of the
        library's own, one event at a time, also in a forked process. It may block: then later
        events wait, and get lost when there are too many, and no call is held up. What it raises
        goes to `sys.unraisablehook`. It may not be a coroutine function; let it pass events on with
        `loop.call_soon_threadsafe`.

        It is called as long as the client is there, or until `close()` of what is returned.
        """
    def cached_token(self) -> Token | None:
        """The token in the cache, or None. Never waits and never fetches.

        It may be due for renewal, but has not expired.
        """
    def invalidate(self, token: Token | str) -> bool:
        """Reports that an API refused a token, so that the next call gets another.

        `token` is a `Token`, its value, or the whole header value. Returns True if it was the
        current token and is now set aside: calls wait for the next one, and get it back if renewing
        fails for a transient reason. Returns False if no new token will come of it: it had been
        replaced already, it was issued less than two seconds ago, or this happened too often in a
        short time. Never waits.
        """
    def graphql(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        operation_name: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | timedelta | None = None,
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
    async def graphql_async(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        operation_name: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | timedelta | None = None,
    ) -> GraphQLResponse:
        """`graphql()` for asyncio and trio. Cancelling the task gives the request up.

        A mutation that was given up may have been carried out. Raises a `SeekAuthError`.
        """
    def auth_flow(self, url: str | URL, *, replayable: bool = True) -> AuthFlow:
        """The authentication of one request to `url`, for adapters to HTTP clients.

        `replayable` says whether the request's body can be sent a second time. Raises
        `ForbiddenOriginError` unless `url` is absolute, holds no credentials, and has scheme, host
        and port of `api_url`; `InvalidArgumentError` if the client has no `api_url`.
        """
    @property
    def api_url(self) -> str | Any:  # None is for `oauth` without the setting only.
        """The address of the API that the tokens are for; None where no API is known or set."""
    def close(self) -> None:
        """Closes the client.

        Calls that wait end with `CancelledError`, later ones with `ClosedError`. Closing a client
        closes all that its `with_scopes` made; closing one of these closes it alone. May be called
        again.
        """
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __reduce__(self) -> NoReturn: ...
    def _fresh_authorization(self) -> str | None:
        """The header value while the token is fresh, else None. Never waits."""
    def _fresh_token(self) -> Token | None:
        """The token while it is fresh, else None. Never waits."""
    def _get_token_then(
        self,
        timeout: float | timedelta | None,
        done: Callable[[Token | None, SeekAuthError | None], None],
    ) -> CancelHandle:
        """Calls `done(token, error)` once, from a library thread and never from this call."""
    @property
    def _number(self) -> int:
        """The number of this client within its process, as its events tell it."""
    @property
    def _token_server(self) -> tuple[str, int]:
        """Host and port of the token endpoint."""
    @property
    def _api_server(self) -> tuple[str, int] | None:
        """Host and port of the API; None where no API is known or set."""
    def _graphql(self, operation: Operation) -> tuple[int, str, str | None]:
        """Sends a GraphQL operation: query, variables as JSON, operation's name, headers, timeout.

        Returns the HTTP status and the text of the response. The calling thread waits.
        """
    def _graphql_then(
        self,
        operation: Operation,
        done: Callable[[tuple[int, str, str | None] | None, SeekAuthError | None], None],
    ) -> CancelHandle:
        """`_graphql()` that calls `done(response, error)` once, from a library thread."""
