'use strict';

// The client. It keeps the current header value as a JavaScript string, so that the hot call crosses into the
// library once, to learn whether the value is still fresh. All decisions are the library's.

const { debuglog } = require('node:util');
const channels = require('./channels.js');
const { unwrap } = require('./error.js');
const native = require('./native.js');
const calls = require('./pending-calls.js');
const { completions, newNumber, providers, tokenOutcome, wait, waitForToken, waiting } = calls;
const { Token } = require('./token.js');

/** @typedef {import('./binding').Completions} Completions */
/** @typedef {import('./binding').NativeClient} NativeClient */
/** @typedef {import('./binding').NewClient} NewClient */
/**
 * @template T
 * @typedef {import('./binding').Outcome<T>} Outcome
 */

// Loaded on first use: not every program needs them, and most of the time that loading takes goes by file.
/** @type {typeof import('./auth-flow.js').AuthFlow | undefined} */
let AuthFlow;
/** @type {typeof import('./adapters/fetch.js').authenticatedFetch | undefined} */
let authenticatedFetch;
/** @type {ReturnType<typeof import('./fake.js').fakeClass> | undefined} */
let FakeClient;

const log = debuglog('seekauth');

/** Whether anybody hears of events. Channels tell nobody of a new subscriber, so clients look before they begin something. */
function isSubscribed() {
  if (log.enabled) return true;
  for (const { hasSubscribers } of channels.values()) if (hasSubscribers) return true;
  return false;
}

/** The native parts of a client. */
class NativeParts {
  /**
   * @param {NativeClient} client
   * @param {object} [source] what gives it credentials, to be kept as long as the client
   * @param {Client} [root] the client that it is a handle of
   */
  constructor(client, source, root) {
    this.client = client;
    this.source = source;
    this.root = root;
  }

  /**
   * @template {unknown[]} Options
   * @param {(completions: Completions, number: number, variables: [string, string][], ...options: Options) => Outcome<NewClient>} create
   * @param {Options} options
   */
  static make(create, ...options) {
    const number = newNumber();
    const { client, credentials, warnings } = unwrap(create(completions, number, variables(), ...options));
    for (const warning of warnings) process.emitWarning(warning, 'SeekAuthWarning');
    if (!credentials) return new NativeParts(client);
    const { Provider } = require('./credentials.js');
    return new NativeParts(client, new Provider(providers, number, credentials));
  }
}

/**
 * The environment of the program as it sees it: workers may have one of their own, test runners have one for each
 * file, and the library itself would see that of the process.
 *
 * @returns {[string, string][]}
 */
function variables() {
  // Elsewhere than in Node's own, a variable may be something else.
  return Object.entries(process.env).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]]));
}

/** @param {import('./binding').Count[]} counts */
function record(counts) {
  return Object.fromEntries(counts.map(({ name, count }) => [name, count]));
}

/** @param {import('./binding').TokenStats} token */
function standing({ scopes, state, remainingMs, obtainedAtMs, isRequesting, lastFailure }) {
  const obtainedAt = obtainedAtMs === undefined ? undefined : new Date(obtainedAtMs);
  // With a list of this context, and not of the one that loaded the library first.
  return Object.freeze({ scopes: Object.freeze([...scopes]), state, remainingMs, obtainedAt, isRequesting, lastFailure });
}

/**
 * Sees an operation, whose headers it may add to, and has it sent.
 *
 * @typedef {(operation: { operationName: unknown, headers: [string, string][] },
 *   send: () => Promise<import('./binding').NativeResponse>) => Promise<import('./binding').NativeResponse>} Observer
 */

/** The keys of methods for opentelemetry.js. */
const identity = Symbol.for('seekauth.identity');
const observe = Symbol.for('seekauth.observe');

/** The key of a method for adapters/send.js. From the registry of symbols, because a file for it costs time to load. */
const openAuthFlow = Symbol.for('seekauth.openAuthFlow');
/** The keys of what clients for tests do in their own way: to make a handle, and to send in the place of fetch. */
const handle = Symbol.for('seekauth.handle');
const transport = Symbol.for('seekauth.transport');

