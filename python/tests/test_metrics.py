"""Figures and spans as OpenTelemetry's SDK and prometheus_client get them."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from opentelemetry import propagate
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from seekauth import Client, ProtocolError, UnavailableError
from seekauth._native import ERROR_KINDS
from seekauth.httpx import SeekAuth
from seekauth.opentelemetry import instrument
from seekauth.prometheus import collector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conftest import Clock
    from sandbox import Sandbox

LONG = 60
DOCS = Path(__file__).parents[2] / "docs"
QUERY = "{ self { partner { name } } }"
KINDS = {name for _, name, _, _ in ERROR_KINDS}
TRUSTED = 2
"""How old a token has to be for its rejection to count at once, in seconds."""
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


def server_of(url: str) -> dict[str, object]:
    """The attributes of a request to that URL."""
    parts = urlsplit(url)
    return {
        "http.request.method": "POST",
        "server.address": parts.hostname,
        "server.port": parts.port,
    }


def traceparent_of(span: Any) -> str:
    """What a request says that belongs to this span."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


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
        "http.client.request.duration": "s",
        "seekauth.token.requests": "{request}",
        "seekauth.token.rejections": "{rejection}",
        "seekauth.token.wait.duration": "s",
        "seekauth.token.remaining": "s",
    }
    assert values(metrics["seekauth.token.requests"]) == {None: 1, "unavailable": 3}
    assert values(metrics["seekauth.token.rejections"]) == {None: 0}
    assert values(metrics["seekauth.token.wait.duration"]) == {None: waited}
    for name in ("seekauth.token.request.duration", "http.client.request.duration"):
        counts: dict[object, int] = {}
        for point in metrics[name].data.data_points:
            kind = point.attributes.get("error.type")
            counts[kind] = counts.get(kind, 0) + point.count
            assert (point.explicit_bounds[0], len(point.explicit_bounds)) == (0.005, 14)
        assert counts == {None: 1, "unavailable": 3}
    good, bad = metrics["http.client.request.duration"].data.data_points
    server = server_of(sandbox.urls["token_url"])
    assert dict(good.attributes) == {**server, "http.response.status_code": 200}
    assert dict(bad.attributes) == {
        **server,
        "http.response.status_code": 503,
        "error.type": "unavailable",
    }


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
        "http.response.status_code": 200,
        **server_of(sandbox.urls["token_url"]),
    }
    assert first.end_time >= first.start_time
    for span in failed:
        assert span.status.status_code is StatusCode.ERROR
        assert span.attributes["error.type"] == "unavailable"
        assert span.attributes["http.response.status_code"] == 503
        # Whoever waits shares it with others.
        assert span.parent is None
        assert span.context.trace_id != own.context.trace_id
    assert all("traceparent" not in entry["headers"] for entry in sandbox.journal())


@pytest.mark.parametrize("is_async", [False, True])
def test_an_operation_is_a_span_of_which_the_api_is_told_also_when_it_is_repeated(
    sandbox: Sandbox, clock: Clock, is_async: bool
) -> None:
    telemetry = Telemetry()
    with sandbox.client() as client, telemetry.instrument(client):
        client.get_token()
        clock.advance(TRUSTED)
        sandbox.script(endpoint="graphql", error="UNAUTHENTICATED")
        document = "query Partner { self { partner { name } } }"
        with telemetry.tracers.get_tracer("the program").start_as_current_span("its own") as own:
            if is_async:
                asyncio.run(client.graphql_async(document, {}, operation_name="Partner"))
            else:
                client.graphql(document, {}, operation_name="Partner")
        (span,) = [span for span in telemetry.spans(4) if span.name == "POST"]
        metrics = telemetry.metrics()
    url = sandbox.urls["graphql_url"]
    outcome = {**server_of(url), "http.response.status_code": 200}
    assert dict(span.attributes) == {**outcome, "graphql.operation.name": "Partner"}
    assert (span.kind, span.status.status_code) == (SpanKind.CLIENT, StatusCode.UNSET)
    assert span.parent.span_id == own.get_span_context().span_id
    sent = [entry["headers"].get("traceparent") for entry in sandbox.journal("graphql")]
    assert sent == [traceparent_of(span)] * 2
    points = metrics["http.client.request.duration"].data.data_points
    assert [dict(point.attributes) for point in points if point.count == 1].count(outcome) == 1


