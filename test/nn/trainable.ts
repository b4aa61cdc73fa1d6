// A small encoder that can be trained, with random parameters, and ragged batches for it.
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import type { Engine } from '../../src/native/engine.ts';
import { Encoder } from '../../src/nn/encoder/encoder.ts';
import type { EncoderConfig } from '../../src/nn/encoder/encoder-config.ts';
import { encoderParameters, linearParameters } from '../../src/nn/encoder/encoder-parameters.ts';
import type { ForwardContext } from '../../src/nn/layers/forward-context.ts';
import { Linear } from '../../src/nn/layers/linear.ts';
import type { TrainingPrecision } from '../../src/nn/layers/precision.ts';
import { ParameterReader } from '../../src/nn/parameters/parameter-reader.ts';
import { randomParameters } from '../../src/nn/parameters/random-parameters.ts';

export const smallConfig: EncoderConfig = {
  modelType: 'bert',
  vocabularySize: 11,
  hiddenSize: 8,
  embeddingSize: 8,
  layers: 2,
  heads: 2,
  intermediateSize: 12,
  activation: 'gelu_erf',
  layerNormEpsilon: 1e-3,
  maxPositions: 6,
  typeVocabularySize: 2,
  positionOffset: 0,
  padTokenId: 0,
};

export const training: ForwardContext = { dropout: 0.1, attentionDropout: 0.1, seed: 3 };

export interface Trainable {
  store: ParameterStore;
  encoder: Encoder;
  head: Linear;
  dispose(): void;
}

export async function trainable(
  engine: Engine,
  config = smallConfig,
  dtype: 'float32' | 'float64' = 'float32',
  precision: TrainingPrecision = 'float32',
): Promise<Trainable> {
  const hidden = { inputs: config.hiddenSize, outputs: config.hiddenSize };
  const specs = [
    ...encoderParameters(config, { pooler: true }),
    ...linearParameters('mlp.dense', hidden.inputs, hidden.outputs),
  ];
  const store = new ParameterStore(engine, specs, dtype);
  const source = randomParameters(specs, 1, 0.4);
  const encoder = await Encoder.load(engine, config, source, { trainable: store, precision });
  const reader = new ParameterReader(engine, source, { prefix: 'mlp.dense.', trainable: store });
  const head = await Linear.load(reader, { ...hidden, activation: 'tanh' });
  const dispose = () => {
    encoder.dispose();
    head.dispose();
    store.dispose();
  };
  return { store, encoder, head, dispose };
}

/** Token ids that follow from the lengths alone. */
export function ragged(lengths: readonly number[], vocabularySize = smallConfig.vocabularySize) {
  const offsets = Int32Array.from([0, ...lengths]);
  for (let index = 1; index < offsets.length; index++) {
    offsets[index] = (offsets[index] as number) + (offsets[index - 1] as number);
  }
  const tokenIds = Int32Array.from(
    { length: offsets.at(-1) as number },
    (_, index) => (index * 7 + 3) % vocabularySize,
  );
  return { tokenIds, offsets };
}
