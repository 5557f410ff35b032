// Never run: tsc reads it. What types.ts says for `require` holds for `import`, with the types that import gives.

import axios from 'axios';
import { Client } from 'seekauth';
import { attach } from 'seekauth/axios';
import { instrument } from 'seekauth/opentelemetry';
import { interceptor } from 'seekauth/undici';
import { Agent } from 'undici';

export const api = attach(Client.fromEnv(), axios.create());
export const instrumentation = instrument(Client.fromEnv());
export const agent = new Agent().compose(interceptor(Client.fromEnv()));
