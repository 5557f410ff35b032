'use strict';

// Metrics and spans as OpenTelemetry's SDK gets them, and what of them goes to the API.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { SpanKind, SpanStatusCode, context, diag, propagation, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { W3CTraceContextPropagator } = require('@opentelemetry/core');
const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici');
const { AggregationTemporality, DataPointType, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } =
  require('@opentelemetry/sdk-metrics');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { Client, SeekAuthError } = require('seekauth');
const { instrument } = require('seekauth/opentelemetry');
const { interceptor } = require('seekauth/undici');
const undici = require('undici');
const clock = require('./manual-clock.js');
const { Sandbox } = require('./sandbox.js');

/** @typedef {import('@opentelemetry/sdk-trace-base').ReadableSpan} ReadableSpan */

const QUERY = '{ self { partner { name } } }';
const LIFETIME_S = 60;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The SDK with its exporters in memory. */
class Telemetry {
  #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  #spans = new InMemorySpanExporter();
  // It exports when it is asked to.
  #reader = new PeriodicExportingMetricReader({ exporter: this.#metrics, exportIntervalMillis: 2 ** 30 });
  meterProvider = new MeterProvider({ readers: [this.#reader] });
  tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#spans)] });

  /** @param {InstanceType<typeof Client>} client */
  instrument(client) {
    return instrument(client, this);
  }

  /**
   * The spans, as soon as there are so many.
   *
   * @param {number} count
   */
  async spans(count) {
    const deadline = Date.now() + 60_000;
    while (this.#spans.getFinishedSpans().length < count) {
      if (Date.now() > deadline) throw new Error(`fewer than ${count} spans`);
      await turn();
    }
    return this.#spans.getFinishedSpans();
  }

  /**
   * Those of one instrumentation.
   *
   * @returns {Promise<Record<string, import('@opentelemetry/sdk-metrics').MetricData>>}
   */
  async metrics(scope = 'seekauth') {
    this.#metrics.reset();
    await this.#reader.forceFlush();
    const scopes = this.#metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    const metrics = scopes.filter((metrics) => metrics.scope.name === scope).flatMap(({ metrics }) => metrics);
    return Object.fromEntries(metrics.map((metric) => [metric.descriptor.name, metric]));
  }

  stop() {
    return Promise.all([this.meterProvider.shutdown(), this.tracerProvider.shutdown()]);
  }
}

/**
 * Values of a metric by `error.type`; of a histogram, how many there are.
 *
 * @param {import('@opentelemetry/sdk-metrics').MetricData | undefined} metric
 */
function values(metric) {
  /** @type {Record<string, number>} */
  const found = {};
  for (const { attributes, value } of metric?.dataPoints ?? []) {
    const type = String(attributes['error.type']);
    found[type] = (found[type] ?? 0) + (typeof value === 'number' ? value : value.count);
  }
  return found;
}

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
/** @type {Telemetry} */
let telemetry;
/** @type {InstanceType<typeof Client>} */
let client;
before(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  clock.start();
  sandbox = await Sandbox.start();
});
beforeEach(async () => {
  await sandbox.reset();
  await sandbox.configure({ seek_api_lifetime_s: LIFETIME_S });
  telemetry = new Telemetry();
  client = Client.seekApi(sandbox.seekApi());
});
after(() => sandbox.stop());

const outage = { endpoint: 'seek_api_token', status: 503, times: 0 };

/** One token, and three requests that fail. */
async function fail() {
  await client.authorization();
  await sandbox.script(outage);
  clock.advance((LIFETIME_S + 1) * 1_000);
  await assert.rejects(client.authorization(), { code: 'unavailable' });
}

/** @param {string} url */
function serverOf(url) {
  const { hostname, port } = new URL(url);
  return { 'http.request.method': 'POST', 'server.address': hostname, 'server.port': Number(port) };
}

/** @param {ReadableSpan} span */
const graphqlSpan = (span) => span.name === 'POST';

test('metrics have the names, units and values that they have in every language', async () => {
  telemetry.instrument(client);
  await client.authorization();
  await telemetry.spans(1);
  const [remaining] = (await telemetry.metrics())['seekauth.token.remaining']?.dataPoints ?? [];
  assert.equal(remaining?.value, LIFETIME_S);
  await fail();
  await telemetry.spans(4);
  const metrics = await telemetry.metrics();
  assert.deepEqual(Object.fromEntries(Object.entries(metrics).map(([name, { descriptor }]) => [name, descriptor.unit])), {
    'seekauth.token.request.duration': 's',
    'http.client.request.duration': 's',
    'seekauth.token.requests': '{request}',
    'seekauth.token.rejections': '{rejection}',
    'seekauth.token.wait.duration': 's',
    'seekauth.token.remaining': 's',
  });
  assert.deepEqual(values(metrics['seekauth.token.requests']), { undefined: 1, unavailable: 3 });
  assert.deepEqual(values(metrics['seekauth.token.rejections']), { undefined: 0 });
  assert.deepEqual(values(metrics['seekauth.token.wait.duration']), { undefined: client.stats().waitedMs / 1_000 });
  for (const name of ['seekauth.token.request.duration', 'http.client.request.duration']) {
    const metric = metrics[name];
    assert.equal(metric?.dataPointType, DataPointType.HISTOGRAM);
    assert.deepEqual(values(metric), { undefined: 1, unavailable: 3 });
    assert.deepEqual([metric.dataPoints[0]?.value.buckets.boundaries[0], metric.dataPoints[0]?.value.buckets.boundaries.length], [0.005, 14]);
  }
  const [good, bad] = metrics['http.client.request.duration']?.dataPoints ?? [];
  const server = serverOf(sandbox.urls.token_url);
  assert.deepEqual(good?.attributes, { ...server, 'http.response.status_code': 200 });
  assert.deepEqual(bad?.attributes, { ...server, 'http.response.status_code': 503, 'error.type': 'unavailable' });
  client.close();
  await telemetry.stop();
});

test('a token request is a span of its own, from when it began to when it ended', async () => {
  telemetry.instrument(client);
  const began = Date.now();
  const own = telemetry.tracerProvider.getTracer('the program').startSpan('its own');
  await context.with(trace.setSpan(context.active(), own), fail);
  const spans = await telemetry.spans(4);
  const [first, ...failed] = spans;
  const common = { 'seekauth.service': 'seek_api', 'seekauth.environment': 'live', ...serverOf(sandbox.urls.token_url) };
  assert.deepEqual(first?.attributes, { ...common, 'seekauth.reason': 'first', 'http.response.status_code': 200 });
  assert.ok(spans.every(({ name, kind }) => name === 'seekauth.token_request' && kind === SpanKind.CLIENT));
  assert.deepEqual(first?.status, { code: SpanStatusCode.UNSET });
  const at = (/** @type {readonly [number, number]} */ [s, ns]) => s * 1_000 + ns / 1e6;
  assert.ok(spans.every(({ startTime, endTime }) => began <= at(startTime) + 1 && at(startTime) <= at(endTime)));
  for (const span of failed) {
    assert.equal(span.attributes['error.type'], 'unavailable');
    assert.equal(span.attributes['http.response.status_code'], 503);
    assert.match(String(span.status.message), /^a token request failed: unavailable, status 503; there is no token, and callers (wait|fail)/);
    // Whoever waits shares it with others.
    assert.equal(span.parentSpanContext, undefined);
    assert.notEqual(span.spanContext().traceId, own.spanContext().traceId);
  }
  const requests = await sandbox.tokenRequests();
  assert.ok(requests.length === 4 && requests.every(({ headers }) => !('traceparent' in headers)));
  client.close();
  await telemetry.stop();
});

test('an operation is a span in the active context, which the API is told of, also when it is repeated', async () => {
  telemetry.instrument(client);
  await client.authorization();
  clock.age();
  await sandbox.script({ endpoint: 'graphql', error: 'UNAUTHENTICATED' });
  const own = telemetry.tracerProvider.getTracer('the program').startSpan('its own');
  const document = `query Partner { self { partner { name } } }`;
  await context.with(trace.setSpan(context.active(), own), () => client.graphql(document, { operationName: 'Partner', variables: {} }));
  const [span] = (await telemetry.spans(3)).filter(graphqlSpan);
  const server = serverOf(sandbox.urls.graphql_url);
  assert.deepEqual(span?.attributes, { ...server, 'graphql.operation.name': 'Partner', 'http.response.status_code': 200 });
  assert.deepEqual([span?.kind, span?.status.code], [SpanKind.CLIENT, SpanStatusCode.UNSET]);
  const { traceId, spanId } = /** @type {ReadableSpan} */ (span).spanContext();
  assert.equal(traceId, own.spanContext().traceId);
  assert.equal(span?.parentSpanContext?.spanId, own.spanContext().spanId);
  const sent = (await sandbox.requests('graphql')).map(({ headers }) => headers.traceparent);
  assert.deepEqual(sent, Array(2).fill(`00-${traceId}-${spanId}-01`));
  const points = (await telemetry.metrics())['http.client.request.duration']?.dataPoints ?? [];
  const [point] = points.filter(({ attributes }) => attributes['server.port'] === server['server.port']);
  assert.deepEqual(point?.attributes, { ...server, 'http.response.status_code': 200 });
  client.close();
  await telemetry.stop();
});

test('an operation that fails says with what, and a header of the caller’s own stays', async () => {
  telemetry.instrument(client);
  await sandbox.script({ endpoint: 'graphql', status: 503, body: 'down' }, { endpoint: 'graphql', status: 400, body: '{"errors":[{"message":"no"}]}' });
  await assert.rejects(client.graphql(QUERY), (error) => error instanceof SeekAuthError && error.code === 'unavailable');
  await client.graphql(QUERY, { headers: { Traceparent: 'mine' } });
  const controller = new AbortController();
  const given = client.graphql(QUERY, { signal: controller.signal });
  controller.abort();
  await assert.rejects(given, { name: 'AbortError' });
  const spans = (await telemetry.spans(4)).filter(graphqlSpan);
  const outcomes = spans.map(({ attributes, status }) => [attributes['error.type'], attributes['http.response.status_code'], status.code]);
  assert.deepEqual(outcomes.slice(0, 2), [['unavailable', 503, SpanStatusCode.ERROR], ['400', 400, SpanStatusCode.ERROR]]);
  assert.deepEqual(outcomes[2], ['AbortError', undefined, SpanStatusCode.ERROR]);
  assert.equal((await sandbox.requests('graphql'))[1]?.headers.traceparent, 'mine');
  client.close();
  await telemetry.stop();
});

test('requests of client.fetch and undici are those of their HTTP client, whose instrumentation suffices', async () => {
  telemetry.instrument(client);
  const undiciInstrumentation = new UndiciInstrumentation();
  undiciInstrumentation.setTracerProvider(telemetry.tracerProvider);
  undiciInstrumentation.setMeterProvider(telemetry.meterProvider);
  try {
    await client.authorization();
    clock.age();
    await sandbox.script({ endpoint: 'graphql', error: 'UNAUTHENTICATED' });
    const own = telemetry.tracerProvider.getTracer('the program').startSpan('its own');
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: QUERY }) };
    await context.with(trace.setSpan(context.active(), own), async () => {
      await (await client.fetch(sandbox.urls.graphql_url, init)).json();
      const dispatcher = new undici.Agent().compose(interceptor(client));
      await (await undici.request(sandbox.urls.graphql_url, { ...init, dispatcher, method: 'POST' })).body.json();
      await dispatcher.close();
    });
    const { traceId } = own.spanContext();
    const spans = (await telemetry.spans(3)).filter(({ attributes }) => attributes['url.full'] === sandbox.urls.graphql_url);
    const inTrace = spans.map((span) => `00-${traceId}-${span.spanContext().spanId}-01`);
    const sent = (await sandbox.requests('graphql')).map(({ headers }) => headers.traceparent);
    assert.equal(sent.length, 3);
    assert.deepEqual(sent, inTrace);
    assert.ok(spans.every(({ instrumentationScope }) => instrumentationScope.name.includes('undici')));
    const duration = 'http.client.request.duration';
    const port = Number(new URL(sandbox.urls.graphql_url).port);
    /** @param {string} scope */
    const atApi = async (scope) => {
      const points = (await telemetry.metrics(scope))[duration]?.dataPoints ?? [];
      return points.filter(({ attributes }) => attributes['server.port'] === port);
    };
    const [theirs, ...none] = await atApi('@opentelemetry/instrumentation-undici');
    assert.deepEqual([/** @type {any} */ (theirs?.value).count, none, await atApi('seekauth')], [3, [], []]);
  } finally {
    undiciInstrumentation.disable();
  }
  client.close();
  await telemetry.stop();
});

