// Reads a model folder's weights into one store, with first weights for what only training needs; or random ones for all of
// it, from a folder that holds no more than config.json and a tokenizer.

import type { ParameterSpec } from '../../autograd/parameter.ts';
import { ParameterStore } from '../../autograd/parameter-store.ts';
import { ModelError } from '../../errors.ts';
import { listFolder } from '../../io/files/folder-path.ts';
import type { DenseSpec } from '../../io/model-folder/dense-config.ts';
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import { type WeightSource, withWeights } from '../../io/safetensors/weights.ts';
import type { Engine } from '../../native/engine.ts';
import { Encoder } from '../../nn/encoder/encoder.ts';
import { encoderParameters, linearParameters } from '../../nn/encoder/encoder-parameters.ts';
import { maskedLanguageParameters } from '../../nn/heads/masked-language-head.ts';
import { Linear, type LinearConfig } from '../../nn/layers/linear.ts';
import { ParameterReader, type ParameterSource } from '../../nn/parameters/parameter-reader.ts';
import { randomParameters } from '../../nn/parameters/random-parameters.ts';
import { LearnedTemperature, temperatureParameters } from '../../objectives/learned-temperature.ts';
import { loadMaskedLanguageHead } from '../../objectives/load-masked-language-head.ts';
import {
  denseName,
  headName,
  SentencePooling,
  TrainableModel,
  type TrainableModelOptions,
} from './trainable-model.ts';

/** @throws ModelError, FormatError, FileError, ArgumentError; the engine then holds what was read so far */
export async function loadTrainableModel(
  engine: Engine,
  folder: ModelFolder,
  options: TrainableModelOptions,
): Promise<TrainableModel> {
  if (options.weights === 'random') return assemble(engine, folder, options, randomSource(folder, options));
  if (folder.precision !== 'float32') {
    throw new ModelError(
      `expected float32 weights to train but '${folder.path}' holds them in ${folder.precision}: train the model it was ` +
        'quantised from, then quantise again',
    );
  }
  const { path } = folder.transformer;
  if (!(await listFolder(path)).some((name) => /\.(safetensors|bin|pth?|pkl|pickle|ckpt)$/.test(name))) {
    throw new ModelError(
      `'${path}' holds no weights, neither model.safetensors nor model.safetensors.index.json: fetch them, or start with ` +
        'random ones (weights=random)',
    );
  }
  return withWeights(path, (weights) => assemble(engine, folder, options, weights));
}

async function assemble(
  engine: Engine,
  folder: ModelFolder,
  options: TrainableModelOptions,
  weights: Weights,
): Promise<TrainableModel> {
  const { config } = folder;
  const { seed, learnedTemperature, maskedLanguage, precision } = options;
  const width = widthOf(folder, options);
  const store = new ParameterStore(engine, parametersOf(folder, weights, options));
  const encoder = await Encoder.load(engine, config, weights, { trainable: store, precision });
  const includePrompt = folder.modules.find((module) => module.kind === 'pooling')?.includePrompt;
  const pooling = new SentencePooling(
    options.pooling,
    includePrompt,
    await loadModules(folder, store, options),
  );
  pooling.checkEncoder(encoder);
  const head =
    options.head === 'none'
      ? undefined
      : await loadLinear(store, randomParameters(headParameters(width), seed), headName, {
          inputs: width,
          outputs: width,
          activation: 'tanh',
        });
  const masked = maskedLanguage
    ? await loadMaskedLanguageHead(weights, config, store, { seed, precision })
    : undefined;
  const temperature =
    learnedTemperature === undefined ? undefined : LearnedTemperature.create(store, learnedTemperature);
  const maskedLanguageHead = masked?.head;
  const notes = masked?.notes ?? [];
  const parts = { folder, store, encoder, pooling, head, maskedLanguageHead, temperature, notes };
  return new TrainableModel(parts, options);
}

/** What a model is read from. */
type Weights = ParameterSource & Pick<WeightSource, 'path' | 'has'>;

/** Random weights of the encoder under the names of a folder's; a model that begins with them has no pooler. */
function randomSource({ config, transformer }: ModelFolder, { seed }: TrainableModelOptions): Weights {
  const source = randomParameters(encoderParameters(config, { pooler: false }), seed);
  return { ...source, path: transformer.path, has: (name) => source.names.includes(name) };
}

const denseModules = ({ modules }: ModelFolder) =>
  modules.filter((module): module is DenseSpec => module.kind === 'dense');

const headParameters = (width: number) => linearParameters(headName, width, width);

/** Components of a sentence's vector, before the head. */
function widthOf(folder: ModelFolder, { pooling }: TrainableModelOptions): number {
  return denseModules(folder).at(-1)?.outFeatures ?? pooling.length * folder.config.hiddenSize;
}

function parametersOf(
  folder: ModelFolder,
  weights: Weights,
  options: TrainableModelOptions,
): ParameterSpec[] {
  const { config } = folder;
  const pooler = weights.names.some((name) => name.endsWith('pooler.dense.weight'));
  return [
    ...encoderParameters(config, { pooler }),
    ...denseModules(folder).flatMap(({ inFeatures, outFeatures, bias }, index) =>
      linearParameters(denseName(index), inFeatures, outFeatures).slice(0, bias ? 2 : 1),
    ),
    ...(options.head === 'none' ? [] : headParameters(widthOf(folder, options))),
    ...(options.maskedLanguage ? maskedLanguageParameters(config) : []),
    ...(options.learnedTemperature === undefined ? [] : temperatureParameters),
  ];
}

async function loadModules(
  folder: ModelFolder,
  store: ParameterStore,
  { weights, seed }: TrainableModelOptions,
): Promise<(Linear | 'normalize')[]> {
  const loaded: (Linear | 'normalize')[] = [];
  let dense = 0;
  for (const module of folder.modules) {
    if (module.kind === 'normalize') loaded.push('normalize');
    if (module.kind !== 'dense') continue;
    const name = denseName(dense++);
    const { inFeatures: inputs, outFeatures: outputs, activation, bias } = module;
    const shape = { inputs, outputs, activation, bias };
    const read = (source: WeightSource) => loadLinear(store, renamed(source, name), name, shape);
    const random = () =>
      loadLinear(store, randomParameters(linearParameters(name, inputs, outputs), seed), name, shape);
    loaded.push(await (weights === 'random' ? random() : withWeights(module.path, read)));
  }
  return loaded;
}

function loadLinear(
  store: ParameterStore,
  source: ParameterSource,
  name: string,
  config: LinearConfig,
): Promise<Linear> {
  const reader = new ParameterReader(store.engine, source, { prefix: `${name}.`, trainable: store });
  return Linear.load(reader, config);
}

/** A dense module's weights, `linear.weight` and `linear.bias`, under the store's name for them. */
function renamed(source: WeightSource, name: string): ParameterSource {
  if (!source.has('linear.weight')) {
    const found = source.names.slice(0, 3).join(', ');
    throw new ModelError(
      `expected the dense module '${source.path}' to hold linear.weight but it holds ${found}: fetch the model again`,
    );
  }
  const original = (full: string) => full.replace(`${name}.`, 'linear.');
  return {
    names: source.names.map((each) => each.replace(/^linear\./, `${name}.`)),
    info: (full) => source.info(original(full)),
    readFloat32: (full) => source.readFloat32(original(full)),
  };
}
