/* global expect, jest, test */
'use strict';

// One of sixty such files: it does what each file of a program's unit tests does, and closes nothing.

const { Client } = require('seekauth');

test('an operation', async () => {
  jest.resetModules();
  const again = require('seekauth');
  for (const client of [Client.fake(), again.Client.fake()]) {
    client.respond(() => ({ data: { a: 1 } }));
    expect((await client.graphql('{ a }')).data).toEqual({ a: 1 });
    expect((await client.fetch(client.apiUrl)).status).toBe(200);
    client.failWith('unavailable');
    client.advance(3_600_000);
    await expect(client.authorization()).rejects.toMatchObject({ code: 'unavailable' });
  }
});
