'use strict';

// The client. It keeps the current header value as a JavaScript string, so that the hot call asks the
// library one question and crosses for nothing else. Whatever there is to decide, the library decides.

const { wait } = require('./calls.js');
const { unwrap } = require('./error.js');
const native = require('./native.js');
const { Token } = require('./token.js');

/** @typedef {import('./binding').NativeClient} NativeClient */

class Client {
  /** @type {NativeClient} */
  #native;
  /** Asks the library whether `#authorization` is still good. */
  #isFresh;
  /** @type {string | undefined} */
  #authorization;

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
    return this.authorizationNow() ?? (await wait(this.#native, undefined, undefined)).authorization;
  }

  /** @param {import('./index').GetTokenOptions} [options] */
  async getToken({ timeoutMs, signal, ...unknown } = {}) {
    for (const name in unknown) {
      throw new TypeError(`unknown option "${name}"; the options are timeoutMs, signal`);
    }
    if (signal != null && !(signal instanceof AbortSignal)) {
      throw new TypeError('signal must be an AbortSignal');
    }
    return new Token(await wait(this.#native, timeoutMs, signal));
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
