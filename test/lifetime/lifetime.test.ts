// The addon at every end of a process and of a worker thread: exit, terminate, reload, two copies, garbage collection.
// Each scenario is a process of its own; a crash would be its exit code.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('scenarios.mjs', import.meta.url));

function runScenario(
  name: string,
): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--expose-gc', script, name], { timeout: 60_000 });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (data: Buffer) => {
        output[name] += data.toString();
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
}

describe('the addon', () => {
  it.each([
    'exit in mid-call',
    'end with work queued that nobody awaits',
    'a pending promise keeps the process alive until it settles',
    'eight workers, each terminated in mid-call',
    'workers come and go, and the addon with them',
    'a handle from another thread is refused',
    'two copies of the addon side by side',
    'a storm of garbage collections',
    'many engines at once and one after the other',
  ])('%s', async (name) => {
    expect(await runScenario(name)).toEqual({ code: 0, signal: null, stdout: 'ok\n', stderr: '' });
  });
});
