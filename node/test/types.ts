// Never run: tsc reads it, and fails where the types allow what they should not or refuse what they should allow.

import { metrics } from '@opentelemetry/api';
import axios from 'axios';
import { subscribe } from 'node:diagnostics_channel';
import { Client, GraphQLError, SeekAuthError, Token, type ClientOptions, type ErrorCode, type FakeClient, type GetTokenOptions } from 'seekauth';
import type { AuthFlow, Credentials, GraphQLErrorEntry, GraphQLResponse, Inspection, SeekAuthEvents, Stats } from 'seekauth';
import { attach } from 'seekauth/axios';
import { instrument } from 'seekauth/opentelemetry';
import { interceptor } from 'seekauth/undici';
import { Agent } from 'undici';

const credentials = { clientId: 'id', clientSecret: 'secret', userAgent: 'Acme/1.0' };

const stored: Credentials = { clientId: 'id', clientSecret: 'secret', clientSecretNext: process.env.NEXT };

export const options: ClientOptions[] = [
  { service: 'seek_api', environment: 'live', ...credentials },
  { service: 'seek_pass', environment: 'staging', scopes: ['write.education'], ...credentials },
  { service: 'oauth', tokenUrl: 'https://issuer.test/token', extraParameters: { tenant: 'a' }, ...credentials },
  { service: 'seek_api', environment: 'live', acceptLanguage: 'en-AU', ...credentials },
  { service: 'seek_api', environment: 'live', userAgent: 'Acme/1.0', credentials: () => ({ clientId: 'id', clientSecret: 'secret' }) },
  { service: 'oauth', tokenUrl: 'https://issuer.test/token', userAgent: 'Acme/1.0', credentials: async () => stored },
  // What the environment may not have is absent where it is undefined.
  { service: 'seek_api', environment: 'live', userAgent: 'Acme/1.0', clientId: process.env.ID, clientSecret: process.env.SECRET, proxy: process.env.PROXY },
  { service: 'seek_pass', environment: 'staging', ...credentials, baseUrl: process.env.PASS, scopes: undefined, timeoutMs: undefined, stayWarm: undefined },
  // @ts-expect-error: the secret is missing
  { service: 'seek_api', environment: 'live', userAgent: 'Acme/1.0', credentials: async () => ({ clientId: 'id' }) },
  // @ts-expect-error: a function is to give them
  { service: 'seek_api', environment: 'live', userAgent: 'Acme/1.0', credentials: stored },
  // @ts-expect-error: a language is text
  { service: 'seek_api', environment: 'live', acceptLanguage: 5, ...credentials },
  // @ts-expect-error: SEEK Pass has no such environment
  { service: 'seek_pass', environment: 'live', ...credentials },
  // @ts-expect-error: the user agent is missing
  { service: 'seek_api', environment: 'live' },
  // @ts-expect-error: no such option
  { service: 'seek_api', environment: 'live', timeout: 5, ...credentials },
  // @ts-expect-error: a SEEK API token has no scopes
  { service: 'seek_api', environment: 'live', scopes: ['write.education'], ...credentials },
];

export async function use(wait: GetTokenOptions): Promise<string> {
  using api = Client.seekApi({ environment: 'playground', timeoutMs: 5_000, ...credentials });
  await using pass = Client.seekPass({ environment: 'production', baseUrl: 'https://pass.test', scopes: 'a b', ...credentials });
  Client.oauth({ tokenUrl: 'https://issuer.test/token', tokenEndpointAuthMethod: 'client_secret_basic', ...credentials });
  Client.fromEnv();
  Client.fromEnv({ timeoutMs: 100, clientId: process.env.ID });
  const addresses: string[] = [api.apiUrl, pass.withScopes('a').apiUrl, Client.fromEnv({ prefix: 'PASS_' }).apiUrl];
  const address: string | undefined = Client.fromEnv({ service: 'oauth', tokenUrl: process.env.TOKEN_URL }).apiUrl;
  // @ts-expect-error: another endpoint may have no API
  const certain: string = Client.fromEnv({ service: 'oauth' }).apiUrl;
  // @ts-expect-error: only variables have a prefix
  Client.seekApi({ environment: 'live', prefix: 'PASS_', ...credentials });
  // @ts-expect-error: the environment cannot name another constructor's service
  Client.seekApi({ service: 'oauth', environment: 'live', ...credentials });

  const scoped: Client = pass.withScopes('a', 'b').withScopes(['a', 'b'] as const);
  const token: Token = await scoped.getToken({ signal: AbortSignal.timeout(100), ...wait });
  const cached: Token | undefined = api.cachedToken();
  const facts: [string, string, Date, number, string[]] = [
    token.value,
    token.authorization,
    token.expiresAt,
    token.remainingMs,
    token.scopes,
  ];
  // @ts-expect-error: a token never changes
  token.value = 'mine';
  // @ts-expect-error: a token has a value
  new Token();
  const acted: boolean = api.invalidate(token) || api.invalidate(token.value);
  // @ts-expect-error: neither a token nor its value
  api.invalidate(5);
  api.close();
  const now: string | undefined = api.authorizationNow();
  return now ?? `${await api.authorization()} ${facts.length} ${acted} ${cached?.value} ${addresses} ${address ?? certain}`;
}