test('handles are instrumented with their client, other clients are not, and nothing is after the end', async () => {
  const pass = Client.seekPass({ ...sandbox.seekPass(), scopes: 'write.education' });
  const instrumentation = telemetry.instrument(pass);
  await client.authorization();
  await client.graphql(QUERY);
  await pass.withScopes('write.career_history').authorization();
  const [span] = await telemetry.spans(1);
  assert.equal(span?.attributes['seekauth.service'], 'seek_pass');
  assert.deepEqual(values((await telemetry.metrics())['seekauth.token.requests']), { undefined: 1 });
  instrumentation.close();
  instrumentation.close();
  await pass.authorization();
  assert.equal((await telemetry.spans(1)).length, 1);
  // The SDK goes on telling what it was told last.
  assert.deepEqual(values((await telemetry.metrics())['seekauth.token.requests']), { undefined: 1 });
  assert.equal(pass.stats().requestsSucceeded, 2);
  pass.close();
  client.close();
  await telemetry.stop();
});

test('figures are those of all clients of a provider, and no sum goes down', async () => {
  const [second, later] = [Client.seekApi(sandbox.seekApi()), Client.seekApi(sandbox.seekApi())];
  const instrumentation = telemetry.instrument(client);
  telemetry.instrument(second);
  await client.authorization();
  clock.advance(20_000);
  await second.authorization();
  const { 'seekauth.token.remaining': remaining, ...metrics } = await telemetry.metrics();
  assert.deepEqual(remaining?.dataPoints.map(({ value }) => value), [LIFETIME_S - 20]);
  assert.deepEqual(values(metrics['seekauth.token.requests']), { undefined: 2 });
  const waitedMs = client.stats().waitedMs + second.stats().waitedMs;
  const waited = values(metrics['seekauth.token.wait.duration'])['undefined'];
  assert.ok(waited !== undefined && Math.abs(waited - waitedMs / 1_000) < 1e-9);
  await fail();
  const requests = async () => values((await telemetry.metrics())['seekauth.token.requests']);
  assert.deepEqual(await requests(), { undefined: 2, unavailable: 3 });
  instrumentation.close();
  await sandbox.clearScript();
  await client.authorization();
  telemetry.instrument(later);
  assert.deepEqual(await requests(), { undefined: 2, unavailable: 3 });
  await second.authorization();
  await later.authorization();
  // What it did meanwhile does not count.
  telemetry.instrument(client);
  assert.deepEqual(await requests(), { undefined: 4, unavailable: 3 });
  clock.advance(2 * LIFETIME_S * 1_000);
  await client.authorization();
  assert.deepEqual(await requests(), { undefined: 5, unavailable: 3 });
  for (const each of [client, second, later]) each.close();
  await telemetry.stop();
});

