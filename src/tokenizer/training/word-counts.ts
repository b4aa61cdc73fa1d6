// How often each word of a corpus occurs. For WordPiece words are what BERT's normalisation and splitting make of a text, for
// byte-level BPE what GPT-2's pattern does, their bytes as letters: the tokenizers library's own in both, so that a trained
// vocabulary meets the words it was trained on. Pieces that neither looks past are counted first and taken apart once each.

import { gpt2Words, longKnown } from '../token-cache.ts';
import { MOST_PIECES, PieceCounts } from './piece-counts.ts';

/** BERT's words, lower-cased and without accents in uncased models; or byte-level BPE's. */
export type WordKind = 'bert-uncased' | 'bert-cased' | 'byte-level';

const blanks = /[\u4e00-\u9fff]|[^ \t\r\n\u4e00-\u9fff]+/g;

type Splitter = (text: string) => [string, [number, number]][];

/** Counts words text by text. */
export class WordCounter {
  readonly #kind: WordKind;
  readonly #split: Splitter;
  readonly #pieces: PieceCounts;
  /** Of texts that JavaScript may take apart in another way than the library. */
  readonly #words: PieceCounts;

  private constructor(kind: WordKind, split: Splitter, most: number) {
    this.#kind = kind;
    this.#split = split;
    this.#pieces = new PieceCounts(most);
    this.#words = new PieceCounts(most / 4);
  }

  /** @param most Different pieces that are held; past it the rarest are forgotten. */
  static async create(kind: WordKind, most = MOST_PIECES): Promise<WordCounter> {
    const { bertNormalizer, bertPreTokenizer, byteLevelPreTokenizer } = await import('tokenizers');
    if (kind === 'byte-level') {
      const splitter = byteLevelPreTokenizer(false);
      return new WordCounter(kind, (text) => splitter.preTokenizeString(text), most);
    }
    const lowercase = kind === 'bert-uncased';
    const normalizer = bertNormalizer({ cleanText: true, handleChineseChars: true, lowercase });
    const splitter = bertPreTokenizer();
    return new WordCounter(
      kind,
      (text) => splitter.preTokenizeString(normalizer.normalizeString(text)),
      most,
    );
  }

  /** How many pieces were forgotten because there were too many different ones. */
  get forgotten(): number {
    return this.#pieces.forgotten + this.#words.forgotten;
  }

  add(text: string): void {
    const wellFormed = text.toWellFormed();
    if (this.#kind === 'byte-level' && !longKnown.test(wellFormed)) {
      for (const [word] of this.#split(wellFormed)) this.#words.add(word);
      return;
    }
    const pattern = this.#kind === 'byte-level' ? gpt2Words : blanks;
    for (const [piece] of wellFormed.matchAll(pattern)) this.#pieces.add(piece);
  }

  /** The words so far, by how often they occur; gives the number of pieces that were taken apart, step by step. */
  *words(): Generator<number, Map<string, number>> {
    const words = new Map(this.#words.counts);
    let done = 0;
    for (const [piece, count] of this.#pieces.counts) {
      for (const [word] of this.#split(piece)) words.set(word, (words.get(word) ?? 0) + count);
      yield ++done;
    }
    return words;
  }
}
