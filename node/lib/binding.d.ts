// The native library as the façade calls it (bindings/node/src). Not part of the public interface.

export interface Failure {
  message: string;
  code: string;
  number: number;
  retryable: boolean;
  retryAfterMs?: number;
  status?: number;
  serverCode?: string;
  target?: string;
}

/** A value, or the failure in its place. */
export type Outcome<T> = T | { failure: Failure };

export interface NativeToken {
  readonly value: string;
  readonly authorization: string;
  readonly expiresAtMs: number;
  readonly remainingMs: number;
  readonly scopes: string[];
}

export interface NativeReply {
  readonly status: number;
  readonly text: string;
}

export interface NativeOperation {
  query: unknown;
  variables: unknown;
  operationName: unknown;
  headers: [string, string][];
  timeoutMs: unknown;
}

/** What can be done with the exchanges of a client; each is a number until it is released. */
export interface Exchanges {
  open(url: unknown, replayable: boolean): Outcome<number>;
  headers(exchange: number, present: string): string;
  admit(exchange: number, authorization: unknown): Outcome<undefined>;
  inspect(exchange: number, status: unknown, url: unknown): boolean | null;
  feed(exchange: number, piece: unknown): boolean | null;
  finish(exchange: number): boolean;
  reject(exchange: number): Outcome<undefined>;
  release(exchange: number): void;
}

export interface Waiter {
  cancel(): void;
}

export interface Mailbox {
  ref(): void;
  unref(): void;
}

/** Asks the function of one client for credentials. */
export interface Question {
  readonly isOpen: boolean;
  answer(credentials: unknown): void;
  fail(): void;
}

export interface Made {
  client: NativeClient;
  credentials: (() => unknown) | null;
  warnings: string[];
}

export interface NativeClient {
  freshness(): () => boolean;
  freshAuthorization(): Outcome<string | null>;
  apiUrl(): string | null;
  target(): string;
  withScopes(scopes: unknown): Outcome<NativeClient>;
  getToken(timeoutMs: unknown, mailbox: Mailbox, call: number): Outcome<Waiter>;
  graphql(operation: NativeOperation, mailbox: Mailbox, call: number): Outcome<Waiter>;
  exchanges(): Exchanges;
  cachedToken(): Outcome<NativeToken | null>;
  invalidate(token: unknown): Outcome<boolean>;
  close(): Outcome<undefined>;
}

export interface Binding {
  Client: { new (): NativeClient };
  Mailbox: { new (settle: (number: number, content: Outcome<NativeToken | NativeReply> | Question) => void): Mailbox };
  version(): string;
  newClient(mailbox: Mailbox, number: number, options: unknown, fixed?: object): Outcome<Made>;
  clientFromEnv(mailbox: Mailbox, number: number, options: unknown): Outcome<Made>;
  errorKinds(): { code: string; number: number; meaning: string; retryable: boolean }[];
  settings(): { name: string; camelName: string; kind: string; environmentVariable: string }[];
  /** Only in builds for tests, like the three below. */
  testFailure?(number: number): { failure: Failure };
  testClockStart?(): void;
  testClockAdvance?(which: number, ms: number): void;
  testClockElapsedMs?(): number;
}
