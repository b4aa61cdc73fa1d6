// Writes an encoder as a sentence-transformers folder: the weights of the folder it came from, in the precision and with the
// pooling in use.
import { ArgumentError } from '../../errors.ts';
import type { DenseSpec } from '../../io/model-folder/dense-config.ts';
import { withEncoderWeights } from '../../io/model-folder/encoder-weights.ts';
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import {
  type DenseModule,
  type ModelFolderContent,
  tokenizerOf,
} from '../../io/model-folder/model-folder-content.ts';
import { type WriteModelFolderOptions, writeModelFolder } from '../../io/model-folder/model-folder-writer.ts';
import type { PoolingMode as StoredPooling } from '../../io/model-folder/pooling-config.ts';
import type { SafetensorsTensor } from '../../io/safetensors/safetensors-writer.ts';
import { withWeights } from '../../io/safetensors/weights.ts';
import type { Engine } from '../../native/engine.ts';
import type { Pooling, PoolingMode } from '../../nn/encoder/pooling.ts';
import type { Precision } from '../../nn/layers/precision.ts';
import { readQuantized } from './quantized-tensors.ts';

/** Poolings that a sentence-transformers folder has names for. */
const STORABLE_POOLINGS: readonly string[] = [
  'cls',
  'mean',
  'max',
  'mean_sqrt_len',
  'weighted_mean',
  'last_token',
];

/** What a loaded model adds to its folder when it is saved. */
export interface SavedModel {
  engine: Engine;
  precision: Precision;
  pooling: Pooling;
}

/** @throws ArgumentError for a pooling that sentence-transformers has no name for; FileError */
export async function saveEncoder(
  source: ModelFolder,
  model: SavedModel,
  target: string,
  options: WriteModelFolderOptions,
): Promise<void> {
  await writeModelFolder(target, await readContent(source, model), options);
}

/**
 * The modes, all of which sentence-transformers has names for.
 * @param remedy what to do about one that it does not have
 * @throws ArgumentError for such a mode
 */
export function storablePooling(
  modes: readonly PoolingMode[],
  remedy = 'save it with one of these',
): StoredPooling[] {
  const isStorable = (mode: PoolingMode): mode is StoredPooling => STORABLE_POOLINGS.includes(mode);
  const other = modes.find((mode) => !isStorable(mode));
  if (other === undefined) return modes.filter(isStorable);
  throw new ArgumentError(
    `expected a pooling that sentence-transformers can load (${STORABLE_POOLINGS.join(', ')}) but received ${other}: ${remedy}`,
  );
}

/** What a folder holds, with its weights in memory, and the precision and pooling in use. @throws ArgumentError, FileError */
export async function readContent(
  source: ModelFolder,
  { engine, precision, pooling }: SavedModel,
): Promise<ModelFolderContent> {
  const stored = storablePooling(pooling.modes);
  const { config, transformer, prompts, defaultPromptName, similarity } = source;
  const modules = source.modules.filter((module) => module.kind !== 'pooling');
  return {
    config,
    precision: precision === 'int8' ? precision : 'float32', // bfloat16 is made from float32 whenever it is loaded
    tensors: await (precision === 'int8' ? readQuantized(engine, source) : readAll(source)),
    maxSequenceLength: transformer.maxSequenceLength,
    lowerCase: transformer.lowerCase,
    modules: [
      { kind: 'pooling', modes: stored, includePrompt: pooling.includePrompt },
      ...(await Promise.all(modules.map((module) => (module.kind === 'dense' ? readDense(module) : module)))),
    ],
    prompts,
    ...(defaultPromptName === undefined ? {} : { defaultPromptName }),
    similarity,
    ...tokenizerOf(transformer),
  };
}

function readAll(source: ModelFolder): Promise<SafetensorsTensor[]> {
  return withEncoderWeights(source, async (weights) => {
    const tensors: SafetensorsTensor[] = [];
    for (const name of weights.names) {
      const { dtype, shape } = weights.info(name);
      if (!/^B?F\d+$/.test(dtype)) continue; // position_ids and the like: buffers that every loader makes itself
      tensors.push({ name, dtype: 'F32', shape, data: await weights.readFloat32(name) });
    }
    return tensors;
  });
}

/** A dense module with its weights. @throws FileError, FormatError */
export function readDense(spec: DenseSpec): Promise<DenseModule> {
  const { kind, inFeatures, outFeatures, activation } = spec;
  return withWeights(spec.path, async (weights) => ({
    kind,
    inFeatures,
    outFeatures,
    activation,
    weight: await weights.readFloat32('linear.weight'),
    ...(spec.bias ? { biasValues: await weights.readFloat32('linear.bias') } : {}),
  }));
}
