'use strict';

// Options as JavaScript users write them: what is a TypeError, and that the types agree with the
// library's own list. What the values mean is tested with the cases.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Client, SeekAuthError } = require('seekauth');
const native = require('../lib/native.js');

const complete = {
  environment: /** @type {const} */ ('live'),
  clientId: 'id',
  clientSecret: 'secret',
  userAgent: 'Test/1.0',
};

/**
 * @param {() => unknown} work
 * @param {RegExp} message
 */
const isTypeError = (work, message) => assert.throws(work, { name: 'TypeError', constructor: TypeError, message });

/** @param {any} options deliberately outside of the types */
const make = (options) => new Client(options);

test('an unknown option is a TypeError that names it and lists the known ones', () => {
  isTypeError(
    () => make({ ...complete, cleintId: 'id' }),
    /^unknown option "cleintId"; .*\bclientId\b.*\bcaFile\b.*\bcredentials$/,
  );
  isTypeError(() => make({ ...complete, client_id: 'id' }), /^unknown option "client_id"/);
  isTypeError(() => make({ ...complete, 'a\0b': 1 }), /^unknown option "a\\0b"/);
});

test('options that are no object are a TypeError', () => {
  for (const options of ['seek_api', 5, true, [], () => {}]) {
    isTypeError(() => make(options), /^options must be an object, not /);
  }
});

test('each option refuses each wrong type by its name, without its value', () => {
  const wrong = {
    text: [5, true, {}, [], Symbol('x'), 5n],
    duration: ['5', true, {}, [], 5n],
    flag: ['true', 1, {}],
    list: [5, true, {}],
    pairs: ['a=1', 5, ['a']],
  };
  for (const { camelName, kind } of native.settings()) {
    for (const value of wrong[/** @type {keyof typeof wrong} */ (kind)]) {
      isTypeError(() => make({ [camelName]: value }), new RegExp(`^${camelName} must be .*, not an? `));
    }
  }
  isTypeError(() => make({ scopes: ['a', 5] }), /^scopes\[1\] must be a string, not a number$/);
  isTypeError(() => make({ extraParameters: { 'a\0b': 5 } }), /^extraParameters\["a\\0b"\] must be a string, not a number$/);
  isTypeError(() => make({ extraParameters: { a: ['b', 5] } }), /^extraParameters\["a"\]\[1\] must be a string, not a number$/);
  isTypeError(() => make({ clientSecret: 8675309 }), /^(?!.*8675309)/);
});

test('a length of time that cannot be is refused in the unit and by the name that the program wrote', async () => {
  const refused = { code: 'invalid_argument', message: /^\w+Ms must be from 0 to 86400000 milliseconds$/ };
  const names = native.settings().filter(({ kind }) => kind === 'duration').map(({ camelName }) => camelName);
  assert.ok(names.includes('timeoutMs'));
  for (const name of names) {
    for (const value of [-1, 86_400_001, NaN, Infinity]) assert.throws(() => Client.seekApi({ ...complete, store: 'none', [name]: value }), refused);
    assert.ok(Client.seekApi({ ...complete, store: 'none', [name]: 86_400_000 }));
  }
  const client = Client.seekApi(complete);
  const timeoutMs = 86_400_001;
  await assert.rejects(client.getToken({ timeoutMs }), refused);
  await assert.rejects(client.graphql('{ a }', { timeoutMs }), refused);
  await assert.rejects(client.authFlow(client.apiUrl).authorization({ timeoutMs }), refused);
});

