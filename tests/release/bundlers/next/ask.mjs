// Starts the server of this folder, prints what its route responds, and ends it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

const port = await freePort();
const env = { ...process.env, PORT: port, HOSTNAME: '127.0.0.1' };
const server = spawn(process.execPath, ['server.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
try {
  for await (const line of createInterface(server.stdout)) {
    if (line.includes('Ready')) break;
  }
  const response = await fetch(`http://127.0.0.1:${port}/token`);
  if (!response.ok) throw new Error(`the route responded ${response.status}`);
  console.log(await response.text());
} finally {
  server.kill();
}
