// The weights of a model folder behind one interface, whether they are one safetensors file or several shards with an
// index. Pickle files (pytorch_model.bin and its kin) run code when they are read, so they never are.

import { dirname, join } from 'node:path';
import { z } from 'zod';

import { ArgumentError, FormatError, ModelError } from '../../errors.ts';
import { exists, insideFolder, listFolder } from '../files/folder-path.ts';
import { checkJson, readJsonFile } from '../files/json-file.ts';
import { type ReadFloat32Options, SafetensorsFile, type TensorInfo } from './safetensors.ts';

/** Named tensors, read on demand. */
export interface WeightSource {
  /** The folder the weights come from, for messages. */
  readonly path: string;
  readonly names: readonly string[];
  has(name: string): boolean;
  /** ArgumentError when there is no tensor of that name. */
  info(name: string): TensorInfo;
  /** See {@link SafetensorsFile.readFloat32}. */
  readFloat32(name: string, options?: ReadFloat32Options): Promise<Float32Array>;
  /** See {@link SafetensorsFile.readInt8}. */
  readInt8(name: string, into?: Int8Array): Promise<Int8Array>;
  close(): Promise<void>;
}

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const PICKLES = /\.(?:bin|pt|pth|pkl|pickle|ckpt)$/;

/**
 * Opens `model.safetensors`, else the shards of `model.safetensors.index.json`. ModelError when there is neither, when
 * only pickle files are there, or when index and shards contradict each other; FormatError for damaged files.
 */
export async function openWeights(folder: string): Promise<WeightSource> {
  if (await exists(join(folder, SINGLE))) return SafetensorsFile.open(join(folder, SINGLE));
  if (await exists(join(folder, INDEX))) return ShardedWeights.open(folder);
  const pickles = (await listFolder(folder)).filter((name) => PICKLES.test(name));
  if (pickles.length > 0) {
    throw new ModelError(
      `'${folder}' holds its weights only as ${pickles.join(', ')}: such files are pickles, which run code when they ` +
        `are read, and are never read here; ${await conversion(folder)}`,
    );
  }
  throw new ModelError(
    `'${folder}' holds neither ${SINGLE} nor ${INDEX}; check that it is a complete model folder`,
  );
}

/** How to convert the folder that is there: the weights of one module of a pipeline are converted with the whole model. */
async function conversion(folder: string): Promise<string> {
  for (const root of [folder, dirname(folder)]) {
    if (!(await exists(join(root, 'modules.json')))) continue;
    return (
      'convert the model once in Python with sentence_transformers: ' +
      `SentenceTransformer('${root}').save_pretrained('${root}-safetensors'), and load that folder`
    );
  }
  return (
    'convert them once in Python with transformers: ' +
    `AutoModel.from_pretrained('${folder}').save_pretrained('${folder}'), which writes ${SINGLE} beside them`
  );
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

class ShardedWeights implements WeightSource {
  readonly path: string;
  readonly names: readonly string[];
  readonly #owners: ReadonlyMap<string, SafetensorsFile>;
  readonly #shards: readonly SafetensorsFile[];

  private constructor(
    path: string,
    owners: ReadonlyMap<string, SafetensorsFile>,
    shards: readonly SafetensorsFile[],
  ) {
    this.path = path;
    this.names = [...owners.keys()];
    this.#owners = owners;
    this.#shards = shards;
  }

  static async open(folder: string): Promise<ShardedWeights> {
    const indexPath = join(folder, INDEX);
    const index = checkJson(indexSchema, await readJsonFile(indexPath), indexPath, (m) => new FormatError(m));
    const files = new Map<string, string>();
    for (const shard of Object.values(index.weight_map))
      files.set(shard, insideFolder(folder, shard, indexPath));
    const shards = new Map<string, SafetensorsFile>();
    try {
      for (const [shard, path] of files) shards.set(shard, await SafetensorsFile.open(path));
      const owners = matchShards(index.weight_map, shards, indexPath);
      return new ShardedWeights(folder, owners, [...shards.values()]);
    } catch (error) {
      for (const shard of shards.values()) await shard.close();
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#owners.has(name);
  }

  info(name: string): TensorInfo {
    return this.#owner(name).info(name);
  }

  async readFloat32(name: string, options?: ReadFloat32Options): Promise<Float32Array> {
    return this.#owner(name).readFloat32(name, options);
  }

  async readInt8(name: string, into?: Int8Array): Promise<Int8Array> {
    return this.#owner(name).readInt8(name, into);
  }

  async close(): Promise<void> {
    for (const shard of this.#shards) await shard.close();
  }

  #owner(name: string): SafetensorsFile {
    const owner = this.#owners.get(name);
    if (owner === undefined) throw new ArgumentError(`'${this.path}' holds no tensor named '${name}'`);
    return owner;
  }
}

// Index and shards must tell the same story: each listed tensor in its shard, each tensor of a shard listed there.
function matchShards(
  weightMap: Readonly<Record<string, string>>,
  shards: ReadonlyMap<string, SafetensorsFile>,
  indexPath: string,
): Map<string, SafetensorsFile> {
  const owners = new Map<string, SafetensorsFile>();
  for (const [name, shard] of Object.entries(weightMap)) {
    const file = shards.get(shard);
    if (!file?.has(name))
      throw new ModelError(`'${indexPath}' puts tensor '${name}' in '${shard}', which lacks it`);
    owners.set(name, file);
  }
  for (const [shard, file] of shards) {
    for (const name of file.names) {
      const listed = Object.hasOwn(weightMap, name)
        ? `which '${indexPath}' puts in '${weightMap[name]}'`
        : undefined;
      if (weightMap[name] === shard && listed !== undefined) continue;
      throw new ModelError(
        `'${shard}' holds tensor '${name}', ${listed ?? `which '${indexPath}' does not list`}; fetch the model again`,
      );
    }
  }
  return owners;
}

/** Opens a folder's weights for the time of `use`, and closes them whatever comes. Errors as {@link openWeights}. */
export async function withWeights<T>(folder: string, use: (weights: WeightSource) => Promise<T>): Promise<T> {
  const weights = await openWeights(folder);
  try {
    return await use(weights);
  } finally {
    await weights.close();
  }
}
