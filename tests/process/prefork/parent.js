'use strict';

// What the Node servers share: the client, and what the parent does with it after its workers.

const { writeFileSync } = require('node:fs');
const { setTimeout } = require('node:timers/promises');
const { Client } = require('../../../node');

const client = Client.fromEnv();

/** Shows that the parent goes on working after its workers: it renews its token and reports it. */
async function finish() {
  const before = await client.authorization();
  let after = before;
  // A token has to be two seconds old until its rejection counts.
  for (let tries = 0; after === before && tries < 1000; tries += 1) {
    await setTimeout(10);
    client.invalidate(before);
    after = await client.authorization();
  }
  if (after === before) throw new Error('the parent did not get another token');
  writeFileSync(process.env.PREFORK_REPORT, after);
}

/** Answers one request with what `answer` resolves to, or with 500 and what it was rejected with. */
function handler(answer) {
  return (_request, response) => {
    answer().then(
      (body) => response.end(body),
      (error) => response.writeHead(500).end(String(error)),
    );
  };
}

module.exports = { client, finish, handler };
