// How often each word of a corpus occurs, words being what BERT's normalisation and splitting make of it: the tokenizers
// library's own, so that a trained vocabulary meets the words it was trained on. Pieces between blanks, and single Chinese
// characters, are counted first and taken apart once each: nothing in that normalisation looks past them.

import type { Normalizer, PreTokenizer } from 'tokenizers';

export interface WordOptions {
  /** Lower-case, and strip accents, as uncased BERT models do. */
  lowerCase: boolean;
}

const PIECES = /[\u4e00-\u9fff]|[^ \t\r\n\u4e00-\u9fff]+/g;

/** Counts words text by text, in memory proportional to the different pieces. */
export class WordCounter {
  readonly #normalizer: Normalizer;
  readonly #splitter: PreTokenizer;
  readonly #pieces = new Map<string, number>();

  private constructor(normalizer: Normalizer, splitter: PreTokenizer) {
    this.#normalizer = normalizer;
    this.#splitter = splitter;
  }

  static async create({ lowerCase }: WordOptions): Promise<WordCounter> {
    const { bertNormalizer, bertPreTokenizer } = await import('tokenizers');
    const options = { cleanText: true, handleChineseChars: true, lowercase: lowerCase };
    return new WordCounter(bertNormalizer(options), bertPreTokenizer());
  }

  add(text: string): void {
    for (const [piece] of text.toWellFormed().matchAll(PIECES)) {
      this.#pieces.set(piece, (this.#pieces.get(piece) ?? 0) + 1);
    }
  }

  /** The words so far, by how often they occur. */
  words(): Map<string, number> {
    const words = new Map<string, number>();
    for (const [piece, count] of this.#pieces) {
      for (const [word] of this.#splitter.preTokenizeString(this.#normalizer.normalizeString(piece))) {
        words.set(word, (words.get(word) ?? 0) + count);
      }
    }
    return words;
  }
}
