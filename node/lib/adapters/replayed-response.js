'use strict';

// A response whose body was read in part before its caller got it. It is the platform's own response; only what
// reads its body is replaced, and begins with the chunks that were read. (A copy made by `clone` would do too,
// and cost five times as much.)

/**
 * @typedef {object} Rest
 * @property {Uint8Array[]} chunks that were read
 * @property {ReadableStreamDefaultReader<Uint8Array>} reader of what follows them
 * @property {boolean} used whether the caller reads or has read it all
 * @property {Response} [replay] the body as a stream, made on first use
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

/** Cancels the body of a response that was collected unread, as the platform does. */
const registry = new FinalizationRegistry((/** @type {ReadableStreamDefaultReader} */ reader) => {
  reader.cancel().catch(() => {});
});

/**
 * @param {Response} response
 * @param {Uint8Array[]} chunks of its body
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader that gave them
 */
function replayBody(response, chunks, reader) {
  /** @type {any} */ (response)[rest] = { chunks, reader, used: false };
  Object.setPrototypeOf(response, replayed);
  registry.register(response, reader, response);
}

const platform = /** @type {Record<string, any>} */ (Response.prototype);
const replayed = Object.create(platform, {
  body: {
    /** @this {Response} */
    get() {
      return Reflect.get(platform, 'body', stateOf(this).used ? this : replay(this));
    },
  },
  bodyUsed: {
    /** @this {Response} */
    get() {
      const { used, replay } = stateOf(this);
      return used || (replay?.bodyUsed ?? false);
    },
  },
  clone: {
    /** @this {Response} */
    value() {
      const copy = readAsStream(this, platform.clone);
      for (const name of facts) Object.defineProperty(copy, name, { value: this[name] });
      return copy;
    },
  },
});
for (const [name, convert] of Object.entries(conversions)) {
  Object.defineProperty(replayed, name, {
    /** @this {Response} */
    value() {
      return readBuffered(this, platform[name], convert);
    },
  });
}
for (const name of ['blob', 'bytes', 'formData']) {
  // Not every version of Node 20 has all of them.
  if (!(name in platform)) continue;
  Object.defineProperty(replayed, name, {
    /** @this {Response} */
    value() {
      return readAsStream(this, platform[name]);
    },
  });
}

/** @param {Response} response */
function stateOf(response) {
  return /** @type {{ [rest]: Rest }} */ (/** @type {unknown} */ (response))[rest];
}

/**
 * Reads the whole body into memory, without a stream where there is none yet.
 *
 * @template T
 * @param {Response} response
 * @param {(this: Response) => Promise<T>} method the platform's own
 * @param {(bytes: Uint8Array) => T} convert does what `method` does
 */
async function readBuffered(response, method, convert) {
  const state = stateOf(response);
  if (state.used || state.replay) return readAsStream(response, method);
  state.used = true;
  registry.unregister(response);
  const { chunks, reader } = state;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
  }
  return convert(chunks.length === 1 ? /** @type {Uint8Array} */ (chunks[0]) : Buffer.concat(chunks));
}

/**
 * Applies a method of the platform to the whole body as a stream. A body that was read is the platform's own
 * error.
 *
 * @template T
 * @param {Response} response
 * @param {(this: Response) => T} method
 */
function readAsStream(response, method) {
  return method.call(stateOf(response).used ? response : replay(response));
}

/** @param {Response} response */
function replay(response) {
  const state = stateOf(response);
  if (state.replay) return state.replay;
  registry.unregister(response);
  const { chunks, reader } = state;
  state.replay = new Response(
    new ReadableStream({
      type: 'bytes',
      async pull(controller) {
        const chunk = chunks.shift() ?? (await reader.read()).value;
        if (chunk) {
          controller.enqueue(chunk);
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

module.exports = { replayBody };
