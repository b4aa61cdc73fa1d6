// The normalisation table of a SentencePiece model (tokenizer.json's `Precompiled` normalizer), checked before the
// library gets it: the library trusts the table and ends the whole process when an index in it leads nowhere.
//
// Layout: 4 bytes with the size of a double-array trie, the trie, then zero-terminated replacement texts in UTF-8.
// A trie unit holds a label (bits 0-7, 31), whether a leaf hangs below it (bit 8) and an offset (bits 10-30, shifted
// by 8 when bit 9 is set); a leaf's value is the index of its replacement. https://github.com/s-yata/darts-clone

/** What is wrong with the base64 text of a table, or undefined when it can be used. */
export function charsmapProblem(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  const size = bytes.length < 4 ? -1 : bytes.readUInt32LE(0);
  if (size < 4 || size % 4 !== 0 || size > bytes.length - 4) return 'its trie is cut short';
  const texts = bytes.subarray(4 + size);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(texts);
  } catch {
    return 'its texts are not UTF-8';
  }
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
  return walkTrie(units, texts) ? undefined : 'an index in its trie points nowhere';
}

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
const labelOf = (unit: number): number => (unit & 0x800000ff) >>> 0;

// Visits every node a text can reach: from a node, each byte's child must lie inside, as must each leaf and its text.
function walkTrie(units: Uint32Array, texts: Uint8Array): boolean {
  const root = offsetOf(units[0] as number);
  const seen = new Set([root]);
  for (const node of seen) {
    for (let label = 0; label < 256; label++) {
      const child = node ^ label;
      const unit = units[child];
      if (unit === undefined) return false;
      if (label === 0 || labelOf(unit) !== label) continue;
      const next = child ^ offsetOf(unit);
      if (next >= units.length) return false;
      if ((unit & 0x100) !== 0 && !startsText((units[next] as number) & 0x7fffffff, texts)) return false;
      seen.add(next);
    }
  }
  return true;
}

// Inside the texts and not in the middle of a character.
function startsText(index: number, texts: Uint8Array): boolean {
  return index < texts.length && ((texts[index] as number) & 0xc0) !== 0x80;
}
