"""Metrics and spans of a client for OpenTelemetry. Install `seekauth[opentelemetry]`.

from seekauth.opentelemetry import instrument

instrument(client)
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

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
    from typing_extensions import Self

__all__ = ["Instrumentation", "instrument"]

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds: those of OpenTelemetry's conventions for HTTP clients."""
_NANOSECONDS = 1_000_000_000
_FIRST_ERROR = 400
"""The first HTTP status that is an error for a client."""


def instrument(
    client: Client,
    *,
    meter_provider: MeterProvider | None = None,
    tracer_provider: TracerProvider | None = None,
) -> Instrumentation:
    """Lets a client be measured and traced, as long as it is there.

    Without providers it uses the global ones. Metrics: `seekauth.token.request.duration`, a
    histogram in seconds; `seekauth.token.requests`, `seekauth.token.rejections` and
    `seekauth.token.wait.duration`, which count; `seekauth.token.remaining`, in seconds; and the
    conventions' `http.client.request.duration` of token requests and of `graphql()`, which counts
    the whole call, the wait for a token and a repetition included. `error.type` is the error's
    kind. No attribute holds an id, a secret, a document or variables.

    A token request is a span of its own, since no call need wait for it, and carries no context to
    the server. A call of `graphql()` or `graphql_async()` is a span in the current context, which
    the propagator puts into the request's headers. Requests through `seekauth.httpx` and so on are
    those of an HTTP client, which has an instrumentation. Instrument a client once, with all that
    its `with_scopes()` made.
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
        # Who collects metrics has the callbacks for ever.
        self._client: Callable[[], Client | None] = weakref.ref(client)
        self._is_open = True
        meter = metrics.get_meter("seekauth", __version__, meter_provider)
        tracer = trace.get_tracer("seekauth", __version__, tracer_provider)
        self._observe(meter)
        durations = _histogram(meter, "http.client.request.duration", "Duration of HTTP requests")
        listen = _token_requests(meter, tracer, durations, _server(client._token_server))
        self._listener: EventListener = client.on_event(listen, level="debug")
        number = client._number
        observers[number] = _operations(client, tracer, durations)
        self._end_operations = weakref.finalize(client, observers.pop, number, None)

    def close(self) -> None:
        """Ends it: nothing is measured and no span is made any more."""
        self._is_open = False
        self._listener.close()
        self._end_operations()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _observe(self, meter: metrics.Meter) -> None:
        meter.create_observable_counter(
            "seekauth.token.requests",
            [self._observer(_count_requests)],
            "{request}",
            "Token requests that ended",
        )
        meter.create_observable_counter(
            "seekauth.token.rejections",
            [self._observer(lambda stats: [Observation(stats.rejections)])],
            "{rejection}",
            "Rejections of a token by the API",
        )
        meter.create_observable_counter(
            "seekauth.token.wait.duration",
            [self._observer(lambda stats: [Observation(stats.waited)])],
            "s",
            "How long calls waited for a token, all together",
        )
        meter.create_observable_gauge(
            "seekauth.token.remaining",
            [self._observer(_measure_remaining)],
            "s",
            "How long a token lives still",
        )

    def _observer(
        self, read: Callable[[Stats], Iterable[Observation]]
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_: CallbackOptions) -> Iterable[Observation]:
            client = self._client()
            return () if client is None or not self._is_open else read(client.stats())

        return observe


def _count_requests(stats: Stats) -> Iterator[Observation]:
    yield Observation(stats.requests_succeeded)
    for kind, count in stats.requests_failed.items():
        yield Observation(count, {"error.type": kind})


def _measure_remaining(stats: Stats) -> Iterator[Observation]:
    for token in stats.tokens:
        if token.remaining is not None:
            yield Observation(token.remaining, {"seekauth.scopes": token.scopes})


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
    client: Client, tracer: trace.Tracer, durations: metrics.Histogram
) -> Callable[[str | None, Mapping[str, str] | None], Request]:
    """What makes the requests of a client that are measured and traced."""
    server = _server(client._api_server)

    def begin(operation_name: str | None, headers: Mapping[str, str] | None) -> Request:
        attributes = dict(server)
        if isinstance(operation_name, str):
            attributes["graphql.operation.name"] = operation_name
        span = tracer.start_span("POST", kind=SpanKind.CLIENT, attributes=attributes)
        return _Operation(headers, span, durations, server)

    return begin


class _Operation(Request):
    """A request that is measured and traced."""

    __slots__ = ("_began", "_durations", "_server", "_span", "_status")

    def __init__(
        self,
        headers: Mapping[str, str] | None,
        span: trace.Span,
        durations: metrics.Histogram,
        server: Mapping[str, str | int],
    ) -> None:
        super().__init__(_propagated(headers, span))
        self._span = span
        self._durations = durations
        self._server = server
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
        self._durations.record(time.perf_counter() - self._began, {**self._server, **outcome})
        self._span.set_attributes(outcome)
        if failure is not None:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def _propagated(headers: Mapping[str, str] | None, span: trace.Span) -> Mapping[str, str] | None:
    """The headers with what the propagator adds; those that the caller set stay."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier, trace.set_span_in_context(span))
    try:
        own = dict(headers or {})
    except (TypeError, ValueError):
        return headers  # The client says what is wrong with them.
    present = {name.lower() for name in own if isinstance(name, str)}
    own.update({name: value for name, value in carrier.items() if name.lower() not in present})
    return own
