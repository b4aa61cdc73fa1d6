// What a run was evaluated on, known again by its content.

import { createHash } from 'node:crypto';
import type { PretrainingBatch } from '../../objectives/pretraining.ts';

/** SHA-256 of batches. */
export function sumOfBatches(batches: readonly PretrainingBatch[]): string {
  const hash = createHash('sha256');
  for (const { tokenIds, offsets, segmentIds, maskedPlaces, maskedWords, nextSentence, spans } of batches) {
    for (const part of [tokenIds, offsets, segmentIds, maskedPlaces, maskedWords, nextSentence, spans]) {
      hash.update(part ?? '-');
    }
  }
  return hash.digest('hex');
}
