'use strict';

// Carries out the requests of the case driver with the package's public interface and prints what it
// saw; it judges nothing. One request a line on standard input, one reply a line on standard output;
// tests/conformance/cases/README.md in the repository describes both.

const readline = require('node:readline');
const { inspect } = require('node:util');
const { Client, SeekAuthError } = require('seekauth');
const native = require('../lib/native.js');
const { closeSenders, sender, senders, versions } = require('./senders.js');

/** @typedef {Record<string, string>} Fields */
/** @typedef {InstanceType<typeof Client>} AnyClient */

/** @type {Map<string, AnyClient>} */
const clients = new Map();
/** @type {Map<string, {controller: AbortController, result: Promise<Fields>}>} */
const pending = new Map();

/** @param {string} text */
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * @param {string} word
 * @param {Record<string, unknown>} fields those that are undefined are left out
 */
function reply(word, fields) {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return [word, ...known.map(([name, value]) => `${name}=${encode(String(value))}`)].join('\t');
}

/** @param {unknown} error */
function failure(error) {
  if (error instanceof TypeError) return reply('type_error', { message: error.message });
  if (error instanceof SeekAuthError) {
    return reply('error', {
      code: error.number,
      name: error.code,
      retryable: error.retryable,
      retry_after_ms: error.retryAfterMs,
      status: error.status,
      server_code: error.serverCode,
      message: error.message,
      target: error.target,
      request_id: error.requestId,
      server_message: error.serverMessage,
      server_path: error.serverPath,
    });
  }
  // In JavaScript a caller who gives up gets the reason that was given; the driver knows one word for it.
  if (error instanceof DOMException && error.name === 'AbortError') {
    return reply('error', { code: 3, name: 'cancelled', retryable: false, message: error.message });
  }
  return reply('error', { code: 1, name: 'agent', retryable: false, message: inspect(error) });
}

/**
 * An error of a request, as the program finds it: HTTP clients may put seekauth's into one of their own.
 *
 * @param {any} error
 */
function requestFailure(error) {
  const own = [error, error?.cause].find((error) => error instanceof SeekAuthError);
  if (own) return failure(own);
  return reply('error', { code: 0, name: 'foreign', message: `${error?.name} ${error?.message}` });
}

/** @param {any} fields */
const send = (fields) => sender(client(fields), fields.via, fields.ca_file).send(fields);

/** @param {any} fields */
async function sent(fields) {
  try {
    const { status, header, body } = await send(fields);
    const text = body.toString();
    return reply('ok', {
      status,
      body: text.slice(0, 2_000),
      body_size: body.length,
      body_end: text.slice(-100),
      header: fields.header && header(fields.header),
    });
  } catch (error) {
    return requestFailure(error);
  }
}

/** @param {any} fields */
async function burst(fields) {
  const results = await Promise.allSettled(Array.from({ length: Number(fields.n) }, () => send(fields)));
  const responses = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [requestFailure(result.reason)] : []));
  const distinct = (/** @type {unknown[]} */ items) => [...new Set(items)].sort();
  return {
    answers: responses.length,
    errors: errors.length,
    statuses: distinct(responses.map(({ status }) => status)).join(' '),
    names: distinct(errors.map((line) => /\bname=([^\t]*)/.exec(line)?.[1])).join(' '),
    bodies: distinct(responses.map(({ body }) => body.toString())).length,
  };
}

/** @param {any} fields */
async function graphql(fields) {
  const { status, requestId, ...response } = await client(fields).graphql(fields.query, {
    variables: fields.variables && JSON.parse(fields.variables),
    operationName: fields.operation_name,
    headers: [...new URLSearchParams(fields.headers)],
    ...timeout(fields),
  });
  return { status, request_id: requestId, body: JSON.stringify(response) };
}

/**
 * What a JavaScript user would write for these settings.
 *
 * @param {Fields} fields
 */
function options({ handle, provider, provider_async, ...fields }) {
  const settings = native.settings();
  /** @type {[string, unknown][]} */
  const options = Object.entries(fields).map(([name, text]) => {
    const setting = settings.find((setting) => setting.name === name.replace(/_ms$/, ''));
    if (!setting) return [name, text];
    return [setting.camelName, setting.kind === 'text' ? text : typed(setting.kind, text)];
  });
  if (provider !== undefined) options.push(['credentials', credentials(provider, provider_async === 'true')]);
  return Object.fromEntries(options);
}

/**
 * @param {string} kind
 * @param {string} text
 */
function typed(kind, text) {
  switch (kind) {
    case 'duration':
      return Number(text);
    case 'flag':
      return text === 'true';
    case 'list':
      return text.split(' ');
    default:
      return pairs(new URLSearchParams(text));
  }
}

/** @param {URLSearchParams} form */
function pairs(form) {
  return Object.fromEntries(
    [...form.keys()].map((name) => [name, form.getAll(name).length > 1 ? form.getAll(name) : form.get(name)]),
  );
}

/** @type {Map<string, { calls: number, hangs: boolean, give: () => import('seekauth').Credentials }>} The functions that give credentials. */
const providers = new Map();

