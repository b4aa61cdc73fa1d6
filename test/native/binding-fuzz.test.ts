// Test 20: a few thousand random calls of the bare addon, in a process of its own, where a crash is an exit code. The
// soak run (`npm run soak`) makes a million; docs/testing.md says how to run it under AddressSanitizer.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('binding-fuzz.mjs', import.meta.url));

describe('the bare addon', () => {
  it.each([1, 2])('takes thousands of random calls without a crash or an untyped error, seed %i', (seed) => {
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script, '4000', String(seed)], {
      encoding: 'utf8',
    });
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    const { calls, fine, refused, rejected, filled, run } = JSON.parse(stdout);
    expect(calls).toBeGreaterThanOrEqual(4000);
    expect(Math.min(fine, refused, run.fine, run.refused)).toBeGreaterThan(50);
    expect(Math.min(rejected, filled)).toBeGreaterThan(0);
  });
});
