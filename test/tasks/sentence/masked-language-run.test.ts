// The masked language auxiliary in whole runs: both parts are in the log and fall, the head is the folder's own or a new one,
// it is trained and checkpointed and not in the output, and what does not fit is refused.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ModelError, TokenizerError } from '../../../src/errors.ts';
import { readModelFolder } from '../../../src/io/model-folder/model-folder.ts';
import type { SafetensorsTensor } from '../../../src/io/safetensors/safetensors-writer.ts';
import { openWeights } from '../../../src/io/safetensors/weights.ts';
import { maskedLanguageParameters } from '../../../src/nn/heads/masked-language-head.ts';
import { randomParameters } from '../../../src/nn/parameters/random-parameters.ts';
import type { TrainConfigInput } from '../../../src/tasks/sentence/config.ts';
import { createLearner } from '../../../src/tasks/sentence/create-learner.ts';
import { sentenceTask } from '../../../src/tasks/sentence/sentence-task.ts';
import type { TrainingBatch } from '../../../src/tasks/sentence/text-learner.ts';
import { train } from '../../../src/tasks/train.ts';
import { checkConfig } from '../../../src/train/config/check-config.ts';
import { copyModel, smallModel } from '../../embed/small-model.ts';
import { expectError } from '../../expect-error.ts';
import { sharedPath } from '../../shared-folder.ts';
import { temporaryFolder } from '../../temporary-file.ts';
import { lossesOf, makeRun, mean, metricsOf } from './small-run.ts';

const objective = (maskedLanguageWeight: number) => ({
  name: 'simcse-unsupervised' as const,
  head: 'training' as const,
  maskedLanguageWeight,
});

const robertaName = (name: string) =>
  name.replace('cls.predictions', 'lm_head').replace('transform.', '').replace('LayerNorm', 'layer_norm');

/** The small model with a masked language head, as BertForMaskedLM stores it, or RobertaForMaskedLM. */
async function modelWithHead(
  changes: Record<string, (value: number) => number> = {},
  spelled: (name: string) => string = (name) => name,
): Promise<string> {
  const target = join(temporaryFolder(), 'masked');
  const { config } = await readModelFolder(smallModel);
  const head = randomParameters(maskedLanguageParameters(config), 9, 0.3);
  const weights = await openWeights(smallModel);
  const tensors: SafetensorsTensor[] = [];
  for (const name of weights.names) {
    const shape = [...weights.info(name).shape];
    tensors.push({
      name: `bert.${name}`,
      dtype: 'F32' as const,
      shape,
      data: await weights.readFloat32(name),
    });
  }
  for (const name of head.names) {
    const shape = [...head.info(name).shape];
    tensors.push({ name: spelled(name), dtype: 'F32' as const, shape, data: await head.readFloat32(name) });
  }
  for (const [name, change] of Object.entries(changes)) {
    const words = tensors.find((each) => each.name.endsWith('word_embeddings.weight')) as SafetensorsTensor;
    tensors.push({ ...words, name, data: (words.data as Float32Array).map(change) });
  }
  await weights.close();
  await copyModel(target, { tensors });
  return target;
}

