'use strict';

// Metrics and spans of a client for OpenTelemetry. Nothing else in the package loads this file, which needs the
// program's own @opentelemetry/api.

const {
  ProxyTracerProvider, SpanKind, SpanStatusCode, ROOT_CONTEXT, ValueType, context, diag, metrics, propagation, trace,
} = require('@opentelemetry/api');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { version } = require('../package.json');
const native = require('./native.js');

/** @typedef {import('../index').Client} Client */
/** @typedef {import('../index').TokenRequestEvent} TokenRequestEvent */
/** @typedef {import('@opentelemetry/api').Attributes} Attributes */
/** @typedef {import('@opentelemetry/api').Histogram} Histogram */
/** @typedef {import('@opentelemetry/api').MeterProvider} MeterProvider */
/** @typedef {import('@opentelemetry/api').Tracer} Tracer */
/** @typedef {import('@opentelemetry/api').TracerProvider} TracerProvider */
/** @typedef {'requests' | 'rejections' | 'waits'} Counter */
/** @typedef {Partial<Record<Counter, Record<string, number>>>} Counts by `error.type`, which is empty where nothing failed */

/** The keys of the client's methods that say what its requests are known by, and let its operations be observed. */
const identity = Symbol.for('seekauth.identity');
const observe = Symbol.for('seekauth.observe');

/** Seconds: those of OpenTelemetry's conventions for HTTP clients. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const CHANNEL = 'seekauth:token_request';
/** The first HTTP status that is an error for a client. */
const FIRST_ERROR = 400;

/** @type {WeakMap<Client, Instrumented>} By the client that others are handles of. */
const instrumented = new WeakMap();
/** @type {WeakMap<MeterProvider, Figures>} */
const figures = new WeakMap();

/**
 * @param {Client} client
 * @param {import('../opentelemetry').InstrumentOptions} [options]
 * @returns {import('../opentelemetry').Instrumentation}
 */
function instrument(client, { meterProvider = metrics.getMeterProvider(), tracerProvider = trace.getTracerProvider() } = {}) {
  const { root } = /** @type {any} */ (client)[identity]();
  let shared = instrumented.get(root);
  if (shared && !shared.has(meterProvider, tracerProvider)) {
    throw new TypeError('this client is instrumented already, with other providers: use these, or close() that instrumentation first');
  }
  if (!shared) {
    shared = new Instrumented(root, meterProvider, tracerProvider);
    instrumented.set(root, shared);
  }
  return { close: shared.join() };
}

/** A client that is instrumented, however often. */
class Instrumented {
  #users = 0;
  /** @type {(() => void)[]} */
  #ends = [];
  #meterProvider;
  #tracerProvider;

  /**
   * @param {Client} client
   * @param {MeterProvider} meterProvider
   * @param {TracerProvider} tracerProvider
   */
  constructor(client, meterProvider, tracerProvider) {
    this.#meterProvider = meterProvider;
    this.#tracerProvider = tracerProvider;
    const meter = meterProvider.getMeter('seekauth', version);
    const tracer = tracerProvider.getTracer('seekauth', version);
    const tokenRequests = histogram(meter, 'seekauth.token.request.duration', 'How long token requests took');
    const httpRequests = histogram(meter, 'http.client.request.duration', 'Duration of HTTP client requests');
    const inner = /** @type {any} */ (client);
    const { number, tokenServer, apiServer } = inner[identity]();
    let all = figures.get(meterProvider);
    if (!all) figures.set(meterProvider, (all = new Figures(meter)));
    const source = all.add(client);
    this.#ends.push(() => source.close());
    const attempt = attempts();
    // Who collects metrics has the callbacks for ever, and so has the channel.
    const held = new WeakRef(client);
    const listen = (/** @type {unknown} */ message) => {
      const event = /** @type {TokenRequestEvent} */ (message);
      if (!held.deref()) return this.#end();
      if (event.client !== number) return;
      // Its figures as they are now, in case that the client is gone when they are collected.
      source.read();
      attempt('a token request could not be measured or traced', () => {
        tell(event, serverOf(tokenServer), { tracer, tokenRequests, httpRequests });
      });
    };
    subscribe(CHANNEL, listen);
    this.#ends.push(() => unsubscribe(CHANNEL, listen));
    // The client looks whether anybody is subscribed, which is so by now.
    inner[observe](observer(tracer, httpRequests, serverOf(apiServer), attempt));
    this.#ends.push(() => {
      const root = /** @type {any} */ (held.deref());
      if (!root) return;
      root[observe](undefined);
      instrumented.delete(root);
    });
  }

  /**
   * Whether it was instrumented with these providers.
   *
   * @param {MeterProvider} meterProvider
   * @param {TracerProvider} tracerProvider
   */
  has(meterProvider, tracerProvider) {
    return this.#meterProvider === meterProvider && settled(this.#tracerProvider) === settled(tracerProvider);
  }

  /** Counts one more user, and gives what ends its use. */
  join() {
    this.#users += 1;
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#users -= 1;
      if (this.#users === 0) this.#end();
    };
  }

  #end() {
    for (const end of this.#ends.splice(0)) end();
  }
}