def test_an_operation_that_fails_says_with_what(sandbox: Sandbox) -> None:
    telemetry = Telemetry()
    with sandbox.client() as client, telemetry.instrument(client):
        client.get_token()
        sandbox.script(endpoint="graphql", status=503, body="down")
        with pytest.raises(UnavailableError):
            client.graphql(QUERY)
        sandbox.script(endpoint="graphql", status=400, body='{"errors":[{"message":"no"}]}')
        client.graphql(QUERY, headers={"Traceparent": "mine"})
        wrong: Any = 5
        with pytest.raises(TypeError, match="headers"):
            client.graphql(QUERY, headers=wrong)
        spans = [span for span in telemetry.spans(4) if span.name == "POST"]
    outcomes = [
        (span.attributes.get("error.type"), span.attributes.get("http.response.status_code"))
        for span in spans
    ]
    assert outcomes == [("unavailable", 503), ("400", 400), ("TypeError", None)]
    assert all(span.status.status_code is StatusCode.ERROR for span in spans)
    *_, last = sandbox.journal("graphql")
    assert last["headers"]["traceparent"] == "mine"


def test_handles_are_instrumented_with_their_client_and_other_clients_are_not(
    sandbox: Sandbox,
) -> None:
    telemetry = Telemetry()
    with pass_client(sandbox) as client:
        instrumentation = telemetry.instrument(client)
        handle = client.with_scopes("write.career_history")
        with pytest.raises(ProtocolError):
            handle.graphql(QUERY)
        with sandbox.client() as other:
            other.graphql(QUERY)
        spans = {span.name: span for span in telemetry.spans(2)}
        assert spans["POST"].attributes["error.type"] == "protocol"
        assert spans["seekauth.token_request"].attributes["seekauth.service"] == "seek_pass"
        instrumentation.close()
        with pytest.raises(ProtocolError):
            handle.graphql(QUERY)
        assert len(telemetry.spans(2)) == 2


def test_requests_of_an_http_client_are_told_by_its_own_instrumentation(
    sandbox: Sandbox, clock: Clock
) -> None:
    telemetry = Telemetry()
    with sandbox.client() as client, telemetry.instrument(client):
        client.get_token()
        clock.advance(TRUSTED)
        sandbox.script(endpoint="graphql", error="UNAUTHENTICATED")
        with httpx.Client(auth=SeekAuth(client)) as session:
            HTTPXClientInstrumentor.instrument_client(session, telemetry.tracers)
            session.post(sandbox.urls["graphql_url"], json={"query": QUERY}).raise_for_status()
        spans = [span for span in telemetry.spans(3) if "httpx" in span.instrumentation_scope.name]
        metrics = telemetry.metrics()
    sent = [entry["headers"]["traceparent"] for entry in sandbox.journal("graphql")]
    assert len(sent) == 2
    assert sent == [traceparent_of(span) for span in spans]
    port = server_of(sandbox.urls["graphql_url"])["server.port"]
    points = metrics["http.client.request.duration"].data.data_points
    assert all(point.attributes["server.port"] != port for point in points)


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