test('both parts of the loss are in the log and fall; the output has no head', async () => {
  const { config } = makeRun('simcse-unsupervised', {
    objective: objective(0.5),
    epochs: 8,
    learningRate: 3e-3,
    dropout: 0.05,
    attentionDropout: 0,
  });
  const notes: string[] = [];
  await train(config, { listener: { onNote: (note) => notes.push(note) } });
  const lines = metricsOf(config.output).filter(({ kind }) => kind === 'train');
  expect(lines).toHaveLength(80);
  for (const { loss, contrastive, maskedLanguage } of lines)
    expect(loss).toBeCloseTo(contrastive + 0.5 * maskedLanguage, 4);
  const part = (name: string, from: number, to: number) =>
    mean(lines.slice(from, to).map((line) => line[name] as number));
  expect(part('maskedLanguage', 0, 4)).toBeGreaterThan(3.5); // about log 60
  expect(part('maskedLanguage', 72, 80)).toBeLessThan(0.8 * part('maskedLanguage', 0, 8));
  expect(part('contrastive', 72, 80)).toBeLessThan(part('contrastive', 0, 8));
  expect(notes).toEqual([
    expect.stringMatching(/data\.txt: the first example is "/),
    expect.stringMatching(/bert-two-layers' names no pooling, so it is trained with cls/),
    expect.stringMatching(/bert-two-layers.* has no masked language head .* a new one is trained/),
  ]);
  const written = await openWeights(config.output);
  expect(written.names.filter((name) => !/^(embeddings|encoder|pooler)\./.test(name))).toEqual([]);
  await written.close();
});

test('without the weight, or with 0, a run is what it was', async () => {
  const runs = [undefined, 0].map(async (maskedLanguageWeight) => {
    const { config } = makeRun('simcse-unsupervised', {
      maxSteps: 3,
      objective: { name: 'simcse-unsupervised', head: 'training', maskedLanguageWeight },
    });
    const { losses } = await lossesOf(config);
    expect(metricsOf(config.output)[0]).not.toHaveProperty('maskedLanguage');
    return losses;
  });
  const [plain, zero] = await Promise.all(runs);
  expect(zero).toEqual(plain);
});

test('recomputed layers give the losses of kept ones', async () => {
  const losses: number[][] = [];
  for (const recompute of [false, true]) {
    const { config } = makeRun('simcse-supervised', {
      maxSteps: 5,
      recompute,
      objective: { name: 'simcse-supervised', maskedLanguageWeight: 0.1 },
    });
    losses.push((await lossesOf(config)).losses);
  }
  expect(losses[1]).toEqual(losses[0]);
});

const configFor = (model: string, change: Partial<TrainConfigInput> = {}) =>
  checkConfig(
    sentenceTask(),
    { model, data: 'none.txt', output: 'none', objective: objective(0.1), ...change },
    'test',
  );

test.each([
  ['BERT', (name: string) => name],
  ['RoBERTa', robertaName],
])('the head of a %s folder is gone on from', async (_family, spelled) => {
  const decoder = spelled('cls.predictions.decoder.weight');
  const model = await modelWithHead({ [decoder]: (value) => value }, spelled);
  using learner = await createLearner(configFor(model));
  expect(learner.notes).toEqual([]);
  const { config } = await readModelFolder(model);
  const names = maskedLanguageParameters(config).flatMap((each) => each.names);
  expect(names).toHaveLength(5);
  const weights = await openWeights(model);
  for (const name of names) {
    const held = await learner.stores[0]?.parameter(name).read();
    expect(held, name).toEqual(await weights.readFloat32(spelled(name)));
  }
  await weights.close();
});

test('a decoder of its own, and a tokenizer without a mask token, are refused', async () => {
  const untied = await modelWithHead({ 'cls.predictions.decoder.weight': (value) => value + 1 });
  await expectError(
    createLearner(configFor(untied)),
    ModelError,
    /expected cls\.predictions\.decoder\.weight of .* to be the word embeddings/,
  );
  const maskless = join(temporaryFolder(), 'maskless');
  await copyModel(maskless, {});
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    const text = readFileSync(join(maskless, file), 'utf8');
    writeFileSync(
      join(maskless, file),
      text.replaceAll('"[MASK]"', '"[OTHER]"').replace('"mask_token"', '"other"'),
    );
  }
  await expectError(
    createLearner(configFor(maskless)),
    TokenizerError,
    /expected a tokenizer with a mask token, for objective\.maskedLanguageWeight, but the one in '.*' has none/,
  );
});

const published = sharedPath('models', 'minilm-l6-mlm');

test.skipIf(published === undefined)('published weights: their own head predicts words', async () => {
  using learner = await createLearner(configFor(published as string, { pooling: 'cls', dropout: 0 }));
  expect(learner.notes).toEqual([]);
  const texts = [
    'The capital of France is Paris, and it is a very large city.',
    'A man is playing the guitar in front of a small crowd.',
    'She opened the door and walked into the house without a word.',
    'The dog ran across the street to the other side of the road.',
    'In the morning he went to work and came home late at night.',
    'The war began in the early years of the nineteenth century.',
  ];
  const copies = Array.from({ length: 8 }, () => texts).flat();
  const tokens = await learner.tokenize(copies);
  const batch: TrainingBatch = {
    set: 0,
    examples: copies.length,
    columns: 1,
    tokens,
    textIds: Int32Array.from(copies.keys()),
    scores: undefined,
  };
  const { loss, metrics } = await learner.learn(batch, 7, 1);
  const [masked] = (await metrics.maskedLanguage?.data()) ?? [];
  expect(masked).toBeLessThan(4.5); // a new head: log 30522 = 10.3
  for (const tensor of [loss, ...Object.values(metrics)]) tensor.dispose();
});
