// A corpus as the batches of epochs: block by block, the examples of a block in an order that belongs to the seed, as many in
// a batch as its tokens allow. Everything that is drawn belongs to (seed, round, file, document, example), so the same
// sequences get the same masks after a resume, with another size of batches and of blocks, and whoever makes them. The next
// block is read while one is used.

import { CounterRandom } from '../../data/batches/counter-random.ts';
import { mixNumbers, shuffle } from '../../data/batches/seeded-order.ts';
import { type BlockPosition, type Corpus, FIRST_BLOCK, type LocatedBlock } from '../../data/corpus/corpus.ts';
import type { TokenBlock } from '../../data/corpus/token-block.ts';
import { ArgumentError, DataError, TokenizerError } from '../../errors.ts';
import type { PretrainingBatch } from '../../objectives/pretraining.ts';
import { type ExampleBuilder, ExamplePlan } from './examples/example-plan.ts';
import { checkPairs, sentencePairs } from './examples/sentence-pairs.ts';
import { type LongSentences, singleSequences } from './examples/single-sequences.ts';
import { checkPhrases, createMasking, type MaskingOptions } from './masking/masking-options.ts';
import {
  assembleBatch,
  type BatchSource,
  type Frame,
  type LocatedExample,
  sequenceLength,
} from './pretraining-batch.ts';

export interface PretrainingBatchOptions extends MaskingOptions {
  /** BERT's pairs of segments, or SpanBERT's single sequences. */
  examples: 'pairs' | 'single';
  /** Most tokens of a sequence, special ones included. */
  maxLength: number;
  /** How often a document is made into shorter sequences: 0.1 for pairs and 0 for single sequences by default. */
  shortProbability?: number | undefined;
  /** single: what becomes of sentences longer than a sequence. `drop` by default. */
  longSentences?: LongSentences | undefined;
  /** Most tokens of a batch. */
  batchTokens: number;
  /** Most sequences of a batch. */
  batchSize?: number | undefined;
  /** How often the text is made into examples in an epoch, each time others: BERT's duplication factor. 1 by default. */
  duplicates?: number | undefined;
  /** Examples and masks are the same in each epoch, as BERT's were, or drawn anew. False by default. */
  staticMasks?: boolean | undefined;
  seed: number;
  /** Examples in the order of the text, for evaluation. True by default. */
  shuffle?: boolean | undefined;
}

/** How far an epoch is: a block, and how many of its batches have been given. */
export interface PretrainingPosition {
  block: BlockPosition;
  batch: number;
}

export const EPOCH_START: PretrainingPosition = { block: FIRST_BLOCK, batch: 0 };

/** What has been read and made, since these batches were opened. */
export interface PretrainingCounts {
  blocks: number;
  documents: number;
  sentences: number;
  tokens: number;
  examples: number;
  /** Sentences longer than a sequence, left out or cut. */
  longSentences: number;
}

export interface LocatedBatch {
  batch: PretrainingBatch;
  /** Where the epoch goes on after this batch. */
  next: PretrainingPosition;
}

/** Batches of a block before they are made: examples in order, and where each batch ends. */
interface BlockBatches {
  sources: BatchSource[];
  /** [examples], which of the sources, and which of its examples. */
  order: Uint32Array;
  /** [batches + 1] */
  ends: number[];
}

/** By which documents' examples are drawn by other numbers than orders. */
const orderSite = 0x6f7264;

export class PretrainingBatches {
  readonly counts: PretrainingCounts = {
    blocks: 0,
    documents: 0,
    sentences: 0,
    tokens: 0,
    examples: 0,
    longSentences: 0,
  };
  readonly #corpus: Corpus;
  readonly #options: PretrainingBatchOptions;
  readonly #frame: Frame;
  readonly #builder: ExampleBuilder;

  /**
   * @throws {ArgumentError} A length or size is not one that can be used.
   * @throws {TokenizerError} The tokenizer has no [MASK], or puts no tokens around a text.
   */
  constructor(corpus: Corpus, options: PretrainingBatchOptions) {
    checkSizes(options);
    createMasking(options, corpus.tokenizer, () => 0); // for what it refuses
    const { frame, source } = corpus.tokenizer;
    if (frame === undefined) {
      throw new TokenizerError(
        `'${source}' does not put one token before a text and one after it, as [CLS] and [SEP]; pretraining needs both`,
      );
    }
    this.#corpus = corpus;
    this.#options = options;
    this.#frame = frame;
    const { examples, maxLength, longSentences = 'drop' } = options;
    const { shortProbability = examples === 'pairs' ? 0.1 : 0 } = options;
    this.#builder =
      examples === 'pairs'
        ? sentencePairs({ words: maxLength - 3, shortProbability })
        : singleSequences({ words: maxLength - 2, shortProbability, longSentences });
  }

  /**
   * The batches of an epoch, from a place on.
   *
   * @throws what reading and tokenizing throw; {DataError} where the text gives no examples
   */
  async *batches(
    epoch: number,
    from: PretrainingPosition = EPOCH_START,
    signal?: AbortSignal,
  ): AsyncGenerator<LocatedBatch> {
    for await (const { position, tokens } of readAhead(
      this.#corpus,
      this.#round(epoch),
      from.block,
      signal,
    )) {
      const planned = this.#plan(epoch, position, tokens);
      this.#count(tokens, planned.sources);
      const skipped = position.block === from.block.block ? from.batch : 0;
      for (let batch = skipped; batch + 1 < planned.ends.length; batch++) {
        yield { batch: makeBatch(planned, batch), next: { block: position, batch: batch + 1 } };
      }
    }
  }

