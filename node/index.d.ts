/// <reference lib="esnext.disposable" />

/**
 * A client's id and secret, as a function of the program's own gives them. Where one is `undefined`, as from a store
 * that does not have it, calls for a token fail with `credentials_unavailable`.
 */
export interface Credentials {
  /** The client id that SEEK issued. */
  clientId: string | undefined;
  /** Its secret. */
  clientSecret: string | undefined;
  /** The other secret of a rotation, the next or the previous one: tried when the server refuses the first. */
  clientSecretNext?: string | null | undefined;
}

/** The setting that names a client's service. */
export interface ServiceOptions {
  /** The service that issues the tokens: `seek_api`, `seek_pass` or `oauth`. */
  service: 'seek_api' | 'seek_pass' | 'oauth';
}

/** Settings of all services. Lengths of time are in milliseconds. */
export interface CommonOptions {
  /**
   * The client id, as issued for the environment. Required, unless it comes from a file, a command or a
   * function.
   */
  clientId?: string | undefined;
  /**
   * The client secret, as issued with the client id; keep it in a secret store. Required, unless it comes from
   * a file, a command or a function.
   */
  clientSecret?: string | undefined;
  /** The other secret of a rotation, next or previous; tried when the server refuses the first. */
  clientSecretNext?: string | undefined;
  /** The path of a file that holds the client id, read anew for each token request. */
  clientIdFile?: string | undefined;
  /**
   * The path of a file that holds the client secret, read anew for each token request. Such as a mounted
   * Kubernetes or Docker secret.
   */
  clientSecretFile?: string | undefined;
  /**
   * The path of a file that holds the other secret of a rotation, read for each token request. Goes with
   * `clientSecretFile`.
   */
  clientSecretNextFile?: string | undefined;
  /**
   * The path of a JSON file that holds id and secret, read anew for each token request. Its members are
   * `client_id`, `client_secret` and perhaps `client_secret_next`.
   */
  credentialsFile?: string | undefined;
  /**
   * The program, with its arguments, that prints id and secret as JSON for each token request. The JSON is that
   * of `credentialsFile`. It runs without a shell, for `requestTimeoutMs` at most.
   */
  credentialsCommand?: string | readonly string[] | undefined;
  /**
   * A function that gives the credentials or a promise of them, such as a call to a secret store: in the place
   * of `clientId` and `clientSecret`. It is called once for each token request, and again at once when the
   * server refuses what it gave; the request waits for it, for `requestTimeoutMs` at most.
   *
   * It runs on the thread that made the client and keeps no process or worker alive; a call that waits for a
   * token does. If it throws, rejects or takes too long, calls fail with `credentials_unavailable`, without the
   * reason, while a token that is still good stays in use. It must not wait for a token of the client that it
   * serves, which waits for it. The client keeps it until it is closed or collected.
   */
  credentials?: (() => Credentials | PromiseLike<Credentials>) | undefined;
  /** The application, as `name/version`; sent with every request. */
  userAgent: string;
  /** The URL of the token endpoint, in place of the environment's own. */
  tokenUrl?: string | undefined;
  /** The URL of the API, in place of the environment's own; tokens go to its origin only. */
  apiUrl?: string | undefined;
  /** The time that a call waits for a token, or for token and response together. Default: 30,000. */
  timeoutMs?: number | undefined;
  /** The time that one token request may take in all. Default: 10,000. */
  requestTimeoutMs?: number | undefined;
  /** The time that connecting may take. Default: 5,000. */
  connectTimeoutMs?: number | undefined;
  /**
   * The time before its expiry from which a token counts as used up, at most half its life. Default: 60,000, or
   * a tenth of a short life.
   */
  refreshMarginMs?: number | undefined;
  /** Whether the token is renewed in time even while nobody asks for it. Default: `false`. */
  stayWarm?: boolean | undefined;
  /** The path of a PEM file of certificate authorities to trust besides the system's. */
  caFile?: string | undefined;
  /** The path of a PEM file with the certificate to show to servers that ask for one. */
  clientCertificateFile?: string | undefined;
  /** The path of a PEM file with the private key of the client's certificate. Default: the certificate's file. */
  clientKeyFile?: string | undefined;
  /**
   * The proxy of all requests, such as `http://name:password@proxy.example:3128`, or `none`. Default: that of
   * `HTTPS_PROXY` and `NO_PROXY`.
   */
  proxy?: string | undefined;
  /**
   * The store through which processes share tokens: `none`, `local` or the URL of a Redis server. `local:/folder`
   * for a folder of the program's own; `rediss://user:password@host:6379/0`, `redis://…`, `redis+unix:///path`.
   * Default: `none`.
   */
  store?: string | undefined;
  /**
   * The time that one step with the store may take before the process goes on without it. Default: 250.
   */
  storeTimeoutMs?: number | undefined;
  /**
   * The path of a file whose text seals what is stored, in place of the client secret. At least 32 characters.
   */
  storeKeyFile?: string | undefined;
  /** The path of a file that holds the password of the Redis server, read for each connection. */
  storePasswordFile?: string | undefined;
  /** The path of a PEM file of the authorities to trust for `rediss`, in place of the system's. */
  storeCaFile?: string | undefined;
  /** What the names of all keys on the Redis server begin with. Default: `seekauth`. */
  storePrefix?: string | undefined;
  /**
   * Whether a response without a lifetime is accepted, as a token that does not expire. Default: `false`.
   */
  allowNonExpiring?: boolean | undefined;
  /** The `Accept-Language` of requests to the API that have none of their own, such as `en-AU`. */
  acceptLanguage?: string | undefined;
}

