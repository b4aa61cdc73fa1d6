// One file or shards with an index behind one interface; contradictions and pickles are refused.

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import {
  ArgumentError,
  FileError,
  FormatError,
  type LikewiseError,
  ModelError,
} from '../../../src/errors.ts';
import { openWeights } from '../../../src/io/safetensors/weights.ts';
import { expectError } from '../../expect-error.ts';
import { type Content, scratchFolder, writeTree } from '../../temporary-file.ts';
import { rawSafetensors } from './raw-safetensors.ts';

const root = scratchFolder();
let count = 0;

async function folderWith(tree: Record<string, Content>): Promise<string> {
  count += 1;
  const folder = join(root, `weights-${count}`);
  mkdirSync(folder);
  return writeTree(folder, tree);
}

/** A shard that holds scalars of these names and values. */
function shard(values: Record<string, number>): Buffer {
  const names = Object.keys(values);
  const header = names.map((name, i) => [
    name,
    { dtype: 'F32', shape: [1], data_offsets: [4 * i, 4 * i + 4] },
  ]);
  return rawSafetensors(
    Object.fromEntries(header),
    new Uint8Array(new Float32Array(Object.values(values)).buffer),
  );
}

const INDEX = 'model.safetensors.index.json';
const shards = { 'a.safetensors': shard({ x: 1, y: 2 }), 'sub/b.safetensors': shard({ z: 3 }) };
const map = { x: 'a.safetensors', y: 'a.safetensors', z: 'sub/b.safetensors' };