test('no message spells a setting in another way than options do', () => {
  const settings = native.settings();
  const snake = settings.map(({ name }) => name).filter((name) => name.includes('_'));
  // What each kind of setting may be and still not be right: too little, a path to nowhere, what nobody sees.
  const odd = { text: ['', ' ', 'odd\n', '\u200bodd', '/nowhere/odd'], duration: [-1, 0, 1e12], flag: [true], list: [[], ['']], pairs: [{}, { client_id: 'x' }] };
  const services = {
    seek_api: complete,
    seek_pass: { ...complete, environment: 'staging', scopes: ['a.b'] },
    oauth: { clientId: 'id', clientSecret: 'secret', userAgent: 'Test/1.0', tokenUrl: 'https://a.example/token' },
  };
  let refusals = 0;
  for (const [service, whole] of Object.entries(services)) {
    for (const { name, camelName, kind } of settings) {
      for (const value of [undefined, ...odd[/** @type {keyof typeof odd} */ (kind)]]) {
        try {
          make({ ...whole, service, [camelName]: value }).close();
        } catch (error) {
          assert.ok(error instanceof SeekAuthError, String(error));
          // The members of a token request have the names of RFC 6749 in every language.
          if (name === 'extra_parameters' && /must not hold/.test(error.message)) continue;
          const words = error.message.split(/[^\w]+/);
          assert.deepEqual(words.filter((word) => snake.includes(word)), [], error.message);
          if (value !== undefined) assert.match(error.message, new RegExp(`\\b${camelName}\\b`));
          refusals += 1;
        }
      }
    }
  }
  assert.ok(refusals > 150, String(refusals));
});

test('credentials that are no function are a TypeError, without them', () => {
  for (const [value, kind] of [['8675309', 'a string'], [8675309, 'a number'], [{ clientId: '8675309' }, 'an object'], [[], 'an array']]) {
    isTypeError(() => make({ ...complete, credentials: value }), new RegExp(`^credentials must be a function, not ${kind}$`));
  }
});

test('a function and other credentials are refused together', () => {
  const credentials = () => assert.fail('nobody asked for a token');
  const { clientId, clientSecret, ...rest } = complete;
  const refused = { name: 'SeekAuthError', code: 'invalid_argument' };
  assert.throws(() => Client.seekApi({ ...rest, clientSecret, credentials }), { ...refused, message: /clientSecret/ });
  assert.throws(() => Client.seekApi({ ...rest, clientId, credentials }), { ...refused, message: /clientId/ });
  assert.throws(() => Client.seekApi({ ...rest, credentialsFile: '/nowhere', credentials }), { ...refused, message: /credentialsFile/ });
  assert.ok(Client.seekApi({ ...rest, credentials }));
});

test('undefined and null mean that an option is absent', () => {
  const options = Object.fromEntries(native.settings().map(({ camelName }) => [camelName, undefined]));
  assert.ok(make({ ...complete, service: 'seek_api', credentials: undefined }));
  assert.ok(make({ ...complete, service: 'seek_api', credentials: null }));
  const client = make({ ...options, ...complete, service: 'seek_api', scopes: null });
  assert.equal(client.authorizationNow(), undefined);
  assert.throws(() => make(undefined), { name: 'SeekAuthError', code: 'invalid_argument', message: /^service / });
});

test('an exception of the options object itself comes through', () => {
  const thrown = new RangeError('mine');
  const options = {
    get clientId() {
      throw thrown;
    },
  };
  assert.throws(() => make(options), thrown);
});

test('the constructors for one service refuse to be told another', () => {
  for (const constructor of [Client.seekApi, Client.seekPass, Client.oauth]) {
    isTypeError(() => constructor(/** @type {any} */ ({ ...complete, service: 'oauth' })), /^service is set by this/);
  }
});