/** Settings of a SEEK API client. */
export interface SeekApiOptions extends CommonOptions {
  /**
   * The environment: `live` or `playground` (SEEK API), `staging` or `production` (SEEK Pass). The Playground
   * has mock data.
   */
  environment: 'live' | 'playground';
  /** The audience to ask for, in place of the environment's own. */
  audience?: string | undefined;
}

/** Settings of a SEEK Pass client. */
export interface SeekPassOptions extends CommonOptions {
  /**
   * The environment: `live` or `playground` (SEEK API), `staging` or `production` (SEEK Pass). `production`
   * needs `baseUrl` too, since its address is not public.
   */
  environment: 'staging' | 'production';
  /** The scopes to ask for; order and repetition do not matter. Several, or one string with spaces. */
  scopes?: string | readonly string[] | undefined;
  /** The address of SEEK Pass, from which token endpoint and API follow. */
  baseUrl?: string | undefined;
}

/** Settings of a client for any other token endpoint with the client-credentials grant of RFC 6749. */
export interface OauthOptions extends CommonOptions {
  /** The URL of the token endpoint, in place of the environment's own. Required here. */
  tokenUrl: string;
  /** The audience to ask for, in place of the environment's own. Default: none. */
  audience?: string | undefined;
  /** The scopes to ask for; order and repetition do not matter. Several, or one string with spaces. */
  scopes?: string | readonly string[] | undefined;
  /**
   * The form of the credentials: `client_secret_post`, `client_secret_basic`, `client_secret_basic_raw`.
   * Default: `client_secret_post`, in the body. The last is HTTP Basic without the form encoding of RFC 6749.
   */
  tokenEndpointAuthMethod?: 'client_secret_post' | 'client_secret_basic' | 'client_secret_basic_raw' | undefined;
  /** The format of the token request: `form` or `json`. Default: `form`. */
  tokenRequestFormat?: 'form' | 'json' | undefined;
  /** The further members of the token request. `resource` may have several values. */
  extraParameters?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** Settings of a client whose service is named by a setting. */
export type ClientOptions = ServiceOptions &
  (
    | ({ service: 'seek_api' } & SeekApiOptions)
    | ({ service: 'seek_pass' } & SeekPassOptions)
    | ({ service: 'oauth' } & OauthOptions)
  );

/** Settings that replace or complete those of the environment. */
export type Overrides = Absent<
  Omit<SeekApiOptions, 'environment'> &
    Omit<SeekPassOptions, 'environment'> &
    OauthOptions &
    ServiceOptions & {
      environment: SeekApiOptions['environment'] | SeekPassOptions['environment'];
      /**
       * What the names of the variables begin with, for programs with several clients: with `PASS_`, the client
       * id is in `PASS_CLIENT_ID`. Default: `SEEKAUTH_`.
       */
      prefix: string;
    }
>;

/** The same members, each of which may be absent. */
type Absent<T> = { [Name in keyof T]?: T[Name] | undefined };

/** How one call waits. */
export interface GetTokenOptions {
  /** How long this call waits, in place of the client's own `timeoutMs`. */
  timeoutMs?: number | undefined;
  /** Gives this call up, and no other; it is then rejected with the signal's reason. */
  signal?: AbortSignal | null | undefined;
}

/** How one GraphQL operation is sent. */
export interface GraphQLOptions {
  /** The variables of the operation, as an object. */
  variables?: object | null | undefined;
  /** Which operation of the document to run, if it holds several. */
  operationName?: string | null | undefined;
  /** Further headers, such as `accept-language` in place of the client's. */
  headers?: NonNullable<RequestInit['headers']> | undefined;
  /** How long to wait for the whole response, in place of the client's own `timeoutMs`. */
  timeoutMs?: number | undefined;
  /** Gives this call up; it is then rejected with the signal's reason. */
  signal?: AbortSignal | null | undefined;
  /** Throws a {@link GraphQLError} if the response has errors. Default: `false`. */
  throwOnErrors?: boolean | undefined;
}

/** One entry of `errors`. The set of codes is open: treat an unknown one as permanent. */
export interface GraphQLErrorEntry {
  /** The text for people; SEEK allows it to be shown to hirers. */
  readonly message: string;
  /** Which field it is about. */
  readonly path?: readonly (string | number)[];
  /** Where in the document that field is. */
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  /** `code` is such as `FORBIDDEN` or `BAD_USER_INPUT`. */
  readonly extensions?: { readonly code?: string; readonly [name: string]: unknown };
}

/** The API's response to a GraphQL operation. */
export interface GraphQLResponse<Data = any> {
  /** What could be resolved; beside errors, parts of it may be `null`. */
  readonly data: Data | null | undefined;
  /** What the API reported; empty when all went well. */
  readonly errors: readonly GraphQLErrorEntry[];
  /** What the API says besides; mostly `undefined`. */
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
  /** The HTTP status. It says little: a response with errors mostly has 200. */
  readonly status: number;
  /**
   * The `X-Request-Id` of the request, which SEEK can be asked about; `undefined` if the operation brought a
   * header of this name that is not visible ASCII.
   */
  readonly requestId: string | undefined;
}

/** What a {@link GraphQLError} is made of: a response, or its errors at least. Default for `status`: 200. */
export interface GraphQLErrorOptions<Data = any> extends Partial<GraphQLResponse<Data>> {
  readonly errors: readonly GraphQLErrorEntry[];
}

/** Errors of a GraphQL response as an exception, which `throwOnErrors` asks for. */
export class GraphQLError<Data = any> extends Error implements GraphQLResponse<Data> {
  /** Tests may make some. */
  constructor(response: GraphQLErrorOptions<Data>);
  readonly name: 'GraphQLError';
  readonly data: Data | null | undefined;
  readonly errors: readonly GraphQLErrorEntry[];
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
  readonly status: number;
  readonly requestId: string | undefined;
}

/**
 * The rules of one request to the API and, if the API rejects its token, of its one repetition: for
 * adapters to further HTTP clients. {@link Client.fetch}, `seekauth/undici` and `seekauth/axios` are made
 * with it. It sends nothing itself. The order of calls:
 *
 * 1. {@link Client.authFlow}, which refuses addresses that the token must not reach, and
 *    {@link AuthFlow.checkHost} if the program sets a `Host` header,
 * 2. {@link AuthFlow.authorization} for the token, and {@link AuthFlow.attempt} with it,
 * 3. send with {@link AuthFlow.headers} and the token,
 * 4. {@link AuthFlow.inspect} the response; unless it is a rejection, it is the caller's,
 * 5. otherwise {@link AuthFlow.retry}, and go on at 2 with the identical request.
 */
export interface AuthFlow {
  /**
   * The `X-Request-Id` of the request, which its errors carry. Set it to the value of a header that the request
   * has already; one that is not visible ASCII in moderate length is no id, and errors then carry none.
   */
  get requestId(): string | undefined;
  set requestId(value: string);

