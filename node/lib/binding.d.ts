// The native library as lib/ calls it (bindings/node/src). Not part of the public interface.

export interface Failure {
  message: string;
  code: string;
  number: number;
  retryable: boolean;
  retryAfterMs?: number;
  status?: number;
  serverCode?: string;
  target?: string;
  requestId?: string | undefined;
  serverMessage?: string;
  serverPath?: string;
}

/** Why there is no value: a failure, or the message of a `TypeError`. */
export type Refused = { failure: Failure } | { wrongType: string };

/** A value, or what stands in its place. */
export type Outcome<T> = T | Refused;

export interface NativeToken {
  readonly value: string;
  readonly authorization: string;
  readonly expiresAtMs: number;
  readonly remainingMs: number;
  readonly scopes: string[];
  readonly expiredOnTheWay: boolean;
  readonly waitedMs: number;
}

export interface NativeResponse {
  readonly status: number;
  readonly text: string;
  readonly requestId?: string;
}

export interface NativeOperation {
  query: unknown;
  variables: unknown;
  operationName: unknown;
  headers: [string, string][];
  timeoutMs: unknown;
}

/** The auth flows of a client; each is a number until it is released. */
export interface AuthFlows {
  open(url: unknown, replayable: boolean): Outcome<number>;
  headers(flow: number, present: string): Outcome<string>;
  requestId(flow: number): Outcome<string | null>;
  setRequestId(flow: number, value: unknown): Outcome<undefined>;
  checkHost(flow: number, host: unknown): Outcome<undefined>;
  getToken(flow: number, timeoutMs: unknown, spentMs: number, call: number): Outcome<CancelHandle>;
  attempt(flow: number, authorization: unknown): Outcome<undefined>;
  inspect(flow: number, status: unknown, url: unknown): Outcome<boolean | null>;
  feed(flow: number, chunk: unknown): Outcome<boolean | null>;
  finish(flow: number): Outcome<boolean>;
  retry(flow: number): Outcome<undefined>;
  release(flow: number): void;
}

export interface CancelHandle {
  cancel(): void;
}

/** Delivers outcomes of calls, requests for credentials, and events. */
export interface Completions {}

/** Asks the function of one client for credentials. */
export interface CredentialsRequest {
  readonly isOpen: boolean;
  provide(credentials: unknown): void;
  fail(className?: string): void;
}

export interface NewClient {
  client: NativeClient;
  credentials: (() => unknown) | null;
  warnings: string[];
}

export interface Count {
  name: string;
  count: number;
}

export interface TokenStats {
  scopes: string[];
  state: string;
  remainingMs?: number;
  obtainedAtMs?: number;
  isRequesting: boolean;
  lastFailure?: string;
}

export interface NativeEvent {
  name: string;
  level: string;
  message: string;
  fields: { name: string; value: string | number | boolean | string[]; isMoment: boolean }[];
}

export interface NativeClient {
  freshness(): () => boolean;
  freshAuthorization(): Outcome<string | null>;
  apiUrl(): string | null;
  number(): number;
  tokenServer(): [host: string, port: number];
  apiServer(): [host: string, port: number] | null;
  storeStatus(): { kind: string; usable: boolean; lastProblem?: string; counts: Count[] };
  stats(): { counts: Count[]; requestsFailed: Count[]; waitedMs: number; tokens: TokenStats[] };
  listen(completions: Completions, isSubscribed: boolean): void;
  target(): string;
  withScopes(scopes: unknown): Outcome<NativeClient>;
  getToken(timeoutMs: unknown, spentMs: number, completions: Completions, call: number): Outcome<CancelHandle>;
  graphql(operation: NativeOperation, completions: Completions, call: number): Outcome<CancelHandle>;
  authFlows(completions: Completions): AuthFlows;
  cachedToken(): Outcome<NativeToken | null>;
  invalidate(token: unknown): Outcome<boolean>;
  close(): Outcome<undefined>;
}

/** The other side of a client for tests. */
export interface NativeFake {
  readonly nowMs: number;
  failWith(code: unknown, options: unknown): Outcome<undefined>;
  succeed(): void;
  advance(ms: unknown): Outcome<undefined>;
  respond(completions: Completions, number: number): void;
  clearResponses(): void;
  record(method: string, url: string, headers: [string, string][], body: Uint8Array): Outcome<undefined>;
  journal(): JournalEntry[];
}

/** For a token where it has `scopes`, else to the API. */
export interface JournalEntry {
  scopes?: string[];
  failure?: string;
  method?: string;
  url?: string;
  headers?: [string, string][];
  body?: Uint8Array;
}

/** Asks what responds for a client for tests. */
export interface FakeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: [string, string][];
  readonly body: Uint8Array<ArrayBuffer>;
  provide(status: number, headers: [string, string][], body: Uint8Array): void;
  fail(message: string, code?: string, retryAfterMs?: number): void;
}

export interface Binding {
  Client: { new (): NativeClient };
  Completions: {
    new (
      settle: (number: number, content: Outcome<NativeToken | NativeResponse> | CredentialsRequest | NativeEvent[]) => void,
    ): Completions;
  };
  version(): string;
  newClient(
    completions: Completions,
    number: number,
    variables: [string, string][],
    options: unknown,
    fixed?: object,
  ): Outcome<NewClient>;
  clientFromEnv(
    completions: Completions,
    number: number,
    variables: [string, string][],
    options: unknown,
  ): Outcome<NewClient>;
  runCommand(arguments_: string[], variables: [string, string][], facts: [string, string][], authorities: string): number;
  newFake(options: unknown): Outcome<{ client: NativeClient; fake: NativeFake }>;
  newToken(value: unknown, options: unknown): Outcome<NativeToken>;
  eventNames(): string[];
  isHeader(name: string, value: string): boolean;
  errorKinds(): { code: string; number: number; meaning: string; retryable: boolean }[];
  settings(): { name: string; camelName: string; kind: string; doc: string; environmentVariable: string }[];
  /** Only in builds for tests, like the three below. */
  testFailure?(number: number): { failure: Failure };
  testClockStart?(): void;
  testClockAdvance?(which: number, ms: number): void;
  testClockElapsedMs?(): number;
}
