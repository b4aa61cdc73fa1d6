// TensorBoard's event files, written by hand: TFRecords (length, masked CRC-32C of it, bytes, masked CRC-32C of them)
// that hold Event messages of protocol buffers. Only what scalars need:
//
//   Event    1 wall_time double   2 step int64   3 file_version string   5 summary   7 session_log
//   Summary  1 repeated Value { 1 tag string, 2 simple_value float }      SessionLog  1 status (1 = START)
//
// A record is appended with one write, so a run that is killed leaves at most its last record torn, which readers drop.

import { closeSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../../io/files/file-error.ts';

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** CRC-32C (Castagnoli). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** A TFRecord. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Scalars by step. */
export class EventFile {
  readonly path: string;
  readonly #descriptor: number;

  /**
   * Begins a new file in `folder`.
   * @param firstStep values of later steps that other files in the folder hold are void: a resumed run writes them again
   * @throws FileError
   */
  constructor(folder: string, firstStep: number) {
    const now = Date.now() / 1000;
    const time = String(Math.floor(now)).padStart(10, '0');
    this.path = join(folder, `events.out.tfevents.${time}.${hostname()}.${process.pid}.${firstStep}`);
    try {
      this.#descriptor = openSync(this.path, 'a');
    } catch (error) {
      throw fileError('write', this.path, error);
    }
    this.#append([...double(1, now), ...bytesField(3, Buffer.from('brain.Event:2'))]);
    this.#append([
      ...double(1, now),
      ...varintField(2, firstStep),
      ...bytesField(7, Uint8Array.from(varintField(1, 1))),
    ]);
  }

  /** Appends values of one step, by tag. @throws FileError */
  write(step: number, values: Readonly<Record<string, number>>): void {
    const summary = Object.entries(values).flatMap(([tag, value]) => [
      ...bytesField(1, Uint8Array.from([...bytesField(1, Buffer.from(tag)), ...float(2, value)])),
    ]);
    this.#append([
      ...double(1, Date.now() / 1000),
      ...varintField(2, step),
      ...bytesField(5, Uint8Array.from(summary)),
    ]);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #append(event: readonly number[]): void {
    try {
      writeSync(this.#descriptor, tfRecord(Uint8Array.from(event)));
    } catch (error) {
      throw fileError('write', this.path, error);
    }
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  bytes.push(left);
  return bytes;
}

function varintField(field: number, value: number): number[] {
  return [field * 8, ...varint(value)];
}

function bytesField(field: number, bytes: Uint8Array): number[] {
  return [field * 8 + 2, ...varint(bytes.length), ...bytes];
}

function double(field: number, value: number): number[] {
  return [field * 8 + 1, ...new Uint8Array(Float64Array.of(value).buffer)];
}

function float(field: number, value: number): number[] {
  return [field * 8 + 5, ...new Uint8Array(Float32Array.of(value).buffer)];
}
