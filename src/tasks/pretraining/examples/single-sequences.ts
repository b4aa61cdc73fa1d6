// SpanBERT's examples (Joshi et al., TACL 2020, section 3.3): whole sentences of one document, as many as fit into a
// sequence, all of one segment. A sentence longer than a sequence is left out, as there, and ends the sequence before it; or
// it is cut into sequences of its own.

import type { ExampleBuilder } from './example-plan.ts';

/** What becomes of a sentence that is longer than a sequence. */
export type LongSentences = 'drop' | 'cut';

export interface SingleSequenceOptions {
  /** Most tokens of a sequence, without special ones. */
  words: number;
  /** How often a document is made into sequences of a shorter length, drawn from 2 up. 0 in SpanBERT. */
  shortProbability: number;
  longSentences: LongSentences;
}

export function singleSequences(options: SingleSequenceOptions): ExampleBuilder {
  const { words, shortProbability, longSentences } = options;
  return (block, document, random, plan) => {
    const { sentences, documents } = block;
    const short = shortProbability > 0 && random.uniform() < shortProbability;
    const target = short ? 2 + random.below(words - 1) : words;
    let ordinal = 0;
    const add = (start: number, end: number) => {
      if (end > start) plan.add({ first: { start, end }, label: 0, document, ordinal: ordinal++ });
    };
    let start = sentences[documents[document] as number] as number; // of the sequence that is being filled
    let filled = start;
    for (let s = documents[document] as number; s < (documents[document + 1] as number); s++) {
      const end = sentences[s + 1] as number;
      if (end - start > words || filled - start >= target) {
        add(start, filled);
        start = filled;
      }
      if (end - start > words) {
        plan.counts.longSentences += 1;
        if (longSentences === 'cut') {
          for (let from = start; from < end; from += words) add(from, Math.min(end, from + words));
        }
        start = end;
      }
      filled = end;
    }
    add(start, filled);
  };
}
