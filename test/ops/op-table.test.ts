// Every op on every backend this CPU has, the mock device included: equal to the float64 reference within what float32
// can hold, the same bits for 1, 2 and 7 threads, and not one tensor left alive that was not returned.
import { afterAll, describe, expect, it } from 'vitest';
import { Engine } from '../../src/native/engine.ts';
import { loadAddon } from '../../src/native/load.ts';
import { scope } from '../../src/tensor/scope.ts';
import type { TensorData } from '../../src/tensor/tensor.ts';
import { Maker, type OpCase, opTable, type Real } from './op-table.ts';

const available = loadAddon().description.backends.filter((backend) => backend.available);
const engines = new Map<string, Engine>();

function engineOf(backend: string, threads: number): Engine {
  const key = `${backend}/${threads}`;
  const engine = engines.get(key) ?? new Engine({ backend, threads, allowMock: true });
  engines.set(key, engine);
  return engine;
}

async function outputs(opCase: OpCase, backend: string, threads: number, real: Real): Promise<TensorData[]> {
  const engine = engineOf(backend, threads);
  const before = engine.stats().liveTensors;
  const results = scope(() => opCase.run(new Maker(engine, real)));
  expect(engine.stats().liveTensors).toBe(before + results.length);
  const data = await Promise.all(results.map((tensor) => tensor.data()));
  for (const tensor of results) tensor.dispose();
  expect(engine.stats().liveTensors).toBe(before);
  return data;
}

function expectClose(actual: TensorData, expected: TensorData, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let index = 0; index < expected.length; index++) {
    const [a, b] = [actual[index] as number, expected[index] as number];
    if (Object.is(a, b) || Math.abs(a - b) <= tolerance * (1 + Math.abs(b))) continue;
    expect.fail(`element ${index}: ${a} is not within ${tolerance} of ${b}`);
  }
}

afterAll(() => {
  for (const engine of engines.values()) engine.dispose();
});

describe.each(opTable)('$name', (opCase) => {
  it.each(available)('on $name equals the float64 reference', async ({ name }) => {
    const expected = await outputs(opCase, 'reference', 1, 'float64');
    const actual = await outputs(opCase, name, 2, 'float32');
    for (const [index, data] of actual.entries())
      expectClose(data, expected[index] as TensorData, opCase.tolerance);
  });

  it.each(available)('on $name gives the same bits with 1, 2 and 7 threads', async ({ name }) => {
    const once = await outputs(opCase, name, 1, 'float32');
    expect(await outputs(opCase, name, 2, 'float32')).toEqual(once);
    expect(await outputs(opCase, name, 7, 'float32')).toEqual(once);
  });
});
