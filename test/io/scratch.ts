// A temporary folder per test file, and small files made by code.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect } from 'vitest';

import { LikewiseError } from '../../src/errors.ts';

/** A folder that is removed when the tests of the calling file are over. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'likewise-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Content of a file: text, bytes, or a value written as JSON. */
export type Content = string | Uint8Array | object | number | null;

/** Writes a tree of files, relative path to content; `null` leaves an entry out. */
export async function writeTree(folder: string, tree: Record<string, Content>): Promise<string> {
  for (const [name, content] of Object.entries(tree)) {
    if (content === null) continue;
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    const raw = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(path, raw ? content : JSON.stringify(content));
  }
  return folder;
}

/** The bytes of a safetensors file with any header and data. */
export function rawSafetensors(
  header: string | object | Uint8Array,
  data = new Uint8Array(0),
  length?: bigint,
): Buffer {
  const text =
    header instanceof Uint8Array
      ? header
      : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.byteLength));
  return Buffer.concat([prefix, text, data]);
}

/** Names of temporary files that were left behind. */
export function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.tmp'));
}

/** Awaits a rejection with one of our errors, of this class and with this message. */
export async function expectError(
  promise: Promise<unknown>,
  errorClass: new (message: string) => LikewiseError,
  message: RegExp,
): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, 'expected a rejection').toBeInstanceOf(LikewiseError);
  expect((error as LikewiseError).message).toMatch(message);
  expect((error as LikewiseError).message).not.toMatch(/\n/);
  expect((error as LikewiseError).constructor.name).toBe(errorClass.name);
}

/** A seeded generator of numbers in [0, 1): mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
