// Uses a client for as long as it is told to, from many async callers, and reports every use in the lines
// that program.py describes. Run it with --expose-gc.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import v8 from 'node:v8';
import seekauth from '../../../node/index.js';

const { Client, SeekAuthError } = seekauth;

const { env } = process;
const CALLERS = Number(env.SOAK_CALLERS);
const NEW_CLIENTS = Number(env.SOAK_NEW_CLIENTS);
/** Calls in a round besides the one whose token is used. */
const HOT_CALLS = 50;
const PAUSE_MS = Number(env.SOAK_PAUSE_MS);
const NEW_CLIENT_TIMEOUT_MS = 3_000;
/** Where the tokens of a client are used, and how. */
const MAIN = {
  name: 'main',
  url: env.SEEKAUTH_API_URL,
  userAgent: env.SEEKAUTH_USER_AGENT,
  body: JSON.stringify({ query: '{ self { partner { name } } }' }),
  status: 200,
};
const NEW = {
  name: 'new',
  url: env.SOAK_NEW_URL,
  userAgent: env.SOAK_NEW_USER_AGENT,
  body: JSON.stringify({ id: 'soak' }),
  status: 201,
};

const newClient = () =>
  Client.seekPass({
    environment: env.SOAK_NEW_ENVIRONMENT,
    clientId: env.SOAK_NEW_CLIENT_ID,
    clientSecret: env.SOAK_NEW_CLIENT_SECRET,
    baseUrl: env.SOAK_NEW_BASE_URL,
    scopes: env.SOAK_NEW_SCOPES.split(' '),
    userAgent: NEW.userAgent,
    caFile: env.SEEKAUTH_CA_FILE,
  });

let stopping = false;

const report = (...fields) => process.stdout.write(`${fields.join('\t')}\n`);

/** Carries on after errors of the library, which it reports, and after no others. */
function failed(name, asked, error) {
  if (!(error instanceof SeekAuthError)) throw error;
  report('failed', name, asked, Date.now(), error.code);
}

// Not fetch(): its own memory grows for the first thousand requests.
const agent = new https.Agent({ keepAlive: true, ca: readFileSync(env.SEEKAUTH_CA_FILE) });

async function post(api, authorization) {
  const headers = { authorization, 'content-type': 'application/json', 'user-agent': api.userAgent };
  const request = https.request(api.url, { method: 'POST', headers, agent }).end(api.body);
  const [response] = await once(request, 'response');
  let text = '';
  for await (const part of response) text += part;
  if (response.statusCode === 401 || text.includes('UNAUTHENTICATED')) return 'refused';
  return response.statusCode === api.status && !text.includes('errors') ? 'ok' : 'broken';
}

async function use(api, client, odd) {
  const asked = Date.now();
  let authorization;
  let expires = 0;
  try {
    if (odd) {
      authorization = await client.authorization();
    } else {
      const token = await client.getToken(api === NEW ? { timeoutMs: NEW_CLIENT_TIMEOUT_MS } : {});
      authorization = token.authorization;
      expires = token.expiresAt.getTime();
    }
  } catch (error) {
    return failed(api.name, asked, error);
  }
  const handed = Date.now();
  const verdict = await post(api, authorization);
  report('used', api.name, asked, handed, Date.now(), expires, verdict, authorization);
  if (verdict === 'refused') client.invalidate(authorization);
}

async function caller(client) {
  for (let odd = false; !stopping; odd = !odd) {
    let asked;
    try {
      for (let call = 0; call < HOT_CALLS; call++) {
        asked = Date.now();
        await client.authorization();
      }
    } catch (error) {
      failed('main', asked, error);
    }
    await use(MAIN, client, odd);
    await pause(PAUSE_MS);
  }
}

/** Clients come and go, with and without a request under way. */
async function newClients() {
  while (!stopping) {
    const client = newClient();
    await use(NEW, client, false);
    client.close();
    const controller = new AbortController();
    const call = newClient().getToken({ signal: controller.signal });
    controller.abort();
    await call.catch(() => {});
    await pause(PAUSE_MS);
  }
}

const client = Client.fromEnv();
const work = Promise.all([
  ...Array.from({ length: CALLERS }, () => caller(client)),
  ...Array.from({ length: NEW_CLIENTS }, newClients),
]);
for await (const _ of createInterface({ input: process.stdin })) {
  // What native objects held goes in a turn of its own after the collection.
  for (let turn = 0; turn < 3; turn++) {
    global.gc();
    await pause(0);
  }
  const { total_physical_size: heap, used_heap_size: used } = v8.getHeapStatistics();
  report('measured', Math.max(0, heap - used));
}
stopping = true;
await work;
agent.destroy();
client.close();
