// The same program as main.cjs, as an ES module.

import { Client } from 'seekauth';

const response = await Client.fromEnv().graphql('{ self { partner { name } } }');
console.log(response.data.self.partner.name);