class Client {
  /** @type {NativeClient} */
  #native;
  /** @type {object | undefined} */
  #source;
  /** @type {Client} That whose events are those of its handles too. */
  #root;
  /** Whether the library was told that somebody is subscribed; `undefined` once the root was closed. */
  #isObserved = /** @type {boolean | undefined} */ (false);
  /** @type {Observer | undefined} Of the root alone. */
  #observer;
  /** Whether `#authorization` is still fresh, by the library. */
  #isFresh;
  /** @type {string | undefined} */
  #authorization;
  /** @type {import('./binding').AuthFlows | undefined} */
  #authFlows;
  /** @type {Promise<Outcome<import('./binding').NativeToken>> | undefined} */
  #pending;

  /** @param {unknown} options `ClientOptions`, or the parts of a client */
  constructor(options) {
    const parts = options instanceof NativeParts ? options : NativeParts.make(native.newClient, options);
    const { client, source, root } = parts;
    this.#native = client;
    this.#source = source;
    this.#root = root ?? this;
    this.#isFresh = client.freshness();
    /**
     * Can be given away as it is, and still is what a test puts in the place of the method.
     *
     * @type {import('../index').Client['fetch']}
     */
    this.fetch = (input, init) => Object.getPrototypeOf(this).fetch.call(this, input, init);
    if (!root) client.listen(completions, (this.#isObserved = isSubscribed()));
  }

  /** @param {unknown} options */
  static seekApi(options) {
    return new Client(NativeParts.make(native.newClient, options, { service: 'seek_api' }));
  }

  /** @param {unknown} options */
  static seekPass(options) {
    return new Client(NativeParts.make(native.newClient, options, { service: 'seek_pass' }));
  }

  /** @param {unknown} options */
  static oauth(options) {
    return new Client(NativeParts.make(native.newClient, options, { service: 'oauth' }));
  }

  /** @param {unknown} [overrides] */
  static fromEnv(overrides) {
    return new Client(NativeParts.make(native.clientFromEnv, overrides));
  }

  /**
   * A client for tests, which never touches the network.
   *
   * @param {unknown} [options]
   */
  static fake(options) {
    FakeClient ??= require('./fake.js').fakeClass({ Client, NativeParts, native, calls });
    return new FakeClient(options);
  }

  /** @param {(string | readonly string[])[]} scopes */
  withScopes(...scopes) {
    return this[handle](new NativeParts(unwrap(this.#native.withScopes(scopes.flat())), this, this.#root));
  }

  /** @param {NativeParts} parts */
  [handle](parts) {
    return new Client(parts);
  }

  /**
   * @param {string | URL | Request} input
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  fetch(input, init) {
    authenticatedFetch ??= require('./adapters/fetch.js').authenticatedFetch;
    /** @type {any} */
    const client = this;
    return authenticatedFetch(client, input, init, client[transport]);
  }

  /** How the store fares through which this client shares its tokens. */
  storeStatus() {
    const { kind, usable, lastProblem, counts } = this.#native.storeStatus();
    return { kind, usable, lastProblem, ...record(counts) };
  }

  /** What this client and its handles did so far, and how their tokens stand. */
  stats() {
    const { counts, requestsFailed, waitedMs, tokens } = this.#native.stats();
    return Object.freeze({
      ...record(counts),
      requestsFailed: Object.freeze(record(requestsFailed)),
      waitedMs,
      tokens: Object.freeze(tokens.map(standing)),
    });
  }

  /** Tells the library whether somebody is subscribed to events by now. */
  #observe() {
    const root = this.#root;
    const isObserved = isSubscribed();
    if (root.#isObserved === undefined || root.#isObserved === isObserved) return;
    root.#native.listen(completions, isObserved);
    root.#isObserved = isObserved;
  }

  get apiUrl() {
    return this.#native.apiUrl() ?? undefined;
  }

  /** The header value at once, or `undefined` where {@link authorization} would have to wait. */
  authorizationNow() {
    return this.#isFresh() ? this.#authorization : this.#take();
  }

  #take() {
    this.#authorization = unwrap(this.#native.freshAuthorization()) ?? undefined;
    return this.#authorization;
  }

  /** The header value; waits only where there is no token that could be used. */
  async authorization() {
    return this.authorizationNow() ?? unwrap(await this.#sharedCall()).authorization;
  }

  /** @type {import('./pending-calls.js').StartToken} */
  #start = (timeoutMs, spentMs, call) => {
    this.#observe();
    return this.#native.getToken(timeoutMs, spentMs, completions, call);
  };

  /** One call for all of the same turn: they have one deadline, and so one outcome. */
  #sharedCall() {
    if (!this.#pending) {
      this.#pending = tokenOutcome(this, this.#start);
      void this.#forgetPending();
    }
    return this.#pending;
  }

  async #forgetPending() {
    // Not by `queueMicrotask`: tests replace it, and their replacement may never run.
    await undefined;
    this.#pending = undefined;
  }

  /** @param {import('../index').GetTokenOptions} [options] */
  async getToken(options) {
    return new Token(await waitForToken(this, this.#start, options));
  }

  /** The cached token until it has expired. Never waits and never makes a request. */
  cachedToken() {
    const token = unwrap(this.#native.cachedToken());
    return token ? new Token(token) : undefined;
  }

  /** @param {unknown} token that an API refused: itself, its value or the header value */
  invalidate(token) {
    this.#observe();
    return unwrap(this.#native.invalidate(token instanceof Token ? token.value : token));
  }

  /**
   * @param {string} query
   * @param {import('../index').GraphQLOptions} [options]
   */
  async graphql(query, { signal, throwOnErrors, ...options } = {}) {
    const { read, write } = require('./graphql.js');
    const operation = write(query, options);
    this.#observe();
    /** @returns {Promise<import('./binding').NativeResponse>} */
    const send = () => wait(this, (call) => this.#native.graphql(operation, completions, call), signal);
    const observer = this.#root.#observer;
    return read(await (observer ? observer(operation, send) : send()), throwOnErrors);
  }

  /**
   * Lets the operations of this client and its handles be observed, from now on or no more.
   *
   * @param {Observer | undefined} observer
   */
  [observe](observer) {
    this.#root.#observer = observer;
    this.#observe();
  }

  /** What its requests are known by. */
  [identity]() {
    const native = this.#native;
    return { root: this.#root, number: native.number(), tokenServer: native.tokenServer(), apiServer: native.apiServer() };
  }

  /**
   * @param {string} url
   * @param {{ replayable?: boolean }} [options]
   */
  authFlow(url, { replayable = true } = {}) {
    const flow = this[openAuthFlow](url, replayable);
    // Not what the name of the file may lead to by now: that of the flow.
    return /** @type {NonNullable<typeof AuthFlow>} */ (AuthFlow).releaseOnCollect(flow);
  }

  /**
   * An auth flow that its caller releases, for the adapters of this package.
   *
   * @param {string} url
   * @param {boolean} replayable
   */
  [openAuthFlow](url, replayable) {
    AuthFlow ??= require('./auth-flow.js').AuthFlow;
    this.#observe();
    this.#authFlows ??= this.#native.authFlows(completions);
    return new AuthFlow(this.#authFlows, (...attempt) => this.#authorize(...attempt), url, replayable);
  }

  /**
   * The header value for an attempt of a request. What a test or a subclass has put in the place of `authorization`
   * is asked for it.
   *
   * @param {import('./pending-calls.js').StartToken} start
   * @param {boolean} isRepetition
   * @param {import('../index').GetTokenOptions} [options]
   */
  async #authorize(start, isRepetition, options) {
    const { signal, timeoutMs } = waiting(options);
    if (this.authorization !== authorization) return this.authorization();
    const now = isRepetition ? undefined : this.authorizationNow();
    return now ?? (await waitForToken(this, start, { signal, timeoutMs })).authorization;
  }

  /** Ends the client and everything that waits for it. May be repeated. */
  close() {
    this.#authorization = undefined;
    this.#pending = undefined;
    this.#source = undefined;
    this.#observe();
    if (this.#root === this) this.#isObserved = undefined;
    unwrap(this.#native.close());
  }

  /** What may be shown of it. */
  [Symbol.for('nodejs.util.inspect.custom')]() {
    return `Client of ${this.#native.target()}`;
  }
}

/** The method as it is here, whatever takes its place. */
const { authorization } = Client.prototype;

// Older versions of Node 20 do not have these symbols.
if (Symbol.dispose) {
  Object.defineProperty(Client.prototype, Symbol.dispose, { value: Client.prototype.close });
}
if (Symbol.asyncDispose) {
  Object.defineProperty(Client.prototype, Symbol.asyncDispose, {
    /** @this {Client} */
    async value() {
      this.close();
    },
  });
}

module.exports = { Client, NativeParts };
