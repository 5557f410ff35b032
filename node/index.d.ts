/// <reference lib="esnext.disposable" />

/** Settings that every service understands. Lengths of time are in milliseconds. */
export interface CommonOptions {
  /** The client id that SEEK issued. */
  clientId: string;
  /** The client secret that SEEK issued. Keep it in a secret store. */
  clientSecret: string;
  /** Who is calling, as `name/version`; sent with every request. */
  userAgent: string;
  /** The token endpoint, in place of the environment's own. */
  tokenUrl?: string;
  /** The only origin that tokens may be sent to, in place of the environment's own. */
  apiUrl?: string;
  /** How long a call waits for a token. Default: 30,000. */
  timeoutMs?: number;
  /** How long one token request may take in all. Default: 10,000. */
  requestTimeoutMs?: number;
  /** How long connecting may take. Default: 5,000. */
  connectTimeoutMs?: number;
  /** How long before its expiry a token counts as used up, at most half its life. Default: 60,000, or a tenth of a short life. */
  refreshMarginMs?: number;
  /** Renews tokens in time even while nobody asks for them. Default: `false`. */
  stayWarm?: boolean;
  /** A PEM file of certificate authorities to trust besides the system's. */
  caFile?: string;
  /** Accepts a reply without `expires_in` as a token that does not expire. Default: `false`. */
  allowNonExpiring?: boolean;
}

/** Settings of a SEEK API client. */
export interface SeekApiOptions extends CommonOptions {
  /** Which credentials these are: for real data, or for the Playground's mock data. */
  environment: 'live' | 'playground';
  /** The audience to ask for, in place of the environment's own. */
  audience?: string;
}

/** Settings of a SEEK Pass client. */
export interface SeekPassOptions extends CommonOptions {
  /** Which SEEK Pass. `production` needs `baseUrl` too, since its address is not public. */
  environment: 'staging' | 'production';
  /** The scopes to ask for: several, or one string with spaces between them. */
  scopes?: string | readonly string[];
  /** Where SEEK Pass is; token endpoint and API follow from it. */
  baseUrl?: string;
}

/** Settings of a client for any other token endpoint with the client-credentials grant of RFC 6749. */
export interface OauthOptions extends CommonOptions {
  /** The token endpoint. */
  tokenUrl: string;
  /** The audience to ask for. */
  audience?: string;
  /** The scopes to ask for: several, or one string with spaces between them. */
  scopes?: string | readonly string[];
  /** How the client proves who it is. Default: in the body. */
  tokenEndpointAuthMethod?: 'client_secret_post' | 'client_secret_basic';
  /** How the request is written. Default: `form`. */
  tokenRequestFormat?: 'form' | 'json';
  /** Further members of the token request. */
  extraParameters?: Readonly<Record<string, string>>;
}

/** Settings of a client whose service is named by a setting. */
export type ClientOptions =
  | ({ service: 'seek_api' } & SeekApiOptions)
  | ({ service: 'seek_pass' } & SeekPassOptions)
  | ({ service: 'oauth' } & OauthOptions);

/** Settings that replace or complete those of the environment. */
export type Overrides = Partial<
  Omit<SeekApiOptions, 'environment'> &
    Omit<SeekPassOptions, 'environment'> &
    OauthOptions & {
      service: ClientOptions['service'];
      environment: SeekApiOptions['environment'] | SeekPassOptions['environment'];
    }
>;

/** How one call waits. */
export interface GetTokenOptions {
  /** How long this call waits, in place of the client's own `timeoutMs`. */
  timeoutMs?: number;
  /** Gives this call up, and no other; it is then rejected with the signal's reason. */
  signal?: AbortSignal | null;
}

/**
 * Obtains tokens, keeps them and renews them before they expire. Make one for each set of
 * credentials and share it: all callers of one client use one token. Nothing is requested before the
 * first call, and an idle client requests nothing.
 *
 * Wrong types and unknown options are a `TypeError`; every other failure is a {@link SeekAuthError}.
 */