test('a client that is instrumented again counts once, until the last is closed', async () => {
  const first = telemetry.instrument(client);
  const second = telemetry.instrument(client);
  assert.throws(() => new Telemetry().instrument(client), { name: 'TypeError', message: /with other providers: use these, or close\(\)/ });
  assert.throws(() => instrument(client, { meterProvider: telemetry.meterProvider }), TypeError);
  await client.authorization();
  first.close();
  first.close();
  await client.graphql(QUERY);
  assert.deepEqual((await telemetry.spans(2)).map(({ name }) => name).sort(), ['POST', 'seekauth.token_request']);
  const metrics = await telemetry.metrics();
  assert.deepEqual(values(metrics['seekauth.token.requests']), { undefined: 1 });
  assert.deepEqual(values(metrics['seekauth.token.request.duration']), { undefined: 1 });
  second.close();
  await client.graphql(QUERY);
  // Others may be taken now.
  const other = new Telemetry();
  other.instrument(client);
  await client.graphql(QUERY);
  assert.equal((await other.spans(1)).length, 1);
  assert.equal((await telemetry.spans(2)).length, 2);
  client.close();
  await Promise.all([telemetry.stop(), other.stop()]);
});

test('handles are instrumented with their client, whichever of them is given', async () => {
  const pass = Client.seekPass({ ...sandbox.seekPass(), scopes: 'write.education' });
  const handle = pass.withScopes('write.career_history');
  telemetry.instrument(handle);
  telemetry.instrument(pass);
  await pass.authorization();
  await handle.authorization();
  assert.equal((await telemetry.spans(2)).length, 2);
  const metrics = await telemetry.metrics();
  assert.deepEqual(values(metrics['seekauth.token.requests']), { undefined: 2 });
  const scopes = metrics['seekauth.token.remaining']?.dataPoints.map(({ attributes }) => attributes['seekauth.scopes']);
  assert.deepEqual(scopes?.sort(), [['write.career_history'], ['write.education']]);
  pass.close();
  await telemetry.stop();
});

