// The files of a corpus: named one by one, by folder (everything beneath it that is text by its name) or by a pattern with
// `*`, `?` and `**`. The list is sorted and each path is in it once, so that the same arguments give the same corpus.

import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { ArgumentError, DataError } from '../../errors.ts';
import { fileError, systemErrorCode } from '../../io/files/file-error.ts';
import { withoutCompression } from '../formats/decompression.ts';
import { type CorpusFormat, formatOf } from './corpus-format.ts';

/** One file of a corpus. */
export interface CorpusFile {
  path: string;
  /** On the disk, compressed or not. */
  bytes: number;
  format: CorpusFormat;
}

/** Bytes at the start and at the end of a file that count for what it holds. */
const sampledBytes = 2 ** 16;
/** Files that are open at once. */
const openFiles = 16;

const textExtensions = ['.txt', '.text', '.jsonl', '.ndjson'];

/**
 * The files that files, folders and patterns name.
 *
 * @param format How all files are written; by default as each name tells.
 * @throws {FileError} A file or folder does not exist or cannot be looked into.
 * @throws {DataError} A file is empty, a folder holds no text, or a pattern matches nothing.
 * @throws {ArgumentError} Nothing is named, or a file's name does not say what format it has.
 */
export async function corpusFiles(paths: readonly string[], format?: CorpusFormat): Promise<CorpusFile[]> {
  if (paths.length === 0)
    throw new ArgumentError('expected a file, folder or pattern of text but received none');
  const found = new Map<string, CorpusFile>();
  for (const path of paths) {
    for (const file of await filesOf(path, format)) found.set(file.path, file);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

async function filesOf(path: string, format: CorpusFormat | undefined): Promise<CorpusFile[]> {
  const stats = await stat(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT' && isPattern(path)) return undefined;
    throw fileError('read', path, error);
  });
  if (stats?.isFile()) return [await corpusFile(path, format)];
  const matches = stats === undefined ? patternOf(path) : isTextName;
  const names = await namesBeneath(stats === undefined ? folderOf(path) : path);
  const files = await Promise.all(
    names.filter((name) => matches(name)).map((name) => corpusFile(name, format)),
  );
  if (files.length > 0) return files;
  const what =
    stats === undefined
      ? 'no file matches it'
      : `it holds no file of text (${textExtensions.join(', ')}, also .gz and .zst)`;
  throw new DataError(`${path}: expected files of text but ${what}`);
}

async function corpusFile(path: string, format: CorpusFormat | undefined): Promise<CorpusFile> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw fileError('read', path, error);
  });
  if (size === 0) throw new DataError(`${path}:1: expected text but the file is empty; leave it out`);
  return { path, bytes: size, format: format ?? formatOf(path) };
}

/**
 * What the files of a corpus come to, wherever they lie: SHA-256 over their sizes, formats, and first and last 64 KiB. Reading
 * all of a large corpus for it would take longer than many a run.
 *
 * @throws {FileError} A file cannot be read.
 */
export async function corpusFingerprint(files: readonly CorpusFile[]): Promise<string> {
  const hash = createHash('sha256');
  for (let first = 0; first < files.length; first += openFiles) {
    const some = files.slice(first, first + openFiles);
    for (const [i, sample] of (await Promise.all(some.map(sampleOf))).entries()) {
      const { bytes, format } = some[i] as CorpusFile;
      hash.update(`${bytes} ${format}\n`).update(sample);
    }
  }
  return hash.digest('hex');
}

async function sampleOf({ path, bytes }: CorpusFile): Promise<Buffer> {
  try {
    await using file = await open(path);
    const sample = Buffer.alloc(2 * sampledBytes);
    await file.read(sample, 0, sampledBytes, 0);
    await file.read(sample, sampledBytes, sampledBytes, Math.max(0, bytes - sampledBytes));
    return sample;
  } catch (error) {
    throw fileError('read', path, error);
  }
}

/** All files beneath a folder, links followed; hidden names are left out. */
async function namesBeneath(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw fileError('read', folder, error);
  });
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const linked = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (linked?.isDirectory() && !entry.isSymbolicLink()) names.push(...(await namesBeneath(path)));
    else if (linked?.isFile()) names.push(path);
  }
  return names;
}

function isTextName(path: string): boolean {
  return textExtensions.includes(extname(withoutCompression(basename(path))).toLowerCase());
}

const isPattern = (path: string) => /[*?]/.test(path);

/** The part of a pattern before its first special name. */
function folderOf(pattern: string): string {
  const names = pattern.split('/');
  const fixed = names.slice(0, names.findIndex(isPattern));
  return fixed.length === 0 ? '.' : fixed.join('/') || '/';
}

/** `*` and `?` stay within a name; `**` is any number of folders. */
function patternOf(pattern: string): (path: string) => boolean {
  const source = join(pattern)
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?/g, (special) => {
      if (special === '**/') return '(?:[^/]+/)*';
      return special === '**' ? '.*' : special === '*' ? '[^/]*' : '[^/]';
    });
  const expression = new RegExp(`^${source}$`, 'u');
  return (path) => expression.test(path);
}
