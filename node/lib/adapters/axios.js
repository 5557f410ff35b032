'use strict';

// For axios: an adapter around the one that an instance has. Interceptors and transformations run once and see
// one response; what they made of the request is what is sent the second time.

const { Readable } = require('node:stream');
const { types } = require('node:util');
const { SeekAuthError } = require('../error.js');
const { isAbortSignal } = require('../pending-calls.js');
const { drain, sendWithAuth, timeLimit } = require('./send.js');

/** @typedef {import('../../index').Client} Client */
/** @typedef {import('../../index').Inspection} Inspection */
/** @typedef {import('axios').AxiosAdapter} Adapter */
/** @typedef {import('axios').AxiosResponse} Response */
/** @typedef {import('axios').InternalAxiosRequestConfig} Config */

/** The first version that asks the proxy of an HTTPS request for a tunnel. */
const LOWEST = [1, 16, 1];

/** The adapters that each adapter made here is around. */
const originals = new WeakMap();

/**
 * @param {import('axios').AxiosStatic} axios the one that made the instance
 * @returns {typeof import('../../axios').attach}
 */
function attachWith({ Axios, getAdapter, VERSION }) {
  // Has no defaults of its own, so that nothing is merged into what it is given.
  const plain = new Axios({});
  return (client, instance) => {
    // The version of what sends: names of adapters are looked up here, whichever axios made the instance.
    if (!isSafe(VERSION)) {
      throw new SeekAuthError(
        `axios ${LOWEST.join('.')} or later is needed, and this is ${VERSION || 'of no version'}: older ones send ` +
          'HTTPS requests, and the token in them, to a proxy in clear text; install a newer one',
        { code: 'invalid_argument' },
      );
    }
    /** @param {Config} config */
    const wrap = (config) => {
      // A configuration comes by again when others repeat a request.
      const original = originals.get(/** @type {object} */ (config.adapter)) ?? config.adapter;
      config.adapter = (final) => {
        const { baseURL, url, allowAbsoluteUrls } = final;
        const address = baseURL ? plain.getUri(/** @type {Config} */ ({ baseURL, url, allowAbsoluteUrls })) : String(url);
        return send(client, address, getAdapter(original, final), final);
      };
      originals.set(config.adapter, original);
      return config;
    };
    instance.interceptors.request.use(wrap, null, { synchronous: true });
    return instance;
  };
}

/** @param {unknown} version of axios */
function isSafe(version) {
  const parts = String(version).match(/^(\d+)\.(\d+)\.(\d+)/)?.slice(1).map(Number) ?? [];
  const at = parts.findIndex((part, i) => part !== LOWEST[i]);
  return parts.length > 0 && (at < 0 || Number(parts[at]) > Number(LOWEST[at]));
}

/**
 * @param {Client} client
 * @param {string} url
 * @param {Adapter} adapter
 * @param {Config} config ready to be sent. It is part of responses and errors, which programs print, so it
 *   has the token no longer than the sending lasts
 * @returns {Promise<Response>}
 */
async function send(client, url, adapter, config) {
  const { data, headers, signal, timeout, auth, beforeRedirect, proxy } = config;
  // Without TLS the API is on this machine. A proxy would carry the token away from it, in clear text.
  const isPlain = /^http:/i.test(url);
  const waiting = { timeoutMs: timeLimit(timeout), signal: isAbortSignal(signal) ? signal : undefined };
  /** @type {{ response: Response, error?: unknown } | undefined} */
  let outcome;
  try {
    Object.assign(config, { auth: undefined, beforeRedirect: guard(url, beforeRedirect), ...(isPlain && { proxy: false }) });
    const plan = { url, body: data, headers: Object.entries(headers), waiting };
    await sendWithAuth(client, plan, async (flow, authorization) => {
      for (const [name, value] of flow.headers(Object.keys(headers))) headers.set(name, value);
      headers.set('Authorization', authorization);
      outcome = await settled(adapter(config));
      const { response } = outcome;
      return peekResponse(flow.inspect(response.status, response.request?.res?.responseUrl), response);
    });
  } finally {
    Object.assign(config, { auth, beforeRedirect, ...(isPlain && { proxy }) });
    headers.delete('Authorization');
  }
  const { response, error } = /** @type {NonNullable<typeof outcome>} */ (outcome);
  if (error) throw error;
  return response;
}

/**
 * Waits for a response, which axios may have thrown because of its status, and hides its request, which
 * has the token, from programs that print it.
 *
 * @param {Promise<Response>} sent
 */
async function settled(sent) {
  try {
    const response = await sent;
    hideRequest(response);
    return { response };
  } catch (error) {
    const failure = /** @type {import('axios').AxiosError} */ (error);
    if (failure?.request) hideRequest(failure);
    if (!failure?.response) throw failure;
    hideRequest(failure.response);
    return { response: failure.response, error: failure };
  }
}

/** @param {object} subject */
function hideRequest(subject) {
  Object.defineProperty(subject, 'request', { enumerable: false });
}

/**
 * Takes the token away where a redirect leaves its origin. Redirects to a subdomain or to another
 * scheme would keep it in some versions of axios.
 *
 * @param {string} url
 * @param {Config['beforeRedirect']} beforeRedirect the caller's own
 * @returns {NonNullable<Config['beforeRedirect']>}
 */
function guard(url, beforeRedirect) {
  return (options, ...details) => {
    if (new URL(options.href).origin !== new URL(url).origin) {
      for (const name in options.headers) {
        if (name.toLowerCase() === 'authorization') delete options.headers[name];
      }
    }
    beforeRedirect?.(options, ...details);
  };
}

/**
 * Reads as much of a response as the verdict needs. A stream is replaced by one of the whole, which has nothing
 * of the request: Node's own leads to it, and shows the token when it is printed.
 *
 * @param {Inspection} inspection
 * @param {Response} response
 * @returns {Promise<import('./send.js').Rejection | undefined>} see {@link sendWithAuth}
 */
async function peekResponse(inspection, response) {
  const { data } = response;
  if (!(data instanceof Readable)) {
    return (inspection.verdict ?? inspectWhole(inspection, data)) ? { rest: Promise.resolve(), cut() {} } : undefined;
  }
  const chunks = data[Symbol.asyncIterator]();
  const read = [];
  while (inspection.verdict === undefined) {
    const { done, value } = await chunks.next();
    if (done) inspection.finish();
    else inspection.feed(value);
    if (!done) read.push(value);
  }
  if (inspection.verdict) {
    return { rest: drain(() => chunks.next()), cut: () => data.destroy() };
  }
  response.data = new Readable({
    read() {
      chunks.next().then(
        ({ done, value }) => this.push(done ? null : value),
        (error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      data.destroy();
      done(error);
    },
  });
  for (const chunk of read) response.data.push(chunk);
  return undefined;
}

/**
 * @param {Inspection} inspection
 * @param {unknown} data a whole body
 */
function inspectWhole(inspection, data) {
  const bytes = typeof data === 'string' ? Buffer.from(data) : types.isArrayBuffer(data) ? new Uint8Array(data) : data;
  if (types.isUint8Array(bytes)) {
    for (let at = 0; inspection.verdict === undefined && at < bytes.length; at += CHUNK) {
      inspection.feed(bytes.subarray(at, at + CHUNK));
    }
  }
  return inspection.finish();
}

/** Whole bodies are inspected in chunks, because their beginning mostly gives the verdict. */
const CHUNK = 1 << 16;

module.exports = { attachWith };
