"""Metrics and spans of a client for OpenTelemetry. Install `seekauth[opentelemetry]`.

from seekauth.opentelemetry import instrument

instrument(client)
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from seekauth import _native
from seekauth._adapters.common import missing
from seekauth._native import Client, Event, EventListener, Stats, __version__
from seekauth.errors import SeekAuthError
from seekauth.graphql import GraphQLResponse, Request, observers

try:
    from opentelemetry import metrics, propagate, trace
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider
except ModuleNotFoundError as error:
    raise missing(error, "opentelemetry") from None

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from typing_extensions import Self

__all__ = ["Instrumentation", "instrument"]

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds: those of OpenTelemetry's conventions for HTTP clients."""
_NANOSECONDS = 1_000_000_000
_FIRST_ERROR = 400
"""The first HTTP status that is an error for a client."""
_REQUESTS = "seekauth.token.requests"
_REJECTIONS = "seekauth.token.rejections"
_WAITS = "seekauth.token.wait.duration"
_Counts = dict[tuple[str, "str | None"], float]
"""What was counted, by metric and `error.type`."""


def instrument(
    client: Client,
    *,
    meter_provider: MeterProvider | None = None,
    tracer_provider: TracerProvider | None = None,
) -> Instrumentation:
    """Lets a client be measured and traced, as long as it is there.

    Without providers it uses the global ones. No attribute tells clients apart: counters are the
    sums of all clients of a meter provider. Metrics: `seekauth.token.request.duration`, a
    histogram in seconds; `seekauth.token.requests`, `seekauth.token.rejections` and
    `seekauth.token.wait.duration`, which count; `seekauth.token.remaining`, in seconds; and the
    conventions' `http.client.request.duration` of token requests and of `graphql()`, which counts
    the whole call, the wait for a token and a repetition included. `error.type` is the error's
    kind. No attribute holds an id, a secret, a document or variables.

    A token request is a span of its own, since no call need wait for it, and carries no context to
    the server. A call of `graphql()` or `graphql_async()` is a span in the current context, which
    the propagator puts into the request's headers. Requests through `seekauth.httpx` and so on are
    those of an HTTP client, which has an instrumentation.

    All that a client's `with_scopes()` made is instrumented with it. Who instruments it again
    shares what is there, which ends when each has closed it; with other providers it is a
    `ValueError`. What fails in OpenTelemetry fails no call: the logger `seekauth` warns once.
    """
    return Instrumentation(client, meter_provider, tracer_provider)


class Instrumentation:
    """The instrumentation of a client, which need not be kept. `close()` ends it."""

    def __init__(
        self,
        client: Client,
        meter_provider: MeterProvider | None,
        tracer_provider: TracerProvider | None,
    ) -> None:
        meters = meter_provider or metrics.get_meter_provider()
        tracers = tracer_provider or trace.get_tracer_provider()
        with _lock:
            shared = _instrumented.get(client._number)
            if shared is None:
                shared = _Instrumented(client, meters, tracers)
            elif not shared.has(meters, tracers):
                message = (
                    "this client is instrumented already, with other providers: use these, or "
                    "close() that instrumentation first"
                )
                raise ValueError(message)
            shared.join(client)
        self._shared: _Instrumented | None = shared

    def close(self) -> None:
        """Ends it: nothing is measured and no span is made any more.

        Where the client was instrumented several times, the last to be closed does that.
        """
        with _lock:
            shared, self._shared = self._shared, None
            if shared is None:
                return
            shared.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Instrumented:
    """A client that is instrumented, however often."""

    def __init__(self, client: Client, meters: MeterProvider, tracers: TracerProvider) -> None:
        self._users = 0
        self._ends: dict[int, weakref.finalize[..., Client]] = {}
        self._meters, self._tracers = weakref.ref(meters), weakref.ref(tracers)
        meter = metrics.get_meter("seekauth", __version__, meters)
        tracer = trace.get_tracer("seekauth", __version__, tracers)
        problems = _Problems()
        self._source = _figures_of(meters, meter).add(client)
        durations = _histogram(meter, "http.client.request.duration", "Duration of HTTP requests")
        tell = _token_requests(meter, tracer, durations, _server(client._token_server))
        source = self._source

        def listen(event: Event) -> None:
            # Its figures as they are now, in case that the client is gone when they are collected.
            source.read()
            with problems.of("a token request could not be measured or traced"):
                tell(event)

        self._listener: EventListener = client.on_event(listen, level="debug")
        self._number = client._number
        observers[self._number] = _operations(client, tracer, durations, problems)
        _instrumented[self._number] = self

    def has(self, meters: MeterProvider, tracers: TracerProvider) -> bool:
        """Whether it was instrumented with these providers."""
        return _is_same(self._meters(), meters, metrics.get_meter_provider()) and _is_same(
            self._tracers(), tracers, trace.get_tracer_provider()
        )

    def join(self, client: Client) -> None:
        """Counts one more user; the client is that which is instrumented, or shares its number."""
        self._users += 1
        self._source.add(client)
        known = self._ends.get(id(client))
        if known is None or not known.alive:
            self._ends[id(client)] = weakref.finalize(client, _forget_if_gone, self._number)

    def leave(self) -> None:
        self._users -= 1
        if self._users > 0:
            return
        for end in self._ends.values():
            end.detach()
        self._source.close()
        self._listener.close()
        _forget(self._number)

    @property
    def is_gone(self) -> bool:
        return self._source.is_gone


