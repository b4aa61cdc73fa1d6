// The stream and its door: order, waits, limits, poison, foreign and stale handles, allocation failure, disposal.
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ArgumentError,
  BackendError,
  DisposedError,
  ExecutionError,
  LikewiseError,
  OutOfMemoryError,
  QueueFullError,
  ShapeError,
} from '../../src/errors.ts';
import type { AddonDescription } from '../../src/native/addon.ts';
import { Engine } from '../../src/native/engine.ts';
import { chooseBackend, loadAddon } from '../../src/native/load.ts';
import { linear, packWeight } from '../../src/ops/linear/linear.ts';
import { embedding } from '../../src/ops/rows/embedding.ts';
import { l2Normalize, weightedSum } from '../../src/ops/rows/rows.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

const engines: Engine[] = [];

function newEngine(options: { backend?: string; threads?: number } = {}): Engine {
  const engine = new Engine(options);
  engines.push(engine);
  return engine;
}

afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

/** A tensor whose command failed: a token id outside the table. */
function poisoned(engine: Engine): Tensor {
  const table = Tensor.from(engine, new Float32Array(12), [3, 4]);
  const gamma = Tensor.from(engine, new Float32Array(4));
  return embedding(
    { tokenIds: Tensor.from(engine, Int32Array.of(0, 99)) },
    { word: table, gamma, beta: gamma, epsilon: 1e-5 },
  );
}

describe('creating an engine', () => {
  it('refuses a backend that does not exist, naming those that do', () => {
    expect(() => newEngine({ backend: 'avx1024' })).toThrow(BackendError);
    const { backends } = loadAddon().description;
    const names = backends.flatMap(({ name }) => (name === 'mock' ? [] : [name])).join(', ');
    const refusal = new RegExp(
      `^expected one of the backends ${names}, of which this machine runs reference.*, but received avx1024$`,
    );
    expect(() => newEngine({ backend: 'avx1024' })).toThrow(refusal);
    vi.stubEnv('LIKEWISE_BACKEND', 'avx1024');
    expect(() => newEngine()).toThrow(/ but received avx1024 in LIKEWISE_BACKEND$/);
    vi.unstubAllEnvs();
  });

  it('refuses the mock device by name, from options and from the environment', () => {
    const refusal = /expected one of the backends reference.* but received mock, which only .* tests/;
    expect(() => newEngine({ backend: 'mock' })).toThrow(BackendError);
    expect(() => newEngine({ backend: 'mock' })).toThrow(refusal);
    vi.stubEnv('LIKEWISE_BACKEND', 'mock');
    expect(() => newEngine()).toThrow(refusal);
    vi.unstubAllEnvs();
    new Engine({ backend: 'mock', allowMock: true }).dispose();
  });

  it.each([0, -1, 0.5, 4096, Number.NaN])('refuses %s threads', (threads) => {
    expect(() => newEngine({ threads })).toThrow(ArgumentError);
  });

  it('says why an unavailable instruction set cannot run', () => {
    for (const { name, available, reason } of loadAddon().description.backends) {
      if (!available)
        expect(() => newEngine({ backend: name })).toThrow(new RegExp(reason.replaceAll(/[()]/g, '.')));
    }
  });

  it('does not choose the slow reference kernels silently on a CPU without AVX2', () => {
    const description = {
      fastestBackend: 'reference',
      backends: [
        { name: 'reference', available: true, reason: '' },
        { name: 'avx2', available: false, reason: 'this CPU has no AVX2 with FMA' },
      ],
    } as AddonDescription;
    const variable = process.env.LIKEWISE_BACKEND;
    delete process.env.LIKEWISE_BACKEND;
    try {
      expect(() => chooseBackend(description, undefined)).toThrow(
        /no AVX2 with FMA.*LIKEWISE_BACKEND=reference/,
      );
      expect(chooseBackend(description, 'reference')).toBe('reference');
    } finally {
      if (variable !== undefined) process.env.LIKEWISE_BACKEND = variable;
    }
  });
});

