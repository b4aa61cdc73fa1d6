// The safetensors header: 8 bytes of length, JSON naming each tensor's dtype, shape and byte range, then the data.
// Everything is checked before anything is allocated, as the format's own library does it: header length, JSON
// depth, unique names, known dtypes, products that fit, ranges that tile the data without overlap, hole or rest.
// https://github.com/huggingface/safetensors#format

import { FormatError } from '../../errors.ts';
import { parseJsonText } from '../files/json-text.ts';

/** Bytes per element of every dtype of the format. */
const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
} as const;

/** A safetensors element type. */
export type SafetensorsDType = keyof typeof DTYPE_BYTES;

/** Longest header that is read, the limit of the format's own library. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Where one tensor lies. */
export interface SafetensorsEntry {
  name: string;
  dtype: SafetensorsDType;
  shape: readonly number[];
  /** Offset of the first byte, counted from the start of the data. */
  begin: number;
  byteLength: number;
}

export interface SafetensorsHeader {
  metadata: Record<string, string>;
  /** In the order of their bytes in the file. */
  entries: SafetensorsEntry[];
}

/** Bytes per element, or undefined for a dtype the format does not have. */
export function dtypeBytes(dtype: string): number | undefined {
  return Object.hasOwn(DTYPE_BYTES, dtype) ? DTYPE_BYTES[dtype as SafetensorsDType] : undefined;
}

/** Checks the declared header length against the limit and the file. */
export function checkHeaderLength(length: bigint, fileSize: number, source: string): number {
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new FormatError(
      `'${source}' declares a header of ${length} bytes but at most ${MAX_HEADER_BYTES} are allowed; ` +
        'it is damaged or not a safetensors file',
    );
  }
  const bytes = Number(length);
  if (bytes < 2 || 8 + bytes > fileSize) {
    throw new FormatError(
      `'${source}' declares a header of ${bytes} bytes but the file has ${fileSize}; it is cut short or not a ` +
        'safetensors file: fetch it again',
    );
  }
  return bytes;
}

/** Parses and checks the header's JSON against `dataBytes`, the number of bytes after the header. */
export function parseSafetensorsHeader(text: string, dataBytes: number, source: string): SafetensorsHeader {
  if (!text.startsWith('{')) {
    throw new FormatError(
      `'${source}' has a header that does not start with '{'; it is not a safetensors file`,
    );
  }
  const root = parseJsonText(text, source, 8) as Record<string, unknown>;
  const metadata = Object.hasOwn(root, '__metadata__') ? parseMetadata(root.__metadata__, source) : {};
  const entries = Object.entries(root)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseEntry(name, value, source));
  entries.sort((a, b) => a.begin - b.begin || a.byteLength - b.byteLength);
  checkTiling(entries, dataBytes, source);
  return { metadata, entries };
}

function parseMetadata(value: unknown, source: string): Record<string, string> {
  const entries = isObject(value) ? Object.entries(value) : undefined;
  if (entries === undefined || entries.some(([, text]) => typeof text !== 'string')) {
    throw new FormatError(`'${source}' has a __metadata__ that is not a map of strings to strings`);
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function parseEntry(name: string, value: unknown, source: string): SafetensorsEntry {
  const fail = (problem: string): never => {
    throw new FormatError(`'${source}' is damaged: tensor ${JSON.stringify(name)} ${problem}`);
  };
  if (!isObject(value)) return fail('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = value;
  const width = typeof dtype === 'string' ? dtypeBytes(dtype) : undefined;
  if (width === undefined) return fail(`has dtype ${JSON.stringify(dtype)}, which the format does not have`);
  if (!isSizes(shape))
    return fail(`has shape ${JSON.stringify(shape)} where whole numbers >= 0 are expected`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    return fail(`has data_offsets ${JSON.stringify(offsets)} where [begin, end] is expected`);
  }
  const [begin, end] = offsets as [number, number];
  if (end < begin) return fail(`has data_offsets [${begin}, ${end}] that end before they begin`);
  const byteLength = shape.reduce((product, size) => {
    const next = product * size;
    if (!Number.isSafeInteger(next)) return fail(`has shape [${shape.join(', ')}], whose size overflows`);
    return next;
  }, width);
  if (byteLength !== end - begin) {
    return fail(
      `has dtype ${dtype} and shape [${shape.join(', ')}], ${byteLength} bytes, but ${end - begin} are given`,
    );
  }
  return { name, dtype: dtype as SafetensorsDType, shape, begin, byteLength };
}

// Sorted by offset, each tensor begins where the one before ends, and the last ends with the file.
function checkTiling(entries: readonly SafetensorsEntry[], dataBytes: number, source: string): void {
  let end = 0;
  for (const { name, begin, byteLength } of entries) {
    if (begin !== end) {
      const what =
        begin < end ? `overlaps the tensor before it, which ends at ${end}` : `leaves a hole from ${end}`;
      throw new FormatError(`'${source}' is damaged: tensor ${JSON.stringify(name)} at ${begin} ${what}`);
    }
    end = begin + byteLength;
  }
  if (end > dataBytes) {
    throw new FormatError(
      `'${source}' is cut short: its tensors need ${end} bytes of data but it has ${dataBytes}; fetch it again`,
    );
  }
  if (end < dataBytes) {
    throw new FormatError(`'${source}' has ${dataBytes - end} bytes after its last tensor; it is damaged`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
