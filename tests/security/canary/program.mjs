// The Node program of the canary test: does what story.py tells it and shows whatever it can see, with all
// logs open. What undici tells of the requests of the program's own goes to a file by itself. Run it with
// --expose-gc.

import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { format, inspect } from 'node:util';
import v8 from 'node:v8';

const require = createRequire(new URL('../../../node/test/senders.js', import.meta.url));
const { Client } = require('seekauth');
const { attach } = require('seekauth/axios');
const { interceptor } = require('seekauth/undici');
const axios = require('axios');
const undici = require('undici');
const { closeSenders, sender, senders } = require('./senders.js');
const native = require('../lib/native.js');

/** @type {Map<string, any>} */
const clients = new Map();
const agents = [];
const planted = [];

const say = (kind, text) => process.stdout.write(`${kind}\t${String(text).replaceAll('\n', ' ')}\n`);

const WAYS = [
  (thing) => inspect(thing),
  (thing) => inspect(thing, { showHidden: true, depth: Infinity, getters: true, customInspect: true }),
  (thing) => inspect(thing, { showHidden: true, depth: Infinity, customInspect: false }),
  (thing) => JSON.stringify(thing),
  (thing) => String(thing),
  (thing) => format('%s %j %o %O', thing, thing, thing, thing),
  (thing) => JSON.stringify({ ...thing }),
  (thing) => JSON.stringify(Object.getOwnPropertyDescriptors(thing)),
  (thing) => inspect(structuredClone(thing)),
  (thing) => v8.serialize(thing).toString('latin1'),
];

function show(thing, kind = 'shown') {
  for (const way of WAYS) {
    let text;
    try {
      text = way(thing);
    } catch (error) {
      text = inspect(error);
    }
    say(kind, text);
  }
}

function complain(error) {
  show(error, 'error');
  say('error', error?.stack);
  for (const name of ['serverCode', 'target', 'requestId', 'serverMessage', 'serverPath']) say('error', error?.[name]);
  if (error?.cause) complain(error.cause);
}

function options({ handle, callback, callback_id, callback_fails, ...fields }) {
  const settings = native.settings();
  const given = Object.entries(fields).map(([name, text]) => {
    const setting = settings.find((setting) => setting.name === name.replace(/_ms$/, ''));
    const value = setting.kind === 'duration' ? Number(text) : setting.kind === 'list' ? text.split(' ') : text;
    return [setting.camelName, value];
  });
  return {
    ...Object.fromEntries(given),
    ...(callback && { credentials: () => ({ clientId: callback_id, clientSecret: callback }) }),
    ...(callback_fails && { credentials: () => Promise.reject(new Error(callback_fails)) }),
  };
}

const client = ({ handle }) => clients.get(handle);

/** undici with HTTP/2, which the adapters of the cases leave out. */
function overHttp2(client, caFile) {
  const agent = new undici.Agent({ allowH2: true, connect: { ca: readFileSync(caFile, 'utf8') } });
  agents.push(agent);
  const dispatcher = agent.compose(interceptor(client));
  return {
    async send({ method, url, body }) {
      const headers = { 'content-type': 'application/json' };
      const response = await undici.request(url, { dispatcher, method, headers, body });
      return { status: response.statusCode, body: await response.body.text() };
    },
  };
}

