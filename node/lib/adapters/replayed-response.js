'use strict';

// A response whose body was read a little way before its caller got it. It is the platform's own
// response, with all that it says about itself; only what reads its body is answered here, and begins
// with the pieces that were read. (A copy made by `clone` would do too, and cost five times as much.)

/**
 * @typedef {object} Rest
 * @property {Uint8Array[]} pieces that were read
 * @property {ReadableStreamDefaultReader<Uint8Array>} reader of what follows them
 * @property {boolean} used whether the caller reads or has read it all
 * @property {Response} [replay] the body as a stream, once somebody has asked for that
 */

const rest = Symbol('rest of the body');
const decoder = new TextDecoder();

/** What the platform's methods make of a whole body. */
const conversions = /** @type {const} */ ({
  arrayBuffer: (/** @type {Uint8Array} */ bytes) => new Uint8Array(bytes).buffer,
  json: (/** @type {Uint8Array} */ bytes) => JSON.parse(decoder.decode(bytes)),
  text: (/** @type {Uint8Array} */ bytes) => decoder.decode(bytes),
});

/** What a response says about itself. */
const facts = /** @type {const} */ (['ok', 'redirected', 'status', 'statusText', 'type', 'url']);

/** Nobody can read the body of a response that nobody has any more; the platform does the same. */
const forgotten = new FinalizationRegistry((/** @type {ReadableStreamDefaultReader} */ reader) => {
  reader.cancel().catch(() => {});
});

/**
 * @param {Response} response
 * @param {Uint8Array[]} pieces of its body
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader that gave them
 */
function resume(response, pieces, reader) {
  /** @type {any} */ (response)[rest] = { pieces, reader, used: false };
  Object.setPrototypeOf(response, resumed);
  forgotten.register(response, reader, response);
}

const platform = /** @type {Record<string, any>} */ (Response.prototype);
const resumed = Object.create(platform, {
  body: {
    /** @this {Response} */
    get() {
      return Reflect.get(platform, 'body', reading(this).used ? this : replay(this));
    },
  },
  bodyUsed: {
    /** @this {Response} */
    get() {
      const { used, replay } = reading(this);
      return used || (replay?.bodyUsed ?? false);
    },
  },
  clone: {
    /** @this {Response} */
    value() {
      const copy = slowly(this, platform.clone);
      for (const name of facts) Object.defineProperty(copy, name, { value: this[name] });
      return copy;
    },
  },
});
for (const [name, convert] of Object.entries(conversions)) {
  Object.defineProperty(resumed, name, {
    /** @this {Response} */
    value() {
      return quickly(this, platform[name], convert);
    },
  });
}
for (const name of ['blob', 'bytes', 'formData']) {
  // Not every version of Node 20 has all of them.
  if (!(name in platform)) continue;
  Object.defineProperty(resumed, name, {
    /** @this {Response} */
    value() {
      return slowly(this, platform[name]);
    },
  });
}

/** @param {Response} response */
function reading(response) {
  return /** @type {{ [rest]: Rest }} */ (/** @type {unknown} */ (response))[rest];
}

/**
 * Reads the body as a whole, without making a stream of it first where that is not there yet.
 *
 * @template T
 * @param {Response} response
 * @param {(this: Response) => Promise<T>} method the platform's own
 * @param {(bytes: Uint8Array) => T} convert does what `method` does
 */
async function quickly(response, method, convert) {
  const state = reading(response);
  if (state.used || state.replay) return slowly(response, method);
  state.used = true;
  forgotten.unregister(response);
  const { pieces, reader } = state;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
  }
  return convert(pieces.length === 1 ? /** @type {Uint8Array} */ (pieces[0]) : Buffer.concat(pieces));
}

/**
 * Applies a method of the platform to the body as it ought to be. For one that has been read, the
 * platform has its own words.
 *
 * @template T
 * @param {Response} response
 * @param {(this: Response) => T} method
 */
function slowly(response, method) {
  return method.call(reading(response).used ? response : replay(response));
}

/** @param {Response} response */
function replay(response) {
  const state = reading(response);
  if (state.replay) return state.replay;
  forgotten.unregister(response);
  const { pieces, reader } = state;
  state.replay = new Response(
    new ReadableStream({
      type: 'bytes',
      async pull(controller) {
        const piece = pieces.shift() ?? (await reader.read()).value;
        if (piece) {
          controller.enqueue(piece);
        } else {
          controller.close();
          controller.byobRequest?.respond(0);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    }),
    { headers: response.headers },
  );
  return state.replay;
}

module.exports = { resume };