/** @param {string} name */
function provider(name) {
  const nothing = () => {
    throw new Error('nothing was provided');
  };
  const found = providers.get(name) ?? { calls: 0, hangs: false, give: nothing };
  providers.set(name, found);
  return found;
}

/**
 * @param {string} name
 * @param {boolean} isAsync
 * @returns {import('seekauth').CommonOptions['credentials']}
 */
function credentials(name, isAsync) {
  const given = () => {
    const source = provider(name);
    source.calls++;
    return source.give();
  };
  // So that they are not there at once, or never if it hangs.
  const later = () => new Promise((resolve) => provider(name).hangs || setImmediate(resolve)).then(given);
  return isAsync ? later : given;
}

/** @param {Fields} fields */
function provide({ name = '', fail, hang, client_id = '', client_secret = '', client_secret_next }) {
  provider(name).hangs = hang === 'true';
  provider(name).give = () => {
    if (fail !== undefined) throw new Error(fail);
    return { clientId: client_id, clientSecret: client_secret, clientSecretNext: client_secret_next };
  };
}

/** @param {Fields} fields */
function client(fields) {
  const client = clients.get(fields.client ?? '');
  if (!client) throw new Error(`no client ${fields.client}`);
  return client;
}

/** @param {Fields} fields */
const timeout = ({ timeout_ms }) => (timeout_ms === undefined ? {} : { timeoutMs: Number(timeout_ms) });

/** @param {ReturnType<AnyClient['cachedToken']>} token */
function facts(token) {
  if (!token) return { none: 'true' };
  return {
    value: token.value,
    authorization: token.authorization,
    scopes: token.scopes.join(' '),
    remaining_ms: String(token.remainingMs),
    expires_at_ms: String(token.expiresAt.getTime()),
  };
}

/** @type {Record<string, (fields: any) => unknown>} each gives its reply, the fields of it, or nothing */
const verbs = {
  clock_start: () => native.testClockStart?.(),
  advance: ({ which, ms }) => native.testClockAdvance?.(['both', 'monotonic', 'wall'].indexOf(which), Number(ms)),
  elapsed: () => ({ ms: native.testClockElapsedMs?.() }),
  setenv({ name, value }) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  },
  new: (fields) => void clients.set(fields.handle, new Client(/** @type {any} */ (options(fields)))),
  provide,
  provided: ({ name }) => ({ calls: provider(name).calls }),
  from_env: ({ handle }) => void clients.set(handle, Client.fromEnv()),
  with_scopes: (fields) => void clients.set(fields.handle, client(fields).withScopes(fields.scopes.split(' '))),
  authorization: async (fields) => ({
    value: client(fields).authorizationNow() ?? (await client(fields).authorization()),
  }),
  authorization_async: async (fields) => ({ value: await client(fields).authorization() }),
  get_token: async (fields) => facts(await client(fields).getToken(timeout(fields))),
  get_token_async: async (fields) => facts(await client(fields).getToken(timeout(fields))),
  cached_token: (fields) => facts(client(fields).cachedToken()),
  invalidate: (fields) => ({ acted: client(fields).invalidate(fields.token) }),
  async burst(fields) {
    // Not `authorization()`, of which the calls of one turn are one call.
    const calls = Array.from({ length: Number(fields.n) }, () => client(fields).getToken());
    const results = await Promise.allSettled(calls);
    const values = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.value] : []));
    return { distinct: new Set(values).size, errors: results.length - values.length };
  },
  begin(fields) {
    const controller = new AbortController();
    const result = client(fields).getToken({ ...timeout(fields), signal: controller.signal }).then(facts);
    // Nobody may ever join it.
    result.catch(() => {});
    pending.set(fields.id, { controller, result });
  },
  join: ({ id }) => pending.get(id)?.result,
  cancel: ({ id }) => pending.get(id)?.controller.abort(),
  adapters: () => ({ names: Object.keys(senders).join(' '), versions }),
  send: sent,
  burst_send: burst,
  graphql,
  close: (fields) => client(fields).close(),
  free(fields) {
    closeSenders(client(fields));
    clients.delete(fields.client);
  },
  debug(fields) {
    const shown = [client(fields), client(fields).cachedToken()];
    return { text: [...shown.map((item) => inspect(item)), JSON.stringify(shown), shown.join()].join('\n') };
  },
};

/** @param {string} line */
async function answer(line) {
  const [verb = '', ...parts] = line.split('\t');
  const fields = Object.fromEntries(parts.map((part) => part.split('=', 2).map(decodeURIComponent)));
  try {
    const act = verbs[verb];
    if (!act) throw new Error(`unknown verb ${verb}`);
    const result = /** @type {any} */ (await act(fields)) ?? {};
    return typeof result === 'string' ? result : reply('ok', result);
  } catch (error) {
    return failure(error);
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${await answer(line)}\n`);
  }
  // Calls that are still waited for would keep the process alive.
  for (const client of clients.values()) {
    client.close();
    closeSenders(client);
  }
}

void main();
