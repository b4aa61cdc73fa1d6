// Engines by backend and number of threads, each made once for the tests of a file and freed after them.
import { afterAll } from 'vitest';
import { Engine } from '../../src/native/engine.ts';

const engines = new Map<string, Engine>();
afterAll(() => {
  for (const engine of engines.values()) engine.dispose();
});

export function engineOf(backend: string, threads: number): Engine {
  const key = `${backend}/${threads}`;
  const engine = engines.get(key) ?? new Engine({ backend, threads });
  engines.set(key, engine);
  return engine;
}
