// Uses a client for as long as it is told to, from many async callers, and reports every use in the lines
// that program.py describes. Run it with --expose-gc.

import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import seekauth from '../../node/index.js';

const { Client, SeekAuthError } = seekauth;

const CALLERS = 6;
/** Calls in a round besides the one whose token is used. */
const HOT_CALLS = 50;
const PAUSE_MS = 200;
const NEW_CLIENT_TIMEOUT_MS = 3_000;
const NEW_CLIENT = { userAgent: 'soak-new/1.0' };
const QUERY = JSON.stringify({ query: '{ self { partner { name } } }' });

let stopping = false;

const report = (...fields) => process.stdout.write(`${fields.join('\t')}\n`);

/** Carries on after errors of the library, which it reports, and after no others. */
function failed(name, asked, error) {
  if (!(error instanceof SeekAuthError)) throw error;
  report('failed', name, asked, Date.now(), error.code);
}

// Not fetch(): its own memory grows for the first thousand requests.
const agent = new http.Agent({ keepAlive: true });

async function post(authorization) {
  const headers = { authorization, 'content-type': 'application/json', 'user-agent': process.env.SEEKAUTH_USER_AGENT };
  const request = http.request(process.env.SEEKAUTH_API_URL, { method: 'POST', headers, agent }).end(QUERY);
  const [reply] = await once(request, 'response');
  let text = '';
  for await (const part of reply) text += part;
  if (text.includes('UNAUTHENTICATED')) return 'refused';
  return reply.statusCode === 200 && !text.includes('errors') ? 'ok' : 'broken';
}

async function use(name, client, odd) {
  const asked = Date.now();
  let authorization;
  let expires = 0;
  try {
    if (odd) {
      authorization = await client.authorization();
    } else {
      const token = await client.getToken(name === 'new' ? { timeoutMs: NEW_CLIENT_TIMEOUT_MS } : {});
      authorization = token.authorization;
      expires = token.expiresAt.getTime();
    }
  } catch (error) {
    return failed(name, asked, error);
  }
  const handed = Date.now();
  const verdict = await post(authorization);
  report('used', name, asked, handed, Date.now(), expires, verdict, authorization);
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
    await use('main', client, odd);
    await pause(PAUSE_MS);
  }
}

/** Clients come and go, with and without a request under way. */
async function newClients() {
  while (!stopping) {
    const client = Client.fromEnv(NEW_CLIENT);
    await use('new', client, false);
    client.close();
    const controller = new AbortController();
    const call = Client.fromEnv(NEW_CLIENT).getToken({ signal: controller.signal });
    controller.abort();
    await call.catch(() => {});
    await pause(PAUSE_MS);
  }
}

const client = Client.fromEnv();
const work = Promise.all([...Array.from({ length: CALLERS }, () => caller(client)), newClients()]);
for await (const _ of createInterface({ input: process.stdin })) {
  // What native objects held goes in a turn of its own after the collection.
  for (let turn = 0; turn < 3; turn++) {
    global.gc();
    await pause(0);
  }
  report('measured');
}
stopping = true;
await work;
agent.destroy();
client.close();