  /**
   * The headers to set besides `Authorization`, as pairs of name and value. `User-Agent` replaces what is
   * there; `X-Request-Id` and `Accept-Language` are left out if `present` names them.
   */
  headers(present?: Iterable<string>): [name: string, value: string][];

  /**
   * Refuses a `Host` header of the program's own that names another host than the API's, which would take the
   * token there behind a proxy or a server with several names. Throws `forbidden_origin`.
   */
  checkHost(host: string): void;

  /**
   * The header value for the next attempt: first that of {@link Client.authorization}, and after
   * {@link AuthFlow.retry} that of the token for the repetition. Mostly that is a new one. A token that was
   * rejected less than two seconds after it was issued may not be known to all of the API's servers yet: then
   * it is the one before it, or the same one once it is two seconds old.
   */
  authorization(options?: GetTokenOptions): Promise<string>;

  /** Notes the header value that is about to be sent. Throws `token_rejected` if it is the rejected one and {@link AuthFlow.authorization} did not give it. */
  attempt(authorization: string): void;

  /**
   * Begins to read a response; one is read at a time.
   *
   * @param url where it came from, if redirects may have been followed: a response from elsewhere says
   *   nothing about the token
   */
  inspect(status: number, url?: string): Inspection;

  /**
   * Takes note that the response was a rejection. Then send the identical request once more, with the
   * header value that {@link AuthFlow.authorization} gives. Throws `token_rejected` the second time, if the
   * body cannot be sent twice, if the API accepted the token for a later request, or if too many tokens were
   * rejected lately; and what the last renewal failed with, while its pause lasts.
   */
  retry(): void;
}

/**
 * The reading of one response, to find out whether the API rejected the token. A verdict is `true` if it
 * did, `false` if the response is for the caller, and `undefined` while more of the body has to be read.
 */
export interface Inspection {
  readonly verdict: boolean | undefined;
  /** Takes in the next chunk of the body, after any content decoding. At most 1 MiB is kept. */
  feed(chunk: Uint8Array): boolean | undefined;
  /** Says that the body has ended. */
  finish(): boolean;
}

/**
 * Obtains tokens, keeps them and renews them before they expire. Make one for each set of
 * credentials and share it: all callers of one client use one token. Nothing is requested before the
 * first call, and an idle client requests nothing.
 *
 * A file with secrets that every user of the machine may read causes a `SeekAuthWarning` when the client is
 * made, by `process.emitWarning`. The variables of proxies and certificate authorities are those of `process.env`
 * then, also in a worker that has its own.
 *
 * Wrong types and unknown options are a `TypeError`; every other failure is a {@link SeekAuthError}.
 */
export class Client {
  /** A client for the service that `options.service` names. */
  constructor(options: ClientOptions);

