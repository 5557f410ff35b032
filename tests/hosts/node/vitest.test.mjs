import * as seekauth from 'seekauth';
import { test, vi } from 'vitest';
import { checks } from './guest.cjs';

const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'Date', 'performance', 'queueMicrotask'];
// Vitest cannot replace it where its workers are processes.
if (!process.send) toFake.push('nextTick');
const timers = { start: () => vi.useFakeTimers({ toFake }), stop: () => vi.useRealTimers() };

for (const [name, check] of Object.entries(checks(seekauth, { timers }))) test(name, { timeout: 30_000 }, check);