export class Client {
  /** A client for the service that `options.service` names. */
  constructor(options: ClientOptions);

  /** A client for the SEEK API. */
  static seekApi(options: SeekApiOptions): Client;

  /** A client for SEEK Pass. */
  static seekPass(options: SeekPassOptions): Client;

  /** A client for any other token endpoint. */
  static oauth(options: OauthOptions): Client;

  /**
   * A client with the settings of the process's environment: `SEEKAUTH_SERVICE`,
   * `SEEKAUTH_CLIENT_ID` and so on; there, lengths of time are in seconds. `overrides` win.
   */
  static fromEnv(overrides?: Overrides): Client;

  /**
   * A client for other scopes that shares cache, connections and settings with this one. It is cheap,
   * and it ends with this one.
   */
  withScopes(...scopes: (string | readonly string[])[]): Client;

  /**
   * The whole value of the `Authorization` header, `Bearer …`. Waits only where no token can be
   * used; then for `timeoutMs` at most.
   */
  authorization(): Promise<string>;

  /**
   * The header value at once, or `undefined` where {@link Client.authorization} would have to wait.
   * Never throws.
   */
  authorizationNow(): string | undefined;

  /** The token with its facts. Waits as {@link Client.authorization} does. */
  getToken(options?: GetTokenOptions): Promise<Token>;

  /** The address of the API that the tokens are for; `undefined` where none is known or set. */
  readonly apiUrl: string | undefined;

  /** The cached token until it has expired. Never waits and never makes a request. */
  cachedToken(): Token | undefined;

  /**
   * Reports that an API refused a token, so that the next call gets a new one.
   *
   * @param token the token, its value, or the whole header value
   * @returns whether it was the current token and is now going to be renewed; `false` means that
   *   another one has taken its place, or that renewals are asked for too often
   */
  invalidate(token: Token | string): boolean;

  /** Ends this client and all made from it. Calls that wait are rejected with `cancelled`, later ones with `closed`. */
  close(): void;

  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * One token as it was issued; it never changes. `console.log`, `util.inspect` and `JSON.stringify`
 * show its facts and never its value.
 */
export class Token {
  private constructor();
  /** The access token itself. It reaches much: keep it on the backend. */
  readonly value: string;
  /** The whole value of the `Authorization` header. */
  readonly authorization: string;
  /** When it expires, by the wall clock. It is renewed before that. */
  readonly expiresAt: Date;
  /** Milliseconds until it expires, by whichever clock comes first; 0 once it has. */
  readonly remainingMs: number;
  /** The scopes it was granted; empty for the SEEK API. */
  readonly scopes: string[];
  toJSON(): { expiresAt: Date; remainingMs: number; scopes: string[] };
}

/** The kinds of failure. Later versions may add some. */
export type ErrorCode =
  | 'invalid_argument'
  | 'closed'
  | 'cancelled'
  | 'timeout'
  | 'network'
  | 'invalid_credentials'
  | 'not_granted'
  | 'throttled'
  | 'unavailable'
  | 'protocol'
  | 'token_rejected'
  | 'forbidden_origin'
  | 'credentials_unavailable'
  | 'internal';

/** Everything that goes wrong, apart from wrong types. Its text never holds a secret or a token. */
export class SeekAuthError extends Error {
  private constructor();
  readonly name: 'SeekAuthError';
  /** What went wrong, to be acted on. */
  readonly code: ErrorCode;
  /** The same as a number, equal in every language. */
  readonly number: number;
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean;
  /** How long to wait before the next try, where that is known. */
  readonly retryAfterMs?: number;
  /** The HTTP status of the reply, where there was one. */
  readonly status?: number;
  /** The `error` member of the server's reply, where there was one. */
  readonly serverCode?: string;
  /** What was asked for: token endpoint, client id, audience and scopes. */
  readonly target?: string;
}
