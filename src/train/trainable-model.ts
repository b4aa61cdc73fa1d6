// A sentence encoder whose parameters are trained: encoder, pooling, the dense and normalize modules of its folder, and a
// head that only training needs. All parameters lie in one store.

import { ParameterStore } from '../autograd/parameter-store.ts';
import { ModelError } from '../errors.ts';
import type { ModelFolder } from '../io/model-folder.ts';
import { type DenseModule, writeModelFolder } from '../io/model-folder-writer.ts';
import type { PoolingMode as StoredPooling } from '../io/pooling-config.ts';
import type { SafetensorsTensor } from '../io/safetensors-writer.ts';
import { withWeights } from '../io/weights.ts';
import type { Engine } from '../native/engine.ts';
import { Encoder } from '../nn/encoder.ts';
import { uploadBatch } from '../nn/encoder-batch.ts';
import { encoderParameters, linearParameters } from '../nn/encoder-parameters.ts';
import { Linear } from '../nn/linear.ts';
import { Module } from '../nn/module.ts';
import { ParameterReader, type ParameterSource } from '../nn/parameter-reader.ts';
import { Pooling, type PoolingMode } from '../nn/pooling.ts';
import { randomParameters } from '../nn/random-parameters.ts';
import type { TrainedModel } from '../objectives/objective.ts';
import { l2Normalize } from '../ops/rows.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { RaggedTokens } from '../tokenizer/tokenizer.ts';

export interface TrainableModelOptions {
  pooling: readonly PoolingMode[];
  /** What the written folder says. */
  stored: readonly PoolingMode[];
  /** SimCSE's dense layer with tanh: in training only, kept in the model, or none. */
  head: 'training' | 'always' | 'none';
  /** Of the head's first weights. */
  seed: number;
}

const headName = 'head.dense';

/** A pooling with the folder's modules after it: dense layers, and `normalize`. */
class SentencePooling extends Pooling {
  readonly modules: readonly (Linear | 'normalize')[];

  constructor(
    modes: readonly PoolingMode[],
    includePrompt: boolean | undefined,
    modules: readonly (Linear | 'normalize')[],
  ) {
    super(modes, includePrompt);
    this.modules = modules;
  }

  override forward(...given: Parameters<Pooling['forward']>): Tensor {
    let vectors = super.forward(...given);
    for (const module of this.modules) {
      vectors = module === 'normalize' ? l2Normalize(vectors) : module.forward(vectors);
    }
    return vectors;
  }
}

export class TrainableModel extends Module {
  readonly engine: Engine;
  readonly folder: ModelFolder;
  readonly store: ParameterStore;
  readonly encoder: Encoder;
  readonly pooling: SentencePooling;
  readonly head: Linear | undefined;
  readonly #options: TrainableModelOptions;

  private constructor(
    parts: Pick<TrainableModel, 'engine' | 'folder' | 'store' | 'encoder' | 'pooling' | 'head'>,
    options: TrainableModelOptions,
  ) {
    super();
    this.engine = parts.engine;
    this.folder = parts.folder;
    this.encoder = this.own(parts.encoder);
    this.pooling = parts.pooling;
    for (const module of parts.pooling.modules) if (module !== 'normalize') this.own(module);
    this.head = parts.head && this.own(parts.head);
    this.store = this.own(parts.store);
    this.#options = options;
  }

  /** What objectives learn: with the head, if there is one. */
  get trained(): TrainedModel {
    return { encoder: this.encoder, pooling: this.pooling, head: this.head };
  }

  /** Reads a folder's weights into a store of their own. @throws ModelError, FormatError, FileError */
  static load(engine: Engine, folder: ModelFolder, options: TrainableModelOptions): Promise<TrainableModel> {
    return withWeights(folder.transformer.path, async (weights) => {
      const { config } = folder;
      const dense = folder.modules.filter((module) => module.kind === 'dense');
      const width = dense.at(-1)?.outFeatures ?? options.pooling.length * config.hiddenSize;
      const pooler = weights.names.some((name) => name.endsWith('pooler.dense.weight'));
      const headSpecs = options.head === 'none' ? [] : linearParameters(headName, width, width);
      const specs = [
        ...encoderParameters(config, { pooler }),
        ...dense.flatMap(({ inFeatures, outFeatures, bias }, index) =>
          linearParameters(denseName(index), inFeatures, outFeatures).slice(0, bias ? 2 : 1),
        ),
        ...headSpecs,
      ];
      const store = new ParameterStore(engine, specs);
      const encoder = await Encoder.load(engine, config, weights, { trainable: store });
      const modules: (Linear | 'normalize')[] = [];
      for (const module of folder.modules) {
        if (module.kind === 'normalize') modules.push('normalize');
        if (module.kind !== 'dense') continue;
        const name = denseName(modules.filter((each) => each !== 'normalize').length);
        const { inFeatures: inputs, outFeatures: outputs, activation, bias } = module;
        const shape = { inputs, outputs, activation, bias };
        modules.push(
          await withWeights(module.path, (source) => loadLinear(store, renamed(source, name), name, shape)),
        );
      }
      const includePrompt = folder.modules.find((module) => module.kind === 'pooling')?.includePrompt;
      const pooling = new SentencePooling(options.pooling, includePrompt, modules);
      pooling.checkEncoder(encoder);
      const shape = { inputs: width, outputs: width, activation: 'tanh' as const };
      const head =
        options.head === 'none'
          ? undefined
          : await loadLinear(store, randomParameters(headSpecs, options.seed), headName, shape);
      return new TrainableModel({ engine, folder, store, encoder, pooling, head }, options);
    });
  }

