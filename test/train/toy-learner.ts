// A learner of three dozen numbers, for tests of the trainer: linear regression of a text's length on its letters, with
// noise that depends on the seed as dropout does.

import { backward } from '../../src/autograd/backward.ts';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { withTape } from '../../src/autograd/tape.ts';
import { AbortedError } from '../../src/errors.ts';
import type { EngineStats } from '../../src/native/addon.ts';
import { Engine } from '../../src/native/engine.ts';
import { multiply, subtract } from '../../src/ops/plain/elementwise.ts';
import { matmul } from '../../src/ops/plain/matmul.ts';
import { mean } from '../../src/ops/plain/reduce.ts';
import { gatherRows } from '../../src/ops/rows/table-rows.ts';
import type { TextLearner, TrainingBatch } from '../../src/tasks/sentence/text-learner.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { seededRandom } from '../seeded-random.ts';

export const letters = 16;

export interface ToyOptions {
  threads?: number;
  /**
   * Called for each batch; may make its loss infinite, let an op of it fail in the engine, or fail the k-th allocation
   * from now.
   */
  onLearn?: (
    call: number,
    batch: TrainingBatch,
  ) => 'infinite' | 'failing' | { allocation: number } | undefined;
  /** Called before each batch. */
  onStats?: (stats: EngineStats) => void;
  onSave?: (folder: string) => Promise<void>;
}

export type ToyLearner = TextLearner & { calls: number };

export function toyLearner(options: ToyOptions = {}): ToyLearner {
  const engine = new Engine(options.threads === undefined ? {} : { threads: options.threads });
  const store = new ParameterStore(engine, [
    { names: ['weight'], shape: [letters, 1] },
    { names: ['bias'], shape: [1] },
  ]);
  const random = seededRandom(4);
  store.parameter('weight').load(Float32Array.from({ length: letters }, () => random() - 0.5));
  const learner = {
    engine,
    stores: [store],
    fingerprint: { toy: '1' },
    notes: ['a toy'],
    calls: 0,
    tokenize: async (texts: readonly string[]) => {
      const tokenIds = Int32Array.from(
        texts.flatMap((text) => [...text].map((letter) => letter.charCodeAt(0) % letters)),
      );
      const offsets = new Int32Array(texts.length + 1);
      for (const [index, text] of texts.entries())
        offsets[index + 1] = (offsets[index] as number) + text.length;
      return { tokenIds, offsets, truncated: new Uint8Array(texts.length) };
    },
    async learn(batch: TrainingBatch, seed: number, factor: number) {
      learner.calls += 1;
      options.onStats?.(engine.stats());
      const fault = options.onLearn?.(learner.calls, batch);
      if (typeof fault === 'object') engine.addon.failAllocation(engine.id, fault.allocation);
      const loss = withTape(() => {
        const { input, target } = features(batch, seed);
        if (fault === 'infinite') target[0] = Number.POSITIVE_INFINITY;
        const rows = Int32Array.from({ length: letters }, (_, row) => (fault === 'failing' ? letters : row));
        const weight = gatherRows(store.parameter('weight').value, Tensor.from(engine, rows));
        const predicted = matmul(Tensor.from(engine, input, [batch.examples, letters]), weight);
        const error = subtract(predicted, Tensor.from(engine, target, [batch.examples, 1]));
        const squares = mean(multiply(error, error));
        backward(squares, factor);
        return squares;
      });
      return { loss, metrics: {} };
    },
    encoder: () => ({
      async encode(texts: string[], { signal }: { signal?: AbortSignal | undefined } = {}) {
        if (signal?.aborted) throw new AbortedError('encoding was stopped');
        const weight = await store.parameter('weight').read();
        const rows = texts.map((text) =>
          Float32Array.from(weight, (value, letter) => value + (text.length % (letter + 2))),
        );
        return { row: (index: number) => rows[index] as Float32Array };
      },
    }),
    async save(folder: string) {
      await options.onSave?.(folder);
    },
    [Symbol.dispose]: () => engine.dispose(),
  };
  return learner;
}

function features({ examples, tokens }: TrainingBatch, seed: number) {
  const input = new Float32Array(examples * letters);
  const target = new Float32Array(examples);
  const random = seededRandom(seed);
  for (let example = 0; example < examples; example++) {
    const [start = 0, end = 0] = tokens.offsets.subarray(example, example + 2);
    for (const id of tokens.tokenIds.subarray(start, end)) {
      input[example * letters + id] = (input[example * letters + id] as number) + random();
    }
    target[example] = (end - start) / 10;
  }
  return { input, target };
}
