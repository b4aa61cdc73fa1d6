// Evaluation during training takes the measure that the model names, or the one that the configuration asks for.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readScoredPairs } from '../../../src/data/readers/read-scored-pairs.ts';
import { SentenceEncoder } from '../../../src/embed/encoder/sentence-encoder.ts';
import { evaluateSts } from '../../../src/eval/sts.ts';
import { train } from '../../../src/tasks/train.ts';
import type { EvaluationResult } from '../../../src/train/evaluation.ts';
import { copyModel } from '../../embed/small-model.ts';
import { temporaryFolder } from '../../temporary-file.ts';
import { makeRun, metricsOf, writeData } from './small-run.ts';

it.each([undefined, 'manhattan'] as const)(
  'a model that names dot, evaluation.similarity %s',
  async (asked) => {
    const folder = temporaryFolder();
    const model = join(folder, 'model');
    await copyModel(model, { similarity: 'dot' });
    const pairs = writeData(folder, 'pairs.tsv', 2, true, 20);
    const seen: EvaluationResult[] = [];
    const { config } = makeRun('simcse-unsupervised', {
      model,
      pooling: 'mean',
      maxSteps: 2,
      keepBest: false,
      evaluation: { data: pairs, steps: 2, ...(asked && { similarity: asked }) },
    });
    await train(config, { listener: { onEvaluation: (result) => seen.push(result) } });
    const result = seen.at(-1) as EvaluationResult;
    expect(result.similarity).toBe(asked ?? 'dot');
    expect(metricsOf(config.output).findLast(({ kind }) => kind === 'evaluation').similarity).toBe(
      asked ?? 'dot',
    );
    using encoder = await SentenceEncoder.load(config.output);
    expect(encoder.similarityFunction).toBe('dot'); // what is trained keeps what it says
    const again = await evaluateSts(encoder, readScoredPairs(pairs, { columns: ['1', '2', '3'] }), {
      similarity: asked,
    });
    expect(result.spearman).toBeCloseTo(again.spearman, 6);
    const byCosine = await evaluateSts(encoder, readScoredPairs(pairs, { columns: ['1', '2', '3'] }), {
      similarity: 'cosine',
    });
    expect(byCosine.spearman).not.toBeCloseTo(again.spearman, 6);
  },
);

it('an unknown measure is refused', async () => {
  const { folder, config } = makeRun('simcse-unsupervised');
  writeFileSync(join(folder, 'pairs.tsv'), readFileSync(config.data as string));
  const evaluation = { data: join(folder, 'pairs.tsv'), similarity: 'cos' as never };
  await expect(train({ ...config, evaluation })).rejects.toThrow(
    /key "evaluation.similarity": expected one of cosine, dot, euclidean, manhattan/,
  );
});
it('a header above the pairs, or above the examples, is refused with the key to set; the first example is noted', async () => {
  const { folder, config } = makeRun('simcse-supervised', { maxSteps: 1 });
  const rows = 'the cat,a cat,a dog\nred mat,the mat,sat on\nb c,c d,run play\n';
  const data = join(folder, 'nli.csv');
  writeFileSync(data, `sent0,sent1,hard_neg\n${rows}`);
  await expect(train({ ...config, data })).rejects.toThrow(
    /nli\.csv:1: .*"sent0", "sent1", "hard_neg".* data\.header: true, .* data\.header: false/,
  );
  const pairs = join(folder, 'pairs.csv');
  writeFileSync(pairs, 'sentence1,sentence2,score\na,b,1\nc,d,2\n');
  const headed = { path: data, header: true };
  await expect(train({ ...config, data: headed, evaluation: pairs })).rejects.toThrow(
    /pairs\.csv:1: .* evaluation\.header: true/,
  );
  const notes: string[] = [];
  const summary = await train(
    { ...config, data: headed, batchSize: 3 },
    { listener: { onNote: (note) => notes.push(note) } },
  );
  expect(summary.examples).toBe(3);
  expect(notes[0]).toMatch(/nli\.csv: the first example is "the cat", "a cat", "a dog"$/);
});