  /** A client for the SEEK API. */
  static seekApi(options: SeekApiOptions): SeekClient;

  /** A client for SEEK Pass. */
  static seekPass(options: SeekPassOptions): SeekClient;

  /** A client for any other token endpoint. */
  static oauth(options: OauthOptions): Client;

  /**
   * A client with the settings of `process.env`, as it is where this is called: `SEEKAUTH_SERVICE`,
   * `SEEKAUTH_CLIENT_ID` and so on; there, lengths of time are in seconds. `overrides` win. A variable that looks
   * like a misspelt one causes a `SeekAuthWarning`.
   *
   * Where the environment names the service `oauth`, name it in `overrides` too: such a client may have no API.
   */
  static fromEnv(overrides: Overrides & { service: 'oauth' }): Client;
  static fromEnv(overrides?: Overrides): SeekClient;

  /**
   * A client for tests: the real one, with its cache, its renewals and its rules, over a token endpoint and an API
   * that the test plays. It never touches the network, and lets its tokens reach addresses of this machine only.
   */
  static fake(options?: FakeOptions): FakeClient;

  /**
   * A client for other scopes that shares cache, connections and settings with this one. It is cheap,
   * and it ends with this one.
   */
  withScopes(...scopes: (string | readonly string[])[]): this;

  /**
   * The whole value of the `Authorization` header, `Bearer …`. Waits only where no token can be
   * used; then for `timeoutMs` at most. What a subclass or a test's spy puts in the place of this method is asked
   * for each attempt of {@link Client.fetch}, of the adapters and of {@link AuthFlow.authorization}.
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

  /** How the store fares through which this client shares its tokens. Never waits. */
  storeStatus(): StoreStatus;

  /**
   * What this client and its handles did so far, and how their tokens stand. Never waits, and costs nobody else
   * anything. What happens meanwhile is told on the channels of {@link SeekAuthEvents}.
   */
  stats(): Stats;

