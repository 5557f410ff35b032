'use strict';

// The client. It keeps the current header value as a JavaScript string, so that the hot call asks the
// library one question and crosses for nothing else. Whatever there is to decide, the library decides.

const { wait } = require('./calls.js');
const { unwrap } = require('./error.js');
const { Exchange, open } = require('./exchange.js');
const { read, write } = require('./graphql.js');
const native = require('./native.js');
const { Token } = require('./token.js');

/** @typedef {import('./binding').NativeClient} NativeClient */

/** @type {typeof import('./fetch.js').authenticatedFetch | undefined} */
let authenticatedFetch;

class Client {
  /** @type {NativeClient} */
  #native;
  /** Asks the library whether `#authorization` is still good. */
  #isFresh;
  /** @type {string | undefined} */
  #authorization;
  /** @type {import('./binding').Exchanges | undefined} */
  #exchanges;

  /**
   * Needs no `this`, so that it can be given away as it is.
   *
   * @param {string | URL | Request} input
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  fetch = (input, init) => {
    // Programs that send by other means need not load it.
    authenticatedFetch ??= require('./fetch.js').authenticatedFetch;
    return authenticatedFetch(/** @type {any} */ (this), input, init);
  };

  /** @param {unknown} options `ClientOptions`, or a client of the library */
  constructor(options) {
    this.#native = options instanceof native.Client ? options : unwrap(native.newClient(options));
    this.#isFresh = this.#native.freshness();
  }

  /** @param {unknown} options */
  static seekApi(options) {
    return new Client(unwrap(native.newClient(options, { service: 'seek_api' })));
  }

  /** @param {unknown} options */
  static seekPass(options) {
    return new Client(unwrap(native.newClient(options, { service: 'seek_pass' })));
  }

  /** @param {unknown} options */
  static oauth(options) {
    return new Client(unwrap(native.newClient(options, { service: 'oauth' })));
  }

  /** @param {unknown} [overrides] */
  static fromEnv(overrides) {
    return new Client(unwrap(native.clientFromEnv(overrides)));
  }

  /** @param {(string | readonly string[])[]} scopes */
  withScopes(...scopes) {
    return new Client(unwrap(this.#native.withScopes(scopes.flat())));
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
    return this.authorizationNow() ?? (await this.#token()).authorization;
  }

  /** @param {import('./index').GetTokenOptions} [options] */
  async getToken({ timeoutMs, signal, ...unknown } = {}) {
    for (const name in unknown) {
      throw new TypeError(`unknown option "${name}"; the options are timeoutMs, signal`);
    }
    return new Token(await this.#token(timeoutMs, signal));
  }

  /**
   * @param {number} [timeoutMs]
   * @param {AbortSignal | null} [signal]
   * @returns {Promise<import('./binding').NativeToken>}
   */
  #token(timeoutMs, signal) {
    return wait((mailbox, call) => this.#native.getToken(timeoutMs, mailbox, call), signal);
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
   * @param {import('./index').GraphqlOptions} [options]
   */
  async graphql(query, { signal, throwOnErrors, ...options } = {}) {
    const operation = write(query, options);
    /** @type {import('./binding').NativeReply} */
    const reply = await wait((mailbox, call) => this.#native.graphql(operation, mailbox, call), signal);
    return read(reply, throwOnErrors);
  }

  /**
   * @param {string} url
   * @param {{ replayable?: boolean }} [options]
   */
  exchange(url, { replayable = true } = {}) {
    return Exchange.entrust(this.#open(url, replayable));
  }

  /**
   * @param {string} url
   * @param {boolean} replayable
   */
  #open(url, replayable) {
    this.#exchanges ??= this.#native.exchanges();
    return new Exchange(this.#exchanges, url, replayable);
  }

  static {
    Object.defineProperty(this.prototype, open, {
      /**
       * @this {Client}
       * @param {string} url
       * @param {boolean} replayable
       */
      value(url, replayable) {
        return this.#open(url, replayable);
      },
    });
  }

  /** Ends the client and everything that waits for it. May be repeated. */
  close() {
    this.#authorization = undefined;
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

module.exports = { Client };
