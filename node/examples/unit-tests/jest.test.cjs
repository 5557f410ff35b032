const { Client, GraphQLError } = require('seekauth');
const { openClient, partnerName } = require('./partner.cjs');

const partner = { data: { self: { partner: { name: 'Acme' } } } };

test('a name', async () => {
  const client = Client.fake();
  client.respond(partner);
  expect(await partnerName(client)).toBe('Acme');
  const [token, request] = client.journal;
  expect(token.kind).toBe('token');
  expect(JSON.parse(request.body).operationName).toBe('Partner');
});

test('a response for each operation', async () => {
  const client = Client.fake();
  client.respond(async (request) => {
    const { operationName } = await request.json();
    return operationName === 'Partner' ? partner : Response.json({}, { status: 404 });
  });
  expect(await partnerName(client)).toBe('Acme');
});

test('SEEK is not to be had, and then is', async () => {
  const client = Client.fake({ lifetimeMs: 1_800_000 });
  client.respond(partner);
  client.failWith('unavailable');
  expect(await partnerName(client)).toBe(undefined);
  client.succeed();
  // The pause after a failure ends.
  client.advance(60_000);
  expect(await partnerName(client)).toBe('Acme');
});

test('the token has expired', async () => {
  const client = Client.fake({ token: 't', lifetimeMs: 1_800_000 });
  client.respond(partner);
  await partnerName(client);
  client.advance(1_800_000);
  await partnerName(client);
  const sent = client.journal.filter(({ kind }) => kind === 'api');
  expect(sent.map(({ headers }) => headers.authorization)).toEqual(['Bearer t', 'Bearer t-2']);
});

test('SEEK refuses the operation', async () => {
  const client = Client.fake();
  client.respond({ errors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] });
  await expect(partnerName(client)).rejects.toBeInstanceOf(GraphQLError);
});

test('the client of the program is replaced', async () => {
  jest.spyOn(Client, 'fromEnv').mockReturnValue(Client.fake({ token: 't' }));
  expect(await openClient().authorization()).toBe('Bearer t');
});
