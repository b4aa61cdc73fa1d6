// What numpy and sentence-transformers give for a fixed set of vectors: golden/whitening.json and the script beside it.
import { readFileSync } from 'node:fs';
import { Embeddings } from '../../src/embed/vectors/embeddings.ts';

interface Golden {
  rows: number;
  dimension: number;
  vectors: string;
  mean: number[];
  covariance: number[][];
  values: number[];
  cosines: Record<string, number[]>;
  compact: Record<string, string>;
}

export const golden = JSON.parse(
  readFileSync(new URL('../golden/whitening.json', import.meta.url), 'utf8'),
) as Golden;

/** Bytes of a base64 string, aligned for any typed array. */
export function decodeBytes(text: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(text, 'base64')).buffer;
}

export const goldenVectors = new Embeddings(
  new Float32Array(decodeBytes(golden.vectors)),
  golden.rows,
  golden.dimension,
);
