'use strict';

// What a forward proxy sees of requests with a token, with the lowest and the newest version of each HTTP
// client: that there is a tunnel, and nothing of what goes through it.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const { after, before, beforeEach, test } = require('node:test');
const { attachWith } = require('../lib/adapters/axios.js');
const { RecordingProxy } = require('./recording-proxy.js');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let overTls;
/** @type {InstanceType<typeof Sandbox>} */
let plain;
/** @type {InstanceType<typeof RecordingProxy>} */
let proxy;
before(async () => {
  overTls = await Sandbox.start('--tls');
  plain = await Sandbox.start();
  proxy = await RecordingProxy.start();
});
beforeEach(async () => {
  await Promise.all([overTls.reset(), plain.reset()]);
  proxy.forget();
});
after(async () => {
  proxy.stop();
  await Promise.all([overTls.stop(), plain.stop()]);
});

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const at = (/** @type {number} */ wanted, /** @type {number} */ least) => major > wanted || (major === wanted && minor >= least);

/**
 * By its name: with an address, axios fails behind a proxy on Node 26, which takes none for the name of a server.
 *
 * @param {string} url
 */
const named = (url) => url.replace('127.0.0.1', 'localhost');

/**
 * Sends a request in a process of its own.
 *
 * @param {InstanceType<typeof Sandbox>} sandbox
 * @param {string} way
 * @param {Record<string, string>} variables
 */
async function send(sandbox, way, variables) {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [path.join(__dirname, 'send-once.js'), way, named(sandbox.urls.graphql_url)], {
    env: {
      PATH,
      SEEKAUTH_SERVICE: 'seek_api',
      SEEKAUTH_ENVIRONMENT: 'live',
      SEEKAUTH_CLIENT_ID: 'sandbox-live',
      SEEKAUTH_CLIENT_SECRET: 'sandbox-live-secret',
      SEEKAUTH_USER_AGENT: 'Test/1.0',
      SEEKAUTH_TOKEN_URL: sandbox.urls.token_url,
      SEEKAUTH_API_URL: named(sandbox.urls.graphql_url),
      ...(sandbox === overTls && { SEEKAUTH_CA_FILE: sandbox.urls.ca_file, NODE_EXTRA_CA_CERTS: sandbox.urls.ca_file }),
      THE_PROXY: proxy.url,
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return output.trim();
}

/** @param {InstanceType<typeof Sandbox>} sandbox whose token the proxy must not have seen */
async function judge(sandbox) {
  const [request] = await sandbox.requests('graphql');
  const authorization = request?.headers.authorization ?? assert.fail('the API got no token');
  assert.ok(!proxy.heard.includes(authorization.slice('Bearer '.length)), 'the proxy read the token');
  assert.doesNotMatch(proxy.heard, /authorization/i);
}

const everywhere = (/** @type {string} */ url) => ({ HTTPS_PROXY: url, https_proxy: url, HTTP_PROXY: url, http_proxy: url, ALL_PROXY: url });
const undici8 = { skip: !at(22, 19) && 'undici 8 needs Node 22.19' };
const nativeProxies = { skip: !at(24, 5) && 'Node has no proxies of its own here' };

for (const way of [
  'fetch, EnvHttpProxyAgent',
  'fetch, ProxyAgent',
  'undici, EnvHttpProxyAgent',
  'undici, ProxyAgent',
  'undici-lowest, EnvHttpProxyAgent',
  'undici-lowest, ProxyAgent',
  'undici-newest, EnvHttpProxyAgent',
  'undici-newest, ProxyAgent',
  'axios',
  'axios, proxy',
  'axios, agent',
  'axios-lowest',
  'axios-lowest, proxy',
  'axios-lowest, agent',
]) {
  test(`a proxy sees nothing but CONNECT: ${way}`, way.startsWith('undici-newest') ? undici8 : {}, async () => {
    await overTls.script({ endpoint: 'graphql', redirect: `${named(overTls.urls.graphql)}/graphql?moved` });
    assert.match(await send(overTls, way, everywhere(proxy.url)), /^[23]\d\d$/);
    const { host } = new URL(named(overTls.urls.graphql));
    assert.ok(proxy.requests.includes(`CONNECT ${host}`), 'it went through the proxy');
    assert.deepEqual(proxy.requests.filter((line) => !line.startsWith('CONNECT ')), []);
    await judge(overTls);
  });
}

for (const way of ['fetch', 'axios', 'axios-lowest']) {
  test(`a proxy that Node itself uses sees nothing but CONNECT: ${way}`, nativeProxies, async () => {
    assert.equal(await send(overTls, way, { ...everywhere(proxy.url), NODE_USE_ENV_PROXY: '1' }), '200');
    assert.ok(proxy.requests.length > 0, 'it went through the proxy');
    assert.deepEqual(proxy.requests.filter((line) => !line.startsWith('CONNECT ')), []);
    await judge(overTls);
  });
}

for (const way of ['axios', 'axios, proxy', 'axios-lowest', 'axios-lowest, proxy']) {
  test(`an API on this machine without TLS is not asked through a proxy: ${way}`, async () => {
    assert.equal(await send(plain, way, { ...everywhere(proxy.url), SEEKAUTH_PROXY: 'none' }), '200');
    assert.deepEqual(proxy.requests, []);
    await judge(plain);
  });
}

test('versions of axios that read requests out to the proxy are refused', () => {
  for (const VERSION of ['1.16.0', '1.15.2', '1.7.0', '0.30.0', '1', 'new', '', undefined]) {
    const attach = attachWith(/** @type {any} */ ({ ...require('axios'), VERSION }));
    assert.throws(() => attach(/** @type {any} */ (undefined), /** @type {any} */ (undefined)), {
      name: 'SeekAuthError',
      code: 'invalid_argument',
      number: 1,
      retryable: false,
      message: /^axios 1\.16\.1 or later .*proxy/,
    });
  }
  for (const VERSION of ['1.16.1', '1.16.10', '1.100.1', '2.0.0', '1.17.0-beta.1']) {
    const axios = /** @type {any} */ ({ ...require('axios'), VERSION });
    assert.ok(attachWith(axios)(/** @type {any} */ (undefined), axios.create()));
  }
});

test('the lowest versions tested are those that the package admits', () => {
  const { peerDependencies } = require('../package.json');
  const lowest = (/** @type {string} */ name) => require(`${name}-lowest/package.json`).version;
  assert.equal(peerDependencies.axios, `>=${lowest('axios')}`);
  assert.equal(`${peerDependencies.undici}.0`, `>=${lowest('undici')}`);
});