describe('commands', () => {
  it('run in order, so a buffer may be reused while commands that use it wait', async () => {
    const engine = newEngine();
    const results = scope(() =>
      Array.from({ length: 200 }, (_, index) =>
        scope(() => {
          const row = Tensor.from(engine, new Float32Array(512).fill(index), [1, 512]);
          return weightedSum(weightedSum(row, row, 1, 1), row, 1, -1);
        }),
      ),
    );
    for (const [index, tensor] of results.entries()) {
      expect(await tensor.data()).toEqual(new Float32Array(512).fill(index));
    }
  });

  it('are only queued: the call returns before they have run', async () => {
    const engine = newEngine({ backend: 'reference' });
    const square = Tensor.from(engine, new Float32Array(700 * 700).fill(0.01), [700, 700]);
    const result = linear(square, packWeight(square)); // some hundred milliseconds of plain loops
    expect(engine.stats().commandsExecuted).toBeLessThan(3);
    await result.data();
    expect(engine.stats().commandsExecuted).toBeGreaterThanOrEqual(3);
  });

  it('that fail poison what depends on them, and the wait names the op', async () => {
    const engine = newEngine();
    const bad = poisoned(engine);
    const dependent = l2Normalize(weightedSum(bad, bad, 1, 1));
    await expect(dependent.data()).rejects.toThrow(ExecutionError);
    await expect(dependent.data()).rejects.toThrow(/embedding.*99/);
    await expect(bad.data()).rejects.toThrow(/embedding.*99/);
    const healthy = Tensor.from(engine, Float32Array.of(3, 4), [1, 2]);
    expect(await l2Normalize(healthy).data()).toEqual(Float32Array.of(3 / 5, 4 / 5));
  });

  it('that fill a poisoned tensor heal it', async () => {
    const engine = newEngine();
    const bad = poisoned(engine); // [2, 4]
    await expect(bad.data()).rejects.toThrow(ExecutionError);
    engine.addon.upload(bad.rows(0, 1).handle, new Float32Array(4));
    await expect(bad.data()).rejects.toThrow(ExecutionError);
    engine.addon.upload(bad.handle, new Float32Array(8).fill(5));
    expect(await bad.data()).toEqual(new Float32Array(8).fill(5));
  });

  it('past the limit are refused and the engine stays usable', async () => {
    const engine = newEngine({ backend: 'reference' });
    const slow = Tensor.from(engine, new Float32Array(600 * 600), [600, 600]);
    const packed = packWeight(slow);
    // together slower than the flood, however slow the machine is at queueing
    for (let index = 0; index < 6; index++) linear(slow, packed);
    const row = Tensor.from(engine, new Float32Array(4), [1, 4]);
    const flood = () => {
      for (let index = 0; index < 20_000; index++) scope(() => void weightedSum(row, row, 1, 1));
    };
    expect(flood).toThrow(QueueFullError);
    await engine.ready(0);
    expect(engine.stats().commandsWaiting).toBe(0);
    expect(await row.data()).toEqual(new Float32Array(4));
  });

  it('ready() waits until the backlog is small enough', async () => {
    const engine = newEngine({ backend: 'reference' });
    const square = Tensor.from(engine, new Float32Array(200 * 200), [200, 200]);
    const packed = packWeight(square);
    for (let index = 0; index < 30; index++) scope(() => void linear(square, packed));
    await engine.ready(5);
    expect(engine.stats().commandsWaiting).toBeLessThanOrEqual(5);
    await expect(engine.ready(-1)).rejects.toThrow(ArgumentError);
  });
});

describe('handles', () => {
  it('of a disposed tensor are refused, and disposing twice is not', () => {
    const engine = newEngine();
    const tensor = Tensor.from(engine, new Float32Array(4), [1, 4]);
    tensor.dispose();
    tensor.dispose();
    expect(() => l2Normalize(tensor)).toThrow(DisposedError);
    expect(() => tensor.rows(0, 1)).toThrow(DisposedError);
  });

  it('that are stale, foreign or made up never reach memory', () => {
    const [engine, other] = [newEngine(), newEngine()];
    const stale = Tensor.from(engine, new Float32Array(4), [1, 4]).handle;
    expect(engine.addon.release(stale)).toBe(true);
    expect(engine.addon.release(stale)).toBe(false);
    Tensor.from(engine, new Float32Array(4), [1, 4]); // takes the slot, with another generation
    for (const handle of [stale, 1, 12345, 2 ** 52 + 3, Number.MAX_SAFE_INTEGER]) {
      expect(() => engine.addon.run(engine.opId('l2_normalize'), [handle], [handle], [1])).toThrow(
        /live tensor/,
      );
    }
    const [mine, theirs] = [engine, other].map((owner) =>
      Tensor.from(owner, new Float32Array(4), [1, 4]),
    ) as [Tensor, Tensor];
    expect(() => weightedSum(mine, theirs, 1, 1)).toThrow(/one engine/);
  });

  it('views keep the memory of a disposed base alive, in order', async () => {
    const engine = newEngine();
    const base = Tensor.from(
      engine,
      Float32Array.from({ length: 12 }, (_, index) => index),
      [3, 4],
    );
    const view = base.columns(1, 3).rows(1, 3);
    base.dispose();
    Tensor.from(engine, new Float32Array(12).fill(7), [3, 4]);
    expect(await view.data()).toEqual(Float32Array.of(5, 6, 9, 10));
    expect(() => view.rows(0, 3)).toThrow(ShapeError);
    expect(() => view.columns(0, 3)).toThrow(ShapeError);
    expect(() => engine.addon.view(view.handle, 0, [2, 2], 100)).toThrow(/inside/);
    expect(() => engine.addon.view(view.handle, 2 ** 39, [1], 1)).toThrow(/inside/);
    expect(() => engine.addon.view(view.handle, 0, [2 ** 39, 1], 2 ** 39)).toThrow(/inside/);
  });
});