  /** Queues the vectors of texts, without dropout and without a head of training only. @returns [texts, width] */
  forward({ tokenIds, offsets }: RaggedTokens): Tensor {
    const { config } = this.encoder;
    const batch = uploadBatch(this.engine, tokenIds, offsets, config.positionOffset);
    const states = this.encoder.forward(batch, this.trained.pooling.wantedStates(config.layers));
    const vectors = this.trained.pooling.forward(this.encoder, states, batch);
    return this.head !== undefined && this.#options.head === 'always' ? this.head.forward(vectors) : vectors;
  }

  /** Writes a sentence-transformers folder, replacing one that is there. @throws FileError, ArgumentError */
  async save(target: string): Promise<void> {
    const { config, transformer, prompts, defaultPromptName, similarity } = this.folder;
    const encoder = this.store.parameters.filter(({ name }) => !/^(head|modules)\./.test(name));
    const tensors: SafetensorsTensor[] = [];
    for (const parameter of encoder) {
      const data = (await parameter.read()) as Float32Array;
      tensors.push({ name: parameter.name, dtype: 'F32', shape: [...parameter.shape], data });
    }
    const modes = this.#options.stored as readonly StoredPooling[];
    const { includePrompt } = this.pooling;
    await writeModelFolder(
      target,
      {
        config,
        tensors,
        maxSequenceLength: transformer.maxSequenceLength,
        lowerCase: transformer.lowerCase,
        modules: [{ kind: 'pooling', modes: [...modes], includePrompt }, ...(await this.#storedModules())],
        prompts,
        ...(defaultPromptName === undefined ? {} : { defaultPromptName }),
        similarity,
        tokenizerFrom: transformer.path,
      },
      { overwrite: true },
    );
  }

  async #storedModules(): Promise<(DenseModule | { kind: 'normalize' })[]> {
    const stored: (DenseModule | { kind: 'normalize' })[] = [];
    let dense = 0;
    for (const module of this.pooling.modules) {
      if (module === 'normalize') stored.push({ kind: 'normalize' });
      else stored.push(await this.#storedDense(module, denseName(dense++)));
    }
    if (this.head !== undefined && this.#options.head === 'always') {
      stored.push(await this.#storedDense(this.head, headName));
    }
    return stored;
  }

  async #storedDense({ weight, bias, activation }: Linear, name: string): Promise<DenseModule> {
    const read = async (part: string) =>
      (await this.store.parameter(`${name}.${part}`).read()) as Float32Array;
    return {
      kind: 'dense',
      inFeatures: weight.inputs,
      outFeatures: weight.outputs,
      activation: activation as DenseModule['activation'],
      weight: await read('weight'),
      ...(bias === undefined ? {} : { biasValues: await read('bias') }),
    };
  }
}

const denseName = (index: number) => `modules.${index}.linear`;

function loadLinear(
  store: ParameterStore,
  source: ParameterSource,
  name: string,
  shape: Parameters<typeof Linear.load>[1],
): Promise<Linear> {
  return Linear.load(
    new ParameterReader(store.engine, source, { prefix: `${name}.`, trainable: store }),
    shape,
  );
}

/** A dense module's weights, `linear.weight` and `linear.bias`, under the store's name for them. */
function renamed(source: ParameterSource, name: string): ParameterSource {
  const original = (full: string) => full.replace(`${name}.`, 'linear.');
  if (!source.names.includes('linear.weight'))
    throw new ModelError('expected a dense module with linear.weight');
  return {
    names: source.names.map((each) => each.replace(/^linear\./, `${name}.`)),
    info: (full) => source.info(original(full)),
    readFloat32: (full) => source.readFloat32(original(full)),
  };
}