/** What is told of failures, until `end`. */
function diagnosed() {
  /** @type {string[]} */
  const told = [];
  const ignore = () => {};
  const error = (/** @type {string} */ message, /** @type {unknown[]} */ ...more) => told.push([message, ...more].join(' '));
  diag.setLogger({ error, warn: ignore, info: ignore, debug: ignore, verbose: ignore });
  return { told, end: () => diag.disable() };
}

const fails = () => {
  throw new Error('broken');
};
for (const [step, failure] of /** @type {const} */ ([['onStart', 'a span could not be started'], ['onEnd', 'a span could not be ended']])) {
  test(`a span processor that fails in ${step} fails no call`, async () => {
    const quiet = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [{ ...quiet, [step]: fails }] });
    const { told, end } = diagnosed();
    try {
      instrument(client, { meterProvider: telemetry.meterProvider, tracerProvider });
      for (let count = 0; count < 2; count += 1) assert.equal((await client.graphql(QUERY)).status, 200);
      await sandbox.script({ endpoint: 'graphql', status: 503, body: 'down' });
      await assert.rejects(client.graphql(QUERY), { code: 'unavailable' });
      while (told.length < 2) await turn();
    } finally {
      end();
    }
    const ours = ['a token request could not be measured or traced', failure];
    assert.deepEqual(told.sort(), ours.sort().map((what) => `seekauth: ${what}; calls go on, and this is told once Error: broken`));
    const points = (await telemetry.metrics())['http.client.request.duration']?.dataPoints ?? [];
    const { port } = new URL(sandbox.urls.graphql_url);
    const atApi = points.filter(({ attributes }) => attributes['server.port'] === Number(port));
    assert.equal(atApi.reduce((sum, { value }) => sum + /** @type {any} */ (value).count, 0), 3);
    client.close();
    await Promise.all([telemetry.stop(), tracerProvider.shutdown()]);
  });
}

