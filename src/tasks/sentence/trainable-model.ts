// A sentence encoder whose parameters are trained: encoder, pooling, the dense and normalize modules of its folder, and what
// only training needs. All parameters lie in one store.

import type { ParameterStore } from '../../autograd/parameter-store.ts';
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import { type DenseModule, tokenizerOf } from '../../io/model-folder/model-folder-content.ts';
import { writeModelFolder } from '../../io/model-folder/model-folder-writer.ts';
import type { PoolingMode as StoredPooling } from '../../io/model-folder/pooling-config.ts';
import type { SimilarityFunction } from '../../io/model-folder/similarity-function.ts';
import type { SafetensorsTensor } from '../../io/safetensors/safetensors-writer.ts';
import type { Engine } from '../../native/engine.ts';
import type { Encoder } from '../../nn/encoder/encoder.ts';
import { uploadBatch } from '../../nn/encoder/encoder-batch.ts';
import { encoderParameters } from '../../nn/encoder/encoder-parameters.ts';
import { Pooling, type PoolingMode } from '../../nn/encoder/pooling.ts';
import type { MaskedLanguageHead } from '../../nn/heads/masked-language-head.ts';
import type { Linear } from '../../nn/layers/linear.ts';
import { Module } from '../../nn/layers/module.ts';
import type { TrainingPrecision } from '../../nn/layers/precision.ts';
import type { LearnedTemperature } from '../../objectives/learned-temperature.ts';
import type { TrainedModel } from '../../objectives/objective.ts';
import { l2Normalize } from '../../ops/rows/rows.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { RaggedTokens } from '../../tokenizer/tokenizer.ts';

export interface TrainableModelOptions {
  pooling: readonly PoolingMode[];
  /** What the written folder says. */
  stored: readonly StoredPooling[];
  /** SimCSE's dense layer with tanh: in training only, kept in the model, or none. */
  head: 'training' | 'always' | 'none';
  /** Whether there is a masked language head beside the encoder. */
  maskedLanguage: boolean;
  /** Where a learned temperature begins; undefined: none is learned. */
  learnedTemperature: number | undefined;
  /** Of first weights that the folder does not have. */
  seed: number;
  /** Of the encoder's products. */
  precision: TrainingPrecision;
  /** Whether to begin with the folder's weights or, whatever it holds, with random ones. */
  weights?: 'model' | 'random' | undefined;
}

/** What a model is put together from; all but the folder belongs to it then. */
export interface TrainableModelParts {
  folder: ModelFolder;
  store: ParameterStore;
  encoder: Encoder;
  pooling: SentencePooling;
  head: Linear | undefined;
  maskedLanguageHead: MaskedLanguageHead | undefined;
  temperature: LearnedTemperature | undefined;
  /** What was assumed because the folder does not have it. */
  notes: readonly string[];
}

/** The head's parameters below this name, those of the folder's dense modules below the others. */
export const headName = 'head.dense';
export const denseName = (index: number) => `modules.${index}.linear`;

/** A pooling with the folder's modules after it: dense layers, and `normalize`. */
export class SentencePooling extends Pooling {
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
  readonly store: ParameterStore;
  readonly maskedLanguageHead: MaskedLanguageHead | undefined;
  readonly temperature: LearnedTemperature | undefined;
  readonly notes: readonly string[];
  /** What objectives learn: with the head, if there is one. */
  readonly trained: TrainedModel;
  readonly #parts: TrainableModelParts;
  /** The written model's. */
  readonly #pooling: SentencePooling;
  readonly #options: TrainableModelOptions;

  constructor(parts: TrainableModelParts, options: TrainableModelOptions) {
    super();
    const { store, encoder, pooling, head, maskedLanguageHead, temperature, notes } = parts;
    const dense = pooling.modules.filter((module) => module !== 'normalize');
    for (const part of [encoder, ...dense, head, maskedLanguageHead, store]) if (part) this.own(part);
    this.engine = store.engine;
    this.store = store;
    this.maskedLanguageHead = maskedLanguageHead;
    this.temperature = temperature;
    this.notes = notes;
    this.trained = { encoder, pooling, head };
    this.#parts = parts;
    this.#pooling = new SentencePooling(options.stored, pooling.includePrompt, pooling.modules);
    this.#options = options;
  }

  /** How the written model says its vectors are to be compared. */
  get similarityFunction(): SimilarityFunction {
    return this.#parts.folder.similarity;
  }

  /** Queues the vectors that the written model gives texts. @returns [texts, width] */
  forward({ tokenIds, offsets }: RaggedTokens): Tensor {
    const { encoder, head } = this.#parts;
    const pooling = this.#pooling;
    const batch = uploadBatch(this.engine, tokenIds, offsets, encoder.config.positionOffset);
    const states = encoder.forward(batch, pooling.wantedStates(encoder.config.layers));
    const vectors = pooling.forward(encoder, states, batch);
    return head !== undefined && this.#options.head === 'always' ? head.forward(vectors) : vectors;
  }

  /**
   * Writes a sentence-transformers folder, replacing one that is there. What only training needs is not in it.
   * @throws FileError
   */
  async save(target: string): Promise<void> {
    const { folder, pooling } = this.#parts;
    const { config, transformer, prompts, defaultPromptName, similarity } = folder;
    const modes = [...this.#options.stored];
    const { includePrompt } = pooling;
    await writeModelFolder(
      target,
      {
        config,
        tensors: await this.#encoderTensors(),
        maxSequenceLength: transformer.maxSequenceLength,
        lowerCase: transformer.lowerCase,
        modules: [{ kind: 'pooling', modes, includePrompt }, ...(await this.#storedModules())],
        prompts,
        ...(defaultPromptName === undefined ? {} : { defaultPromptName }),
        similarity,
        ...tokenizerOf(transformer),
      },
      { overwrite: true },
    );
  }

  async #encoderTensors(): Promise<SafetensorsTensor[]> {
    const { config, pooler } = this.#parts.encoder;
    const specs = encoderParameters(config, { pooler: pooler !== undefined });
    const tensors: SafetensorsTensor[] = [];
    for (const name of specs.flatMap(({ names }) => names)) {
      const { shape } = this.store.parameter(name);
      tensors.push({ name, dtype: 'F32', shape: [...shape], data: await this.#read(name) });
    }
    return tensors;
  }

  async #storedModules(): Promise<(DenseModule | { kind: 'normalize' })[]> {
    const { pooling, head } = this.#parts;
    const stored: (DenseModule | { kind: 'normalize' })[] = [];
    let dense = 0;
    for (const module of pooling.modules) {
      if (module === 'normalize') stored.push({ kind: 'normalize' });
      else stored.push(await this.#storedDense(module, denseName(dense++)));
    }
    if (head !== undefined && this.#options.head === 'always') {
      stored.push(await this.#storedDense(head, headName));
    }
    return stored;
  }

  async #storedDense({ weight, bias, activation }: Linear, name: string): Promise<DenseModule> {
    return {
      kind: 'dense',
      inFeatures: weight.inputs,
      outFeatures: weight.outputs,
      activation: activation as DenseModule['activation'],
      weight: await this.#read(`${name}.weight`),
      ...(bias === undefined ? {} : { biasValues: await this.#read(`${name}.bias`) }),
    };
  }

  async #read(name: string): Promise<Float32Array> {
    return (await this.store.parameter(name).read()) as Float32Array;
  }
}