test('the environment is read, and the options win', (t) => {
  const variables = {
    SEEKAUTH_SERVICE: 'oauth',
    SEEKAUTH_TOKEN_URL: 'https://issuer.test/token',
    SEEKAUTH_CLIENT_ID: 'from-environment',
    SEEKAUTH_CLIENT_SECRET: 'secret',
    SEEKAUTH_USER_AGENT: 'Test/1.0',
  };
  Object.assign(process.env, variables);
  t.after(() => Object.keys(variables).forEach((name) => delete process.env[name]));
  const { inspect } = require('node:util');
  assert.match(inspect(Client.fromEnv()), /from-environment/);
  assert.match(inspect(Client.fromEnv({ clientId: 'mine' })), /client_id=mine/);
  delete process.env.SEEKAUTH_CLIENT_SECRET;
  assert.throws(() => Client.fromEnv(), { code: 'invalid_argument', message: /SEEKAUTH_CLIENT_SECRET/ });
  assert.ok(Client.fromEnv({ clientSecret: 'mine' }));
  process.env.SEEKAUTH_TIMEOUT = 'soon';
  t.after(() => delete process.env.SEEKAUTH_TIMEOUT);
  assert.throws(() => Client.fromEnv(), SeekAuthError);
});

test('scopes may be given as arguments or as an array', () => {
  const client = Client.seekPass({ ...complete, environment: 'staging', scopes: 'a b' });
  const { inspect } = require('node:util');
  assert.match(inspect(client), /scope=a b/);
  assert.match(inspect(client.withScopes('c', 'd')), /scope=c d/);
  assert.match(inspect(client.withScopes(['c', 'd'])), /scope=c d/);
  isTypeError(() => client.withScopes(/** @type {any} */ (5)), /^scopes\[0\] must be a string, not a number$/);
});

/** Each option that the types declare, as its name, its type and its documentation. */
function declarations() {
  const types = fs.readFileSync(path.join(__dirname, '..', 'index.d.ts'), 'utf8');
  const interfaces = /^export interface (?:Service|Common|SeekApi|SeekPass|Oauth)Options[^{]*\{(.*?)^\}/gms;
  const bodies = [...types.matchAll(interfaces)].map(([, body]) => body);
  assert.equal(bodies.length, 5);
  const members = /^ {2}\/\*\*((?:(?!\*\/).)*)\*\/\s+(\w+)\??: ([^;]+);/gms;
  return [...bodies.join('').matchAll(members)].map(([, comment = '', name = '', type = '']) => ({
    name,
    type,
    doc: comment.replaceAll(/\s+(\* )?/g, ' ').trim(),
  }));
}

test('the types declare the options that the library knows, each with its kind', () => {
  const kinds = {
    text: /^(string|'\w+'( \| '\w+')*)( \| undefined)?$/,
    duration: /^number \| undefined$/,
    flag: /^boolean \| undefined$/,
    list: /^string \| readonly string\[\] \| undefined$/,
    pairs: /^Readonly<Record<string, string \| readonly string\[\]>> \| undefined$/,
  };
  const declared = new Map(declarations().map(({ name, type }) => [name, type]));
  // The one option that is no setting.
  assert.equal(declared.get('credentials'), '(() => Credentials | PromiseLike<Credentials>) | undefined');
  declared.delete('credentials');
  const settings = native.settings();
  assert.deepEqual([...declared.keys()].sort(), settings.map(({ camelName }) => camelName).sort());
  for (const { camelName, kind } of settings) {
    assert.match(declared.get(camelName) ?? '', kinds[/** @type {keyof typeof kinds} */ (kind)], camelName);
  }
});

test("the types document each option with the library's own sentence, and then with what is JavaScript's", () => {
  const sentences = new Map(native.settings().map(({ camelName, doc }) => [camelName, doc]));
  for (const { name, doc } of declarations()) {
    const sentence = sentences.get(name);
    if (sentence === undefined) assert.equal(name, 'credentials');
    else assert.equal(doc.slice(0, sentence.length), sentence, name);
  }
});

test('a client knows the API that its tokens are for', () => {
  assert.equal(Client.seekApi(complete).apiUrl, 'https://graphql.seek.com/graphql');
  const { environment, ...credentials } = complete;
  assert.equal(Client.oauth({ ...credentials, tokenUrl: 'https://example.com/token' }).apiUrl, undefined);
});
