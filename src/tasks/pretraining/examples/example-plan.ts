// The examples of a block, as places of its tokens: two numbers for a segment, so that a million of them are a few megabytes
// and nothing of a text is copied before it is needed.

import type { CounterRandom } from '../../../data/batches/counter-random.ts';
import type { TokenBlock } from '../../../data/corpus/token-block.ts';

/** Tokens of a block: the first, and the one after the last. */
export interface Segment {
  start: number;
  end: number;
}

/** One sequence: a segment, or two. */
export interface PlannedExample {
  first: Segment;
  /** Of a pair. */
  second?: Segment | undefined;
  /** Of a pair: 0 where the second segment follows the first in the text, 1 where it was drawn at random. */
  label: number;
  /** Its document's place in the block. */
  document: number;
  /** Its place among the examples of the document. */
  ordinal: number;
}

/** What a document's sequences leave out or cut. */
export interface PlanCounts {
  examples: number;
  /** Sentences longer than a sequence, left out or cut into pieces. */
  longSentences: number;
}

/** Makes the examples of one document. */
export type ExampleBuilder = (
  block: TokenBlock,
  document: number,
  random: CounterRandom,
  plan: ExamplePlan,
) => void;

const columns = 7;

export class ExamplePlan {
  readonly counts: PlanCounts = { examples: 0, longSentences: 0 };
  #rows = new Uint32Array(columns * 1024);

  get length(): number {
    return this.counts.examples;
  }

  add({ first, second, label, document, ordinal }: PlannedExample): void {
    const at = columns * this.counts.examples++;
    if (at === this.#rows.length) {
      const longer = new Uint32Array(2 * at);
      longer.set(this.#rows);
      this.#rows = longer;
    }
    const row = [first.start, first.end, second?.start ?? 0, second?.end ?? 0, label, document, ordinal];
    this.#rows.set(row, at);
  }

  example(index: number): PlannedExample {
    const [start, end, from, to, label, document, ordinal] = this.#rows.subarray(
      columns * index,
    ) as unknown as number[];
    const second = (to as number) > 0 ? { start: from as number, end: to as number } : undefined;
    const first = { start: start as number, end: end as number };
    return {
      first,
      second,
      label: label as number,
      document: document as number,
      ordinal: ordinal as number,
    };
  }

  /** Tokens of an example without special ones. */
  words(index: number): number {
    const at = columns * index;
    const [start, end, from, to] = this.#rows.subarray(at, at + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    return end - start + (to - from);
  }
}
