"""Figures and spans as OpenTelemetry's SDK and prometheus_client get them."""

from __future__ import annotations

import gc
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from seekauth import Client, UnavailableError
from seekauth.opentelemetry import instrument
from seekauth.prometheus import collector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import Clock
    from sandbox import Sandbox

LONG = 60
LIFETIME = 60


class Telemetry:
    """The SDK with its exporters in memory."""

    def __init__(self) -> None:
        self._reader, self._exporter = InMemoryMetricReader(), InMemorySpanExporter()
        self.meters, self.tracers = MeterProvider([self._reader]), TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))

    def instrument(self, client: Client) -> Any:
        return instrument(client, meter_provider=self.meters, tracer_provider=self.tracers)

    def spans(self, count: int) -> list[Any]:
        """The spans, as soon as there are so many: the library's thread makes them."""
        deadline = time.monotonic() + LONG
        while len(spans := self._exporter.get_finished_spans()) < count:
            assert time.monotonic() < deadline
        return list(spans)

    def metrics(self) -> dict[str, Any]:
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics]
        return {metric.name: metric for scope in scopes for metric in scope.metrics}


def values(metric: Any) -> dict[object, float]:
    """The values of a metric, by `error.type`."""
    return {point.attributes.get("error.type"): point.value for point in metric.data.data_points}


def fail(sandbox: Sandbox, client: Client, clock: Clock) -> None:
    """One token, and three requests that fail."""
    client.get_token()
    sandbox.script(status=503, times=0)
    clock.advance(LIFETIME + 1)
    with pytest.raises(UnavailableError):
        client.get_token()


@pytest.fixture(autouse=True)
def short_lived(sandbox: Sandbox) -> None:
    sandbox.configure(seek_api_lifetime_s=LIFETIME)


def test_opentelemetry_gets_metrics(sandbox: Sandbox, clock: Clock) -> None:
    telemetry = Telemetry()
    with sandbox.client() as client, telemetry.instrument(client):
        client.get_token()
        telemetry.spans(1)
        (remaining,) = telemetry.metrics()["seekauth.token.remaining"].data.data_points
        assert remaining.value == pytest.approx(LIFETIME, abs=1)
        fail(sandbox, client, clock)
        telemetry.spans(4)
        metrics = telemetry.metrics()
        waited = client.stats().waited
    assert {name: metric.unit for name, metric in metrics.items()} == {
        "seekauth.token.request.duration": "s",
        "seekauth.token.requests": "{request}",
        "seekauth.token.rejections": "{rejection}",
        "seekauth.token.wait.duration": "s",
        "seekauth.token.remaining": "s",
    }
    assert values(metrics["seekauth.token.requests"]) == {None: 1, "unavailable": 3}
    assert values(metrics["seekauth.token.rejections"]) == {None: 0}
    assert values(metrics["seekauth.token.wait.duration"]) == {None: waited}
    durations = metrics["seekauth.token.request.duration"].data.data_points
    counts: dict[object, int] = {}
    for point in durations:
        kind = point.attributes.get("error.type")
        counts[kind] = counts.get(kind, 0) + point.count
        assert point.explicit_bounds[0] == 0.005
    assert counts == {None: 1, "unavailable": 3}


def test_opentelemetry_gets_a_span_for_each_token_request(sandbox: Sandbox, clock: Clock) -> None:
    telemetry = Telemetry()
    with sandbox.client() as client, telemetry.instrument(client):
        with telemetry.tracers.get_tracer("the program").start_as_current_span("its own"):
            fail(sandbox, client, clock)
        own, *_ = telemetry.spans(5)
        first, *failed = [span for span in telemetry.spans(5) if span.kind is SpanKind.CLIENT]
    assert {span.name for span in (first, *failed)} == {"seekauth.token_request"}
    assert first.status.status_code is StatusCode.UNSET
    assert dict(first.attributes) == {
        "seekauth.service": "seek_api",
        "seekauth.environment": "live",
        "seekauth.reason": "first",
    }
    assert first.end_time >= first.start_time
    for span in failed:
        assert span.status.status_code is StatusCode.ERROR
        assert span.attributes["error.type"] == "unavailable"
        assert span.attributes["http.response.status_code"] == 503
        # Whoever waits shares it with others.
        assert span.parent is None
        assert span.context.trace_id != own.context.trace_id


def test_an_instrumentation_that_is_closed_tells_nothing(sandbox: Sandbox) -> None:
    telemetry = Telemetry()
    with sandbox.client() as client:
        telemetry.instrument(client).close()
        client.get_token()
        assert telemetry.metrics() == {}


def test_instrumentation_keeps_no_client(sandbox: Sandbox) -> None:
    telemetry = Telemetry()
    client = sandbox.client()
    telemetry.instrument(client)
    watched = weakref.ref(client)
    del client
    gc.collect()
    assert watched() is None
    assert telemetry.metrics() == {}


def test_prometheus_gets_the_figures(sandbox: Sandbox, clock: Clock) -> None:
    registry = CollectorRegistry()
    with sandbox.client() as one, sandbox.client() as other:
        registry.register(collector({"one": one, "other": other}))
        one.get_token()
        assert sample(registry, "seekauth_token_remaining_seconds", client="one", scopes="") > 50
        fail(sandbox, one, clock)
        stats = one.stats()

        def of(name: str, **labels: str) -> float:
            return sample(registry, name, client="one", **labels)

        assert of("seekauth_token_requests_total", error_type="") == 1
        assert of("seekauth_token_requests_total", error_type="unavailable") == 3
        assert of("seekauth_token_rejections_total") == 0
        assert of("seekauth_token_stale_served_total") == 0
        assert of("seekauth_events_dropped_total") == 0
        assert of("seekauth_token_waiting") == 0
        assert of("seekauth_token_wait_duration_seconds_count") == stats.waits
        assert of("seekauth_token_wait_duration_seconds_sum") == stats.waited
        unused = sample(registry, "seekauth_token_requests_total", client="other", error_type="")
        assert unused == 0


def test_prometheus_takes_a_single_client(sandbox: Sandbox) -> None:
    registry = CollectorRegistry()
    with sandbox.client() as client:
        registry.register(collector(client))
        client.get_token()
        assert sample(registry, "seekauth_token_requests_total", client="", error_type="") == 1


def sample(registry: CollectorRegistry, name: str, **labels: str) -> float:
    """The one sample with this name and these labels in what is scraped."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    (found,) = [sample for sample in samples if matches(sample.labels, labels)]
    return float(found.value)


def matches(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return dict(labels) == dict(wanted)
