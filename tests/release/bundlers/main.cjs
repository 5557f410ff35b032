'use strict';

// A program that uses seekauth, as it is given to bundlers.

const { Client } = require('seekauth');

async function main() {
  const response = await Client.fromEnv().graphql('{ self { partner { name } } }');
  console.log(response.data.self.partner.name);
}

main();
