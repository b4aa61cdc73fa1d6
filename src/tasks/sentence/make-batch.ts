// Examples as the batch that objectives learn from: texts column by column, tokenized, equal ones known by their numbers.

import type { Example } from '../../data/examples/example-row.ts';
import { ArgumentError } from '../../errors.ts';
import type { TextLearner, TrainingBatch } from './text-learner.ts';

export interface BatchOptions extends Pick<TextLearner, 'tokenize'> {
  /** Index of the data set. */
  set: number;
  scored: boolean;
}

/** @param columns texts of an example */
export async function makeBatch(
  examples: readonly Example[],
  columns: number,
  { set, scored, tokenize }: BatchOptions,
): Promise<TrainingBatch> {
  const texts: string[] = [];
  for (let column = 0; column < columns; column++) {
    for (const example of examples) texts.push(example.texts[column] as string);
  }
  return {
    set,
    examples: examples.length,
    columns,
    tokens: await tokenize(texts),
    textIds: idsOf(texts),
    scores: scored ? Float32Array.from(examples, ({ score }) => score as number) : undefined,
  };
}

/**
 * A batch for `learner.learn`.
 * @param examples of as many texts each, and a score with each or with none
 * @throws ArgumentError, TokenizerError
 */
export async function batchOf(learner: TextLearner, examples: readonly Example[]): Promise<TrainingBatch> {
  const [first] = examples;
  if (first === undefined)
    throw new ArgumentError('[batchOf] expected at least one example but received none');
  const columns = first.texts.length;
  const scored = first.score !== undefined;
  const other = examples.findIndex(
    ({ texts, score }) => texts.length !== columns || (score !== undefined) !== scored,
  );
  if (other >= 0) {
    throw new ArgumentError(
      `[batchOf] expected ${columns} texts ${scored ? 'and a score' : 'without a score'}, as in example 0, but example ` +
        `${other} has ${examples[other]?.texts.length} texts and ${examples[other]?.score ?? 'no'} score`,
    );
  }
  return makeBatch(examples, columns, { set: 0, scored, tokenize: (texts) => learner.tokenize(texts) });
}

function idsOf(texts: readonly string[]): Int32Array {
  const first = new Map<string, number>();
  return Int32Array.from(texts, (text, index) => {
    const known = first.get(text);
    if (known === undefined) first.set(text, index);
    return known ?? index;
  });
}