/** @type {[name: string, wrong: Record<string, unknown>, failure: string][]} */
const wrongPropagators = [
  ['a bad name', { 'a name': 'v' }, 'a header "a name" that'],
  ['a name with a line end', { 'x\r\nx-more': 'v' }, String.raw`a header "x\r\nx-more" that`],
  ['a value with a line end', { 'x-line': 'hidden\r\nx-more: v' }, 'a header "x-line" that'],
  ['a value beyond ASCII', { 'x-wide': 'hidden\u00fc' }, 'a header "x-wide" that'],
  ['a value that is no string', { 'x-object': { hidden: true } }, 'a header "x-object" that'],
  ['an exception', {}, 'the propagator failed'],
];
for (const [name, wrong, failure] of wrongPropagators) {
  test(`a propagator that writes ${name} fails no call`, async () => {
    const { told, end } = diagnosed();
    propagation.disable();
    propagation.setGlobalPropagator({
      inject(_, carrier) {
        Object.assign(/** @type {object} */ (carrier), { 'x-good': 'kept', ...wrong });
        if (Object.keys(wrong).length === 0) fails();
      },
      extract: (active) => active,
      fields: () => [],
    });
    try {
      telemetry.instrument(client);
      for (let count = 0; count < 2; count += 1) assert.equal((await client.graphql(QUERY, { headers: { 'x-own': 'mine' } })).status, 200);
    } finally {
      propagation.disable();
      propagation.setGlobalPropagator(new W3CTraceContextPropagator());
      end();
    }
    const requests = await sandbox.requests('graphql');
    assert.equal(requests.length, 2);
    for (const { headers } of requests) {
      assert.deepEqual([headers['x-good'], headers['x-own']], ['kept', 'mine']);
      for (const absent of ['x-more', 'x-line', 'x-wide', 'x-object']) assert.ok(!(absent in headers));
    }
    assert.equal(told.length, 1);
    assert.ok(told[0]?.includes(failure) && !told[0].includes('hidden'), told[0]);
    client.close();
    await telemetry.stop();
  });
}

