'use strict';

// A running sandbox: a child process that ends when this one does, and its admin endpoint.

const { spawn } = require('node:child_process');
// Taken as they are now: libraries that intercept HTTP put others in their places.
const { request } = require('node:http');
const { findSandbox } = require('./program.js');

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

class SandboxError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'SandboxError';
  }
}

class Sandbox {
  /** @type {ChildProcess} */
  #process;

  /**
   * @param {ChildProcess} process
   * @param {any} said what the program has printed
   */
  constructor(process, said) {
    this.#process = process;
    this.urls = {
      auth: said.auth,
      tokenUrl: said.token_url,
      graphql: said.graphql,
      graphqlUrl: said.graphql_url,
      pass: said.pass,
      passTokenUrl: said.pass_token_url,
      foreign: said.foreign,
      admin: said.admin,
    };
    this.env = said.env;
    this.passEnv = said.pass_env;
    this.caFile = said.ca_file ?? undefined;
  }

  /** @param {object[]} responses */
  async script(...responses) {
    await this.#ask('POST', '/script', responses);
  }

  async scriptLeft() {
    return (await this.#ask('GET', '/script')).left;
  }

  async release() {
    await this.#ask('POST', '/release');
  }

  /** @param {Record<string, string>} [filter] */
  async journal(filter = {}) {
    return this.#ask('GET', `/journal?${new URLSearchParams(filter)}`);
  }

  /** @param {string} endpoint */
  async requests(endpoint) {
    return (await this.#ask('GET', '/counts')).endpoints[endpoint] ?? 0;
  }

  /** @param {object} settings */
  async configure(settings) {
    await this.#ask('PATCH', '/settings', settings);
  }

  /** @param {number} ms */
  async advance(ms) {
    await this.#ask('POST', '/advance', { ms });
  }

  async forgetTokens() {
    await this.#ask('POST', '/forget');
  }

  /** @param {{ wait?: boolean }} order */
  async deliver({ wait = true, ...order }) {
    return this.#ask('POST', wait ? '/webhooks' : '/webhooks?wait=false', order);
  }

  async webhooks() {
    return this.#ask('GET', '/webhooks');
  }

  async reset() {
    await this.#ask('POST', '/reset');
  }

  async stop() {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.ref();
    child.stdin?.end();
    await ended;
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>}
   */
  #ask(method, path, body) {
    return new Promise((resolve, reject) => {
      const call = request(this.urls.admin + path, { method, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          try {
            const said = JSON.parse(text);
            if (response.statusCode === 200) resolve(said);
            else reject(new SandboxError(said.error));
          } catch (error) {
            reject(error);
          }
        });
      });
      call.on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** @param {{ tls?: boolean }} [options] */
async function startSandbox({ tls = false } = {}) {
  const child = spawn(findSandbox(), ['--exit-with-stdin', ...(tls ? ['--tls'] : [])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = await firstLine(child);
  // It ends with this process, and is no reason for this process to go on.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) /** @type {any} */ (stream).unref();
  return new Sandbox(child, JSON.parse(line));
}

/**
 * @param {ChildProcess} child
 * @returns {Promise<string>}
 */
function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new SandboxError(`seekauth-sandbox ended with ${code ?? signal} before it said where it listens`));
    });
    child.stdout?.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text);
    });
  });
}

module.exports = { startSandbox, Sandbox, SandboxError };