def _forget_if_gone(number: int) -> None:
    shared = _instrumented.get(number)
    if shared is not None and shared.is_gone:
        _forget(number)


def _forget(number: int) -> None:
    _instrumented.pop(number, None)
    observers.pop(number, None)


def _is_same(one: object, other: object, current: object) -> bool:
    """Whether two providers are the same: the global one has a stand-in until it is set."""
    one, other = (current if "Proxy" in type(it).__name__ else it for it in (one, other))
    return one is other


class _Problems:
    """What failed in OpenTelemetry, or what the program adds to it, and must fail no call."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    @contextlib.contextmanager
    def of(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception:  # noqa: BLE001 - processors and propagators may raise anything
            self.tell(what, has_traceback=True)

    def tell(self, what: str, *, has_traceback: bool = False) -> None:
        """Logs it the first time."""
        if what not in self._known:
            self._known.add(what)
            logging.getLogger("seekauth").warning(
                "OpenTelemetry: %s; calls go on, and this is told once",
                what,
                exc_info=has_traceback,
            )


class _Source:
    """The figures of a client, as far as they count for a meter provider."""

    def __init__(self, client: Client) -> None:
        # Who collects metrics has the callbacks for ever.
        self._clients = [weakref.ref(client)]
        self._is_open = True
        self._latest: _Counts = {}
        self._uncounted: _Counts = {}
        self.read()

    def add(self, client: Client) -> None:
        """Takes another that has the same figures."""
        others = [known for known in self._clients if known() is not None and known() is not client]
        self._clients = [*others, weakref.ref(client)]

    def _client(self) -> Client | None:
        clients = (known() for known in self._clients)
        return next((client for client in clients if client is not None), None)

    def read(self) -> Stats | None:
        """How the client stands; nothing where it counts no more."""
        client = self._client()
        if client is None:
            return None
        with _lock:
            if not self._is_open:
                return None
            stats = client.stats()
            self._latest = _counts(stats)
        return stats

    @property
    def counts(self) -> _Counts:
        """What there is of it, also when it is closed or the client is no more."""
        return {key: count - self._uncounted.get(key, 0) for key, count in self._latest.items()}

    @property
    def is_gone(self) -> bool:
        return self._client() is None

    def close(self) -> None:
        self.read()
        self._is_open = False

    def reopen(self) -> None:
        """Goes on where it was closed: what was done since then was not measured."""
        counted = self.counts
        self._is_open = True
        self.read()
        self._uncounted = {key: now - counted.get(key, 0) for key, now in self._latest.items()}


class _Figures:
    """The figures of all clients of a meter provider, whose instruments there are once.

    The SDK would keep the first of several instruments of one name, with its callbacks alone.
    """

    def __init__(self, meter: metrics.Meter) -> None:
        self._sources: dict[int, _Source] = {}
        self._kept: _Counts = {}
        """What clients counted that are no more: a sum never goes down."""
        for name, unit, description in (
            (_REQUESTS, "{request}", "Token requests that ended"),
            (_REJECTIONS, "{rejection}", "Rejections of a token by the API"),
            (_WAITS, "s", "How long calls waited for a token, all together"),
        ):
            meter.create_observable_counter(name, [self._counter(name)], unit, description)
        meter.create_observable_gauge(
            "seekauth.token.remaining",
            [self._measure_remaining],
            "s",
            "How long a token lives still",
        )

    def add(self, client: Client) -> _Source:
        number = client._number
        source = self._sources.get(number)
        if source is None:
            source = self._sources[number] = _Source(client)
        else:
            source.add(client)
            source.reopen()
        return source

    def _read(self) -> list[Stats]:
        """How each client stands. Forgets those that are no more, but not what they counted."""
        standing = []
        for number, source in list(self._sources.items()):
            stats = source.read()
            if stats is not None:
                standing.append(stats)
            elif source.is_gone:
                _add(self._kept, source.counts)
                del self._sources[number]
        return standing

    def _counter(self, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_: CallbackOptions) -> Iterable[Observation]:
            with _lock:
                is_used = bool(self._read())
                totals = dict(self._kept)
                for source in self._sources.values():
                    _add(totals, source.counts)
            return [
                Observation(total, None if kind is None else {"error.type": kind})
                for (metric, kind), total in totals.items()
                # Without a client there is nothing to tell but what there was.
                if metric == name and (is_used or total)
            ]

        return observe

    def _measure_remaining(self, _: CallbackOptions) -> Iterable[Observation]:
        shortest: dict[tuple[str, ...], float] = {}
        with _lock:
            standing = self._read()
        for token in (token for stats in standing for token in stats.tokens):
            if token.remaining is not None:
                known = shortest.get(token.scopes, token.remaining)
                shortest[token.scopes] = min(known, token.remaining)
        return [Observation(left, {"seekauth.scopes": key}) for key, left in shortest.items()]


_instrumented: dict[int, _Instrumented] = {}
"""By the clients' numbers, which those of `with_scopes()` share."""
_figures: weakref.WeakKeyDictionary[MeterProvider, _Figures] = weakref.WeakKeyDictionary()
_lock = threading.RLock()
"""Of all above. Taken again by the same thread where a client ends within."""