/**
 * What the global one stands for.
 *
 * @param {TracerProvider} provider
 */
function settled(provider) {
  return provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
}

/** What tries what must fail no call, since the program's processors and propagators may throw; it tells of each failure once. */
function attempts() {
  const known = new Set();
  /**
   * @template T
   * @param {string} failure
   * @param {() => T} action
   * @returns {T | undefined}
   */
  return (failure, action) => {
    try {
      return action();
    } catch (error) {
      if (!known.has(failure)) diag.error(`seekauth: ${failure}; calls go on, and this is told once`, error);
      known.add(failure);
      return undefined;
    }
  };
}

/**
 * @param {import('@opentelemetry/api').Meter} meter
 * @param {string} name
 * @param {string} description
 */
function histogram(meter, name, description) {
  return meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries: BUCKETS } });
}

/** The figures of a client, as far as they count for a meter provider. */
class Source {
  /** @type {WeakRef<Client>} */
  #client;
  #isOpen = true;
  /** @type {Counts} */
  #latest = {};
  /** @type {Counts} What was done while it was closed. */
  #uncounted = {};

  /** @param {Client} client */
  constructor(client) {
    this.#client = new WeakRef(client);
    this.read();
  }

  /** How the client stands; nothing where it counts no more. */
  read() {
    const stats = this.#isOpen ? this.#client.deref()?.stats() : undefined;
    if (stats) this.#latest = countsOf(stats);
    return stats;
  }