test('what a client counted stays when it is gone', () => {
  const program = `
    const { InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
    const { Client } = require('seekauth');
    const { instrument } = require('seekauth/opentelemetry');
    const exporter = new InMemoryMetricExporter(1);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
    const meterProvider = new MeterProvider({ readers: [reader] });
    const requests = async () => {
      exporter.reset();
      await reader.forceFlush();
      const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics);
      const { dataPoints } = metrics.find(({ descriptor }) => descriptor.name === 'seekauth.token.requests');
      return dataPoints.map(({ value }) => value);
    };
    setInterval(() => {}, 1_000);
    const use = async () => {
      const client = Client.seekApi(${JSON.stringify(sandbox.seekApi())});
      instrument(client, { meterProvider });
      const told = new Promise((resolve) => require('node:diagnostics_channel').subscribe('seekauth:token_request', resolve));
      await Promise.all([client.authorization(), told]);
      return new WeakRef(client);
    };
    const run = async () => {
      const watched = await use();
      while (watched.deref()) {
        await new Promise(setImmediate);
        globalThis.gc();
      }
      const once = await requests();
      await use();
      console.log(JSON.stringify([once, await requests()]));
      process.exit();
    };
    run();`;
  const output = execFileSync(process.execPath, ['--expose-gc', '-e', program], { cwd: path.join(__dirname, '..'), encoding: 'utf8', timeout: 60_000 });
  assert.equal(output, '[[1],[2]]\n');
});

test('an instrumentation keeps no client, and ends with it', () => {
  const program = `
    const { hasSubscribers } = require('node:diagnostics_channel');
    const { MeterProvider } = require('@opentelemetry/sdk-metrics');
    const { Client } = require('seekauth');
    const { instrument } = require('seekauth/opentelemetry');
    const options = ${JSON.stringify(sandbox.seekApi())};
    const meterProvider = new MeterProvider();
    const watched = (() => {
      const client = Client.seekApi(options);
      instrument(client, { meterProvider });
      return new WeakRef(client);
    })();
    const other = Client.seekApi(options);
    const look = async () => {
      await new Promise(setImmediate);
      globalThis.gc();
      if (watched.deref()) return look();
      require('node:diagnostics_channel').subscribe('seekauth:token_obtained', () => {
        console.log(hasSubscribers('seekauth:token_request'));
        process.exit();
      });
      setInterval(() => {}, 1_000);
      await other.authorization();
    };
    look();`;
  const output = execFileSync(process.execPath, ['--expose-gc', '-e', program], { cwd: path.join(__dirname, '..'), encoding: 'utf8', timeout: 60_000 });
  assert.equal(output, 'false\n');
});

test('the package itself takes no part of OpenTelemetry in', () => {
  const program = `
    const { Client } = require('seekauth');
    Client.seekApi(${JSON.stringify(sandbox.seekApi())}).graphql('{ a }').catch(() => {}).finally(() => {
      console.log(Object.keys(require.cache).filter((name) => name.includes('opentelemetry')).length);
    });`;
  const output = execFileSync(process.execPath, ['-e', program], { cwd: path.join(__dirname, '..'), encoding: 'utf8', timeout: 60_000 });
  assert.equal(output, '0\n');
});
