// A misspelt option is refused by the public functions that are listed here, and the nearest name is said: none goes on with a
// default as if nothing had been asked for.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { Whitening } from '../../src/embed/whitening/whitening.ts';
import { ArgumentError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { Encoder } from '../../src/nn/encoder/encoder.ts';
import { encoderParameters } from '../../src/nn/encoder/encoder-parameters.ts';
import { ParameterReader } from '../../src/nn/parameters/parameter-reader.ts';
import { randomParameters } from '../../src/nn/parameters/random-parameters.ts';
import { withMaskedLanguage } from '../../src/objectives/masked-language.ts';
import { multipleNegatives } from '../../src/objectives/multiple-negatives.ts';
import { simcseSupervised, simcseUnsupervised } from '../../src/objectives/simcse.ts';
import { suNtxent } from '../../src/objectives/su-ntxent.ts';
import { triplet } from '../../src/objectives/triplet.ts';
import { cosineSoftmaxLoss } from '../../src/ops/loss/cosine-softmax-loss.ts';
import { vocabularyLoss } from '../../src/ops/loss/vocabulary-loss.ts';
import { matmul } from '../../src/ops/plain/matmul.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { Lamb } from '../../src/optim/lamb.ts';
import { scheduleFactor } from '../../src/optim/schedule.ts';
import { checkOptions } from '../../src/options/check-options.ts';
import { type TrainOptions, train } from '../../src/tasks/train.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { collect } from '../collect.ts';
import { smallModel } from '../embed/small-model.ts';
import { expectError } from '../expect-error.ts';
import { smallConfig } from '../nn/trainable.ts';
import { temporaryFolder } from '../temporary-file.ts';

let engine: Engine;
let encoder: SentenceEncoder;
beforeAll(async () => {
  engine = new Engine();
  encoder = await SentenceEncoder.load(smallModel);
});
afterAll(() => {
  encoder.dispose();
  engine.dispose();
});

const specs = encoderParameters(smallConfig, { pooler: false });
const source = randomParameters(specs, 1);
const square = () => Tensor.from(engine, Float32Array.of(1, 2, 3, 4), [2, 2]);

/** By the name of the option that was meant: a call with a slip in it. */
const asked = <T>(slip: string, value: unknown): T => ({ [slip]: value }) as T;

const CALLS: [string, string, string, () => unknown][] = [
  ['load', 'precison', 'precision', () => SentenceEncoder.load(smallModel, asked('precison', 'int8'))],
  ['encode', 'normalise', 'normalize', () => encoder.encode('cat', asked('normalise', true))],
  ['encode', 'batchToken', 'batchTokens', () => encoder.encode(['cat'], asked('batchToken', 9))],
  ['encode', 'promptname', 'promptName', () => encoder.encodeQuery('cat', asked('promptname', 'q'))],
  ['encode', 'truncatedim', 'truncateDim', () => encoder.encodeDocument(['a'], asked('truncatedim', 2))],
  [
    'encodeStream',
    'truncate_dim',
    'truncateDim',
    () => collect(encoder.encodeStream(['cat'], asked('truncate_dim', 2))),
  ],
  [
    'save',
    'overwrites',
    'overwrite',
    () => encoder.save(join(temporaryFolder(), 'x'), asked('overwrites', true)),
  ],
  ['fit', 'componets', 'components', () => Whitening.fit([[1, 2]], asked('componets', 1))],
  [
    'train',
    'resum',
    'resume',
    () => train({} as Parameters<typeof train>[0], asked<TrainOptions>('resum', true)),
  ],
  ['Engine', 'thread', 'threads', () => new Engine(asked('thread', 1))],
  ['Engine', 'backed', 'backend', () => Engine.shared(asked('backed', 'reference'))],
  [
    'Encoder.load',
    'precison',
    'precision',
    () => Encoder.load(engine, smallConfig, source, asked('precison', 'int8')),
  ],
  [
    'ParameterReader',
    'trainables',
    'trainable',
    () => new ParameterReader(engine, source, asked('trainables', 1)),
  ],
  [
    'Lamb',
    'weightdecay',
    'weightDecay',
    () => {
      using store = new ParameterStore(engine, specs);
      new Lamb([store], asked('weightdecay', 0.1));
    },
  ],
  [
    'AdamW',
    'weightdecay',
    'weightDecay',
    () => {
      using store = new ParameterStore(engine, specs);
      new AdamW([store], asked('weightdecay', 0.1));
    },
  ],
  [
    'encoderParameters',
    'poler',
    'pooler',
    () => encoderParameters(smallConfig, asked('poler', true) as unknown as { pooler: boolean }),
  ],
  [
    'scheduleFactor',
    'warmupStep',
    'warmupSteps',
    () => scheduleFactor(asked('warmupStep', 1) as unknown as Parameters<typeof scheduleFactor>[0], 0),
  ],
  ['simcseUnsupervised', 'temprature', 'temperature', () => simcseUnsupervised(asked('temprature', 1))],
  [
    'simcseSupervised',
    'hardNegativeWeigth',
    'hardNegativeWeight',
    () => simcseSupervised(asked('hardNegativeWeigth', 1)),
  ],
  ['suNtxent', 'temprature', 'temperature', () => suNtxent(asked('temprature', 1))],
  [
    'multipleNegatives',
    'direction',
    'directions',
    () => multipleNegatives(asked('direction', ['query_to_doc'])),
  ],
  ['triplet', 'margins', 'margin', () => triplet(asked('margins', 1))],
  [
    'withMaskedLanguage',
    'weigth',
    'weight',
    () => withMaskedLanguage((() => {}) as never, asked('weigth', 0.1)),
  ],
  [
    'vocabularyLoss',
    'bfloat-16',
    'bfloat16',
    () => scope(() => vocabularyLoss(square(), square(), square(), asked('bfloat-16', true))),
  ],
  [
    'cosineSoftmaxLoss',
    'symetric',
    'symmetric',
    () => scope(() => cosineSoftmaxLoss(square(), square(), asked('symetric', true))),
  ],
  [
    'matmul',
    'transposeright',
    'transposeRight',
    () => scope(() => matmul(square(), square(), asked('transposeright', true))),
  ],
];

describe('a misspelt option', () => {
  it.each(CALLS)('of %s, %s, is refused: did you mean %s?', async (of, slip, meant, call) => {
    const said = `[${of}] unknown option "${slip}"; did you mean ${meant}?`;
    await expectError((async () => call())(), ArgumentError, new RegExp(said.replaceAll(/[[\]?]/g, '.')));
  });

  it('that is like none is answered with all there are, and so is what is no object', () => {
    expect(() => checkOptions('load', { banana: 1 }, ['pooling', 'threads'])).toThrow(
      '[load] unknown option "banana"; expected one of pooling, threads',
    );
    for (const [given, what] of [
      [null, 'null'],
      ['int8', 'string'],
    ] as const) {
      expect(() => checkOptions('load', given as unknown as object, [])).toThrow(
        `[load] expected options in an object but received ${what}`,
      );
    }
  });

  it('of tests alone is not offered', () => {
    expect(() => new Engine(asked('allowMok', true))).toThrow('expected one of backend, threads');
  });

  it("takes a stream's own options only: sentences come out of encodeStream, never tokens", () => {
    expect(() => encoder.encodeStream(['cat'], asked('output', 'token'))).toThrow(
      /^\[encodeStream\] unknown option "output"; expected one of normalize, batchTokens, /,
    );
  });
});
