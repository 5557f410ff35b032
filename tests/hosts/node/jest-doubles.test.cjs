/* global expect, jest, test */
'use strict';

// Jest's doubles of the package.

const seekauth = require('seekauth');
const axios = require('axios');
const undici = require('undici');
const { attach } = require('seekauth/axios');
const { interceptor } = require('seekauth/undici');
const { checkAutomock, checks } = require('./doubles.cjs');

const spy = (object, name, replacement) => {
  const spied = jest.spyOn(object, name).mockImplementation(replacement);
  let count = 0;
  // Restoring forgets them.
  const calls = () => (count = Math.max(count, spied.mock.calls.length));
  return { calls, restore: () => (calls(), spied.mockRestore()) };
};

const http = { axios, undici, attach, interceptor };
for (const [name, check] of Object.entries(checks(seekauth, http, spy))) test(name, check);

test('jest.mock without a factory', async () => {
  jest.resetModules();
  jest.doMock('seekauth');
  const mocked = require('seekauth');
  checkAutomock(mocked, seekauth);
  const client = mocked.Client.fromEnv.mockReturnValue(new mocked.Client()) && mocked.Client.fromEnv();
  client.authorization.mockResolvedValue('Bearer mocked');
  expect(await client.authorization()).toBe('Bearer mocked');
  client.fetch.mockResolvedValue({ status: 200 });
  expect(await client.fetch('x')).toEqual({ status: 200 });
  jest.dontMock('seekauth');
});

test('jest.mock with a factory that keeps the rest', async () => {
  jest.resetModules();
  jest.doMock('seekauth', () => {
    const actual = jest.requireActual('seekauth');
    return { ...actual, Client: { fromEnv: jest.fn(() => actual.Client.fake({ token: 't' })) } };
  });
  const { Client, SeekAuthError } = require('seekauth');
  const client = Client.fromEnv();
  expect(await client.authorization()).toBe('Bearer t');
  client.failWith('unavailable');
  client.advance(3_600_000);
  await expect(client.authorization()).rejects.toBeInstanceOf(SeekAuthError);
  jest.dontMock('seekauth');
});
