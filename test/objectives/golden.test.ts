// Training against PyTorch, of a two-layer BERT: every gradient with six poolings and five objectives, and ten steps of
// AdamW from the same start in both conventions.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { backward } from '../../src/autograd/backward.ts';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { withTape } from '../../src/autograd/tape.ts';
import { readEncoderConfig } from '../../src/io/model-folder/model-config.ts';
import { SafetensorsFile } from '../../src/io/safetensors/safetensors.ts';
import { openWeights } from '../../src/io/safetensors/weights.ts';
import { Engine } from '../../src/native/engine.ts';
import { Encoder } from '../../src/nn/encoder/encoder.ts';
import { encoderParameters, linearParameters } from '../../src/nn/encoder/encoder-parameters.ts';
import { Pooling, parsePooling } from '../../src/nn/encoder/pooling.ts';
import type { ForwardContext } from '../../src/nn/layers/forward-context.ts';
import { Linear } from '../../src/nn/layers/linear.ts';
import { ParameterReader } from '../../src/nn/parameters/parameter-reader.ts';
import { cosineRegression } from '../../src/objectives/cosine-regression.ts';
import {
  encodeSequences,
  type ObjectiveBatch,
  type TrainedModel,
  type VectorObjective,
} from '../../src/objectives/objective.ts';
import { simcseSupervised } from '../../src/objectives/simcse.ts';
import { suNtxent } from '../../src/objectives/su-ntxent.ts';
import { triplet } from '../../src/objectives/triplet.ts';
import { AdamW } from '../../src/optim/adamw.ts';

const folder = fileURLToPath(new URL('../golden/bert-two-layers/', import.meta.url));

interface Golden {
  texts: number[][];
  cases: { pooling: string; objective: string; loss: number; scales: Record<string, number> }[];
  adamw: Record<'pytorch' | 'bert', number[]>;
}

const golden = JSON.parse(readFileSync(join(folder, 'training.json'), 'utf8')) as Golden;
const engines = ['reference', 'avx2'].map((backend) => new Engine({ backend, threads: 2 }));
const tensors = await SafetensorsFile.open(join(folder, 'training.safetensors'));
afterAll(async () => {
  for (const engine of engines) engine.dispose();
  await tensors.close();
});

async function load(engine: Engine) {
  const config = await readEncoderConfig(join(folder, 'config.json'));
  const specs = [...encoderParameters(config, { pooler: true }), ...linearParameters('mlp.dense', 32, 32)];
  const store = new ParameterStore(engine, specs);
  const weights = await openWeights(folder);
  const encoder = await Encoder.load(engine, config, weights, { trainable: store });
  await weights.close();
  const reader = new ParameterReader(engine, tensors, { prefix: 'mlp.dense.', trainable: store });
  const head = await Linear.load(reader, { inputs: 32, outputs: 32, activation: 'tanh' });
  const dispose = () => {
    for (const part of [encoder, head, store]) part.dispose();
  };
  return { store, encoder, head, dispose };
}

const noDropout: ForwardContext = { dropout: 0, attentionDropout: 0, seed: 0 };

/** Texts by their order in the golden file. */
function batchOf(order: readonly number[], columns: number): ObjectiveBatch {
  const texts = order.map((index) => golden.texts[index] as number[]);
  const offsets = Int32Array.from([0, ...texts.map(({ length }) => length)]);
  for (let index = 1; index < offsets.length; index++) {
    offsets[index] = (offsets[index] as number) + (offsets[index - 1] as number);
  }
  const scores = Float32Array.of(0.9, 0.1, 0.5, 0.3);
  return { examples: 4, columns, tokens: { tokenIds: Int32Array.from(texts.flat()), offsets }, scores };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
/** SimCSE's unsupervised form and Su's are given pairs here, in the place of twins. */
const everyText = simcseSupervised().sequences;
const objectives: Record<string, [VectorObjective, ObjectiveBatch]> = {
  simcse: [simcseSupervised(), batchOf(upTo(8), 2)],
  'hard-negatives': [simcseSupervised({ hardNegativeWeight: 1 }), batchOf(upTo(12), 3)],
  'su-ntxent': [{ ...suNtxent(), sequences: everyText }, batchOf([0, 4, 1, 5, 2, 6, 3, 7], 2)],
  triplet: [triplet(), batchOf(upTo(12), 3)],
  regression: [cosineRegression(), batchOf(upTo(8), 2)],
};

function lossOf(model: TrainedModel, name: string) {
  const [objective, batch] = objectives[name] as [VectorObjective, ObjectiveBatch];
  return objective.loss(encodeSequences(model, objective.sequences(batch), noDropout), batch);
}

describe.each(engines.map((engine) => [engine.backend, engine] as const))('on %s', (_, engine) => {
  it.each(golden.cases)(
    'gradients of $pooling with $objective',
    async ({ pooling, objective, loss, scales }) => {
      const { store, encoder, head, dispose } = await load(engine);
      const model = {
        encoder,
        pooling: new Pooling(parsePooling(pooling)),
        head: pooling === 'cls' ? head : undefined,
      };
      const result = withTape(() => {
        const made = lossOf(model, objective);
        backward(made);
        return made;
      });
      expect(Math.abs(((await result.data())[0] as number) / loss - 1)).toBeLessThan(1e-5);
      result.dispose();
      for (const parameter of store.parameters) {
        const got = (await parameter.gradient.data()) as Float32Array;
        const scale = scales[parameter.name];
        if (scale === undefined) {
          expect([parameter.name, Math.max(...got.map(Math.abs)) < 1e-5]).toEqual([parameter.name, true]);
          continue;
        }
        const want = await tensors.readFloat32(`${pooling}.${parameter.name}`);
        const dot = got.reduce((sum, value, index) => sum + value * (want[index] as number), 0);
        const cosine = dot / (Math.hypot(...got) * Math.hypot(...want));
        const ratio = Math.hypot(...got) / (Math.hypot(...want) * scale);
        expect([parameter.name, cosine >= 0.99999, Math.abs(ratio - 1) < 2e-4]).toEqual([
          parameter.name,
          true,
          true,
        ]);
      }
      dispose();
    },
  );

  it.each(['pytorch', 'bert'] as const)('ten steps of AdamW, %s', async (convention) => {
    const { store, encoder, head, dispose } = await load(engine);
    const model = { encoder, pooling: new Pooling(['cls']), head };
    const optimizer = new AdamW([store], { convention, weightDecay: 0.01, maxGradientNorm: 1 });
    for (const [step, want] of golden.adamw[convention].entries()) {
      const loss = withTape(() => {
        store.clearGradients();
        const made = lossOf(model, 'hard-negatives');
        backward(made);
        optimizer.step((1e-3 * (10 - step)) / 10);
        return made;
      });
      const [got] = (await loss.data()) as Float32Array;
      expect([step, Math.abs((got as number) / want - 1) < 1e-4, got]).toEqual([step, true, got]);
      loss.dispose();
    }
    optimizer.dispose();
    dispose();
  });
});
