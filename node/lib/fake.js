'use strict';

// Clients for tests, which never touch the network: the library's own client, over a token endpoint and an API that a
// test plays. What responds to requests stays in JavaScript; the library sends it each request under a number. This
// file is loaded late, perhaps for a client of a copy of the package that the program has replaced meanwhile, so that
// it shares nothing with others but what it is given.

const { SeekAuthError, className, unwrap } = require('./error.js');

/** @typedef {import('./binding').FakeRequest} FakeRequest */
/** @typedef {import('./binding').NativeFake} NativeFake */
/** @typedef {import('../index').FakeResponse} FakeResponse */
/** @typedef {Map<number, (request: any) => void>} Providers */
/** @typedef {{ status: number, headers: [string, string][], body: Uint8Array }} Parts of a response */

const JSON_TYPE = /** @type {[string, string]} */ (['content-type', 'application/json']);
/** The keys of what client.js leaves to clients for tests. */
const handle = Symbol.for('seekauth.handle');
const transport = Symbol.for('seekauth.transport');

const registry = new FinalizationRegistry((/** @type {{ providers: Providers, number: number }} */ held) => {
  held.providers.delete(held.number);
});

/** The other side of a client for tests and of all its handles. */
class Fake {
  #native;
  #listen;
  /** @type {FakeResponse[]} The last one stands. */
  #responses = [];
  /** What is being responded to: the library takes a request that is collected for one that failed. */
  #open = new Set();

  /**
   * @param {NativeFake} native
   * @param {object} own of the client's copy of the package
   * @param {import('./binding').Completions} own.completions where the library sends requests
   * @param {Providers} own.providers where they are served
   * @param {() => number} own.newNumber
   */
  constructor(native, { completions, providers, newNumber }) {
    const number = newNumber();
    const held = new WeakRef(this);
    providers.set(number, (request) => {
      const fake = held.deref();
      if (fake) void fake.#serve(request);
      else request.fail('the client was collected');
    });
    registry.register(this, { providers, number });
    this.#native = native;
    this.#listen = () => native.respond(completions, number);
  }

  get native() {
    return this.#native;
  }

  /** @param {FakeResponse[]} responses */
  respond(responses) {
    this.#responses = [...responses];
    if (responses.length === 0) this.#native.clearResponses();
    else this.#listen();
  }

  /** @param {FakeRequest} asked by the library */
  async #serve(asked) {
    this.#open.add(asked);
    try {
      const { method, url, headers, body } = asked;
      const hasBody = method !== 'GET' && method !== 'HEAD';
      const request = () => new Request(url, { method, headers, ...(hasBody && { body }) });
      const { status, headers: pairs, body: bytes } = await partsOf(await this.#next(request));
      asked.provide(status, pairs, bytes);
    } catch (error) {
      asked.fail(...failureOf(error));
    } finally {
      this.#open.delete(asked);
    }
  }

  /**
   * In the place of the platform's fetch.
   *
   * @param {any} input
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  async fetch(input, init) {
    const request = new Request(input, init);
    const { method, url, headers, signal } = request;
    signal.throwIfAborted();
    const body = new Uint8Array(await request.clone().arrayBuffer());
    unwrap(this.#native.record(method, url, [...headers], body));
    const aborted = new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    const response = await Promise.race([this.#next(() => request), aborted]);
    if (isResponse(response)) return response.clone();
    const { status, headers: pairs, body: bytes } = await partsOf(response);
    return new Response(bytes, { status, headers: pairs });
  }

  /** @param {() => Request} request for a function that responds */
  async #next(request) {
    const response = this.#responses.length > 1 ? this.#responses.shift() : this.#responses[0];
    return typeof response === 'function' ? response(request()) : response;
  }
}

/**
 * @param {unknown} value which may be of another context's class
 * @returns {value is Response}
 */
function isResponse(value) {
  return Object.prototype.toString.call(value) === '[object Response]';
}

/**
 * @param {unknown} response the platform's, or what its JSON is made of
 * @returns {Promise<Parts>}
 */
async function partsOf(response) {
  if (!isResponse(response)) {
    const text = JSON.stringify(response);
    if (text === undefined) throw new TypeError('a response is a Response, or a value that JSON can hold');
    return { status: 200, headers: [JSON_TYPE], body: Buffer.from(text) };
  }
  const body = new Uint8Array(await response.clone().arrayBuffer());
  return { status: response.status, headers: [...response.headers], body };
}

/**
 * @param {unknown} thrown by what responds
 * @returns {Parameters<FakeRequest['fail']>}
 */
function failureOf(thrown) {
  try {
    if (!(thrown instanceof SeekAuthError)) return [`what responds for the fake client failed: ${thrown}`];
    const { message, code, retryAfterMs } = /** @type {import('../index').SeekAuthError} */ (/** @type {unknown} */ (thrown));
    return [`${message}`, code, retryAfterMs];
  } catch {
    // It has no form as text: an object without a prototype, a getter that throws.
    return [`what responds for the fake client failed: ${className(thrown) ?? typeof thrown}`];
  }
}

/** @param {import('./binding').JournalEntry} entry */
function read({ scopes, failure, method, url, headers, body }) {
  if (scopes) return Object.freeze({ kind: 'token', scopes: Object.freeze([...scopes]), failure });
  return Object.freeze({
    kind: 'api',
    method,
    url,
    headers: Object.freeze(Object.fromEntries(headers ?? [])),
    body: Buffer.from(body ?? []).toString(),
  });
}

/**
 * The class of clients for tests.
 *
 * @param {object} own of the copy of the package that makes them
 * @param {typeof import('./client.js').Client} own.Client
 * @param {typeof import('./client.js').NativeParts} own.NativeParts
 * @param {import('./binding').Binding} own.native
 * @param {typeof import('./pending-calls.js')} own.calls
 */
function fakeClass({ Client, NativeParts, native, calls }) {
  return class FakeClient extends Client {
    /** @type {Fake} */
    #fake;

    /** @param {unknown} options `FakeOptions`, or the parts of a handle */
    constructor(options) {
      if (options instanceof NativeParts) {
        super(options);
        this.#fake = /** @type {FakeClient} */ (options.source).#fake;
      } else {
        const { client, fake } = unwrap(native.newFake(options));
        const source = new Fake(fake, calls);
        super(new NativeParts(client, source));
        this.#fake = source;
      }
    }

    /** @param {InstanceType<typeof NativeParts>} parts */
    [handle](parts) {
      return new FakeClient(parts);
    }

    /** What sends in the place of the platform's fetch. */
    get [transport]() {
      const fake = this.#fake;
      return (/** @type {string | Request} */ input, /** @type {RequestInit | undefined} */ init) => fake.fetch(input, init);
    }

    /**
     * @param {import('../index').ErrorCode} code
     * @param {{ retryAfterMs?: number | undefined }} [options]
     */
    failWith(code, options) {
      unwrap(this.#fake.native.failWith(code, options));
    }

    succeed() {
      this.#fake.native.succeed();
    }

    /** @param {number} ms */
    advance(ms) {
      unwrap(this.#fake.native.advance(ms));
    }

    get now() {
      return new Date(this.#fake.native.nowMs);
    }

    /** @param {FakeResponse[]} responses */
    respond(...responses) {
      this.#fake.respond(responses);
    }

    get journal() {
      // A list of this context, and not of the one that loaded the library first.
      return Object.freeze([...this.#fake.native.journal()].map(read));
    }

    /** What may be shown of it. */
    [Symbol.for('nodejs.util.inspect.custom')]() {
      return `Client.fake of ${this.apiUrl}`;
    }
  };
}

module.exports = { fakeClass };
