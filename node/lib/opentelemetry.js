'use strict';

// Metrics and spans of a client for OpenTelemetry. Nothing else in the package loads this file, which needs the
// program's own @opentelemetry/api.

const { SpanKind, SpanStatusCode, ROOT_CONTEXT, ValueType, context, metrics, propagation, trace } = require('@opentelemetry/api');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { version } = require('../package.json');

/** @typedef {import('../index').Client} Client */
/** @typedef {import('../index').TokenRequestEvent} TokenRequestEvent */
/** @typedef {import('@opentelemetry/api').Attributes} Attributes */
/** @typedef {import('@opentelemetry/api').Histogram} Histogram */
/** @typedef {import('@opentelemetry/api').Tracer} Tracer */

/** The keys of the client's methods that say what its requests are known by, and let its operations be observed. */
const identity = Symbol.for('seekauth.identity');
const observe = Symbol.for('seekauth.observe');

/** Seconds: those of OpenTelemetry's conventions for HTTP clients. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const CHANNEL = 'seekauth:token_request';
/** The first HTTP status that is an error for a client. */
const FIRST_ERROR = 400;

/**
 * @param {Client} client
 * @param {import('../opentelemetry').InstrumentOptions} [options]
 * @returns {import('../opentelemetry').Instrumentation}
 */
function instrument(client, { meterProvider = metrics.getMeterProvider(), tracerProvider = trace.getTracerProvider() } = {}) {
  const meter = meterProvider.getMeter('seekauth', version);
  const tracer = tracerProvider.getTracer('seekauth', version);
  const tokenRequests = histogram(meter, 'seekauth.token.request.duration', 'How long token requests took');
  const httpRequests = histogram(meter, 'http.client.request.duration', 'Duration of HTTP client requests');
  const inner = /** @type {any} */ (client);
  const { number, tokenServer, apiServer } = inner[identity]();
  // Who collects metrics has the callbacks for ever, and so has the channel.
  const held = new WeakRef(client);
  const ends = [figures(meter, () => held.deref()?.stats())];
  const close = () => ends.splice(0).forEach((end) => end());
  const listen = (/** @type {unknown} */ message) => {
    const event = /** @type {TokenRequestEvent} */ (message);
    if (!held.deref()) close();
    else if (event.client === number) tell(event, serverOf(tokenServer), { tracer, tokenRequests, httpRequests });
  };
  subscribe(CHANNEL, listen);
  ends.push(() => unsubscribe(CHANNEL, listen));
  // The client looks whether anybody is subscribed, which is so by now.
  inner[observe](observer(tracer, httpRequests, serverOf(apiServer)));
  ends.push(() => /** @type {any} */ (held.deref())?.[observe](undefined));
  return { close };
}

/**
 * @param {import('@opentelemetry/api').Meter} meter
 * @param {string} name
 * @param {string} description
 */
function histogram(meter, name, description) {
  return meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries: BUCKETS } });
}

/**
 * Lets the figures of a client be collected; gives what ends that.
 *
 * @param {import('@opentelemetry/api').Meter} meter
 * @param {() => import('../index').Stats | undefined} read
 */
function figures(meter, read) {
  const int = { valueType: ValueType.INT };
  const requests = meter.createObservableCounter('seekauth.token.requests', {
    ...int, unit: '{request}', description: 'Token requests that ended',
  });
  const rejections = meter.createObservableCounter('seekauth.token.rejections', {
    ...int, unit: '{rejection}', description: 'Rejections of a token by the API',
  });
  const waits = meter.createObservableCounter('seekauth.token.wait.duration', {
    unit: 's', description: 'How long calls waited for a token, all together',
  });
  const remaining = meter.createObservableGauge('seekauth.token.remaining', {
    unit: 's', description: 'How long a token lives still',
  });
  const all = [requests, rejections, waits, remaining];
  /** @param {import('@opentelemetry/api').BatchObservableResult} result */
  const collect = (result) => {
    const stats = read();
    if (!stats) return;
    result.observe(requests, stats.requestsSucceeded);
    for (const [code, count] of Object.entries(stats.requestsFailed)) result.observe(requests, count, { 'error.type': code });
    result.observe(rejections, stats.rejections);
    result.observe(waits, seconds(stats.waitedMs));
    for (const { remainingMs, scopes } of stats.tokens) {
      if (remainingMs !== undefined) result.observe(remaining, seconds(remainingMs), { 'seekauth.scopes': [...scopes] });
    }
  };
  meter.addBatchObservableCallback(collect, all);
  return () => meter.removeBatchObservableCallback(collect, all);
}

