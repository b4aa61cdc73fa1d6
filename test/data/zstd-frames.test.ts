// Whether zstd data is whole: frames with and without checksums, of several blocks, one after another, cut off anywhere.

import { expect, test } from 'vitest';
import { ZstdFrames } from '../../src/data/formats/zstd-frames.ts';

const frames = {
  plain: 'KLUv/SAJSQAAT25lLiBUd28u',
  checksum: 'KLUv/WSkAK0AAHBDaGVja2VkIHRleHQuIAEAk6FOJUs6FUA=',
  'five blocks':
    'KLUv/YBIYD0IAIwAAEhhYmNkZWZnaCABAPT/zMsRTAAACGYBAPz/ORACTAAACGIBAPz/ORACTAAACGcBAPz/ORACRQAACGMBAFydB0I=',
  empty: 'KLUv/SAAAQAA',
};
const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
const runLength = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 9, 0x4b, 0, 0, 0x61]); // nine times "a"

function complete(data: Uint8Array, chunk = data.length): boolean {
  const seen = new ZstdFrames();
  for (let at = 0; at < data.length; at += chunk) seen.push(data.subarray(at, at + chunk));
  return seen.complete;
}

test.each([
  ...Object.entries(frames).map(([name, data]) => [name, Buffer.from(data, 'base64')] as const),
  ['a run-length block', runLength] as const,
  ['a skippable frame', skippable] as const,
])('%s: whole at its end and nowhere before', (_, data) => {
  for (const chunk of [1, 3, data.length]) expect(complete(data, chunk)).toBe(true);
  for (let length = 0; length < data.length; length++) expect(complete(data.subarray(0, length))).toBe(false);
});

test('frames one after another', () => {
  const parts = [...Object.values(frames).map((data) => Buffer.from(data, 'base64')), skippable, runLength];
  const all = Buffer.concat(parts);
  const ends = new Set(parts.map((_, i) => Buffer.concat(parts.slice(0, i + 1)).length));
  for (let length = 1; length <= all.length; length++) {
    expect(complete(all.subarray(0, length), 7)).toBe(ends.has(length));
  }
});

test('of what is no zstd nothing is said', () => {
  expect(complete(Buffer.from('plain text'))).toBe(true);
});
