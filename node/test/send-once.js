'use strict';

// Sends one request through an adapter, as its user would write it, and prints the status, or the error. The
// first argument names the way, the second is the URL.

const https = require('node:https');
const { Client } = require('seekauth');
const { attachWith } = require('../lib/adapters/axios.js');
const { interceptor } = require('seekauth/undici');

const [, , way = '', url = ''] = process.argv;
const proxy = process.env.THE_PROXY ?? '';
const client = Client.fromEnv();
const method = 'POST';
const headers = { 'content-type': 'application/json' };
const body = JSON.stringify({ query: '{ self { partner { name } } }' });

/** @typedef {typeof import('undici')} Undici */
/** @typedef {(undici: Undici) => import('undici').Dispatcher} ToDispatcher */

/** @type {ToDispatcher} */
const byEnvironment = ({ EnvHttpProxyAgent }) => new EnvHttpProxyAgent();
/** @type {ToDispatcher} */
const byName = ({ ProxyAgent }) => new ProxyAgent(proxy);

/**
 * @param {Undici} undici
 * @param {ToDispatcher} made
 */
async function throughUndici(undici, made) {
  const dispatcher = made(undici).compose(undici.interceptors.redirect({ maxRedirections: 2 }), interceptor(client));
  const response = await undici.request(url, { dispatcher, method, headers, body });
  await response.body.dump();
  return response.statusCode;
}

/**
 * @param {Undici} undici
 * @param {ToDispatcher} made
 */
async function throughFetch(undici, made) {
  /** @type {any} `dispatcher` is known to Node alone */
  const init = { dispatcher: made(undici), method, headers, body };
  return (await client.fetch(url, init)).status;
}

/**
 * @param {import('axios').AxiosStatic} axios
 * @param {import('axios').CreateAxiosDefaults} [defaults]
 */
async function throughAxios(axios, defaults) {
  const api = attachWith(axios)(client, axios.create(defaults));
  return (await api.post(url, body, { headers })).status;
}

/** @type {(name: string) => any} types are those of the version that is in use */
const load = require;
const { hostname, port } = new URL(proxy || 'http://none');
const named = { proxy: { protocol: 'http', host: hostname, port: Number(port) } };

/** @type {Record<string, () => Promise<number>>} */
const ways = {
  fetch: async () => (await client.fetch(url, { method, headers, body })).status,
  'fetch, EnvHttpProxyAgent': () => throughFetch(load('undici'), byEnvironment),
  'fetch, ProxyAgent': () => throughFetch(load('undici'), byName),
};
for (const name of ['undici', 'undici-lowest', 'undici-newest']) {
  ways[`${name}, EnvHttpProxyAgent`] = () => throughUndici(load(name), byEnvironment);
  ways[`${name}, ProxyAgent`] = () => throughUndici(load(name), byName);
}
for (const name of ['axios', 'axios-lowest']) {
  ways[name] = () => throughAxios(load(name));
  ways[`${name}, proxy`] = () => throughAxios(load(name), named);
  ways[`${name}, agent`] = () => throughAxios(load(name), { httpsAgent: new https.Agent({ keepAlive: true }) });
}

async function main() {
  const send = ways[way];
  if (!send) throw new Error(`no way ${way}`);
  return send();
}

main().then(
  (status) => console.log(status),
  (error) => console.log(error.name, error.code, error.message),
).finally(() => process.exit());
