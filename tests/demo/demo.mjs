// SEEK API and SEEK Pass tokens from Node, with the built-in fetch.
//
// The SEEKAUTH_* variables say whose tokens and from where. With DEMO_SANDBOX, the admin address of the
// sandbox that plays SEEK, the steps that need one run too. Prints a line per step: its name, ok or
// wrong, what happened and microseconds, with tabs between them.

import { Client, SeekAuthError } from 'seekauth';

const { env } = process;
const QUERY = { query: '{ self { partner { name } } }' };
const CREDENTIAL = { id: 'demo-1' };
const CACHED_CALLS = 100_000;
const CALLERS = 4;

async function main() {
  const client = Client.fromEnv();
  await token(client);
  if (env.SEEKAUTH_SERVICE === 'seek_api') await graphql(client);
  await cache(client);
  if (env.DEMO_SANDBOX) {
    const passClient = seekPass(env.DEMO_PASS_CLIENT_SECRET);
    await passToken(passClient);
    await otherScope(passClient);
    await renewal(passClient);
    await revoked(client);
    await wrongSecret();
    passClient.close();
  }
  client.close();
}

/** The first call asks the token endpoint. */
async function token(client) {
  const started = performance.now();
  const { remainingMs } = await client.getToken();
  const elapsed = performance.now() - started;
  report('token', remainingMs > 0, `expires in ${Math.round(remainingMs / 1000)} s`, elapsed);
}

/** A request to the SEEK API. */
async function graphql(client) {
  const started = performance.now();
  const response = await ask(client, await client.authorization());
  report('graphql', isAnswered(response), `HTTP ${response.status}`, performance.now() - started);
}

/** The same token again, without a request: the time that one call takes. */
async function cache(client) {
  const first = (await client.getToken()).authorization;
  let authorization;
  const started = performance.now();
  for (let call = 0; call < CACHED_CALLS; call++) authorization = await client.authorization();
  const elapsed = performance.now() - started;
  report('cache', authorization === first, 'the same token', elapsed / CACHED_CALLS);
}

/** A SEEK Pass token, and a credential added with it. */
async function passToken(client) {
  const started = performance.now();
  const response = await add('education', await client.authorization());
  report('pass', response.status === 201, `HTTP ${response.status}`, performance.now() - started);
}

/** Another scope is another token, from a client that shares everything else. */
async function otherScope(client) {
  const started = performance.now();
  const authorization = await client.withScopes('write.microcredential').authorization();
  const response = await add('microcredential', authorization);
  const elapsed = performance.now() - started;
  const another = authorization !== (await client.authorization());
  report('scope', another && response.status === 201, `HTTP ${response.status}`, elapsed);
}

/** Callers that never pause, until all have used a renewed token: the longest wait for one. */
async function renewal(client) {
  const first = await client.authorization();
  let calls = 0;
  let refused = 0;
  let longest = 0;

  async function caller() {
    let authorization = first;
    while (authorization === first) {
      const started = performance.now();
      authorization = await client.authorization();
      longest = Math.max(longest, performance.now() - started);
      const response = await add('education', authorization);
      calls += 1;
      if (response.status !== 201) refused += 1;
    }
  }

  await Promise.all(Array.from({ length: CALLERS }, caller));
  report('renewal', refused === 0, `${refused} of ${calls} refused`, longest);
}

/** The API refuses a token: say so to the client, and ask again with the next one. */
async function revoked(client) {
  const authorization = await client.authorization();
  await post(`${env.DEMO_SANDBOX}/revoke`, { token: authorization });

  const started = performance.now();
  let response = await ask(client, authorization);
  const refused = isUnauthenticated(response);
  if (refused) {
    client.invalidate(authorization);
    response = await ask(client, await client.authorization());
  }
  const elapsed = performance.now() - started;
  const what = `${refused ? 'refused' : 'not refused'}, then ${response.status}`;
  report('revoked', refused && isAnswered(response), what, elapsed);
}

/** What a wrong secret looks like. */
async function wrongSecret() {
  const started = performance.now();
  try {
    await seekPass('not the secret').getToken();
  } catch (error) {
    if (!(error instanceof SeekAuthError)) throw error;
    const elapsed = performance.now() - started;
    const expected = error.code === 'invalid_credentials' && !error.retryable;
    const retryable = error.retryable ? 'retryable' : 'not retryable';
    report('secret', expected, `${error.code} (${retryable}): ${error.message}`, elapsed);
  }
}

function seekPass(clientSecret) {
  return Client.seekPass({
    environment: 'staging',
    clientId: env.DEMO_PASS_CLIENT_ID,
    clientSecret,
    userAgent: env.SEEKAUTH_USER_AGENT,
    scopes: 'write.education',
    baseUrl: env.DEMO_PASS_URL,
  });
}

const ask = (client, authorization) => post(client.apiUrl, QUERY, authorization);

const add = (credentialType, authorization) =>
  post(`${env.DEMO_PASS_URL}/api/partner/v1/add/${credentialType}.json`, CREDENTIAL, authorization);

async function post(url, json, authorization) {
  const headers = { 'Content-Type': 'application/json', 'User-Agent': env.SEEKAUTH_USER_AGENT };
  if (authorization) headers.Authorization = authorization;
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(json) });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : {} };
}

const isAnswered = ({ status, body }) => status === 200 && !body.errors;

/** The code in the body decides: GraphQL's HTTP status is no signal. */
const isUnauthenticated = ({ body }) =>
  (body.errors ?? []).some((error) => error.extensions?.code === 'UNAUTHENTICATED');

function report(step, ok, what, milliseconds) {
  console.log([step, ok ? 'ok' : 'wrong', what, (milliseconds * 1000).toFixed(3)].join('\t'));
}

main().catch((error) => {
  console.error(`${error.name}: ${error.message}`);
  process.exitCode = 1;
});
