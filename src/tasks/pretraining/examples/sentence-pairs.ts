// BERT's examples (Devlin et al., 2018, section 3.1 and appendix A.2; google-research/bert): segments of consecutive
// sentences, and a second one that follows the first or, half of the time, was drawn from another document. Segments of the
// text that a drawn one takes the place of are put back and begin the next example. A document's last sentence may stand
// alone; its second segment is always drawn, so that fewer than half of all pairs follow one another.

import type { CounterRandom } from '../../../data/batches/counter-random.ts';
import type { TokenBlock } from '../../../data/corpus/token-block.ts';
import { DataError } from '../../../errors.ts';
import type { ExampleBuilder, Segment } from './example-plan.ts';

export interface SentencePairOptions {
  /** Most tokens of both segments together, without special ones. */
  words: number;
  /** How often a document is made into pairs of a shorter length, drawn from 2 up. 0.1 in BERT. */
  shortProbability: number;
}

/** The second segment follows the first in the text, or was drawn from another document. */
export const FOLLOWS = 0;
export const DRAWN = 1;

/** How often another document is looked for when the own one comes. */
const tries = 10;

export function sentencePairs({ words, shortProbability }: SentencePairOptions): ExampleBuilder {
  return (block, document, random, plan) => {
    const { sentences, documents } = block;
    const [first, after] = [documents[document] as number, documents[document + 1] as number];
    const startOf = (sentence: number) => sentences[sentence] as number;
    const target = random.uniform() < shortProbability ? 2 + random.below(words - 1) : words;
    let ordinal = 0;
    for (let begin = first; begin < after; ) {
      let end = begin + 1;
      while (end < after && startOf(end) - startOf(begin) < target) end += 1;
      const split = end - begin >= 2 ? begin + 1 + random.below(end - begin - 1) : end;
      const a = { start: startOf(begin), end: startOf(split) };
      const drawn = end - begin === 1 || random.uniform() < 0.5;
      const b = drawn
        ? drawSegment(block, document, target - (a.end - a.start), random)
        : { start: a.end, end: startOf(end) };
      truncatePair(a, b, words, random);
      plan.add({ first: a, second: b, label: drawn ? DRAWN : FOLLOWS, document, ordinal: ordinal++ });
      begin = drawn ? split : end; // sentences that a drawn segment took the place of come again
    }
  };
}

/** Sentences of another document from a random one on, of about so many tokens; of the own one where no other came. */
function drawSegment(block: TokenBlock, own: number, tokens: number, random: CounterRandom): Segment {
  const { sentences, documents } = block;
  let document = own;
  for (let i = 0; i < tries && document === own; i++) document = random.below(documents.length - 1);
  const [first, after] = [documents[document] as number, documents[document + 1] as number];
  const begin = first + random.below(after - first);
  const start = sentences[begin] as number;
  let end = begin + 1;
  while (end < after && (sentences[end] as number) - start < tokens) end += 1;
  return { start, end: sentences[end] as number };
}

/** Takes tokens from the longer segment, of equal ones from the second, at its front or its back, one by one. */
export function truncatePair(a: Segment, b: Segment, most: number, random: CounterRandom): void {
  while (a.end - a.start + (b.end - b.start) > most) {
    const longer = a.end - a.start > b.end - b.start ? a : b;
    if (random.uniform() < 0.5) longer.start += 1;
    else longer.end -= 1;
  }
}

/** @throws {DataError} where no sentence has a next one, or there is no other document to draw from */
export function checkPairs({ documents }: TokenBlock): void {
  const count = documents.length - 1;
  if (count < 2) {
    throw new DataError(
      'sentence pairs are drawn from different documents but the corpus is one document; if blank lines separate its ' +
        "documents, set format to 'sentences' or 'paragraphs'; otherwise choose single sequences",
    );
  }
  if (documents.every((sentence, i) => sentence === i)) {
    throw new DataError(
      `sentence pairs need documents of two sentences or more but all ${count} have only one; choose single sequences`,
    );
  }
}
