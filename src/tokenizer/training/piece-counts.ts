// How often each piece of a corpus occurs, in bounded memory: when there are too many different ones, the rarest are
// forgotten, those that occurred once first. On a corpus of gigabytes most different pieces are typing errors and addresses
// that would never be joined; up to the bound every count is exact.

import { ownText } from '../own-text.ts';

/** Different pieces that are held. Training on so many takes 1.7 GB where they are unlike one another; a Map holds 16 times as many. */
export const MOST_PIECES = 1_000_000;

export class PieceCounts {
  readonly counts = new Map<string, number>();
  /** How many pieces were forgotten, each time one was. */
  forgotten = 0;
  readonly #most: number;
  #rare = 1;

  constructor(most = MOST_PIECES) {
    this.#most = most;
  }

  add(piece: string): void {
    const count = this.counts.get(piece);
    if (count !== undefined) {
      this.counts.set(piece, count + 1);
      return;
    }
    if (this.counts.size >= this.#most) this.#forget();
    this.counts.set(ownText(piece), 1);
  }

  #forget(): void {
    for (; this.counts.size > this.#most / 2; this.#rare++) {
      for (const [piece, count] of this.counts) {
        if (count > this.#rare) continue;
        this.counts.delete(piece);
        this.forgotten += 1;
      }
    }
  }
}
