// Vitest's doubles of the package.

import * as seekauth from 'seekauth';
import { interceptor } from 'seekauth/undici';
import * as undici from 'undici';
import { expect, test, vi } from 'vitest';
import { checkAutomock, checks } from './doubles.cjs';

const spy = (object, name, replacement) => {
  const spied = vi.spyOn(object, name).mockImplementation(replacement);
  let count = 0;
  // Restoring forgets them.
  const calls = () => (count = Math.max(count, spied.mock.calls.length));
  return { calls, restore: () => (calls(), spied.mockRestore()) };
};

// Vitest's contexts cannot load a dependency of axios, async-function, as that is packed.
const hasAxios = !process.env.HOSTS_POOL.startsWith('vm');
const axios = hasAxios && { axios: (await import('axios')).default, ...(await import('seekauth/axios')) };
const http = { undici, interceptor, ...axios };
for (const [name, check] of Object.entries(checks(seekauth, http, spy))) test(name, check);

test('vi.mock without a factory', async () => {
  vi.doMock('seekauth');
  const mocked = await import('seekauth');
  checkAutomock(mocked, seekauth);
  const client = new mocked.Client();
  client.authorization.mockResolvedValue('Bearer mocked');
  expect(await client.authorization()).toBe('Bearer mocked');
  client.fetch.mockResolvedValue({ status: 200 });
  expect(await client.fetch('x')).toEqual({ status: 200 });
  vi.doUnmock('seekauth');
});

test('vi.mock with spy: true', async () => {
  vi.doMock('seekauth', { spy: true });
  const { Client } = await import('seekauth');
  const client = Client.fake({ token: 't' });
  expect(await client.authorization()).toBe('Bearer t');
  expect(Client.fake).toHaveBeenCalledOnce();
  vi.doUnmock('seekauth');
});
