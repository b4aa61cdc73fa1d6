// What a killed process left under a temporary name goes when its target is written again; what a live one writes stays.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { AtomicFile, writeFileAtomic } from '../../../src/io/files/atomic-file.ts';
import { writeFolder } from '../../../src/io/files/folder-writer.ts';
import { temporaryName } from '../../../src/io/files/temporary-name.ts';
import { temporaryFolder } from '../../temporary-file.ts';

const ended = spawnSync(process.execPath, ['-e', 'console.log(process.pid)'], { encoding: 'utf8' });
const deadProcess = Number(ended.stdout);

/** A temporary name of `target` as process `id` would have made it. */
const nameOf = (target: string, id: number, machine?: string) =>
  temporaryName(target)
    .replace(/-\d+-([0-9a-f]{12}\.tmp)$/, `-${id}-$1`)
    .replace(/\.[0-9a-f]{8}-/, machine === undefined ? '$&' : `.${machine}-`);

it('names the machine and the process', () => {
  const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  expect(basename(temporaryName('/a/b.npy'))).toMatch(
    new RegExp(`^\\.b\\.npy\\.${machine}-${process.pid}-[0-9a-f]{12}\\.tmp$`),
  );
});

it('files of a dead process go with the next file of that name, and no others', async () => {
  const folder = temporaryFolder();
  const target = join(folder, 'v.npy');
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
  const dead = nameOf(target, deadProcess);
  const inDead = nameOf(dead, deadProcess); // of a temporary file that is written in turn
  const kept = [
    nameOf(target, child.pid as number),
    nameOf(target, deadProcess, '00000000'),
    nameOf(join(folder, 'other.npy'), deadProcess),
    nameOf(join(folder, 'v.npy.bak'), deadProcess),
    join(folder, '.v.npy.0123456789ab.tmp'),
    join(folder, '.v.npy.tmp'),
  ];
  for (const path of [dead, inDead, ...kept]) writeFileSync(path, 'x');
  await writeFileAtomic(target, 'new');
  expect(readdirSync(folder).sort()).toEqual(['v.npy', ...kept.map((path) => basename(path))].sort());
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  await writeFileAtomic(target, 'newer');
  expect(readdirSync(folder)).not.toContain(basename(kept[0] as string));
});

it('a process keeps its own, and removes what one before it with its number left', async () => {
  const folder = temporaryFolder();
  const target = join(folder, 'v.npy');
  const first = await AtomicFile.create(target);
  await first.write(Buffer.from('first'));
  const old = temporaryName(target);
  writeFileSync(old, 'x');
  const longAgo = new Date(Date.now() - 1000 * process.uptime() - 60_000);
  utimesSync(old, longAgo, longAgo);
  const second = await AtomicFile.create(target);
  expect(readdirSync(folder)).toHaveLength(2);
  expect(readdirSync(folder)).not.toContain(basename(old));
  await second.discard();
  await first.commit();
  expect(readdirSync(folder)).toEqual(['v.npy']);
});

it('folders too', async () => {
  const folder = temporaryFolder();
  const target = join(folder, 'model');
  const dead = nameOf(target, deadProcess);
  mkdirSync(dead);
  writeFileSync(join(dead, 'config.json'), '{}');
  await writeFolder(target, {}, async (path) => writeFileSync(join(path, 'a'), ''));
  expect(readdirSync(folder)).toEqual(['model']);
});
