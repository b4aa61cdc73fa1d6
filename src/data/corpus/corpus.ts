// A corpus as blocks of tokenized documents: files in an order that belongs to the epoch, their documents one after another,
// until a block is full. A block is what is shuffled at once and all that is held in memory; where it begins is three
// numbers, so that a run goes on from it exactly. A corpus that fits into one block is tokenized once.

import type { SentenceTokenizer } from '../../tokenizer/sentence-tokenizer.ts';
import { mixNumbers, shuffle } from '../batches/seeded-order.ts';
import type { CorpusFile } from './corpus-files.ts';
import type { CorpusDocument, Sentence } from './document.ts';
import type { PhraseFinder } from './phrase-finder.ts';
import { type DocumentOptions, readDocuments } from './read-documents.ts';
import { type TokenBlock, TokenBlockBuilder } from './token-block.ts';
import { markTokens } from './token-marks.ts';
import type { WordSegmenter } from './word-segmenter.ts';

export interface CorpusOptions extends Omit<DocumentOptions, 'onBytes' | 'signal'> {
  files: readonly CorpusFile[];
  /** Of the files' content. */
  fingerprint: string;
  tokenizer: SentenceTokenizer;
  /** Tokens of a block, about: 5 bytes each, and twice that while the next one is read. 2^23 by default. */
  blockTokens?: number | undefined;
  /** Of the order of files. */
  seed: number;
  /** Files in another order each epoch; otherwise by their names. True by default. */
  shuffle?: boolean | undefined;
  /** Finds the words of Chinese text. */
  words?: WordSegmenter | undefined;
  /** Marks entities or noun phrases, in place of annotations in the files. */
  phrases?: PhraseFinder | undefined;
  /** Told how far a block is: tokens so far, of about how many. */
  onTokens?: ((tokens: number, blockTokens: number) => void) | undefined;
}

/** Where a block begins. */
export interface BlockPosition {
  /** The block's number in its epoch, from 0. */
  block: number;
  /** The place of its first file in the epoch's order. */
  file: number;
  /** Line and number of its first document in that file. */
  line: number;
  number: number;
}

export interface LocatedBlock {
  position: BlockPosition;
  tokens: TokenBlock;
}

interface LatestBlock extends LocatedBlock {
  epoch: number;
  /** Where the next one begins; undefined after the last. */
  after: BlockPosition | undefined;
}

export const FIRST_BLOCK: BlockPosition = { block: 0, file: 0, line: 1, number: 0 };

const defaultBlockTokens = 2 ** 23;
/** UTF-16 units of documents that are collected before they are tokenized, and tokenized between two turns of the event loop. */
const windowUnits = 2 ** 17;
const sliceUnits = 2 ** 15;

interface Located extends CorpusDocument {
  /** Its file's place in the epoch's order. */
  place: number;
  /** Its file's place in the list. */
  file: number;
}

export class Corpus {
  readonly files: readonly CorpusFile[];
  /** By which a resumed run knows that the text is the one that it began with. */
  readonly fingerprint: string;
  readonly tokenizer: SentenceTokenizer;
  readonly blockTokens: number;
  readonly #options: CorpusOptions;
  /** The block of a corpus that has but one. */
  #whole: TokenBlock | undefined;
  /** The block that was read last: a run looks at its beginning before it begins, and so does each phase. */
  #latest: LatestBlock | undefined;

  constructor(options: CorpusOptions) {
    this.files = options.files;
    this.fingerprint = options.fingerprint;
    this.tokenizer = options.tokenizer;
    this.blockTokens = options.blockTokens ?? defaultBlockTokens;
    this.#options = options;
  }

