// The program of main.cjs, as a route.

import { Client } from 'seekauth';

export const dynamic = 'force-dynamic';

let client;

export async function GET() {
  client ??= Client.fromEnv();
  const response = await client.graphql('{ self { partner { name } } }');
  return new Response(response.data.self.partner.name);
}
