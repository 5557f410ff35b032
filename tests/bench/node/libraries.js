'use strict';

// How each Node library is asked for the value of an `Authorization` header, as its documentation says, pointed at one
// place of the benchmarks' token server. A library is loaded when it is asked for, so that a process has only one.

const { createRequire } = require('node:module');
const path = require('node:path');

const load = createRequire(path.join(process.env.BENCH_MODULES, 'index.js'));
const ID = 'bench-client';
const SECRET = 'bench-secret';

/** @param {string} place */
const plain = (place) => `${process.env.BENCH_HTTP}/${place}/token`;

/**
 * @typedef {object} Subject
 * @property {string} statement the hot call, in a function with the argument `o`
 * @property {any} o
 * @property {() => Promise<unknown>} call the whole call, with what its users must do for the first token
 */

/** The cheapest closures that are right on one clock: what others are measured by. */
function handWritten() {
  const value = `Bearer ${'x'.repeat(1017)}`;
  const until = performance.now() + 1e6;
  return {
    authorizationNow: () => (performance.now() < until ? value : undefined),
    authorization: async () => (performance.now() < until ? value : undefined),
  };
}

/** @param {string} place */
function seekauth(place) {
  const { Client } = load('seekauth');
  const o = Client.oauth({
    tokenUrl: plain(place),
    clientId: ID,
    clientSecret: SECRET,
    userAgent: 'Bench/1.0',
    timeoutMs: 120_000,
  });
  return { statement: 'await o.authorization()', o, call: () => o.authorization() };
}

/** Keeps what a library without a cache hands out, as its users have to. */
function kept(ask, isFresh) {
  let token;
  return {
    async authorization() {
      if (!token || !isFresh(token)) token = await ask();
      return `Bearer ${token.access_token ?? token.token.access_token}`;
    },
  };
}

/** @param {string} place */
function simpleOauth2(place) {
  const { ClientCredentials } = load('simple-oauth2');
  const client = new ClientCredentials({
    client: { id: ID, secret: SECRET },
    auth: { tokenHost: process.env.BENCH_HTTP, tokenPath: `/${place}/token` },
  });
  const o = kept(() => client.getToken({}), (token) => !token.expired(30));
  return { statement: 'await o.authorization()', o, call: () => o.authorization() };
}

/** @param {string} place */
function axiosInterceptor(place) {
  const axios = load('axios');
  const oauth = load('axios-oauth-client');
  const provider = load('axios-token-interceptor');
  const ask = oauth.clientCredentials(axios.create({ proxy: false }), plain(place), ID, SECRET);
  const cache = provider.tokenCache(ask, { getMaxAge: (token) => token.expires_in * 1000 });
  const interceptor = provider({ getToken: cache, headerFormatter: (token) => `Bearer ${token.access_token}` });
  const o = { interceptor, config: () => ({ headers: {} }) };
  return { statement: 'await o.interceptor(o.config())', o, call: () => o.interceptor(o.config()) };
}

/** @param {string} place */
function badgateway(place) {
  const { OAuth2Client, OAuth2Fetch } = load('@badgateway/oauth2-client');
  const client = new OAuth2Client({ tokenEndpoint: plain(place), clientId: ID, clientSecret: SECRET });
  const o = new OAuth2Fetch({ client, getNewToken: () => client.clientCredentials(), scheduleRefresh: false });
  return { statement: 'await o.getAccessToken()', o, call: () => o.getAccessToken() };
}

/**
 * It has no client-credentials grant; a refresh token takes the same way.
 *
 * @param {string} place
 */
function googleAuth(place) {
  const { UserRefreshClient } = load('google-auth-library');
  const o = new UserRefreshClient({
    clientId: ID,
    clientSecret: SECRET,
    refreshToken: 'bench',
    endpoints: { oauth2TokenUrl: plain(place) },
  });
  return { statement: 'await o.getRequestHeaders()', o, call: () => o.getRequestHeaders() };
}

/**
 * Takes https only; the place stands where the tenant's name does.
 *
 * @param {string} place
 */
function msal(place) {
  const { ConfidentialClientApplication } = load('@azure/msal-node');
  const authority = `${process.env.BENCH_HTTPS}/${place}`;
  const o = new ConfidentialClientApplication({
    auth: { clientId: ID, clientSecret: SECRET, authority, knownAuthorities: [new URL(authority).host] },
  });
  const ask = "o.acquireTokenByClientCredential({ scopes: ['api/.default'] })";
  return { statement: `await ${ask}`, o, call: () => o.acquireTokenByClientCredential({ scopes: ['api/.default'] }) };
}

/** @param {string} place */
async function openidClient(place) {
  const library = await import(path.join(process.env.BENCH_MODULES, 'node_modules/openid-client/build/index.js'));
  const server = { issuer: process.env.BENCH_HTTP, token_endpoint: plain(place) };
  const config = new library.Configuration(server, ID, SECRET);
  library.allowInsecureRequests(config);
  const o = kept(() => library.clientCredentialsGrant(config), (token) => token.expiresIn() > 30);
  return { statement: 'await o.authorization()', o, call: () => o.authorization() };
}

/** @type {Record<string, (place: string) => Subject | Promise<Subject>>} */
const libraries = {
  seekauth,
  'simple-oauth2': simpleOauth2,
  'axios-token-interceptor': axiosInterceptor,
  '@badgateway/oauth2-client': badgateway,
  'google-auth-library': googleAuth,
  '@azure/msal-node': msal,
  'openid-client': openidClient,
};

module.exports = { ID, SECRET, handWritten, libraries, load };