def test_figures_are_those_of_all_clients_of_a_provider(sandbox: Sandbox, clock: Clock) -> None:
    telemetry = Telemetry()
    with sandbox.client() as first, sandbox.client() as second, sandbox.client() as later:
        instrumentation = telemetry.instrument(first)
        telemetry.instrument(second)
        first.get_token()
        clock.advance(20)
        second.get_token()
        (remaining,) = telemetry.metrics()["seekauth.token.remaining"].data.data_points
        assert remaining.value == pytest.approx(LIFETIME - 20, abs=1)
        fail(sandbox, second, clock)
        sandbox.clear_script()
        metrics = telemetry.metrics()
        waited = first.stats().waited + second.stats().waited
        assert values(metrics["seekauth.token.requests"]) == {None: 2, "unavailable": 3}
        assert values(metrics["seekauth.token.wait.duration"]) == {None: pytest.approx(waited)}
        instrumentation.close()
        first.get_token()
        telemetry.instrument(later)
        metrics = telemetry.metrics()
        assert values(metrics["seekauth.token.requests"]) == {None: 2, "unavailable": 3}
        second.get_token()
        later.get_token()
        # What it did meanwhile does not count.
        telemetry.instrument(first)
        metrics = telemetry.metrics()
        assert values(metrics["seekauth.token.requests"]) == {None: 4, "unavailable": 3}
        clock.advance(2 * LIFETIME)
        first.get_token()
        metrics = telemetry.metrics()
        assert values(metrics["seekauth.token.requests"]) == {None: 5, "unavailable": 3}


def test_each_set_of_scopes_has_its_remaining_time(sandbox: Sandbox) -> None:
    telemetry = Telemetry()
    with pass_client(sandbox) as one, pass_client(sandbox) as other, sandbox.client() as api:
        for client in (one, other, api):
            telemetry.instrument(client)
            client.get_token()
        other.with_scopes("write.career_history").get_token()
        points = telemetry.metrics()["seekauth.token.remaining"].data.data_points
    scopes = sorted(point.attributes["seekauth.scopes"] for point in points)
    assert scopes == [(), ("write.career_history",), ("write.education",)]


def test_what_a_client_counted_stays_when_it_is_gone(sandbox: Sandbox) -> None:
    telemetry = Telemetry()
    client = sandbox.client()
    telemetry.instrument(client)
    client.get_token()
    telemetry.spans(1)
    watched = weakref.ref(client)
    del client
    gc.collect()
    assert watched() is None
    for _ in range(2):
        metrics = telemetry.metrics()
        assert values(metrics["seekauth.token.requests"]) == {None: 1}
        assert "seekauth.token.remaining" not in metrics
    with sandbox.client() as later:
        telemetry.instrument(later)
        later.get_token()
        assert values(telemetry.metrics()["seekauth.token.requests"]) == {None: 2}


def test_a_client_that_is_instrumented_again_counts_once(sandbox: Sandbox) -> None:
    telemetry = Telemetry()
    with pass_client(sandbox) as client:
        first = telemetry.instrument(client)
        second = telemetry.instrument(client.with_scopes("write.career_history"))
        with pytest.raises(ValueError, match=r"with other providers: use these, or close\(\)"):
            Telemetry().instrument(client)
        with pytest.raises(ValueError, match="with other providers"):
            instrument(client, meter_provider=telemetry.meters)
        client.get_token()
        telemetry.spans(1)
        first.close()
        first.close()
        with pytest.raises(ProtocolError):
            client.graphql(QUERY)
        assert [span.name for span in telemetry.spans(2)] == ["seekauth.token_request", "POST"]
        metrics = telemetry.metrics()
        assert values(metrics["seekauth.token.requests"]) == {None: 1}
        (point,) = metrics["seekauth.token.request.duration"].data.data_points
        assert point.count == 1
        second.close()
        with pytest.raises(ProtocolError):
            client.graphql(QUERY)
        # Others may be taken now.
        other = Telemetry()
        other.instrument(client)
        with pytest.raises(ProtocolError):
            client.graphql(QUERY)
        assert [span.name for span in other.spans(1)] == ["POST"]
        assert len(telemetry.spans(2)) == 2