export function judge(error: unknown): ErrorCode | number | undefined {
  if (!(error instanceof SeekAuthError)) return undefined;
  const status: number | undefined = error.status;
  const texts: (string | undefined)[] = [error.serverCode, error.target, error.message, error.name];
  // @ts-expect-error: there is no such kind
  if (error.code === 'no_such_kind') return texts.length;
  return error.retryable ? (error.retryAfterMs ?? status) : error.code;
}

export async function send(client: Client): Promise<number> {
  const like: typeof fetch = client.fetch;
  const responses: Response[] = [
    await like('https://graphql.seek.com/graphql'),
    await client.fetch(new URL('https://graphql.seek.com/graphql'), { signal: AbortSignal.timeout(100) }),
    await client.fetch(new Request('https://graphql.seek.com/graphql')),
  ];
  // @ts-expect-error: not an address
  await client.fetch(5);
  const api = attach(client, axios.create({ baseURL: client.apiUrl ?? '' }));
  const { status }: { status: number } = await api.get('/');
  // @ts-expect-error: not an axios instance
  attach(client, {});
  const agent = new Agent().compose(interceptor(client));
  await agent.close();
  // @ts-expect-error: the client is missing
  interceptor();
  instrument(client, { meterProvider: metrics.getMeterProvider() }).close();
  // @ts-expect-error: not a client
  instrument({});
  return responses.length + status;
}

interface Partner {
  self: { partner: { name: string } };
}

export async function ask(client: Client): Promise<string | undefined> {
  const response: GraphQLResponse<Partner> = await client.graphql<Partner>('{ self { partner { name } } }', {
    variables: { a: 1 },
    operationName: 'A',
    headers: { 'accept-language': 'en-AU' },
    timeoutMs: 100,
    signal: null,
    throwOnErrors: true,
  });
  // @ts-expect-error: no such option
  await client.graphql('{ a }', { timeout: 5 });
  // @ts-expect-error: data may be missing
  const name: string = response.data.self.partner.name;
  const codes: (string | undefined)[] = response.errors.map((error: GraphQLErrorEntry) => error.extensions?.code);
  return response.data?.self.partner.name ?? codes[0] ?? name;
}

export function explain(error: unknown): string {
  if (!(error instanceof GraphQLError)) return '';
  return `${error.name} ${error.status} ${error.errors[0]?.message} ${error.extensions?.['cost']} ${error.data}`;
}

export async function adapt(client: Client): Promise<boolean | undefined> {
  const flow: AuthFlow = client.authFlow('https://graphql.seek.com/graphql', { replayable: false });
  const headers: [string, string][] = flow.headers(['content-type']);
  flow.checkHost('graphql.seek.com');
  flow.attempt(await flow.authorization());
  const again: string = await flow.authorization({ timeoutMs: 100, signal: null });
  // @ts-expect-error: no such option
  await flow.authorization({ timeout: 5 });
  const inspection: Inspection = flow.inspect(200, 'https://graphql.seek.com/graphql');
  const verdict: boolean | undefined = inspection.verdict ?? inspection.feed(new Uint8Array(headers.length + again.length));
  // @ts-expect-error: a chunk of a body is bytes
  inspection.feed('text');
  flow.retry();
  return verdict ?? inspection.finish();
}

export function observe(client: Client): number {
  const stats: Stats = client.stats();
  const failures: number = stats.requestsFailed.unavailable ?? 0;
  // @ts-expect-error: a snapshot never changes
  stats.waits = 0;
  // @ts-expect-error: there is no such kind
  stats.requestsFailed.no_such_kind;
  const [state]: (string | undefined)[] = stats.tokens.map((token) => token.lastFailure ?? token.state);
  subscribe('seekauth:token_request', (message) => {
    const event = message as SeekAuthEvents['token_request'];
    const facts: [string, Date, number, number | undefined] = [event.level, event.startedAt, event.durationMs, event.lifeLeftMs];
    // @ts-expect-error: it is no token
    console.log(event.message, facts, event.lifetimeMs);
  });
  return failures + (state?.length ?? 0);
}

export async function fake(): Promise<string> {
  const client: FakeClient = Client.fake({ token: 't', scopes: ['a', 'b'], lifetimeMs: 60_000, apiUrl: 'http://127.0.0.1:8080/graphql' });
  // @ts-expect-error: no such option
  Client.fake({ lifetime: 5 });
  client.respond({ data: {} }, Response.json({}, { status: 503 }));
  client.respond(async (request) => Response.json({ data: await request.json() }));
  client.withScopes('c').respond(() => ({ data: {} }));
  client.respond();
  client.failWith('throttled', { retryAfterMs: 1_000 });
  // @ts-expect-error: no such option
  client.failWith('throttled', { retryAfter: 1 });
  // @ts-expect-error: there is no such kind
  client.failWith('broken');
  client.succeed();
  client.advance(60_000);
  const now: Date = client.now;
  const like: Client = client;
  // @ts-expect-error: only one for tests has it
  like.advance(5);
  const sent = client.journal.map((entry) => (entry.kind === 'api' ? `${entry.method} ${entry.url} ${entry.headers['a']} ${entry.body}` : (entry.failure ?? entry.scopes.join())));
  const token = new Token('t', { lifetimeMs: 5, scopes: 'a b' });
  const error = new SeekAuthError('slow down', { code: 'throttled', retryAfterMs: 5, cause: new Error() });
  // @ts-expect-error: an error has a code
  new SeekAuthError('slow down');
  const graphql = new GraphQLError<number>({ errors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }], data: 5 });
  return `${client.apiUrl.length} ${now} ${sent} ${token.value} ${error.code} ${graphql.data}`;
}
