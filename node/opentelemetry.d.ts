import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { Client } from './index';

/** Where metrics and spans go. */
export interface InstrumentOptions {
  /** Default: the global one, as it is when {@link instrument} is called: set up the SDK first. */
  meterProvider?: MeterProvider | undefined;
  /** Default: the global one. */
  tracerProvider?: TracerProvider | undefined;
}

/** The instrumentation of a client, which need not be kept. */
export interface Instrumentation {
  /**
   * Ends it: nothing is measured and no span is made any more. Where the client was instrumented several times, the
   * last to be closed does that. May be repeated.
   */
  close(): void;
}

/**
 * Lets a client be measured and traced, with all handles that `withScopes` made, as long as it is there. Who
 * instruments it again shares what is there, which ends when each has closed it; with other providers it is a
 * TypeError. What fails in OpenTelemetry fails no call: its `diag` logger is told once.
 *
 * No attribute tells clients apart: counters are the sums of all clients of a meter provider. Metrics: `seekauth.token.request.duration`, a histogram in seconds; `seekauth.token.requests`,
 * `seekauth.token.rejections` and `seekauth.token.wait.duration`, which count; `seekauth.token.remaining`, in seconds;
 * and the conventions' `http.client.request.duration` of token requests and of `client.graphql()`, which counts the
 * whole call, the wait for a token and a repetition included. `error.type` is the error's code. No attribute holds an
 * id, a secret, a document or variables.
 *
 * A token request is a span of its own, since no call need wait for it, and carries no context to the server. A call of
 * `client.graphql()` is a span in the active context, which the propagator puts into the request's headers. Requests of
 * `client.fetch`, `seekauth/undici` and `seekauth/axios` are those of an HTTP client, which has an instrumentation.
 */
export function instrument(client: Client, options?: InstrumentOptions): Instrumentation;