def _renew_lock() -> None:
    global _lock  # noqa: PLW0603 - in a forked child nobody is left to give the old one back
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def _figures_of(provider: MeterProvider, meter: metrics.Meter) -> _Figures:
    current = metrics.get_meter_provider()
    for known, figures in _figures.items():
        if _is_same(known, provider, current):
            return figures
    figures = _figures[provider] = _Figures(meter)
    return figures


def _counts(stats: Stats) -> _Counts:
    return {
        (_REQUESTS, None): stats.requests_succeeded,
        **{(_REQUESTS, kind): count for kind, count in stats.requests_failed.items()},
        (_REJECTIONS, None): stats.rejections,
        (_WAITS, None): stats.waited,
    }


def _add(totals: _Counts, counts: _Counts) -> None:
    for key, count in counts.items():
        totals[key] = totals.get(key, 0) + count


def _histogram(meter: metrics.Meter, name: str, description: str) -> metrics.Histogram:
    return meter.create_histogram(
        name, "s", description, explicit_bucket_boundaries_advisory=BUCKETS
    )


def _server(server: tuple[str, int] | None) -> dict[str, str | int]:
    """The attributes of a request to a server, by host and port."""
    attributes: dict[str, str | int] = {"http.request.method": "POST"}
    if server is not None:
        attributes["server.address"], attributes["server.port"] = server
    return attributes


def _outcome(failure: str | None, status: int | None) -> dict[str, str | int]:
    """The attributes of the end of a request."""
    attributes: dict[str, str | int] = {}
    if failure is not None:
        attributes["error.type"] = failure
    if status is not None:
        attributes["http.response.status_code"] = status
    return attributes


