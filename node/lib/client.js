'use strict';

// The client. It keeps the current header value as a JavaScript string, so that the hot call asks the
// library one question and crosses for nothing else. Whatever there is to decide, the library decides.

const { mailbox, newNumber, outcome, wait } = require('./pending-calls.js');
const { unwrap } = require('./error.js');
const native = require('./native.js');
const { Token } = require('./token.js');

/** @typedef {import('./binding').Made} Made */
/** @typedef {import('./binding').Mailbox} Mailbox */
/** @typedef {import('./binding').NativeClient} NativeClient */
/**
 * @template T
 * @typedef {import('./binding').Outcome<T>} Outcome
 */

// What only some programs use is loaded when they do, since most of the time that loading takes goes by file.
/** @type {typeof import('./auth-flow.js').Exchange | undefined} */
let Exchange;
/** @type {typeof import('./adapters/fetch.js').authenticatedFetch | undefined} */
let authenticatedFetch;

/**
 * Opens an exchange that its caller releases.
 *
 * @type {(client: import('../index').Client, url: string, replayable: boolean) => InstanceType<typeof import('./auth-flow.js').Exchange>}
 */
let open;

/** What a client is made of. */
class Parts {
  /**
   * @param {NativeClient} client
   * @param {object} [source] what gives it credentials, to be kept as long as the client
   */
  constructor(client, source) {
    this.client = client;
    this.source = source;
  }

  /**
   * @template {unknown[]} Options
   * @param {(mailbox: Mailbox, number: number, ...options: Options) => Outcome<Made>} create
   * @param {Options} options
   */
  static make(create, ...options) {
    const number = newNumber();
    const { client, credentials, warnings } = unwrap(create(mailbox, number, ...options));
    for (const warning of warnings) process.emitWarning(warning, 'SeekauthWarning');
    if (!credentials) return new Parts(client);
    const { Provider } = require('./credentials.js');
    return new Parts(client, new Provider(number, credentials));
  }
}

class Client {
  /** @type {NativeClient} */
  #native;
  /** @type {object | undefined} */
  #source;
  /** Asks the library whether `#authorization` is still good. */
  #isFresh;
  /** @type {string | undefined} */
  #authorization;
  /** @type {import('./binding').Exchanges | undefined} */
  #exchanges;
  /** @type {Promise<Outcome<import('./binding').NativeToken>> | undefined} */
  #asked;

  /**
   * Needs no `this`, so that it can be given away as it is.
   *
   * @param {string | URL | Request} input
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  fetch = (input, init) => {
    authenticatedFetch ??= require('./adapters/fetch.js').authenticatedFetch;
    return authenticatedFetch(/** @type {any} */ (this), input, init);
  };

  /** @param {unknown} options `ClientOptions`, or the parts of a client */
  constructor(options) {
    const { client, source } = options instanceof Parts ? options : Parts.make(native.newClient, options);
    this.#native = client;
    this.#source = source;
    this.#isFresh = client.freshness();
  }

  /** @param {unknown} options */
  static seekApi(options) {
    return new Client(Parts.make(native.newClient, options, { service: 'seek_api' }));
  }

  /** @param {unknown} options */
  static seekPass(options) {
    return new Client(Parts.make(native.newClient, options, { service: 'seek_pass' }));
  }

  /** @param {unknown} options */
  static oauth(options) {
    return new Client(Parts.make(native.newClient, options, { service: 'oauth' }));
  }

  /** @param {unknown} [overrides] */
  static fromEnv(overrides) {
    return new Client(Parts.make(native.clientFromEnv, overrides));
  }

  /** @param {(string | readonly string[])[]} scopes */
  withScopes(...scopes) {
    return new Client(new Parts(unwrap(this.#native.withScopes(scopes.flat())), this));
  }

  get apiUrl() {
    return this.#native.apiUrl() ?? undefined;
  }

  /** The header value at once, or `undefined` where {@link authorization} is to be asked. */
  authorizationNow() {
    return this.#isFresh() ? this.#authorization : this.#take();
  }

  #take() {
    this.#authorization = unwrap(this.#native.freshAuthorization()) ?? undefined;
    return this.#authorization;
  }

  /** The header value; waits only where there is no token that could be used. */
  async authorization() {
    return this.authorizationNow() ?? unwrap(await this.#together()).authorization;
  }

  /** One call for all of the same turn: they have one deadline, and so one outcome. */
  #together() {
    if (!this.#asked) {
      this.#asked = outcome(this, (mailbox, call) => this.#native.getToken(undefined, mailbox, call));
      queueMicrotask(() => (this.#asked = undefined));
    }
    return this.#asked;
  }

  /** @param {import('../index').GetTokenOptions} [options] */
  async getToken({ timeoutMs, signal, ...unknown } = {}) {
    for (const name in unknown) {
      throw new TypeError(`unknown option "${name}"; the options are timeoutMs, signal`);
    }
    return new Token(await wait(this, (mailbox, call) => this.#native.getToken(timeoutMs, mailbox, call), signal));
  }

  /** The cached token until it has expired. Never waits and never makes a request. */
  cachedToken() {
    const token = unwrap(this.#native.cachedToken());
    return token ? new Token(token) : undefined;
  }

  /** @param {unknown} token that an API refused: itself, its value or the header value */
  invalidate(token) {
    return unwrap(this.#native.invalidate(token instanceof Token ? token.value : token));
  }

  /**
   * @param {string} query
   * @param {import('../index').GraphqlOptions} [options]
   */
  async graphql(query, { signal, throwOnErrors, ...options } = {}) {
    const { read, write } = require('./graphql.js');
    const operation = write(query, options);
    /** @type {import('./binding').NativeReply} */
    const reply = await wait(this, (mailbox, call) => this.#native.graphql(operation, mailbox, call), signal);
    return read(reply, throwOnErrors);
  }

  /**
   * @param {string} url
   * @param {{ replayable?: boolean }} [options]
   */
  exchange(url, { replayable = true } = {}) {
    const { Exchange } = require('./auth-flow.js');
    return Exchange.entrust(this.#open(url, replayable));
  }

  /**
   * @param {string} url
   * @param {boolean} replayable
   */
  #open(url, replayable) {
    Exchange ??= require('./auth-flow.js').Exchange;
    this.#exchanges ??= this.#native.exchanges();
    return new Exchange(this.#exchanges, url, replayable);
  }

  static {
    open = (/** @type {any} */ client, url, replayable) => client.#open(url, replayable);
  }

  /** Ends the client and everything that waits for it. May be repeated. */
  close() {
    this.#authorization = undefined;
    this.#asked = undefined;
    this.#source = undefined;
    unwrap(this.#native.close());
  }

  /** What may be shown of it. */
  [Symbol.for('nodejs.util.inspect.custom')]() {
    return `Client of ${this.#native.target()}`;
  }

  get [Symbol.toStringTag]() {
    return 'Client';
  }
}

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

module.exports = { Client, open };
