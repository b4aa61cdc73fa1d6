// The words that a permutation language model predicts: XLNet's partial prediction (Yang et al., 2019, section 2.3 and
// appendix A.4), one sixth of a sequence, in spans of one to five whole words, each in a context of its own. Nothing is
// hidden: the model learns the order in which it may look (objectives/permutation-language.ts).
//
//   goal = floor(share · pieces), at least 1
//   a span of l words, l = 1 … 5 with chances in proportion to 1/l, lies somewhere in a context of l / share words around it
//
// What the contexts leave of the goal is drawn piece by piece.

import { WORD_START } from '../../../data/corpus/token-block.ts';
import { type MaskingScheme, placeOf, wordCount } from './masking.ts';
import { drawIndex } from './span-masking.ts';

export interface PermutationTargetOptions {
  /** 1/6 in XLNet. */
  share: number;
}

const longestSpan = 5;

export function permutationTargets({ share }: PermutationTargetOptions): MaskingScheme {
  const weights = Array.from({ length: longestSpan }, (_, i) => 1 / (i + 1));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const chances = weights.map((weight) => weight / sum);
  return (sequence, random, sink) => {
    const { segments, marks, tokenIds } = sequence;
    const pieces = wordCount(sequence);
    const goal = Math.min(pieces, Math.max(1, Math.floor(share * pieces)));
    const chosen = new Set<number>();
    const words: number[] = []; // where each starts
    for (const [start, end] of segments) {
      for (let place = start; place < end; place++) {
        if (place === start || ((marks[place] as number) & WORD_START) !== 0) words.push(place);
      }
    }
    const last = segments.at(-1)?.[1] ?? 0;
    for (let at = 0; chosen.size < goal; ) {
      const length = 1 + drawIndex(chances, random);
      const context = Math.floor(length / share);
      const before = random.below(context);
      const begin = at + before;
      if (begin >= words.length) break;
      const end = words[begin + length] ?? last;
      for (let place = words[begin] as number; place < end && chosen.size < goal; place++) {
        if (segments.some(([from, to]) => place >= from && place < to)) chosen.add(place);
      }
      at = begin + length + context - before;
    }
    while (chosen.size < goal) chosen.add(placeOf(sequence, random.below(pieces)));
    for (const place of [...chosen].sort((a, b) => a - b)) sink.add(place, tokenIds[place] as number);
  };
}
