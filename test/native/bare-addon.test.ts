// The bare addon against callers that src/ never is: arguments that change what they describe while they are read, more
// engines than there are numbers for, results for which no memory is left. Each of these once ended the process.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { addonPath, loadAddon } from '../../src/native/load.ts';

const { addon } = loadAddon();

/** The kind of error that a call throws. */
function kindOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return (error as { kind?: string }).kind;
  }
  return 'nothing thrown';
}

/** [value] whose element is a getter that does something first. */
function trap(value: number, interfere: (array: number[]) => void): number[] {
  const array = [value];
  return Object.defineProperty(array, 0, {
    get() {
      interfere(array);
      return value;
    },
  });
}

describe('getters among the arguments', () => {
  it('may lengthen the array that is read', () => {
    const engine = addon.createEngine('reference', 1);
    const longer = trap(1, (array) => array.push(...new Array(100_000).fill(1)));
    expect(addon.allocate(engine, 'float32', longer)).toBeGreaterThan(0);
    addon.destroyEngine(engine);
  });

  it('may destroy the engine or release the tensor that is meant', () => {
    const engine = addon.createEngine('reference', 1);
    const tensor = addon.allocate(engine, 'float32', [4]);
    const released = trap(2, () => void addon.release(tensor));
    expect(kindOf(() => addon.view(tensor, 0, released, 0))).toBe('disposed');
    const output = addon.allocate(engine, 'float32', [4]);
    const destroyed = trap(output, () => addon.destroyEngine(engine));
    expect(kindOf(() => addon.run(0, [output], destroyed, []))).toBe('disposed');
    const gone = trap(2, () => {});
    expect(kindOf(() => addon.allocate(engine, 'float32', gone))).toBe('disposed');
  });

  it('may not pass another buffer for the array’s own, nor detach it unnoticed', async () => {
    const engine = addon.createEngine('reference', 1);
    const tensor = addon.allocate(engine, 'float32', [3]);
    const lying = Float32Array.of(1, 2, 3);
    Object.defineProperty(lying, 'buffer', { value: new ArrayBuffer(4) });
    addon.upload(tensor, lying);
    expect(new Float32Array(await addon.download(tensor))).toEqual(Float32Array.of(1, 2, 3));
    const detached = Float32Array.of(1, 2, 3);
    const get = () => structuredClone(detached.buffer, { transfer: [detached.buffer] }) && false;
    Object.defineProperty(detached.buffer, 'resizable', { get });
    expect(kindOf(() => addon.upload(tensor, detached))).toBe('shape');
    addon.destroyEngine(engine);
  });
});

it('the 512th engine is refused, and there is room again when one is gone', () => {
  const engines: number[] = [];
  const one = () => void engines.push(addon.createEngine('reference', 1));
  while (engines.length < 511) one();
  expect(kindOf(one)).toBe('memory');
  addon.destroyEngine(engines.pop() as number);
  one();
  for (const engine of engines) addon.destroyEngine(engine);
});

it.runIf(process.platform === 'linux')('a result for which no memory is left is an error', () => {
  const script = `
    const addon = require(${JSON.stringify(addonPath)});
    const tensor = addon.allocate(addon.createEngine('reference', 1), 'float32', [8e8]);
    try { addon.download(tensor); } catch ({ kind, message }) { console.log(kind, message); }`;
  const limited = `ulimit -v 6000000 && exec "${process.execPath}" --input-type=commonjs --eval "$SCRIPT"`;
  const env = { ...process.env, SCRIPT: script };
  const { stdout } = spawnSync('sh', ['-c', limited], { encoding: 'utf8', env });
  expect(stdout).toMatch(/^memory no memory is left for 3200000000 bytes: /);
});

it('the memory of tensors is known to V8 as external, and known to be gone', () => {
  const script = `
    const addon = require(${JSON.stringify(addonPath)});
    const watcher = addon.createEngine('reference', 1);
    const external = () => (gc(), addon.stats(watcher).externalMemory / 2 ** 20);
    const start = external();
    const steps = [];
    const note = () => steps.push(Math.round((external() - start) / 4) * 4);
    const engine = addon.createEngine('reference', 1);
    const large = addon.allocate(engine, 'float32', [16 * 2 ** 20]);
    const small = Array.from({ length: 64 }, () => addon.allocate(engine, 'float32', [64 * 1024]));
    note();
    addon.release(large);
    note();
    for (const handle of small) addon.release(handle);
    note();
    addon.allocate(engine, 'float32', [16 * 2 ** 20]);
    note();
    addon.destroyEngine(engine);
    note();
    console.log(steps.join(' '));`;
  const args = ['--expose-gc', '--input-type=commonjs', '--eval', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: '80 16 0 64 0\n', stderr: '' });
});
