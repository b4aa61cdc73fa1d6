// Writes safetensors files as the format's own library does: tensors ordered by falling element size and then by
// name, the header padded with spaces to a multiple of 8 bytes, so that every tensor's data is aligned.

import { ArgumentError } from '../../errors.ts';
import { AtomicFile } from '../files/atomic-file.ts';
import { dtypeBytes, MAX_HEADER_BYTES, type SafetensorsDType } from './safetensors-header.ts';

/** One tensor to write; `data` holds its elements in C order, as the platform's little-endian bytes. */
export interface SafetensorsTensor {
  name: string;
  dtype: SafetensorsDType;
  shape: readonly number[];
  data: ArrayBufferView;
}

/** Large tensors are written in pieces of this size. */
const WRITE_CHUNK_BYTES = 64 * 1024 * 1024;

/**
 * Writes `tensors` to `path`, completely or not at all. ArgumentError when a tensor's data does not fit its dtype and
 * shape or a name occurs twice; FileError when the file system refuses.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly SafetensorsTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const ordered = [...tensors].sort(
    (a, b) => (dtypeBytes(b.dtype) ?? 0) - (dtypeBytes(a.dtype) ?? 0) || (a.name < b.name ? -1 : 1),
  );
  const header = encodeHeader(ordered, metadata);
  const file = await AtomicFile.create(path);
  try {
    await file.write(header);
    for (const { data } of ordered) {
      for (let done = 0; done < data.byteLength; done += WRITE_CHUNK_BYTES) {
        const length = Math.min(WRITE_CHUNK_BYTES, data.byteLength - done);
        await file.write(new Uint8Array(data.buffer, data.byteOffset + done, length));
      }
    }
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

function encodeHeader(
  tensors: readonly SafetensorsTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // A Map and hand-joined JSON, since an object would reorder names that look like integers.
  const parts = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) parts.set('__metadata__', metadata);
  let offset = 0;
  for (const tensor of tensors) {
    checkTensor(tensor, parts.has(tensor.name) || tensor.name === '__metadata__');
    const end = offset + tensor.data.byteLength;
    parts.set(tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] });
    offset = end;
  }
  const json = [...parts]
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join(',');
  const text = Buffer.from(`{${json}}`, 'utf8');
  const length = Math.ceil(text.byteLength / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw new ArgumentError(
      `the header would have ${length} bytes but at most ${MAX_HEADER_BYTES} are allowed`,
    );
  }
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

function checkTensor({ name, dtype, shape, data }: SafetensorsTensor, taken: boolean): void {
  const width = dtypeBytes(dtype);
  if (width === undefined)
    throw new ArgumentError(`tensor '${name}' has dtype '${dtype}', which safetensors lacks`);
  if (taken)
    throw new ArgumentError(`the tensor name '${name}' is reserved or given twice; names must be unique`);
  const count = shape.reduce((product, size) => product * size, 1);
  const sizes = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!sizes || !Number.isSafeInteger(count * width) || count * width !== data.byteLength) {
    throw new ArgumentError(
      `tensor '${name}' of dtype ${dtype} and shape [${shape.join(', ')}] needs ${count * width} bytes ` +
        `but its data has ${data.byteLength}`,
    );
  }
}
