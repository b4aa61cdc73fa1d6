// The tiny model of golden/bert-pretraining with every head of pretraining, in a store that can be trained, and its batch.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { readEncoderConfig } from '../../src/io/model-folder/model-config.ts';
import { withWeights } from '../../src/io/safetensors/weights.ts';
import type { Engine } from '../../src/native/engine.ts';
import { Encoder, encoderReader } from '../../src/nn/encoder/encoder.ts';
import { encoderParameters } from '../../src/nn/encoder/encoder-parameters.ts';
import { MaskedLanguageHead, maskedLanguageParameters } from '../../src/nn/heads/masked-language-head.ts';
import { NextSentenceHead, nextSentenceParameters } from '../../src/nn/heads/next-sentence-head.ts';
import { SpanBoundaryHead, spanBoundaryParameters } from '../../src/nn/heads/span-boundary-head.ts';
import { TiedDecoder } from '../../src/nn/heads/tied-decoder.ts';
import type { TrainingPrecision } from '../../src/nn/layers/precision.ts';
import { ParameterReader } from '../../src/nn/parameters/parameter-reader.ts';
import { causalLanguage } from '../../src/objectives/causal-language.ts';
import { maskedWords } from '../../src/objectives/masked-words.ts';
import { nextSentence } from '../../src/objectives/next-sentence.ts';
import { permutationLanguage } from '../../src/objectives/permutation-language.ts';
import type {
  PretrainingBatch,
  PretrainingModel,
  PretrainingObjective,
} from '../../src/objectives/pretraining.ts';
import { spanBoundary } from '../../src/objectives/span-boundary.ts';

export const folder = fileURLToPath(new URL('../golden/bert-pretraining/', import.meta.url));

interface Row {
  words: number[];
  masked: number[];
  types: number[];
  places: number[];
  ranks: number[];
  spans: [number, number][];
  next: number;
}

export interface Golden {
  targets: number;
  maskToken: number;
  rows: Row[];
  cases: { objective: string; loss: number; accuracy: number }[];
}

export const golden = JSON.parse(readFileSync(join(folder, 'pretraining.json'), 'utf8')) as Golden;

const starts = golden.rows.map((_, index) =>
  golden.rows.slice(0, index).reduce((total, { words }) => total + words.length, 0),
);
const ints = (pick: (row: Row, start: number) => number[]) =>
  Int32Array.from(golden.rows.flatMap((row, index) => pick(row, starts[index] as number)));

export const batch: PretrainingBatch = {
  tokenIds: ints(({ masked }) => masked),
  offsets: Int32Array.of(
    0,
    ...golden.rows.map(({ words }, index) => (starts[index] as number) + words.length),
  ),
  segmentIds: ints(({ types }) => types),
  maskedPlaces: ints(({ places }, start) => places.map((place) => place + start)),
  maskedWords: ints(({ words, places }) => places.map((place) => words[place] as number)),
  nextSentence: ints(({ next }) => [next]),
  spans: ints(({ spans }, start) => spans.flat().map((place) => place + start)),
};

/** The golden file's order in the place of one that is drawn. */
export const goldenRanks = ints(({ ranks }) => ranks);

/** By the golden file's names. */
export const objectives: Record<string, PretrainingObjective> = {
  masked_words: maskedWords,
  next_sentence: nextSentence,
  span_boundary: spanBoundary,
  causal: causalLanguage,
  permutation: permutationLanguage({ maskToken: golden.maskToken, ranksOf: () => goldenRanks }),
};

export async function loadModel(
  engine: Engine,
  dtype: 'float32' | 'float64' = 'float32',
  precision: TrainingPrecision = 'float32',
): Promise<{ store: ParameterStore; model: PretrainingModel; dispose(): void }> {
  const config = await readEncoderConfig(join(folder, 'config.json'));
  const specs = [
    ...encoderParameters(config, { pooler: true }),
    ...maskedLanguageParameters(config),
    ...nextSentenceParameters(config),
    ...spanBoundaryParameters(config, golden.targets),
  ];
  const store = new ParameterStore(engine, specs, dtype);
  return withWeights(folder, async (weights) => {
    const options = { trainable: store, precision };
    const encoder = await Encoder.load(engine, config, weights, options);
    const reader = new ParameterReader(engine, weights, options);
    const decoder = TiedDecoder.ofStore(store, encoderReader(engine, weights, options).bfloat16);
    const maskedLanguage = await MaskedLanguageHead.load(reader, config, decoder);
    const next = await NextSentenceHead.load(reader, config, encoder.pooler);
    const span = await SpanBoundaryHead.load(reader, config, golden.targets, decoder);
    const model = { encoder, maskedLanguage, nextSentence: next, spanBoundary: span };
    const dispose = () => {
      for (const part of [encoder, maskedLanguage, next, span, store]) part.dispose();
    };
    return { store, model, dispose };
  });
}
