// Files for a test to read and folders for it to write, removed when the test ends or when its file does.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

function newFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'likewise-test-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A new folder, removed after the test that asks for it. */
export function temporaryFolder(): string {
  const { folder, remove } = newFolder();
  onTestFinished(remove);
  return folder;
}

/** A new folder for all tests of the calling file, removed when they are over. */
export function scratchFolder(): string {
  const { folder, remove } = newFolder();
  afterAll(remove);
  return folder;
}

/** A new file of that name, in a folder of its own, removed after the test. */
export function temporaryFile(name: string, content: string | Uint8Array): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
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

/** Writes each tree of files to a folder of its own, in a scratch folder. */
export function scratchTrees(): (tree: Record<string, Content>) => Promise<string> {
  const root = scratchFolder();
  let count = 0;
  return async (tree) => {
    count += 1;
    const folder = join(root, `tree-${count}`);
    await mkdir(folder);
    return writeTree(folder, tree);
  };
}

/** Names of temporary files that were left behind. */
export function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.tmp'));
}
