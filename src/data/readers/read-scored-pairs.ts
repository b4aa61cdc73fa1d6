// Pairs of texts with a human score: the rows of an STS data set.

import { DataError } from '../../errors.ts';
import { describePath } from '../formats/text-blocks.ts';
import { type RowOptions, readRows } from './read-rows.ts';

/** Two texts and how alike people found them; null where the file leaves the score empty. */
export interface ScoredPair {
  first: string;
  second: string;
  score: number | null;
}

/**
 * Reads pairs with scores. `columns` names three: first text, second text, score.
 *
 * @throws {DataError} A score is not a number; the message names file and line.
 */
export async function* readScoredPairs(path: string, options: RowOptions): AsyncGenerator<ScoredPair> {
  for await (const { fields, line } of readRows(path, options)) {
    const [first = '', second = '', written = ''] = fields;
    const score = written.trim() === '' ? null : Number(written);
    if (score !== null && !Number.isFinite(score)) {
      const found = JSON.stringify(written.slice(0, 40));
      throw new DataError(
        `${describePath(path)}:${line}: expected the score to be a number but found ${found}; correct the row, or leave its score empty`,
      );
    }
    yield { first, second, score };
  }
}
