import { startSandbox, type Attempt, type ReceivedRequest, type ScriptedResponse } from 'seekauth-sandbox';

const response: ScriptedResponse = { endpoint: 'graphql', operation: 'Hirer', error: 'FORBIDDEN' };
// @ts-expect-error there is no such endpoint
const wrong: ScriptedResponse = { endpoint: 'nowhere' };

export async function suite(): Promise<[ReceivedRequest[], Attempt[]]> {
  await using sandbox = await startSandbox({ tls: true });
  await sandbox.script(response, wrong);
  const attempts = await sandbox.deliver({ service: 'seek_pass', url: 'http://127.0.0.1:1/', kind: 'late', late_s: -1 });
  return [await sandbox.journal({ endpoint: 'graphql' }), attempts];
}
