/** What a request arrived at. */
export type Endpoint =
  | 'seek_api_token'
  | 'graphql'
  | 'browser_token'
  | 'seek_pass_token'
  | 'seek_pass_api'
  | 'foreign'
  | 'other';

/** A response that is laid down. The README of the sandbox says what each member means. */
export interface ScriptedResponse {
  endpoint: Exclude<Endpoint, 'other'>;
  /** Only for requests with the GraphQL operation of this name. */
  operation?: string;
  /** Only for requests for this path. */
  path?: string;
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  body?: string;
  html?: string;
  body_size?: number;
  body_start?: string;
  body_end?: string;
  redirect?: string;
  /** One of the endpoint's own errors, by name. */
  error?: string;
  delay_ms?: number;
  hold?: boolean;
  after?: Partial<Record<Endpoint, number>>;
  gzip?: boolean;
  stall_at?: number;
  drop?: 'before' | 'after_headers' | 'mid_body' | 'refuse';
  drop_with?: 'reset' | 'close';
  drip_ms?: number;
  /** How many requests get it; 0 is every further one. */
  times?: number;
}

/** A request that arrived, without secrets and tokens. */
export interface ReceivedRequest {
  number: number;
  endpoint: Endpoint;
  service: 'auth' | 'graphql' | 'pass' | 'foreign';
  method: string;
  path: string;
  query: string | null;
  /** The name of its GraphQL operation. */
  operation: string | null;
  headers: Record<string, string>;
  body: string;
  http_version: string;
  connection: number;
  token_indexing: string | null;
  at_ms: number;
  status: number | null;
  dropped: string | null;
}

/** Webhooks to be delivered. */
export interface WebhookOrder {
  service: 'seek_api' | 'seek_pass';
  /** Of the receiver. */
  url: string;
  secret?: string;
  /** What is special about it; nothing, unless it says so. */
  kind?: 'valid' | 'duplicated' | 'replayed' | 'late' | 'wrongly_signed' | 'unsigned';
  /** The events as they are sent; without any, the sandbox makes them. */
  events?: object[];
  count?: number;
  event_type?: string;
  hirer_id?: string;
  subscription_id?: string;
  batch?: number;
  signed_content?: '{timestamp}.{body}' | '{timestamp}{body}' | '{body}{timestamp}' | '{timestamp}\n{body}';
  late_s?: number;
  attempts?: number;
  pause_ms?: number;
  timeout_ms?: number;
  /** Whether the promise waits until all is delivered or given up. Default true. */
  wait?: boolean;
}

/** An attempt to deliver a webhook. */
export interface Attempt {
  service: 'seek_api' | 'seek_pass';
  url: string;
  attempt: number;
  request_id: string;
  event_ids: string[];
  at_ms: number;
  outcome: 'delivered' | 'bad_response' | 'request_timeout' | 'unreachable';
  status: number | null;
  answer: string;
  latency_ms: number;
}

/** The sandbox was asked for something that makes no sense, or did not start. */
export class SandboxError extends Error {}

/** Servers of its own, until they are stopped. They end with this process, and do not keep it running. */
export class Sandbox implements AsyncDisposable {
  private constructor();
  /** Where it listens. */
  readonly urls: {
    readonly auth: string;
    readonly tokenUrl: string;
    readonly graphql: string;
    readonly graphqlUrl: string;
    readonly pass: string;
    readonly passTokenUrl: string;
    readonly foreign: string;
    readonly admin: string;
  };
  /** The variables with which `Client.fromEnv()` takes it for the SEEK API. */
  readonly env: Record<string, string>;
  /** The variables with which `Client.fromEnv({ prefix: 'PASS_' })` takes it for SEEK Pass. */
  readonly passEnv: Record<string, string>;
  /** With `tls`, the authority to trust. */
  readonly caFile: string | undefined;
  /** Lays down responses: each answers the next request of its endpoint that fits its operation and path. */
  script(...responses: ScriptedResponse[]): Promise<void>;
  /** How many laid-down responses no request has used up. */
  scriptLeft(): Promise<number>;
  /** Lets go the responses on hold. */
  release(): Promise<void>;
  /** What arrived, in order: all of it, at one endpoint, or with one GraphQL operation. */
  journal(filter?: { endpoint?: Endpoint; operation?: string }): Promise<ReceivedRequest[]>;
  /** How many requests arrived at an endpoint. */
  requests(endpoint: Endpoint): Promise<number>;
  /** Replaces the settings that are named, such as `seek_api_lifetime_s`. */
  configure(settings: Record<string, unknown>): Promise<void>;
  /** Lets so many milliseconds pass for the tokens that it has issued. */
  advance(ms: number): Promise<void>;
  /** Takes every token for unknown from now on. */
  forgetTokens(): Promise<void>;
  /** Sends webhooks to a receiver; how the attempts went. */
  deliver(order: WebhookOrder): Promise<Attempt[]>;
  /** How each attempt to deliver a webhook went, in order. */
  webhooks(): Promise<Attempt[]>;
  /** Makes it as fresh as at the start; its addresses stay. */
  reset(): Promise<void>;
  /** Ends it. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a sandbox on ports of its own. */
export function startSandbox(options?: { tls?: boolean }): Promise<Sandbox>;