/**
 * Measures and traces a token request, which is over.
 *
 * @param {TokenRequestEvent} event
 * @param {Attributes} server
 * @param {{ tracer: Tracer, tokenRequests: Histogram, httpRequests: Histogram }} instruments
 */
function tell(event, server, { tracer, tokenRequests, httpRequests }) {
  const { service, environment, reason, result, status, startedAt, durationMs, message } = event;
  const hasFailed = result !== 'ok';
  const outcome = outcomeOf(hasFailed ? result : undefined, status);
  const own = { 'seekauth.service': service, ...(environment && { 'seekauth.environment': environment }), 'seekauth.reason': reason };
  tokenRequests.record(seconds(durationMs), { ...own, ...outcome });
  httpRequests.record(seconds(durationMs), { ...server, ...outcome });
  const startTime = startedAt.getTime();
  const options = { kind: SpanKind.CLIENT, startTime, attributes: { ...own, ...server, ...outcome } };
  // Whoever waits for it shares it with others.
  const span = tracer.startSpan('seekauth.token_request', options, ROOT_CONTEXT);
  if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.end(startTime + durationMs);
}

/**
 * What measures and traces the operations of a client.
 *
 * @param {Tracer} tracer
 * @param {Histogram} httpRequests
 * @param {Attributes} server
 * @returns {import('./client').Observer}
 */
function observer(tracer, httpRequests, server) {
  return async ({ operationName, headers }, send) => {
    const attributes = { ...server, ...(operationName != null && { 'graphql.operation.name': String(operationName) }) };
    const span = tracer.startSpan('POST', { kind: SpanKind.CLIENT, attributes });
    inject(trace.setSpan(context.active(), span), headers);
    const start = performance.now();
    /** @type {Attributes} */
    let outcome = {};
    try {
      const response = await send();
      const isError = response.status >= FIRST_ERROR;
      outcome = outcomeOf(isError ? String(response.status) : undefined, response.status);
      return response;
    } catch (error) {
      const { code, name, status } = /** @type {any} */ (error ?? {});
      outcome = outcomeOf(typeof code === 'string' ? code : String(name ?? typeof error), status);
      throw error;
    } finally {
      httpRequests.record(seconds(performance.now() - start), { ...server, ...outcome });
      span.setAttributes(outcome);
      if (outcome['error.type']) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    }
  };
}

/**
 * Adds what the propagator writes, but for headers that the caller has set.
 *
 * @param {import('@opentelemetry/api').Context} active
 * @param {[string, string][]} headers
 */
function inject(active, headers) {
  /** @type {Record<string, string>} */
  const carrier = {};
  propagation.inject(active, carrier);
  const own = new Set(headers.map(([name]) => name.toLowerCase()));
  headers.push(...Object.entries(carrier).filter(([name]) => !own.has(name.toLowerCase())));
}

/** @param {[host: string, port: number] | null} server */
function serverOf(server) {
  const [address, port] = server ?? [];
  return { 'http.request.method': 'POST', ...(server && { 'server.address': address, 'server.port': port }) };
}

/**
 * @param {string | undefined} type of the failure
 * @param {number | undefined} status of the response, where there was one
 * @returns {Attributes}
 */
function outcomeOf(type, status) {
  return { ...(type && { 'error.type': type }), ...(status && { 'http.response.status_code': status }) };
}

/** @param {number} ms */
function seconds(ms) {
  return ms / 1_000;
}

module.exports = { instrument };
