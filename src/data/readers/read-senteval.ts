// A year of the STS tasks as SentEval lays it out: a folder with STS.input.NAME.txt, two texts between tabs per line, and
// STS.gs.NAME.txt, the score of the same line or nothing.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, FileError } from '../../errors.ts';
import { readLines } from '../formats/lines.ts';
import type { ReadOptions } from '../formats/text-blocks.ts';
import type { ScoredPair } from './read-scored-pairs.ts';

/** The pairs of one subset. */
export interface SentEvalSubset {
  name: string;
  pairs: ScoredPair[];
}

/**
 * Reads every subset of a folder, by name.
 *
 * @throws {FileError} The folder or one of its files cannot be read.
 * @throws {DataError} There is no subset, a line has no tab or its score is no number, or the files differ in length.
 */
export async function readSentEval(folder: string, options: ReadOptions = {}): Promise<SentEvalSubset[]> {
  let files: string[];
  try {
    files = await readdir(folder);
  } catch (cause) {
    throw new FileError(`cannot read the folder ${folder}: ${(cause as Error).message}`, { cause });
  }
  const names = files.flatMap((file) => /^STS\.input\.(.+)\.txt$/.exec(file)?.[1] ?? []).sort();
  if (names.length === 0) {
    throw new DataError(
      `${folder}: expected files STS.input.NAME.txt and STS.gs.NAME.txt, as SentEval has them`,
    );
  }
  const subsets: SentEvalSubset[] = [];
  for (const name of names) subsets.push({ name, pairs: await readSubset(folder, name, options) });
  return subsets;
}

async function readSubset(folder: string, name: string, options: ReadOptions): Promise<ScoredPair[]> {
  const [input, gold] = [join(folder, `STS.input.${name}.txt`), join(folder, `STS.gs.${name}.txt`)];
  const scores: (number | null)[] = [];
  for await (const { text, number } of readLines(gold, options)) {
    const score = text.trim() === '' ? null : Number(text);
    if (score !== null && !Number.isFinite(score)) {
      const found = JSON.stringify(text.slice(0, 40));
      throw new DataError(`${gold}:${number}: expected the score to be a number but found ${found}`);
    }
    scores.push(score);
  }
  const pairs: ScoredPair[] = [];
  for await (const { text, number } of readLines(input, options)) {
    const [first = '', second] = text.split('\t');
    if (second === undefined) {
      throw new DataError(`${input}:${number}: expected two texts with a tab between but found one`);
    }
    pairs.push({ first, second, score: scores[pairs.length] ?? null });
  }
  if (pairs.length !== scores.length) {
    throw new DataError(
      `${gold}: expected a line for each of ${pairs.length} pairs but found ${scores.length}`,
    );
  }
  return pairs;
}
