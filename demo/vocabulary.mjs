// A WordPiece vocabulary of lower-cased English: words, digits and signs are counted, the trainer joins them.

import { trainWordPiece } from '../dist/tokenizer/wordpiece-trainer.js';

/** @returns tokens, one per line of vocab.txt */
export function wordPieces(texts, size) {
  const counts = new Map();
  for (const text of texts) {
    for (const word of text.toLowerCase().match(/[a-z]+|[0-9]+|[^\sa-z0-9]/g) ?? []) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return trainWordPiece(counts, { size });
}
