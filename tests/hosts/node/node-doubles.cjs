'use strict';

// The doubles of Node's own runner, and Sinon's.

const assert = require('node:assert/strict');
const { mock, test } = require('node:test');
const seekauth = require('seekauth');
const sinon = require('sinon');
const axios = require('axios');
const undici = require('undici');
const { attach } = require('seekauth/axios');
const { interceptor } = require('seekauth/undici');
const { checks, namesOf } = require('./doubles.cjs');

const nodes = (object, name, replacement) => {
  const { mock: spied } = mock.method(object, name, replacement);
  return { calls: () => spied.callCount(), restore: () => spied.restore() };
};
const sinons = (object, name, replacement) => {
  const spied = sinon.stub(object, name).callsFake(replacement);
  return { calls: () => spied.callCount, restore: () => spied.restore() };
};

const http = { axios, undici, attach, interceptor };
for (const [name, check] of Object.entries(checks(seekauth, http, nodes))) test(`mock.method: ${name}`, check);
for (const [name, check] of Object.entries(checks(seekauth, http, sinons))) test(`Sinon: ${name}`, check);

test("Sinon's stub instances", async () => {
  const client = sinon.createStubInstance(seekauth.Client);
  client.authorization.resolves('Bearer stubbed');
  assert.equal(await client.authorization(), 'Bearer stubbed');
  for (const name of namesOf(seekauth.Client).methods) assert.equal(typeof client[name], 'function', name);
});