def _token_requests(
    meter: metrics.Meter,
    tracer: trace.Tracer,
    durations: metrics.Histogram,
    server: Mapping[str, str | int],
) -> Callable[[Event], None]:
    """A listener that measures and traces each token request."""
    own_durations = _histogram(
        meter, "seekauth.token.request.duration", "How long token requests took"
    )

    def listen(event: Event) -> None:
        if event.name != "token_request":
            return
        fields: dict[str, Any] = event.fields
        own = {"seekauth.service": fields["service"], "seekauth.reason": fields["reason"]}
        if "environment" in fields:
            own["seekauth.environment"] = fields["environment"]
        has_failed = fields["result"] != "ok"
        outcome = _outcome(fields["result"] if has_failed else None, fields.get("status"))
        own_durations.record(fields["duration"], {**own, **outcome})
        durations.record(fields["duration"], {**server, **outcome})
        # It is over by now.
        began = round(fields["started_at"] * _NANOSECONDS)
        span = tracer.start_span(
            "seekauth.token_request",
            context=trace.set_span_in_context(trace.INVALID_SPAN),
            kind=SpanKind.CLIENT,
            start_time=began,
            attributes={**own, **server, **outcome},
        )
        if has_failed:
            span.set_status(Status(StatusCode.ERROR, event.message))
        span.end(began + round(fields["duration"] * _NANOSECONDS))

    return listen


def _operations(
    client: Client, tracer: trace.Tracer, durations: metrics.Histogram, problems: _Problems
) -> Callable[[str | None, Mapping[str, str] | None], Request]:
    """What makes the requests of a client that are measured and traced."""
    server = _server(client._api_server)

    def begin(operation_name: str | None, headers: Mapping[str, str] | None) -> Request:
        attributes = dict(server)
        if isinstance(operation_name, str):
            attributes["graphql.operation.name"] = operation_name
        span: trace.Span = trace.INVALID_SPAN
        context = None
        with problems.of("a span could not be started"):
            span = tracer.start_span("POST", kind=SpanKind.CLIENT, attributes=attributes)
            context = trace.set_span_in_context(span)
        return _Operation(
            _propagated(headers, context, problems), span, durations, server, problems
        )

    return begin


class _Operation(Request):
    """A request that is measured and traced."""

    __slots__ = ("_began", "_durations", "_problems", "_server", "_span", "_status")

    def __init__(
        self,
        headers: Mapping[str, str] | None,
        span: trace.Span,
        durations: metrics.Histogram,
        server: Mapping[str, str | int],
        problems: _Problems,
    ) -> None:
        super().__init__(headers)
        self._span = span
        self._durations = durations
        self._server = server
        self._problems = problems
        self._status: int | None = None
        self._began = time.perf_counter()

    def end(self, response: GraphQLResponse) -> GraphQLResponse:
        self._status = response.status
        return response

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        status, failure = self._status, None
        if isinstance(exception, SeekAuthError):
            status, failure = exception.status, exception.kind
        elif exception_type is not None:
            failure = exception_type.__qualname__
        elif status is not None and status >= _FIRST_ERROR:
            failure = str(status)
        outcome = _outcome(failure, status)
        duration = time.perf_counter() - self._began
        with self._problems.of("a request could not be measured"):
            self._durations.record(duration, {**self._server, **outcome})
        with self._problems.of("a span could not be ended"):
            self._span.set_attributes(outcome)
            if failure is not None:
                self._span.set_status(StatusCode.ERROR)
            self._span.end()


def _propagated(
    headers: Mapping[str, str] | None, context: Context | None, problems: _Problems
) -> Mapping[str, str] | None:
    """The headers with what the propagator adds; those that the caller set stay."""
    carrier: dict[str, str] = {}
    with problems.of("the propagator failed"):
        propagate.inject(carrier, context)
    try:
        own = dict(headers or {})
    except (TypeError, ValueError):
        return headers  # The client says what is wrong with them.
    present = {name.lower() for name in own if isinstance(name, str)}
    for name, value in carrier.items():
        if not _can_be_sent(name, value):
            # Its value may be the program's secret.
            problems.tell(f"the propagator wrote a header {name!r} that no request can carry")
        elif name.lower() not in present:
            own[name] = value
    return own


def _can_be_sent(name: object, value: object) -> bool:
    try:
        return _native.is_header(name, value)  # type: ignore[arg-type] # It says so itself.
    except (TypeError, UnicodeError):
        return False


# Tools that import modules again must not forget what is instrumented.
sys.modules[__name__] = _native.first_import(sys.modules[__name__])
