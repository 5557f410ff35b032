'use strict';

// One authenticated request through each of the adapters, written as its user would write it. The agent
// of the cases calls these; each keeps the HTTP client that it was made with.

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { Readable } = require('node:stream');
const axios = require('axios');
const { attach } = require('seekauth/axios');
const { interceptor } = require('seekauth/undici');
const undici = require('undici');

/** @typedef {InstanceType<typeof import('seekauth').Client>} Client */
/** @typedef {{method: string, url: string, headers?: string, body?: string, body_size?: string, stream?: string, follow?: string, part?: string, timeout_ms?: string, header?: string}} Fields */
/** @typedef {{status: number, header: (name: string) => string | undefined, body: Buffer}} Received */
/** @typedef {{send: (fields: Fields) => Promise<Received>, close: () => void}} Sender */

const CHUNK = 1 << 14;

/** @param {Fields} fields */
const whole = ({ body, body_size }) => (body_size === undefined ? body : Buffer.alloc(Number(body_size), 'x'));

/** @param {Fields} fields */
function* chunks(fields) {
  const bytes = Buffer.from(whole(fields) ?? '');
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

/** @param {Fields} fields */
const headers = (fields) => Object.fromEntries(new URLSearchParams(fields.headers));

/** @param {Fields} fields */
const timeout = ({ timeout_ms = '15000' }) => Number(timeout_ms);

/**
 * @param {AsyncIterable<Uint8Array>} stream
 * @param {Fields} fields
 */
async function read(stream, { part }) {
  const read = [];
  for await (const chunk of stream) {
    read.push(chunk);
    if (part) break;
  }
  return Buffer.concat(read);
}

/**
 * @param {Client} client
 * @param {string} [ca]
 * @returns {Sender}
 */
function fetching(client, ca) {
  const dispatcher = new undici.Agent({ connect: { ca } });
  return {
    async send(fields) {
      const body = fields.stream ? ReadableStream.from(chunks(fields)) : whole(fields);
      /** @type {any} `dispatcher` is known to Node alone */
      const init = {
        method: fields.method,
        headers: headers(fields),
        ...(body !== undefined && { body, duplex: 'half' }),
        redirect: fields.follow ? 'follow' : 'manual',
        signal: AbortSignal.timeout(timeout(fields)),
        dispatcher,
      };
      const response = await client.fetch(fields.url, init);
      return {
        status: response.status,
        header: (name) => response.headers.get(name) ?? undefined,
        body: fields.part
          ? await read(/** @type {any} */ (response.body), fields)
          : Buffer.from(await response.arrayBuffer()),
      };
    },
    close: () => void dispatcher.destroy(),
  };
}

/**
 * @param {Client} client
 * @param {string} [ca]
 * @returns {Sender}
 */
function dispatching(client, ca) {
  const agent = new undici.Agent({ connect: { ca } });
  const follower = agent.compose(undici.interceptors.redirect({ maxRedirections: 5 }), interceptor(client));
  const plain = agent.compose(interceptor(client));
  return {
    async send(fields) {
      const response = await undici.request(fields.url, {
        dispatcher: fields.follow ? follower : plain,
        method: /** @type {any} */ (fields.method),
        headers: headers(fields),
        body: fields.stream ? Readable.from(chunks(fields), { objectMode: false }) : (whole(fields) ?? null),
        signal: AbortSignal.timeout(timeout(fields)),
      });
      return {
        status: response.statusCode,
        header: (name) => response.headers[name.toLowerCase()]?.toString(),
        body: await read(response.body, fields),
      };
    },
    close: () => void agent.destroy(),
  };
}

/**
 * @param {Client} client
 * @param {string} [ca]
 * @returns {Sender}
 */
function axiosing(client, ca) {
  const httpAgent = new http.Agent({ keepAlive: true });
  const httpsAgent = new https.Agent({ keepAlive: true, ca });
  const api = attach(client, axios.create({ httpAgent, httpsAgent, proxy: false, validateStatus: () => true }));
  return {
    async send(fields) {
      const response = await api.request({
        method: fields.method,
        url: fields.url,
        headers: headers(fields),
        data: fields.stream ? Readable.from(chunks(fields), { objectMode: false }) : (whole(fields) ?? null),
        maxRedirects: fields.follow ? 5 : 0,
        timeout: timeout(fields),
        responseType: fields.part ? 'stream' : 'arraybuffer',
      });
      return {
        status: response.status,
        header: (name) => response.headers[name.toLowerCase()]?.toString(),
        body: fields.part ? await read(response.data, fields) : response.data,
      };
    },
    close() {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

/** @type {Record<string, (client: Client, ca?: string) => Sender>} */
const senders = { fetch: fetching, undici: dispatching, axios: axiosing };

/** @type {WeakMap<Client, Map<string, Sender>>} */
const kept = new WeakMap();

/**
 * The sender for these, which is made once.
 *
 * @param {Client} client
 * @param {string} via
 * @param {string} [caFile]
 */
function sender(client, via, caFile) {
  const mine = kept.get(client) ?? new Map();
  kept.set(client, mine);
  const key = `${via} ${caFile ?? ''}`;
  const make = senders[via];
  if (!make) throw new Error(`no adapter ${via}`);
  if (!mine.has(key)) mine.set(key, make(client, caFile && fs.readFileSync(caFile, 'utf8')));
  return /** @type {Sender} */ (mine.get(key));
}

/** @param {Client} client whose connections are to end */
function closeSenders(client) {
  for (const sender of kept.get(client)?.values() ?? []) sender.close();
  kept.delete(client);
}

const versions = `fetch (undici ${process.versions.undici}), undici ${require('undici/package.json').version}, axios ${axios.VERSION}`;

module.exports = { closeSenders, sender, senders, versions };