def test_a_client_stays_instrumented_when_a_handle_of_it_is_gone(sandbox: Sandbox) -> None:
    telemetry = Telemetry()
    with pass_client(sandbox) as client:
        handle = client.with_scopes("write.career_history")
        telemetry.instrument(handle)
        telemetry.instrument(client)
        watched = weakref.ref(handle)
        del handle
        gc.collect()
        assert watched() is None
        with pytest.raises(ProtocolError):
            client.graphql(QUERY)
        spans = telemetry.spans(2)
        assert sorted(span.name for span in spans) == ["POST", "seekauth.token_request"]
        assert values(telemetry.metrics()["seekauth.token.requests"]) == {None: 1}


def test_clients_are_of_the_global_providers_before_and_after_these_are_set(
    sandbox: Sandbox,
) -> None:
    program = f"""
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk import metrics as sdk_metrics, trace as sdk_trace
from seekauth import Client
from seekauth.opentelemetry import instrument

settings = {sandbox.settings!r}
first, second = Client.seek_api(**settings), Client.seek_api(**settings)
instrument(first)
reader = InMemoryMetricReader()
meters, tracers = sdk_metrics.MeterProvider([reader]), sdk_trace.TracerProvider()
metrics.set_meter_provider(meters)
trace.set_tracer_provider(tracers)
instrument(first)
instrument(first, meter_provider=meters, tracer_provider=tracers)
instrument(second, meter_provider=meters)
first.get_token()
second.get_token()
for resource in reader.get_metrics_data().resource_metrics:
    for scope in resource.scope_metrics:
        for metric in scope.metrics:
            if metric.name == "seekauth.token.requests":
                print([point.value for point in metric.data.data_points])
"""
    command = [sys.executable, "-c", program]
    where = Path(__file__).parents[1]
    ended = subprocess.run(
        command, cwd=where, stdout=subprocess.PIPE, text=True, check=True, timeout=LONG
    )
    assert ended.stdout == "[2]\n"


class FailingAtTheEnd(SpanProcessor):
    def on_end(self, *_: object) -> None:
        raise RuntimeError("at the end")


class Failing(FailingAtTheEnd):
    def on_start(self, *_: object, **__: object) -> None:
        raise RuntimeError("at the start")


@pytest.mark.parametrize(
    ("processor", "problem"),
    [(Failing(), "a span could not be started"), (FailingAtTheEnd(), "a span could not be ended")],
)
def test_a_span_processor_that_fails_fails_no_call(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, processor: SpanProcessor, problem: str
) -> None:
    telemetry = Telemetry()
    telemetry.tracers.add_span_processor(processor)
    with sandbox.client() as client, telemetry.instrument(client):
        for _ in range(2):
            assert client.graphql(QUERY).status == 200
            assert asyncio.run(client.graphql_async(QUERY)).status == 200
        sandbox.script(endpoint="graphql", status=503, body="down")
        with pytest.raises(UnavailableError):
            client.graphql(QUERY)
        until(lambda: len(problems(caplog)) == 2)
        points = telemetry.metrics()["http.client.request.duration"].data.data_points
        port = server_of(sandbox.urls["graphql_url"])["server.port"]
        assert sum(point.count for point in points if point.attributes["server.port"] == port) == 5
    request = "a token request could not be measured or traced"
    told = {
        f"OpenTelemetry: {what}; calls go on, and this is told once" for what in (problem, request)
    }
    assert set(problems(caplog)) == told


class Propagator(TextMapPropagator):
    """Writes headers, and fails then if it is to."""

    def __init__(self, headers: dict[Any, Any], failure: Exception | None) -> None:
        self._headers, self._failure = headers, failure

    def inject(self, carrier: Any, *_: object, **__: object) -> None:
        carrier.update(self._headers)
        if self._failure:
            raise self._failure

    def extract(self, *_: object, **__: object) -> Any:
        raise NotImplementedError

    @property
    def fields(self) -> set[str]:
        return set(self._headers)


