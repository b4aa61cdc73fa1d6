// The progress of an evaluation that encodes, over several calls of `encode` where its data comes in parts, and how many of
// its texts were longer than the model takes.

import type { Progress } from '../../embed/encoder/encode-options.ts';
import { ProgressLine } from './progress.ts';
import { formatCounted } from './quantities.ts';

export class EncodingProgress {
  readonly #line = new ProgressLine();
  readonly #isWhole: boolean;
  /** Of the calls that have ended. */
  #ended = { texts: 0, tokens: 0, truncated: 0 };
  /** Texts that were cut, those of the call in progress included. */
  truncated = 0;

  /** @param isWhole whether one call encodes everything, so that the time left can be told */
  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  /** For the option of that name. */
  readonly onProgress = ({ texts, tokens, truncated, total }: Progress): void => {
    const done = {
      texts: this.#ended.texts + texts,
      tokens: this.#ended.tokens + tokens,
      truncated: this.#ended.truncated + truncated,
    };
    this.truncated = done.truncated;
    if (texts === total) this.#ended = done;
    const fraction = this.#isWhole && total !== undefined ? texts / total : undefined;
    this.#line.update({ ...done, fraction });
  };

  /** Clears the line, before anything else is printed. */
  end(): void {
    this.#line.end();
  }
}

/** Says on stderr that texts were cut, if some were. */
export function noteTruncated(truncated: number, maxLength: number): void {
  if (truncated === 0) return;
  const were = formatCounted(truncated, 'text was', 'texts were');
  process.stderr.write(`note: ${were} longer than ${maxLength} tokens and cut there (--max-length)\n`);
}
