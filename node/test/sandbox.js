'use strict';

// The stand-in for SEEK that the tests talk to: starts one for a test file and speaks to its admin
// endpoint. The program comes from the environment variable SEEKAUTH_SANDBOX.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const readline = require('node:readline');

/** @typedef {{auth: string, token_url: string, graphql: string, graphql_url: string, pass: string, foreign: string, admin: string, ca_file: string}} Urls */
/** @typedef {{endpoint: string, connection: number, headers: Record<string, string>, body: string}} Entry */

/** A machine that is busy with other things must not make a test fail. */
const timeouts = { timeoutMs: 60_000, requestTimeoutMs: 60_000, connectTimeoutMs: 60_000 };

class Sandbox {
  /** @type {import('node:child_process').ChildProcess} */
  #process;
  /** @type {Urls} */
  urls;

  /**
   * @param {import('node:child_process').ChildProcess} process
   * @param {Urls} urls
   */
  constructor(process, urls) {
    this.#process = process;
    this.urls = urls;
  }

  /**
   * Starts a sandbox on ports of its own. It ends with `stop`, or with this process.
   *
   * @param {string[]} options of the program
   */
  static async start(...options) {
    const program = process.env.SEEKAUTH_SANDBOX;
    if (!program) throw new Error('set SEEKAUTH_SANDBOX to the seekauth-sandbox program');
    const child = spawn(program, ['--exit-with-stdin', '--show-secrets', ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = readline.createInterface({ input: child.stdout });
    const [line] = await once(lines, 'line');
    return new Sandbox(child, JSON.parse(line));
  }

  async stop() {
    const ended = once(this.#process, 'exit');
    this.#process.stdin?.end();
    await ended;
  }

  /** Options for a SEEK API client of this sandbox. */
  seekApi() {
    return {
      ...timeouts,
      environment: /** @type {const} */ ('live'),
      clientId: 'sandbox-live',
      clientSecret: 'sandbox-live-secret',
      userAgent: 'Test/1.0',
      tokenUrl: this.urls.token_url,
      apiUrl: this.urls.graphql_url,
    };
  }

  /** Options for a SEEK Pass client of this sandbox. */
  seekPass() {
    return {
      ...timeouts,
      environment: /** @type {const} */ ('staging'),
      clientId: 'sandbox-pass',
      clientSecret: 'sandbox-pass-secret & more=100%',
      userAgent: 'Test/1.0',
      baseUrl: this.urls.pass,
    };
  }

  /** Back to how it was when it started. */
  reset() {
    return this.#admin('POST', '/reset');
  }

  /** @param {object[]} responses for the requests to come, in this order */
  script(...responses) {
    return this.#admin('POST', '/script', responses);
  }

  /** Forgets the responses that no request has used up. */
  clearScript() {
    return this.#admin('DELETE', '/script');
  }

  /** @param {object} settings that replace the present ones */
  configure(settings) {
    return this.#admin('PATCH', '/settings', settings);
  }

  /** Lets go the responses that are held back. */
  release() {
    return this.#admin('POST', '/release');
  }

  /** Revokes all tokens. */
  forget() {
    return this.#admin('POST', '/forget');
  }

  /**
   * @param {string} endpoint
   * @returns {Promise<Entry[]>} the requests that arrived there
   */
  requests(endpoint) {
    return this.#admin('GET', `/journal?endpoint=${endpoint}`);
  }

  tokenRequests() {
    return this.requests('seek_api_token');
  }

  /**
   * @param {number} count of requests to wait for, for a minute at most
   * @param {string} [endpoint]
   */
  async arrival(count, endpoint = 'seek_api_token') {
    const deadline = Date.now() + 60_000;
    while ((await this.requests(endpoint)).length < count) {
      if (Date.now() > deadline) throw new Error(`fewer than ${count} requests arrived at ${endpoint}`);
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   */
  async #admin(method, path, body) {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(this.urls.admin + path, init);
    const result = /** @type {any} */ (await response.json());
    if (!response.ok) throw new Error(`${method} ${path}: ${result.error}`);
    return result;
  }
}

module.exports = { Sandbox };
