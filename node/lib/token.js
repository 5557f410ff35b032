'use strict';

// One token, as it was issued. It never changes. Its value is only where its name asks for it: printing a token,
// or making JSON of it, shows the facts around it.

const { recognizeCopies, unwrap } = require('./error.js');
const native = require('./native.js');

/** @typedef {import('./binding').NativeToken} NativeToken */

/**
 * Not by its class, of which each copy of the library has one.
 *
 * @param {unknown} token
 * @returns {token is NativeToken}
 */
function isNative(token) {
  return typeof token === 'object' && token !== null && 'expiredOnTheWay' in token;
}

class Token {
  /** @type {NativeToken} */
  #token;

  /**
   * @param {unknown} token the library's, or the value of one that a test makes
   * @param {unknown} [options] `TokenOptions` of that one
   */
  constructor(token, options) {
    this.#token = isNative(token) ? token : unwrap(native.newToken(token, options));
  }

  /** The access token itself. */
  get value() {
    return this.#token.value;
  }

  /** The whole value of the `Authorization` header. */
  get authorization() {
    return this.#token.authorization;
  }

  /** When it expires by the wall clock. */
  get expiresAt() {
    return new Date(this.#token.expiresAtMs);
  }

  /** Milliseconds until it expires by whichever clock comes first; 0 once it has. */
  get remainingMs() {
    return this.#token.remainingMs;
  }

  /** The scopes it was granted; empty for the SEEK API. */
  get scopes() {
    // A list of this context, and not of the one that loaded the library first.
    return [...this.#token.scopes];
  }

  /** What may be shown of it. */
  toJSON() {
    return { expiresAt: this.expiresAt, remainingMs: this.remainingMs, scopes: this.scopes };
  }

  /**
   * @param {number} _depth
   * @param {object} options
   * @param {(value: object, options: object) => string} inspect
   */
  [Symbol.for('nodejs.util.inspect.custom')](_depth, options, inspect) {
    return `Token ${inspect(this.toJSON(), options)}`;
  }
}

recognizeCopies(Token, 'Token');

module.exports = { Token };