  /**
   * The blocks of an epoch, from one of them on. All but the last are full; each has two documents at least, unless the corpus
   * has but one.
   *
   * @throws what {@link readDocuments} throws, and {TokenizerError}
   */
  async *blocks(
    epoch: number,
    from: BlockPosition = FIRST_BLOCK,
    signal?: AbortSignal,
  ): AsyncGenerator<LocatedBlock> {
    if (this.#whole !== undefined) {
      yield { position: FIRST_BLOCK, tokens: this.#whole };
      return;
    }
    let start: BlockPosition | undefined = from;
    const latest = this.#latest;
    if (latest?.epoch === epoch && samePlace(latest.position, from)) {
      yield { position: latest.position, tokens: latest.tokens };
      start = latest.after;
    }
    if (start !== undefined) yield* this.#readBlocks(epoch, start, signal);
  }

  async *#readBlocks(
    epoch: number,
    from: BlockPosition,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<LocatedBlock> {
    const documents = new Lookahead(this.#documents(epoch, from, signal));
    try {
      let position: BlockPosition | undefined = from;
      while (position !== undefined && (await documents.peek()) !== undefined) {
        const tokens = await this.#readBlock(documents);
        const next = await documents.peek();
        const after: BlockPosition | undefined = next && {
          block: position.block + 1,
          file: next.place,
          line: next.line,
          number: next.number,
        };
        if (position.block === 0 && after === undefined) this.#whole = tokens;
        this.#latest = { position, tokens, epoch, after };
        yield { position, tokens };
        position = after;
      }
    } finally {
      await documents.close();
    }
  }

  async #readBlock(documents: Lookahead<Located>): Promise<TokenBlock> {
    const { blockTokens } = this;
    const window = new TokenWindow(this.#options);
    for (let next = await documents.next(); next !== undefined; next = await documents.next()) {
      await window.add(next, Math.min(windowUnits, blockTokens));
      this.#options.onTokens?.(window.builder.tokens, blockTokens);
      if (window.builder.tokens < blockTokens || window.builder.documents < 2) continue;
      if ((await documents.ahead(2)) !== 1) break; // a last document alone would be a block without another to draw from
    }
    await window.flush();
    return window.builder.finish();
  }

  async *#documents(
    epoch: number,
    from: BlockPosition,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Located> {
    const options = { ...this.#options, signal };
    const order = Uint32Array.from(this.files.keys());
    if (this.#options.shuffle ?? true) shuffle(order, mixNumbers(this.#options.seed, epoch));
    for (let place = from.file; place < order.length; place++) {
      const file = order[place] as number;
      const start = place === from.file ? from : undefined;
      for await (const document of readDocuments(this.files[file] as CorpusFile, options, start)) {
        yield { ...document, place, file };
      }
    }
  }
}

function samePlace(a: BlockPosition, b: BlockPosition): boolean {
  return a.block === b.block && a.file === b.file && a.line === b.line && a.number === b.number;
}

/** Items that can be looked at before they are taken. */
class Lookahead<T> {
  readonly #items: AsyncIterator<T>;
  readonly #waiting: T[] = [];
  #ended = false;

  constructor(items: AsyncIterable<T>) {
    this.#items = items[Symbol.asyncIterator]();
  }

  /** How many of the next `count` items there are. */
  async ahead(count: number): Promise<number> {
    while (!this.#ended && this.#waiting.length < count) {
      const { done, value } = await this.#items.next();
      if (done) this.#ended = true;
      else this.#waiting.push(value);
    }
    return Math.min(count, this.#waiting.length);
  }

  async peek(): Promise<T | undefined> {
    await this.ahead(1);
    return this.#waiting[0];
  }

  async next(): Promise<T | undefined> {
    await this.ahead(1);
    return this.#waiting.shift();
  }

  /** Ends what the items come from. */
  async close(): Promise<void> {
    await this.#items.return?.();
  }
}

/** Documents on their way into a block, tokenized some at a time. */
class TokenWindow {
  readonly builder = new TokenBlockBuilder();
  readonly #options: CorpusOptions;
  #documents: Located[] = [];
  #units = 0;

  constructor(options: CorpusOptions) {
    this.#options = options;
  }

  async add(document: Located, units: number): Promise<void> {
    this.#documents.push(document);
    for (const { text } of document.sentences) this.#units += text.length;
    if (this.#units >= units) await this.flush();
  }

  async flush(): Promise<void> {
    const pieces = this.#documents.flatMap((document) =>
      document.sentences.map((sentence, i) => ({ document, sentence, first: i === 0 })),
    );
    this.#documents = [];
    this.#units = 0;
    for (let start = 0; start < pieces.length; ) {
      let end = start;
      for (let units = 0; end < pieces.length && units < sliceUnits; end++) {
        units += (pieces[end] as SentencePiece).sentence.text.length;
      }
      await this.#tokenize(pieces.slice(start, end), pieces[end]?.first ?? true);
      start = end;
    }
  }

  /** Adds consecutive sentences; `ended` says whether the last one ends its document. */
  async #tokenize(pieces: readonly SentencePiece[], ended: boolean): Promise<void> {
    const { tokenizer, words, phrases } = this.#options;
    const { tokenIds, starts, offsets } = await tokenizer.encode(
      pieces.map(({ sentence, first }) => ({ text: sentence.text, first })),
    );
    for (const [i, { document, sentence }] of pieces.entries()) {
      const { text } = sentence;
      const [from, to] = [offsets[i] as number, offsets[i + 1] as number];
      const ids = tokenIds.subarray(from, to);
      const spans = phrases?.(text) ?? sentence.spans;
      const marks = markTokens(text, ids, starts.subarray(from, to), spans, tokenizer.continues, words);
      this.builder.addSentence(ids, marks);
      const next = pieces[i + 1];
      if (next === undefined ? ended : next.first) this.builder.endDocument(document.file, document.number);
    }
  }
}

interface SentencePiece {
  document: Located;
  sentence: Sentence;
  first: boolean;
}