describe('memory', () => {
  it('is reused: a steady state asks for none, nor for commands, staging or records', async () => {
    const engine = newEngine();
    const step = () =>
      scope(() => {
        const row = Tensor.from(engine, new Float32Array(1000), [10, 100]);
        return l2Normalize(weightedSum(row, row, 1, 1));
      });
    const slow = Tensor.from(engine, new Float32Array(1500 * 1500), [1500, 1500]);
    const weight = packWeight(slow);
    for (let index = 0; index < 6; index++) linear(slow, weight).dispose(); // meanwhile more waits than ever after
    for (let index = 0; index < 200; index++) step().dispose();
    await engine.ready(0);
    step().dispose();
    await engine.ready(0);
    const before = engine.stats();
    for (let index = 0; index < 200; index++) {
      step().dispose();
      await engine.ready(8);
    }
    await engine.ready(0);
    const after = engine.stats();
    expect(after.commandsExecuted - before.commandsExecuted).toBe(600);
    expect(after.poolMisses).toBe(before.poolMisses);
    expect(after.allocations).toBe(before.allocations);
    expect(after.liveTensors).toBe(before.liveTensors);
    expect(after.bytesInUse).toBe(before.bytesInUse);
  });

  it('that cannot be had at the k-th allocation, for every k, is an error and nothing leaks', async () => {
    const work = (engine: Engine) =>
      scope(() => {
        const input = Tensor.from(engine, new Float32Array(40_000), [200, 200]);
        return l2Normalize(
          linear(input, packWeight(Tensor.from(engine, new Float32Array(40_000), [200, 200]))),
        );
      });
    let failures = 0;
    for (let k = 1; ; k++) {
      const engine = newEngine();
      const read = async () => {
        using result = work(engine);
        return (await result.data()).length;
      };
      engine.addon.failAllocation(engine.id, k);
      const outcome = await read().catch((error: unknown) => error);
      expect(engine.stats().liveTensors).toBe(0);
      expect(engine.stats().bytesInUse).toBe(0);
      if (outcome === 40_000) break;
      expect(outcome).toBeInstanceOf(OutOfMemoryError);
      failures++;
      expect(await read()).toBe(40_000);
    }
    // five tensors with their storages, five commands, the staging of two uploads, the table
    expect(failures).toBeGreaterThanOrEqual(15);
  });

  it('of absurd size is refused', () => {
    const engine = newEngine();
    expect(() => Tensor.allocate(engine, 'float32', [2 ** 30, 2 ** 30])).toThrow(ShapeError);
    expect(() => Tensor.allocate(engine, 'float32', [2 ** 39])).toThrow(OutOfMemoryError);
    expect(() => Tensor.allocate(engine, 'float32', [-1])).toThrow(ShapeError);
    expect(() => Tensor.allocate(engine, 'float32', [1, 1, 1, 1, 1])).toThrow(LikewiseError);
  });

  it('shared and resizable is refused on the way in', () => {
    const engine = newEngine();
    const tensor = Tensor.allocate(engine, 'float32', [4]);
    const shared = new Float32Array(new SharedArrayBuffer(16));
    expect(() => engine.addon.upload(tensor.handle, shared)).toThrow(/shared or resizable/);
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer;
    const resizable = new Float32Array(new Resizable(16, { maxByteLength: 32 }));
    expect(() => engine.addon.upload(tensor.handle, resizable)).toThrow(/shared or resizable/);
    expect(() => engine.addon.upload(tensor.handle, new Float32Array(5))).toThrow(
      /4 elements but received 5/,
    );
    expect(() => engine.addon.upload(tensor.handle, new Int32Array(4))).toThrow(/float32.*int32/);
  });
});

describe('disposing an engine', () => {
  it('does not wait for the command that is running', async () => {
    const engine = newEngine({ backend: 'reference', threads: 1 });
    const square = Tensor.from(engine, new Float32Array(800 * 800), [800, 800]);
    const packed = packWeight(square);
    const product = linear(square, packed); // some hundred milliseconds of plain loops
    while (engine.stats().commandsExecuted < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    const reading = product.data().then(
      () => 'done',
      (error) => error,
    );
    const disposed = performance.now();
    engine.dispose();
    const returned = performance.now();
    expect(await reading).toBeInstanceOf(DisposedError);
    expect(returned - disposed).toBeLessThan((performance.now() - disposed) / 5);
  });

  it('rejects what was pending and refuses what comes after', async () => {
    const engine = newEngine({ backend: 'reference' });
    const square = Tensor.from(engine, new Float32Array(400 * 400), [400, 400]);
    const first = linear(square, packWeight(square));
    const second = linear(square, packWeight(square));
    const waits = [first.data(), second.data()].map((wait) =>
      wait.then(
        () => 'done',
        (error) => error,
      ),
    );
    const ready = engine.ready(0).then(
      () => 'done',
      (error) => error,
    );
    engine.dispose();
    engine.dispose();
    expect(await waits[1]).toBeInstanceOf(DisposedError);
    expect(await ready).toBeInstanceOf(DisposedError);
    expect(() => first.handle).toThrow(DisposedError);
    expect(() => engine.stats()).toThrow(DisposedError);
    first.dispose();
  });
});
