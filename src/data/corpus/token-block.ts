// Tokenized documents side by side in flat memory: as much of a corpus as is shuffled at once. Documents lie in the order of
// their files and of their places in them, in whatever order they were read, so that a block with all of a corpus is the
// same in every epoch.

/** What is known of a token beside its id. */
export const WORD_START = 1;
export const SPAN_START = 2;
export const IN_SPAN = 4;

export interface TokenBlock {
  /** [tokens] */
  tokenIds: Int32Array;
  /** [tokens], sums of WORD_START, SPAN_START and IN_SPAN. */
  marks: Uint8Array;
  /** [sentences + 1], places of tokens. */
  sentences: Uint32Array;
  /** [documents + 1], places of sentences. */
  documents: Uint32Array;
  /** [documents], which file of the corpus each is of. */
  files: Uint32Array;
  /** [documents], its place in the file. */
  numbers: Uint32Array;
}

/** Collects a block. */
export class TokenBlockBuilder {
  #tokenIds = new Int32Array(2 ** 16);
  #marks = new Uint8Array(2 ** 16);
  #tokens = 0;
  readonly #sentences: number[] = [0];
  readonly #documents: number[] = [0];
  readonly #files: number[] = [];
  readonly #numbers: number[] = [];

  get tokens(): number {
    return this.#tokens;
  }

  get documents(): number {
    return this.#files.length;
  }

  /** Adds a sentence to the document that is not ended yet; one without tokens is left out. */
  addSentence(tokenIds: Int32Array, marks: Uint8Array): void {
    if (tokenIds.length === 0) return;
    const end = this.#tokens + tokenIds.length;
    if (end > this.#tokenIds.length) this.#grow(Math.max(end, 2 * this.#tokenIds.length));
    this.#tokenIds.set(tokenIds, this.#tokens);
    this.#marks.set(marks, this.#tokens);
    this.#tokens = end;
    this.#sentences.push(end);
  }

  /** Ends a document; one without sentences is left out. */
  endDocument(file: number, number: number): void {
    const sentences = this.#sentences.length - 1;
    if (sentences === this.#documents.at(-1)) return;
    this.#documents.push(sentences);
    this.#files.push(file);
    this.#numbers.push(number);
  }

  finish(): TokenBlock {
    const order = Array.from(this.#files.keys()).sort(
      (a, b) => at(this.#files, a) - at(this.#files, b) || at(this.#numbers, a) - at(this.#numbers, b),
    );
    const block: TokenBlock = {
      tokenIds: new Int32Array(this.#tokens),
      marks: new Uint8Array(this.#tokens),
      sentences: new Uint32Array(this.#sentences.length),
      documents: new Uint32Array(this.#documents.length),
      files: Uint32Array.from(order, (document) => at(this.#files, document)),
      numbers: Uint32Array.from(order, (document) => at(this.#numbers, document)),
    };
    let tokens = 0;
    let sentences = 0;
    for (const [i, document] of order.entries()) {
      const [first, after] = [at(this.#documents, document), at(this.#documents, document + 1)];
      const [start, end] = [at(this.#sentences, first), at(this.#sentences, after)];
      block.tokenIds.set(this.#tokenIds.subarray(start, end), tokens);
      block.marks.set(this.#marks.subarray(start, end), tokens);
      for (let sentence = first + 1; sentence <= after; sentence++) {
        block.sentences[++sentences] = at(this.#sentences, sentence) - start + tokens;
      }
      block.documents[i + 1] = sentences;
      tokens += end - start;
    }
    return block;
  }

  #grow(length: number): void {
    const [tokenIds, marks] = [new Int32Array(length), new Uint8Array(length)];
    tokenIds.set(this.#tokenIds);
    marks.set(this.#marks);
    this.#tokenIds = tokenIds;
    this.#marks = marks;
  }
}

function at(values: readonly number[], index: number): number {
  return values[index] as number;
}