/** What console.log prints of all that adapters give: responses before and after their bodies were read, and errors. */
async function log(client, url, caFile, body) {
  const ca = readFileSync(caFile, 'utf8');
  const agent = new undici.Agent({ connect: { ca } });
  const httpsAgent = new https.Agent({ keepAlive: true, ca });
  const api = attach(client, axios.create({ httpsAgent, proxy: false }));
  const dispatcher = agent.compose(interceptor(client));
  const method = 'POST';
  const headers = { 'content-type': 'application/json' };
  const drain = async (stream) => {
    for await (const _ of stream);
  };
  const ways = [
    [() => client.fetch(url, { method, headers, body, dispatcher: agent }), (response) => response.text()],
    [() => undici.request(url, { dispatcher, method, headers, body }), (response) => response.body.dump()],
    [() => undici.fetch(url, { dispatcher, method, headers, body }), (response) => response.text()],
    [() => api.post(url, body, { headers }), () => {}],
    [() => api.post(url, body, { headers, responseType: 'stream' }), (response) => drain(response.data)],
    [() => api.post(url, body, { headers, responseType: 'arraybuffer', maxRedirects: 0 }), () => {}],
  ];
  for (const [send, read] of ways) {
    try {
      const given = await send();
      say('shown', format(given));
      await read(given);
      say('shown', format(given, given.data, given.body, given.headers));
    } catch (error) {
      say('error', format(error, error.response, error.cause));
    }
  }
  httpsAgent.destroy();
  await agent.destroy();
}

const VERBS = {
  new: (fields) => void clients.set(fields.handle, new Client(options(fields))),
  async get(fields) {
    show(await client(fields).getToken());
  },
  show(fields) {
    show(client(fields));
    show(client(fields).cachedToken());
    show(client(fields).storeStatus());
    show(client(fields).stats());
    show(client(fields).authFlow(client(fields).apiUrl));
    show(interceptor(client(fields)));
  },
  async graphql(fields) {
    show(await client(fields).graphql('{ self { partner { name } } }'));
  },
  async send({ url, ca_file, ...fields }) {
    const request = {
      method: 'POST',
      url,
      headers: 'content-type=application%2Fjson',
      body: JSON.stringify({ query: '{ self { partner { name } } }' }),
    };
    const made = Object.keys(senders).map((via) => sender(client(fields), via, ca_file));
    for (const one of [...made, overHttp2(client(fields), ca_file)]) {
      try {
        show(await one.send(request));
      } catch (error) {
        complain(error);
      }
    }
    await log(client(fields), url, ca_file, request.body);
  },
  async panic(fields) {
    const token = await client(fields).getToken();
    const fallen = new Promise((resolve) => process.once('uncaughtException', resolve));
    setImmediate(() => {
      throw new Error(`${inspect(client(fields))} ${inspect(token)}`);
    });
    const error = await fallen;
    process.stderr.write(`${inspect(error, { showHidden: true, depth: Infinity })}\n`);
    complain(error);
  },
  close(fields) {
    closeSenders(client(fields));
    client(fields).close();
    clients.delete(fields.handle);
  },
  plant(fields) {
    process.stdout.write(`${fields.stdout}\n`);
    process.stderr.write(`${fields.stderr}\n`);
    process.emitWarning(fields.log);
    complain(new Error(fields.error));
    show([fields.shown]);
    writeFileSync('planted.bin', Buffer.from(fields.file).toString('hex'));
    planted.push(fields.memory);
  },
};

async function carryOut(line) {
  const [verb, ...pairs] = line.split('\t');
  const fields = pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  try {
    await VERBS[verb](Object.fromEntries(fields.map(([name, value]) => [name, decodeURIComponent(value)])));
  } catch (error) {
    complain(error);
  }
}

for (const name of ['request:create', 'request:bodySent', 'client:sendHeaders', 'request:headers', 'request:error'])
  subscribe(`undici:${name}`, (message) => appendFileSync('wire.txt', `${inspect(message, { depth: 4 })}\n`));

for (const name of native.eventNames()) subscribe(`seekauth:${name}`, (event) => show(event));

for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'end') {
    await carryOut(line);
  } else {
    for (const one of clients.values()) {
      closeSenders(one);
      one.close();
    }
    clients.clear();
    for (const agent of agents) await agent.destroy();
    // What native objects held goes in a turn of its own after the collection.
    for (let turn = 0; turn < 3; turn++) {
      globalThis.gc();
      await pause(0);
    }
  }
  process.stdout.write('done\n');
}