  /**
   * Reports that an API refused a token, so that the next call gets a new one. If that cannot be had for a
   * reason that passes, calls get the old one again until it expires.
   *
   * @param token the token, its value, or the whole header value
   * @returns whether it was the current token and is now going to be renewed; `false` means that
   *   another one has taken its place, that it is younger than two seconds and may not be known to all
   *   servers yet, or that renewals are asked for too often
   */
  invalidate(token: Token | string): boolean;

  /**
   * Sends a request to the API as the platform's own `fetch` does, with the token, and once more with a
   * new token if the API rejects it. `Authorization` and `User-Agent` are replaced; `X-Request-Id` and,
   * with `acceptLanguage`, `Accept-Language` are added unless they are there. A redirect takes no token
   * to another origin.
   *
   * Bodies that are streams are not sent twice: a rejection of theirs is a {@link SeekAuthError}
   * (`token_rejected`), as is the rejection of a new token. The body of a `Request` is kept in memory for
   * the second time. Requests to another origin than the API's are refused (`forbidden_origin`). A signal
   * gives up the whole call, the waiting for a token included; other failures are those of `fetch`.
   *
   * It needs no `this`, so libraries that take a `fetch` can be given `client.fetch`.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

  /**
   * Sends a GraphQL operation to {@link Client.apiUrl} and reads the response, up to 64 MiB of it. Waits for
   * `timeoutMs` at most. What the API reports in `errors` is no failure of the call unless
   * `throwOnErrors` says so; a response that is not GraphQL is one: `throttled`, `unavailable` or `protocol`.
   */
  graphql<Data = any>(query: string, options?: GraphQLOptions): Promise<GraphQLResponse<Data>>;

  /**
   * The rules for one request to `url` that another HTTP client carries.
   *
   * @param options `replayable`: whether the body can be sent a second time, as one that is read from a
   *   stream cannot; default `true`
   * @throws {SeekAuthError} `forbidden_origin` unless `url` is absolute, without credentials, and has
   *   scheme, host and port of {@link Client.apiUrl}; `invalid_argument` when the client has no API
   */
  authFlow(url: string, options?: { replayable?: boolean | undefined }): AuthFlow;

  /** Ends this client and all made from it. Calls that wait are rejected with `cancelled`, later ones with `closed`. */
  close(): void;

  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a client for tests is given, and tokens that tests make. Lengths of time are in milliseconds. */
export interface FakeOptions extends TokenOptions {
  /** The value of the first token; the ones after it end in `-2`, `-3` and so on. Default: `fake-token`. */
  token?: string | undefined;
  /** Plays SEEK Pass, with these scopes for the first handle. Default: the SEEK API. */
  scopes?: string | readonly string[] | undefined;
  /** The address that {@link Client.apiUrl} gives, on this machine. Nobody listens at the default. */
  apiUrl?: string | undefined;
}

/** The facts of a token that a test makes. */
export interface TokenOptions {
  /** How long it lives. Default: half an hour. */
  lifetimeMs?: number | undefined;
  /** The scopes it was granted. Default: none. */
  scopes?: string | readonly string[] | undefined;
}

/**
 * How a client for tests responds to a request to its API: as the platform's `Response` says, with status 200 and the
 * JSON of any other value, or with what a function gives. What a function throws is what {@link Client.fetch} fails
 * with. With {@link Client.graphql}, a {@link SeekAuthError} keeps its code and its pause, and anything else becomes
 * `invalid_argument`.
 */
export type FakeResponse = Response | object | ((request: Request) => Response | object | Promise<Response | object>);

/** A request for a token that a client for tests would have sent. */
export interface FakeTokenRequest {
  readonly kind: 'token';
  /** The scopes that were asked for. */
  readonly scopes: readonly string[];
  /** What it was made to fail with. */
  readonly failure: ErrorCode | undefined;
}

/** A request to the API that a client for tests would have sent. */
export interface FakeApiRequest {
  readonly kind: 'api';
  readonly method: string;
  readonly url: string;
  /** By their names in lower case; among them `authorization`, with the token. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text; empty where there is none. */
  readonly body: string;
}

/**
 * A client for tests, from {@link Client.fake}. Handles made by {@link Client.withScopes} are of the same one. Its
 * time stands still until the test moves it: time-outs do not pass by themselves, but signals give calls up.
 * {@link Client.graphql} and {@link Client.fetch} are responded to here; requests of `seekauth/undici` and
 * `seekauth/axios` are sent by the program's HTTP client, whose own doubles see them.
 */
export interface FakeClient extends Client {
  readonly apiUrl: string;
  withScopes(...scopes: (string | readonly string[])[]): this;

