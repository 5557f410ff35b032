// Never run: tsc reads it, and fails where the types allow what they should not or refuse what they should allow.

import { Client, SeekAuthError, Token, type ClientOptions, type ErrorCode, type GetTokenOptions } from 'seekauth';

const credentials = { clientId: 'id', clientSecret: 'secret', userAgent: 'Acme/1.0' };

export const options: ClientOptions[] = [
  { service: 'seek_api', environment: 'live', ...credentials },
  { service: 'seek_pass', environment: 'staging', scopes: ['write.education'], ...credentials },
  { service: 'oauth', tokenUrl: 'https://issuer.test/token', extraParameters: { tenant: 'a' }, ...credentials },
  // @ts-expect-error: SEEK Pass has no such environment
  { service: 'seek_pass', environment: 'live', ...credentials },
  // @ts-expect-error: the credentials are missing
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
  Client.fromEnv({ timeoutMs: 100 });
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
  // @ts-expect-error: tokens come from clients
  new Token();
  const acted: boolean = api.invalidate(token) || api.invalidate(token.value);
  // @ts-expect-error: neither a token nor its value
  api.invalidate(5);
  api.close();
  const now: string | undefined = api.authorizationNow();
  return now ?? `${await api.authorization()} ${facts.length} ${acted} ${cached?.value}`;
}

export function judge(error: unknown): ErrorCode | number | undefined {
  if (!(error instanceof SeekAuthError)) return undefined;
  const status: number | undefined = error.status;
  const texts: (string | undefined)[] = [error.serverCode, error.target, error.message, error.name];
  // @ts-expect-error: there is no such kind
  if (error.code === 'no_such_kind') return texts.length;
  return error.retryable ? (error.retryAfterMs ?? status) : error.code;
}