describe('openWeights', () => {
  it('reads a single file', async () => {
    const weights = await openWeights(
      await folderWith({ 'model.safetensors': shard({ x: 1 }), [INDEX]: 'ignored' }),
    );
    expect(weights.names).toEqual(['x']);
    expect(await weights.readFloat32('x')).toEqual(new Float32Array([1]));
    await weights.close();
  });

  it('reads shards, in the order of the index', async () => {
    const weights = await openWeights(
      await folderWith({ ...shards, [INDEX]: { metadata: {}, weight_map: map } }),
    );
    expect(weights.names).toEqual(['x', 'y', 'z']);
    expect(weights.has('z')).toBe(true);
    expect(weights.has('w')).toBe(false);
    expect(weights.info('z')).toEqual({ dtype: 'F32', shape: [1], byteLength: 4 });
    expect(await weights.readFloat32('z')).toEqual(new Float32Array([3]));
    expect(await weights.readFloat32('y')).toEqual(new Float32Array([2]));
    await expectError(weights.readFloat32('w'), ArgumentError, /no tensor named 'w'/);
    await weights.close();
  });

  it('follows symbolic links out of the folder, as the Hugging Face cache is made', async () => {
    const blobs = await folderWith({ 'blob-1': shards['a.safetensors'] });
    const folder = await folderWith({ [INDEX]: { weight_map: { x: 'a.safetensors', y: 'a.safetensors' } } });
    symlinkSync(join(blobs, 'blob-1'), join(folder, 'a.safetensors'));
    const weights = await openWeights(folder);
    expect(await weights.readFloat32('x')).toEqual(new Float32Array([1]));
    await weights.close();
  });

  it('says how to convert the model of which a module is a pickle', async () => {
    const folder = await folderWith({ 'modules.json': [], '2_Dense/pytorch_model.bin': 'x' });
    await expectError(
      openWeights(join(folder, '2_Dense')),
      ModelError,
      new RegExp(`2_Dense' holds .* SentenceTransformer\\('${folder}'\\)\\.save_pretrained`),
    );
  });

  const bad: [string, Record<string, Content>, new (m: string) => LikewiseError, RegExp][] = [
    ['nothing', {}, ModelError, /neither model\.safetensors nor/],
    [
      'a pickle',
      { 'pytorch_model.bin': 'x' },
      ModelError,
      /only as pytorch_model\.bin: .*never read.*AutoModel\.from_pretrained\('\/.*'\)\.save_pretrained/,
    ],
    [
      'a pickle of a pipeline',
      { 'pytorch_model.bin': 'x', 'modules.json': [] },
      ModelError,
      /sentence_transformers: SentenceTransformer\('(.*)'\)\.save_pretrained\('\1-safetensors'\)/,
    ],
    ['pickles', { 'a.pt': 'x', 'b.pkl': 'x' }, ModelError, /only as a\.pt, b\.pkl/],
    [
      'a folder for the file',
      { 'model.safetensors/x': 'x' },
      FileError,
      /model\.safetensors': it is a folder/,
    ],
    [
      'an index that is not JSON',
      { ...shards, [INDEX]: '{' },
      FormatError,
      /index\.json' is not usable JSON/,
    ],
    ['an index without a map', { ...shards, [INDEX]: {} }, FormatError, /weight_map/],
    ['a map to numbers', { ...shards, [INDEX]: { weight_map: { x: 1 } } }, FormatError, /weight_map\.x/],
    ['a missing shard', { [INDEX]: { weight_map: map } }, FileError, /a\.safetensors.*ENOENT/],
    [
      'a shard that is damaged',
      { 'a.safetensors': 'x', [INDEX]: { weight_map: { x: 'a.safetensors' } } },
      FormatError,
      /too few/,
    ],
    [
      'a tensor its shard lacks',
      { ...shards, [INDEX]: { weight_map: { ...map, w: 'a.safetensors' } } },
      ModelError,
      /'w' in 'a\.safetensors', which lacks it/,
    ],
    [
      'a tensor in another shard',
      { ...shards, [INDEX]: { weight_map: { ...map, y: 'sub/b.safetensors' } } },
      ModelError,
      /'y' in 'sub\/b/,
    ],
    [
      'a tensor held twice',
      { ...shards, 'sub/b.safetensors': shard({ z: 3, x: 1 }), [INDEX]: { weight_map: map } },
      ModelError,
      /holds tensor 'x', which .* puts in 'a\.safetensors'/,
    ],
    [
      'a tensor the index lacks',
      { ...shards, [INDEX]: { weight_map: { x: 'a.safetensors', z: 'sub/b.safetensors' } } },
      ModelError,
      /holds tensor 'y', which .* does not list/,
    ],
    [
      'a shard above the folder',
      { [INDEX]: { weight_map: { x: '../a.safetensors' } } },
      ModelError,
      /"\.\.\/a\.safetensors".*leaves the model folder/,
    ],
    [
      'a shard that climbs out from below',
      { [INDEX]: { weight_map: { x: 'sub/../../a' } } },
      ModelError,
      /leaves the model folder/,
    ],
    [
      'a shard with backslashes',
      { [INDEX]: { weight_map: { x: '..\\a' } } },
      ModelError,
      /leaves the model folder/,
    ],
    [
      'an absolute shard',
      { [INDEX]: { weight_map: { x: '/etc/passwd' } } },
      ModelError,
      /"\/etc\/passwd".*leaves/,
    ],
    ['a shard on a drive', { [INDEX]: { weight_map: { x: 'C:\\a' } } }, ModelError, /leaves/],
    ['a shard with NUL', { [INDEX]: { weight_map: { x: 'a\0b' } } }, ModelError, /leaves/],
    ['a shard without a name', { [INDEX]: { weight_map: { x: '' } } }, FileError, /is a folder/],
  ];
  it.each(bad)('refuses %s', async (_name, tree, errorClass, message) => {
    await expectError(openWeights(await folderWith(tree)), errorClass, message);
  });

  it('refuses a folder that is not there and a shard that links to itself', async () => {
    await expectError(openWeights(join(root, 'none')), FileError, /ENOENT/);
    const folder = await folderWith({ [INDEX]: { weight_map: { x: 'a.safetensors' } } });
    symlinkSync(join(folder, 'a.safetensors'), join(folder, 'a.safetensors'));
    await expectError(openWeights(folder), FileError, /ELOOP/);
    symlinkSync(join(folder, 'model.safetensors'), join(folder, 'model.safetensors'));
    await expectError(openWeights(folder), FileError, /ELOOP/);
  });
});