@pytest.mark.parametrize(
    ("wrong", "failure", "problem"),
    [
        ({"a name": "v"}, None, "a header 'a name' that"),
        ({"x\r\nx-more": "v"}, None, r"a header 'x\r\nx-more' that"),
        ({"x-line": "hidden\r\nx-more: v"}, None, "a header 'x-line' that"),
        ({"x-wide": "hidden\u00fc"}, None, "a header 'x-wide' that"),
        ({"x-half": "hidden\ud800"}, None, "a header 'x-half' that"),
        ({"x-number": 5}, None, "a header 'x-number' that"),
        ({7: "v"}, None, "a header 7 that"),
        ({}, RuntimeError("broken"), "the propagator failed"),
    ],
)
def test_a_propagator_that_fails_fails_no_call(
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    wrong: dict[Any, Any],
    failure: Exception | None,
    problem: str,
) -> None:
    telemetry = Telemetry()
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(Propagator({"x-good": "kept", **wrong}, failure))
    try:
        with sandbox.client() as client, telemetry.instrument(client):
            for _ in range(2):
                assert client.graphql(QUERY, headers={"x-own": "mine"}).status == 200
    finally:
        propagate.set_global_textmap(before)
    for entry in sandbox.journal("graphql"):
        headers = entry["headers"]
        assert (headers["x-good"], headers["x-own"]) == ("kept", "mine")
        assert not {"x-more", "x-line", "x-wide", "x-half", "x-number"} & headers.keys()
    (told,) = problems(caplog)
    assert problem in told
    assert "hidden" not in caplog.text


def problems(caplog: pytest.LogCaptureFixture) -> list[str]:
    messages = [record.getMessage() for record in caplog.records if record.name == "seekauth"]
    return [message for message in messages if message.startswith("OpenTelemetry: ")]


def until(is_so: Callable[[], bool]) -> None:
    """Waits for the library's thread, which tells of token requests."""
    deadline = time.monotonic() + LONG
    while not is_so():
        assert time.monotonic() < deadline


def pass_client(sandbox: Sandbox) -> Client:
    return Client.seek_pass(
        environment="staging",
        client_id="sandbox-pass",
        client_secret="sandbox-pass-secret & more=100%",
        user_agent="t/1",
        base_url=sandbox.urls["pass"],
        scopes="write.education",
    )


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


def test_the_recipe_for_prom_client_has_the_same_metrics(sandbox: Sandbox) -> None:
    page = (DOCS / "observability.md").read_text()
    (recipe,) = [text for text in page.split("```js\n") if "prom-client'" in text.split("```")[0]]
    with sandbox.client() as client:
        client.get_token()
        assert set(re.findall(r"\bseekauth_\w+", recipe.split("```")[0])) == exported(client)


def test_dashboard_and_alerts_know_metrics_that_there_are(sandbox: Sandbox) -> None:
    dashboard = json.loads((DOCS / "observability-dashboard.json").read_text())
    queries = [
        target["expr"]
        for panel in dashboard["panels"]
        for target in panel["targets"]
        if panel["datasource"]["uid"] == "${datasource}"
    ]
    assert len(queries) == len(dashboard["panels"]) > 0
    alerts = (DOCS / "observability-alerts.yml").read_text()
    rules = re.findall(r"^ +expr: (.+)$", alerts, re.MULTILINE)
    names = re.findall(r"^ +- alert: (.+)$", alerts, re.MULTILINE)
    assert len(rules) == len(names) > 0
    page = (DOCS / "observability.md").read_text()
    assert re.findall(r"^\| `(SeekAuth\w+)` \|", page, re.MULTILINE) == names
    with sandbox.client() as client:
        client.get_token()
        there = exported(client)
    for query in (*queries, *rules):
        used = set(re.findall(r"\bseekauth_\w+", query))
        assert used, query
        assert used <= there
        kinds = re.findall(r'error_type=~?"([^"]+)"', query)
        assert {kind for each in kinds for kind in each.split("|")} <= KINDS
    # Whatever is exported can be seen.
    assert set(re.findall(r"\bseekauth_\w+", "".join(queries))) == there


def exported(client: Client) -> set[str]:
    """The names of all samples of a client that has a token."""
    registry = CollectorRegistry()
    registry.register(collector(client))
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {sample.name for family in families for sample in family.samples}


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