  /** From now on requests for tokens fail like this. A token that is still good is served meanwhile, as in production. */
  failWith(code: ErrorCode, options?: { retryAfterMs?: number | undefined }): void;
  /** From now on requests for tokens succeed. */
  succeed(): void;

  /** Lets time pass: tokens age, pauses end. */
  advance(ms: number): void;
  /** The time of this client. */
  readonly now: Date;

  /**
   * From now on requests to the API get these responses: the first one the first, and so on; the last one all that
   * follow. Without any there is no response, as at the start.
   */
  respond(...responses: FakeResponse[]): void;

  /** What was asked so far, in order. */
  readonly journal: readonly (FakeTokenRequest | FakeApiRequest)[];
}

/** How the store fares through which a client shares its tokens; a snapshot. */
export interface StoreStatus {
  /** Which store it is: `none`, `local` or `redis`. */
  readonly kind: string;
  /** Whether it is used now. One that failed is left alone for a second at first, and a minute at most. */
  readonly usable: boolean;
  /** The last problem with it, in one line that is safe to log. */
  readonly lastProblem: string | undefined;
  /** How often it was read. */
  readonly reads: number;
  /** Tokens taken over that another process, or another client of this one, had got. */
  readonly adopted: number;
  /** Requests for a token made on behalf of all. */
  readonly claimed: number;
  /** Times that this process waited for the request of another. */
  readonly waited: number;
  /** Tokens put into it. */
  readonly published: number;
  /** Requests made without it: it failed, rested, or another process took too long. */
  readonly alone: number;
  /** Records that did not open: damaged, or of another secret. */
  readonly unreadable: number;
  /** Refusals of the secret that another process had met. */
  readonly notes: number;
  /** Steps that failed. */
  readonly failures: number;
  /** Records left alone because two clocks disagree about them by more than five minutes. */
  readonly clockDisagreements: number;
}

/** What a client did so far, in numbers; a snapshot, frozen. */
export interface Stats {
  /** Token requests that ended with a token. */
  readonly requestsSucceeded: number;
  /** Token requests that failed, by the code of the failure; codes that never came are left out. */
  readonly requestsFailed: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Tokens taken over from the store. */
  readonly tokensAdopted: number;
  /** Rejections of a token by the API. */
  readonly rejections: number;
  /** Calls that got a token although its renewal had failed. */
  readonly staleServed: number;
  /** Calls that wait for a token now. */
  readonly waiting: number;
  /** How many waited at once at most. */
  readonly waitingMax: number;
  /** Calls that had to wait. */
  readonly waits: number;
  /** How many milliseconds they waited, all together. */
  readonly waitedMs: number;
  /** Events that were lost because the event loop was too busy to take them. */
  readonly eventsDropped: number;
  /** How each token stands. */
  readonly tokens: readonly TokenStats[];
}

/** How one token of a client stands. */
export interface TokenStats {
  /** The scopes that are asked for. */
  readonly scopes: readonly string[];
  /**
   * What it is good for: `none` yet, `fresh`, `ahead` (given out, and renewed in the background), `margin` (near its
   * end), `expired`, or `rejected` by the API.
   */
  readonly state: 'none' | 'fresh' | 'ahead' | 'margin' | 'expired' | 'rejected';
  /** Milliseconds until it expires; `undefined` without a token. */
  readonly remainingMs: number | undefined;
  /** When it arrived; `undefined` if none ever did. */
  readonly obtainedAt: Date | undefined;
  /** Whether one is being asked for. */
  readonly isRequesting: boolean;
  /** The code of what the last request failed with, if it did. */
  readonly lastFailure: ErrorCode | undefined;
}

/** What each event says. Nothing in it holds a secret, a token or what a server wrote. */
export interface SeekAuthEvent {
  /** That of the channel, without `seekauth:`. */
  readonly name: keyof SeekAuthEvents;
  /** `warning`: something failed, and callers do not notice. `error`: callers fail. */
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  /** One line for a log. */
  readonly message: string;
  /** When, by the wall clock. */
  readonly at: Date;
  /** The number of the client within its process, from 1. */
  readonly client: number;
  /** The service that issues the tokens. */
  readonly service: 'seek_api' | 'seek_pass' | 'oauth';
  /** Its environment, where it has several. */
  readonly environment?: 'live' | 'playground' | 'staging' | 'production';
  /** The scopes that are asked for, where there are any. */
  readonly scopes?: readonly string[];
}

/** A token was asked for, and the request has ended. A warning or an error if it failed. */
export interface TokenRequestEvent extends SeekAuthEvent {
  /** Why: the `first`, `ahead` of time, in the `margin` at its end, `expired`, or `rejected` by the API. */
  readonly reason: 'first' | 'ahead' | 'margin' | 'expired' | 'rejected';
  /** The number of the attempt within one renewal, from 1. */
  readonly attempt: number;
  /** When it began. */
  readonly startedAt: Date;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** `ok`, or the code of the failure. */
  readonly result: 'ok' | ErrorCode;
  /** The HTTP status, where there was a response. */
  readonly status?: number;
  /** The server's registered error code, if it named one. */
  readonly serverCode?: string;
  /** In how many milliseconds it is tried again, if that is known. */
  readonly retryInMs?: number;
  /** How many milliseconds the current token lives still; absent without one. */
  readonly lifeLeftMs?: number;
}

/** There is a new token. */
export interface TokenObtainedEvent extends SeekAuthEvent {
  /** Its lifetime in milliseconds, as the server said. */
  readonly lifetimeMs: number;
  /** How many requests it took. */
  readonly attempts: number;
  /** Whether this process asked for it or another had. */
  readonly from: 'server' | 'store';
}

/** A renewal failed, and callers get the current token as long as it lives. */
export interface ServingStaleEvent extends SeekAuthEvent {
  /** How many milliseconds it lives still. */
  readonly lifeLeftMs: number;
  /** The code of what the renewal failed with. */
  readonly failure: ErrorCode;
}

/** The server asked for a pause. */
export interface ThrottledEvent extends SeekAuthEvent {
  /** How many milliseconds it is left alone. */
  readonly pauseMs: number;
}

/** The server refused for good: nothing will change until somebody changes something. */
export interface RefusedEvent extends SeekAuthEvent {
  /** The code of the refusal. */
  readonly failure: ErrorCode;
  /** How many milliseconds it is not asked again, unless the credentials change. */
  readonly rememberedForMs: number;
}

/** The API rejected a token. */
export interface TokenRejectedEvent extends SeekAuthEvent {
  /** Whether that leads to a renewal. */
  readonly isRenewed: boolean;
}

/** The server takes another secret than before. */
export interface CredentialsChangedEvent extends SeekAuthEvent {
  /** Whether it is the second one of a rotation, `clientSecretNext`. */
  readonly isNext: boolean;
  /** Where credentials come from. */
  readonly source: 'static' | 'file' | 'command' | 'function';
}

/** Between two token requests the wall clock was set, or the machine slept. */
export interface ClockJumpedEvent extends SeekAuthEvent {
  /** By how many milliseconds. */
  readonly stepMs: number;
  /** Whether back. */
  readonly isBackward: boolean;
}

/** The store through which tokens are shared did not do something; `storeStatus()` says why. */
export interface StoreFailedEvent extends SeekAuthEvent {
  /** Which store it is. */
  readonly store: 'local' | 'redis';
  /** How many milliseconds it is left alone; absent if it may still be read. */
  readonly pauseMs?: number;
}

/** The store works again. */
export interface StoreRecoveredEvent extends SeekAuthEvent {
  /** Which store it is. */
  readonly store: 'local' | 'redis';
}

/** Events came faster than the event loop took them, and some are lost. */
export interface DroppedEvent extends SeekAuthEvent {
  /** How many. */
  readonly count: number;
}

/**
 * The events of all clients of this thread, by name. Each is published on the channel `seekauth:` and its name of
 * `node:diagnostics_channel`:
 *
 *     diagnostics_channel.subscribe('seekauth:token_request', (message) => {
 *       const event = message as SeekAuthEvents['token_request'];
 *       if (event.level === 'warning') logger.warn(event.message);
 *     });
 *
 * Calls that are served from the cache make none. A client learns of a new subscriber with its next call that is
 * not served from the cache, which is before its next renewal; one with `stayWarm`, which renews without a call, has
 * its warnings and errors published at once. With `NODE_DEBUG=seekauth` each event is a line on stderr as well.
 * Events keep no process and no worker alive; those that were not taken when it ends are dropped.
 */
export interface SeekAuthEvents {
  token_request: TokenRequestEvent;
  token_obtained: TokenObtainedEvent;
  serving_stale: ServingStaleEvent;
  throttled: ThrottledEvent;
  refused: RefusedEvent;
  token_rejected: TokenRejectedEvent;
  credentials_changed: CredentialsChangedEvent;
  clock_jumped: ClockJumpedEvent;
  store_failed: StoreFailedEvent;
  store_recovered: StoreRecoveredEvent;
  /** The client was closed. */
  closed: SeekAuthEvent;
  dropped: DroppedEvent;
}

/** A client of a service of SEEK's, which always has an API. */
export type SeekClient = Client & { readonly apiUrl: string };

/**
 * One token as it was issued; it never changes. `console.log`, `util.inspect` and `JSON.stringify`
 * show its facts and never its value.
 */
export class Token {
  /** A token without a client, for tests of what only reads one. Its value stands without `Bearer`. */
  constructor(value: string, options?: TokenOptions);
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
  /** A mistake in the call or in the configuration; the message names it. */
  | 'invalid_argument'
  /** The client was closed. */
  | 'closed'
  /** The caller gave up, or the client was closed during the call. */
  | 'cancelled'
  /** The caller's deadline passed. */
  | 'timeout'
  /** Name, connection or TLS, or a connection that broke. */
  | 'network'
  /** The server refused the client id or secret. */
  | 'invalid_credentials'
  /** The audience or a scope is not granted to this client. */
  | 'not_granted'
  /** The server asked for a pause. */
  | 'throttled'
  /** The server failed. */
  | 'unavailable'
  /** The response was not understood. */
  | 'protocol'
  /** The API refused a newly issued token too; check audience and environment. */
  | 'token_rejected'
  /** A token would have left the configured origin. */
  | 'forbidden_origin'
  /** The file, command or function with the credentials failed. */
  | 'credentials_unavailable'
  /** A bug in seekauth; please report it. */
  | 'internal';

/** The facts of a {@link SeekAuthError}. What its code alone decides need not be given. */
export interface SeekAuthErrorOptions {
  code: ErrorCode;
  retryable?: boolean | undefined;
  retryAfterMs?: number | undefined;
  status?: number | undefined;
  serverCode?: string | undefined;
  target?: string | undefined;
  requestId?: string | undefined;
  serverMessage?: string | undefined;
  serverPath?: string | undefined;
  /** What led to it. */
  cause?: unknown;
}

/** Everything that goes wrong, apart from wrong types. Its text never holds a secret or a token. */
export class SeekAuthError extends Error {
  /** Tests may make some: `new SeekAuthError('slow down', { code: 'throttled', retryAfterMs: 1_000 })`. */
  constructor(message: string, options: SeekAuthErrorOptions);
  readonly name: 'SeekAuthError';
  /** What went wrong, to be acted on. */
  readonly code: ErrorCode;
  /** The same as a number, equal in every language. */
  readonly number: number;
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean;
  /** How long to wait before the next try, where that is known. */
  readonly retryAfterMs?: number;
  /** The HTTP status of the response, where there was one. */
  readonly status?: number;
  /**
   * The server's own code: the `error` of a token response or of `WWW-Authenticate`, or the code with which a
   * GraphQL API rejected the token.
   */
  readonly serverCode?: string;
  /** What was asked for: token endpoint, client id, audience and scopes. */
  readonly target?: string;
  /**
   * The `X-Request-Id` of the request to the API that this is about, which SEEK can be asked about. What failed
   * before it was sent has it too; an error of another call has none.
   */
  readonly requestId?: string;
  /**
   * What a GraphQL API said as it rejected the token, in its own words. It is not printed with the error, and
   * absent where it repeats a secret.
   */
  readonly serverMessage?: string;
  /** Where in its response a GraphQL API rejected the token: a path such as `self.hirer`. It is not printed either. */
  readonly serverPath?: string;
}

/** The `X-Request-Id` of the request that a response of {@link Client.fetch} is for; SEEK can be asked about it. */
export function requestIdOf(response: Response): string | undefined;
