"""Metrics and spans of a client for OpenTelemetry. Install `seekauth[opentelemetry]`.

from seekauth.opentelemetry import instrument

instrument(client)
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from seekauth._adapters.common import missing
from seekauth._native import Client, Event, EventListener, Stats, __version__

try:
    from opentelemetry import metrics, trace
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


def instrument(
    client: Client,
    *,
    meter_provider: MeterProvider | None = None,
    tracer_provider: TracerProvider | None = None,
) -> Instrumentation:
    """Lets a client's token requests be measured and traced, as long as it is there.

    Without providers it uses the global ones. Metrics: `seekauth.token.request.duration`, a
    histogram in seconds; `seekauth.token.requests`, `seekauth.token.rejections` and
    `seekauth.token.wait.duration`, which count; `seekauth.token.remaining`, in seconds.
    `error.type` is the error's kind. A token request is a span of its own, since no call need
    wait for it. No attribute holds an id, a secret or a URL. Instrument a client once, with all
    that its `with_scopes()` made.
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
        self._observe(meter)
        listen = _requests(meter, trace.get_tracer("seekauth", __version__, tracer_provider))
        self._listener: EventListener = client.on_event(listen, level="debug")

    def close(self) -> None:
        """Ends it: nothing is measured and no span is made any more."""
        self._is_open = False
        self._listener.close()

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


def _requests(meter: metrics.Meter, tracer: trace.Tracer) -> Callable[[Event], None]:
    """A listener that measures and traces each token request."""
    durations = meter.create_histogram(
        "seekauth.token.request.duration",
        "s",
        "How long token requests took",
        explicit_bucket_boundaries_advisory=BUCKETS,
    )

    def listen(event: Event) -> None:
        if event.name != "token_request":
            return
        fields: dict[str, Any] = event.fields
        attributes = {"seekauth.service": fields["service"], "seekauth.reason": fields["reason"]}
        if "environment" in fields:
            attributes["seekauth.environment"] = fields["environment"]
        has_failed = fields["result"] != "ok"
        if has_failed:
            attributes["error.type"] = fields["result"]
        if "status" in fields:
            attributes["http.response.status_code"] = fields["status"]
        durations.record(fields["duration"], attributes)
        # It is over by now.
        began = round(fields["started_at"] * _NANOSECONDS)
        span = tracer.start_span(
            "seekauth.token_request",
            context=trace.set_span_in_context(trace.INVALID_SPAN),
            kind=SpanKind.CLIENT,
            start_time=began,
            attributes=attributes,
        )
        if has_failed:
            span.set_status(Status(StatusCode.ERROR, event.message))
        span.end(began + round(fields["duration"] * _NANOSECONDS))

    return listen
