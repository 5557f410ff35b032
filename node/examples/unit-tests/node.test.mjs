import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, GraphQLError } from 'seekauth';
import { openClient, partnerName } from './partner.cjs';

const partner = { data: { self: { partner: { name: 'Acme' } } } };

test('a name', async () => {
  const client = Client.fake();
  client.respond(partner);
  assert.equal(await partnerName(client), 'Acme');
  const [token, request] = client.journal;
  assert.equal(token.kind, 'token');
  assert.equal(JSON.parse(request.body).operationName, 'Partner');
});

test('a response for each operation', async () => {
  const client = Client.fake();
  client.respond(async (request) => {
    const { operationName } = await request.json();
    return operationName === 'Partner' ? partner : Response.json({}, { status: 404 });
  });
  assert.equal(await partnerName(client), 'Acme');
});

test('SEEK is not to be had, and then is', async () => {
  const client = Client.fake({ lifetimeMs: 1_800_000 });
  client.respond(partner);
  client.failWith('unavailable');
  assert.equal(await partnerName(client), undefined);
  client.succeed();
  // The pause after a failure ends.
  client.advance(60_000);
  assert.equal(await partnerName(client), 'Acme');
});

test('the token has expired', async () => {
  const client = Client.fake({ token: 't', lifetimeMs: 1_800_000 });
  client.respond(partner);
  await partnerName(client);
  client.advance(1_800_000);
  await partnerName(client);
  const sent = client.journal.filter(({ kind }) => kind === 'api');
  assert.deepEqual(sent.map(({ headers }) => headers.authorization), ['Bearer t', 'Bearer t-2']);
});

test('SEEK refuses the operation', async () => {
  const client = Client.fake();
  client.respond({ errors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] });
  await assert.rejects(partnerName(client), GraphQLError);
});

test('the client of the program is replaced', async (t) => {
  t.mock.method(Client, 'fromEnv', () => Client.fake({ token: 't' }));
  assert.equal(await openClient().authorization(), 'Bearer t');
});
