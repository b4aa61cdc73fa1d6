// An upload that reads its array in place: nothing is staged, and the memory outlives the array that it came from.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DTypeError, ShapeError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { linear, packWeight } from '../../src/ops/linear.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const count = 4 * 2 ** 20; // of numbers: memory of its own, which the system takes back at once when it is freed

/** An engine with some hundred milliseconds of plain loops before whatever is queued next. */
function busyEngine(): Engine {
  const engine = new Engine({ backend: 'reference', threads: 1 });
  onTestFinished(() => engine.dispose());
  const square = Tensor.from(engine, new Float32Array(700 * 700), [700, 700]);
  linear(square, packWeight(square));
  return engine;
}

describe('an upload in place', () => {
  it('stages nothing, and reads the array when its turn comes', async () => {
    const engine = busyEngine();
    const staged = engine.stats().stagedBytes;
    const data = new Float32Array(count).fill(1);
    const tensor = Tensor.fromInPlace(engine, data, [count]);
    const copied = Tensor.from(engine, data.subarray(0, 1000));
    expect(engine.stats().stagedBytes - staged).toBeLessThanOrEqual(4000); // the copy's, and less what has run
    data.fill(2);
    expect((await tensor.float32Data())[count - 1]).toBe(2);
    expect((await copied.float32Data())[999]).toBe(1);
  });

  it('keeps the memory of an array that was transferred and dropped', async () => {
    const engine = busyEngine();
    let data: Float32Array | undefined = new Float32Array(count).fill(3);
    const tensor = Tensor.fromInPlace(engine, data.subarray(count / 2), [count / 2]);
    structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
    expect(data.length).toBe(0);
    data = undefined;
    collectGarbage();
    collectGarbage();
    const others = Array.from({ length: 4 }, () => new Float32Array(count).fill(4)); // where the memory would have been
    const read = await tensor.float32Data();
    expect([read[0], read[count / 2 - 1], others.length]).toEqual([3, 3, 4]);
    expect(read.every((value) => value === 3)).toBe(true);
  });

  it('lets go of the memory once it has been read', async () => {
    const engine = busyEngine();
    const before = process.memoryUsage().arrayBuffers;
    let data: Float32Array | undefined = new Float32Array(count);
    const tensor = Tensor.fromInPlace(engine, data, [count]);
    data = undefined;
    await tensor.rows(0, 1).data();
    collectGarbage();
    for (let i = 0; i < 50 && process.memoryUsage().arrayBuffers - before >= 4 * count; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10)); // V8 frees on threads of its own
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * count);
  });

  it('refuses what a copy would refuse', () => {
    const engine = busyEngine();
    const shared = new Float32Array(new SharedArrayBuffer(16));
    expect(() => Tensor.fromInPlace(engine, shared, [4])).toThrow(/shared or resizable/);
    expect(() => Tensor.fromInPlace(engine, new Float32Array(3), [4])).toThrow(ShapeError);
    expect(() => Tensor.fromInPlace(engine, new Uint8Array(4) as never, [4])).toThrow(DTypeError);
  });
});