  /** What there is of it, also when it is closed or the client is no more. */
  get counts() {
    return add(add({}, this.#latest), this.#uncounted, -1);
  }

  get isGone() {
    return !this.#client.deref();
  }

  /** @param {Client} client */
  isOf(client) {
    return this.#client.deref() === client;
  }

  close() {
    this.read();
    this.#isOpen = false;
  }

  /** Goes on where it was closed: what was done since then was not measured. */
  reopen() {
    const counted = this.counts;
    this.#isOpen = true;
    this.read();
    this.#uncounted = add(add({}, this.#latest), counted, -1);
  }
}

/**
 * The figures of all clients of a meter provider, whose instruments there are once: of what several tell of the same
 * attributes, the SDK would keep the last.
 */
class Figures {
  /** @type {Set<Source>} */
  #sources = new Set();
  /** @type {Counts} What clients counted that are no more: a sum never goes down. */
  #kept = {};

  /** @param {import('@opentelemetry/api').Meter} meter */
  constructor(meter) {
    const int = { valueType: ValueType.INT };
    const counters = {
      requests: meter.createObservableCounter('seekauth.token.requests', {
        ...int, unit: '{request}', description: 'Token requests that ended',
      }),
      rejections: meter.createObservableCounter('seekauth.token.rejections', {
        ...int, unit: '{rejection}', description: 'Rejections of a token by the API',
      }),
      waits: meter.createObservableCounter('seekauth.token.wait.duration', {
        unit: 's', description: 'How long calls waited for a token, all together',
      }),
    };
    const remaining = meter.createObservableGauge('seekauth.token.remaining', {
      unit: 's', description: 'How long a token lives still',
    });
    meter.addBatchObservableCallback((result) => {
      const standing = this.#read();
      const totals = add({}, this.#kept);
      for (const { counts } of this.#sources) add(totals, counts);
      for (const [counter, type, total] of entries(totals)) {
        // Without a client there is nothing to tell but what there was.
        if (standing.length > 0 || total > 0) result.observe(counters[counter], total, type ? { 'error.type': type } : {});
      }
      for (const [scopes, ms] of shortest(standing)) result.observe(remaining, seconds(ms), { 'seekauth.scopes': scopes });
    }, [...Object.values(counters), remaining]);
  }

  /** @param {Client} client */
  add(client) {
    const closed = [...this.#sources].find((source) => source.isOf(client));
    closed?.reopen();
    const source = closed ?? new Source(client);
    this.#sources.add(source);
    return source;
  }

  /** How each client stands. Forgets those that are no more, but not what they counted. */
  #read() {
    return [...this.#sources].flatMap((source) => {
      const stats = source.read();
      if (stats) return [stats];
      if (source.isGone) {
        add(this.#kept, source.counts);
        this.#sources.delete(source);
      }
      return [];
    });
  }
}

/**
 * How long tokens live still, for each set of scopes the first to end.
 *
 * @param {import('../index').Stats[]} standing
 */
function shortest(standing) {
  /** @type {Map<string, [scopes: string[], ms: number]>} */
  const found = new Map();
  for (const { remainingMs, scopes } of standing.flatMap(({ tokens }) => tokens)) {
    if (remainingMs === undefined) continue;
    const [, known] = found.get(scopes.join(' ')) ?? [scopes, remainingMs];
    found.set(scopes.join(' '), [[...scopes], Math.min(known, remainingMs)]);
  }
  return found.values();
}

/**
 * @param {import('../index').Stats} stats
 * @returns {Counts}
 */
function countsOf({ requestsSucceeded, requestsFailed, rejections, waitedMs }) {
  return { requests: { '': requestsSucceeded, ...requestsFailed }, rejections: { '': rejections }, waits: { '': seconds(waitedMs) } };
}

/**
 * @param {Counts} counts
 * @returns {[Counter, string, number][]}
 */
function entries(counts) {
  const counters = /** @type {[Counter, Record<string, number>][]} */ (Object.entries(counts));
  return counters.flatMap(([counter, types]) =>
    Object.entries(types).map(([type, count]) => /** @type {[Counter, string, number]} */ ([counter, type, count])));
}

/**
 * @param {Counts} totals which it changes
 * @param {Counts} counts
 */
function add(totals, counts, sign = 1) {
  for (const [counter, type, count] of entries(counts)) {
    const types = (totals[counter] ??= {});
    types[type] = (types[type] ?? 0) + sign * count;
  }
  return totals;
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
 * @param {ReturnType<typeof attempts>} attempt
 * @returns {import('./client').Observer}
 */
function observer(tracer, httpRequests, server, attempt) {
  return async ({ operationName, headers }, send) => {
    const attributes = { ...server, ...(operationName != null && { 'graphql.operation.name': String(operationName) }) };
    const span = attempt('a span could not be started', () => tracer.startSpan('POST', { kind: SpanKind.CLIENT, attributes }));
    inject(span, headers, attempt);
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
      const duration = seconds(performance.now() - start);
      attempt('a request could not be measured', () => httpRequests.record(duration, { ...server, ...outcome }));
      attempt('a span could not be ended', () => {
        span?.setAttributes(outcome);
        if (outcome['error.type']) span?.setStatus({ code: SpanStatusCode.ERROR });
        span?.end();
      });
    }
  };
}

/**
 * Adds what the propagator writes, but for headers that the caller has set.
 *
 * @param {import('@opentelemetry/api').Span | undefined} span
 * @param {[string, string][]} headers
 * @param {ReturnType<typeof attempts>} attempt
 */
function inject(span, headers, attempt) {
  /** @type {Record<string, string>} */
  const carrier = {};
  attempt('the propagator failed', () => {
    propagation.inject(span ? trace.setSpan(context.active(), span) : context.active(), carrier);
  });
  const own = new Set(headers.map(([name]) => name.toLowerCase()));
  for (const [name, value] of Object.entries(carrier)) {
    // Its value may be the program's secret.
    const failure = `the propagator wrote a header ${JSON.stringify(name)} that no request can carry`;
    attempt(failure, () => {
      if (!canBeSent(name, value)) throw new TypeError('a header must be a token and visible ASCII');
      if (!own.has(name.toLowerCase())) headers.push([name, value]);
    });
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
function canBeSent(name, value) {
  try {
    return native.isHeader(name, value);
  } catch {
    return false; // It is no string, and the error would show it.
  }
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
