// Whether compressed data of zstd is whole: Node's decompressor ends without a word where its input breaks off. Only the
// headers of frames and blocks are looked at (RFC 8878, section 3.1); what is in them is the decompressor's.

const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a50; // to …5f
const dictionaryIdBytes = [0, 1, 2, 4];
const runLengthBlock = 1;

type Part = 'magic' | 'skippable' | 'frame' | 'block' | 'unknown';

export class ZstdFrames {
  /** What the bytes being held are the beginning of. */
  #part: Part = 'magic';
  #wanted = 4;
  #held: number[] = [];
  #skipped = 0;
  #frames = 0;
  #checksumBytes = 0;

  /** Whether what was seen ends with a frame. Of what is no zstd nothing is said. */
  get complete(): boolean {
    if (this.#part === 'unknown') return true;
    return this.#part === 'magic' && this.#held.length === 0 && this.#skipped === 0 && this.#frames > 0;
  }

  /** Looks at the next bytes. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const skip = Math.min(this.#skipped, chunk.length - at);
      this.#skipped -= skip;
      at += skip;
      if (skip > 0) continue;
      this.#held.push(chunk[at++] as number);
      if (this.#held.length === this.#wanted) this.#next();
    }
  }

  #next(): void {
    const value = this.#held.reduceRight((sum, byte) => sum * 256 + byte, 0); // little-endian
    this.#held = [];
    if (this.#part === 'magic') {
      const skippable = value >= skippableMagic && value < skippableMagic + 16;
      if (skippable) this.#expect('skippable', 4, 0);
      else this.#expect(value === magic ? 'frame' : 'unknown', 1, 0);
    } else if (this.#part === 'skippable') {
      this.#endFrame(value);
    } else if (this.#part === 'frame') {
      const single = (value >> 5) & 1;
      const sizeBytes = value >> 6 === 0 ? single : 2 ** (value >> 6);
      this.#checksumBytes = value & 4; // the flag is the third bit, the checksum four bytes
      this.#expect('block', 3, 1 - single + (dictionaryIdBytes[value & 3] as number) + sizeBytes);
    } else if (this.#part === 'block') {
      const bytes = ((value >> 1) & 3) === runLengthBlock ? 1 : value >> 3;
      if ((value & 1) === 1) this.#endFrame(bytes + this.#checksumBytes);
      else this.#expect('block', 3, bytes);
    }
  }

  #expect(part: Part, bytes: number, after: number): void {
    this.#part = part;
    this.#wanted = bytes;
    this.#skipped = after;
  }

  #endFrame(after: number): void {
    this.#frames += 1;
    this.#expect('magic', 4, after);
  }
}