  /** How many batches an epoch has; reads and tokenizes all of it, unless it fits into one block. */
  async count(epoch: number, signal?: AbortSignal): Promise<number> {
    let count = 0;
    for await (const { position, tokens } of readAhead(
      this.#corpus,
      this.#round(epoch),
      FIRST_BLOCK,
      signal,
    )) {
      count += this.#plan(epoch, position, tokens).ends.length - 1;
    }
    return count;
  }

  /**
   * By which files are ordered and all but the order of examples is drawn. What a pair or a span draws comes from its block, so
   * where epochs are to have the same examples and masks, they have the same blocks.
   */
  #round(epoch: number): number {
    return this.#options.staticMasks === true ? 0 : epoch;
  }

  #plan(epoch: number, position: BlockPosition, block: TokenBlock): BlockBatches {
    const { examples, masking, maxLength, duplicates = 1, seed } = this.#options;
    const pairs = examples === 'pairs';
    if (pairs && position.block === 0) checkPairs(block);
    if (masking === 'phrase' && position.block === 0) checkPhrases(block);
    const drawToken = (random: CounterRandom) =>
      block.tokenIds[random.below(block.tokenIds.length)] as number;
    const scheme = createMasking(this.#options, this.#corpus.tokenizer, drawToken);
    const sources = Array.from({ length: duplicates }, (_, copy): BatchSource => {
      const random = new CounterRandom(seed, this.#round(epoch) * duplicates + copy);
      return { block, plan: this.#examplesOf(block, random), frame: this.#frame, pairs, scheme, random };
    });
    const total = sources.reduce((sum, { plan }) => sum + plan.length, 0);
    if (total === 0 && position.block === 0) {
      throw new DataError(
        `expected sentences of at most ${maxLength - 2} tokens but the first ${block.sentences.length - 1} are longer, and ` +
          "those are left out; set longSentences to 'cut', or raise maxLength",
      );
    }
    const order = Uint32Array.from({ length: total }, (_, example) => example);
    if (this.#options.shuffle ?? true) shuffle(order, mixNumbers(seed, epoch, position.block, orderSite));
    return { sources, order, ends: this.#cut(sources, order) };
  }

  #examplesOf(block: TokenBlock, random: CounterRandom): ExamplePlan {
    const plan = new ExamplePlan();
    for (let document = 0; document + 1 < block.documents.length; document++) {
      random.start(block.files[document] as number, block.numbers[document] as number, 0);
      this.#builder(block, document, random, plan);
    }
    return plan;
  }

  /** Where batches end: at as many examples as fit into the tokens. */
  #cut(sources: readonly BatchSource[], order: Uint32Array): number[] {
    const { batchTokens, batchSize = Number.POSITIVE_INFINITY } = this.#options;
    const ends = [0];
    let tokens = 0;
    for (const [i, example] of order.entries()) {
      const { source, index } = locate(sources, example);
      const length = sequenceLength(source.plan, index, source.pairs);
      const full = tokens + length > batchTokens || i - (ends.at(-1) as number) === batchSize;
      if (full) ends.push(i);
      tokens = full ? length : tokens + length;
    }
    if (order.length > 0) ends.push(order.length);
    return ends;
  }

  #count(block: TokenBlock, sources: readonly BatchSource[]): void {
    const { counts } = this;
    counts.blocks += 1;
    counts.documents += block.files.length;
    counts.sentences += block.sentences.length - 1;
    counts.tokens += block.tokenIds.length;
    for (const { plan } of sources) counts.examples += plan.length;
    counts.longSentences += sources[0]?.plan.counts.longSentences ?? 0;
  }
}

function locate(sources: readonly BatchSource[], example: number): LocatedExample {
  let index = example;
  for (const source of sources) {
    if (index < source.plan.length) return { source, index };
    index -= source.plan.length;
  }
  throw new RangeError(`there is no example ${example}`);
}

function makeBatch({ sources, order, ends }: BlockBatches, batch: number): PretrainingBatch {
  const examples = Array.from(order.subarray(ends[batch], ends[batch + 1]), (example) =>
    locate(sources, example),
  );
  return assembleBatch(examples);
}

/** The blocks of an epoch, the next of which is read while one is used. */
async function* readAhead(
  corpus: Corpus,
  epoch: number,
  from: BlockPosition,
  signal: AbortSignal | undefined,
): AsyncGenerator<LocatedBlock> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const blocks = corpus.blocks(epoch, from, either);
  let reading: Promise<IteratorResult<LocatedBlock, void>> | undefined;
  try {
    for (reading = blocks.next(); ; ) {
      const { done, value } = await reading;
      if (done) return;
      reading = blocks.next();
      reading.catch(() => {}); // it is told when it is asked for
      yield value;
    }
  } finally {
    stop.abort();
    await reading?.catch(() => {});
    await blocks.return(undefined);
  }
}

function checkSizes(options: PretrainingBatchOptions): void {
  const { maxLength, batchTokens, batchSize = 1, duplicates = 1, shortProbability = 0 } = options;
  const wrong = Object.entries({ maxLength, batchTokens, batchSize, duplicates }).find(
    ([, value]) => !Number.isSafeInteger(value) || value < 1,
  );
  if (wrong !== undefined) {
    throw new ArgumentError(`expected ${wrong[0]} to be a whole number above 0 but received ${wrong[1]}`);
  }
  if (maxLength < 5) throw new ArgumentError(`expected maxLength to be at least 5 but received ${maxLength}`);
  if (batchTokens < maxLength) {
    throw new ArgumentError(
      `expected batchTokens to hold a sequence of maxLength ${maxLength} tokens but received ${batchTokens}`,
    );
  }
  if (!(shortProbability >= 0 && shortProbability <= 1)) {
    throw new ArgumentError(`expected shortProbability to be from 0 to 1 but received ${shortProbability}`);
  }
}
