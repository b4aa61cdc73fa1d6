// An encoder with the heads of pretraining, all parameters in one store: from a folder, with first weights for the heads
// that it does not have, or from nothing. It is written as transformers has it: BertForPreTraining, or BertForMaskedLM
// where there is no next sentence prediction, and their like in other families. Beside that a folder may hold
// `cls.span_boundary.*`, which transformers leaves alone.
import type { ParameterSpec } from '../../autograd/parameter.ts';
import { ParameterStore } from '../../autograd/parameter-store.ts';
import { ModelError } from '../../errors.ts';
import { checkTied, hasHead, headsInBertNames, storedHeadName } from '../../io/model-folder/head-weights.ts';
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import { tokenizerOf } from '../../io/model-folder/model-folder-content.ts';
import { writeModelFolder } from '../../io/model-folder/model-folder-writer.ts';
import type { SafetensorsTensor } from '../../io/safetensors/safetensors-writer.ts';
import { withWeights } from '../../io/safetensors/weights.ts';
import type { Engine } from '../../native/engine.ts';
import { Encoder, encoderPrefix } from '../../nn/encoder/encoder.ts';
import type { EncoderConfig } from '../../nn/encoder/encoder-config.ts';
import { encoderParameters, linearParameters } from '../../nn/encoder/encoder-parameters.ts';
import { MaskedLanguageHead, maskedLanguageParameters } from '../../nn/heads/masked-language-head.ts';
import { NextSentenceHead, nextSentenceParameters } from '../../nn/heads/next-sentence-head.ts';
import {
  SpanBoundaryHead,
  spanBoundaryParameters,
  spanBoundaryPath,
} from '../../nn/heads/span-boundary-head.ts';
import { TiedDecoder } from '../../nn/heads/tied-decoder.ts';
import { Module } from '../../nn/layers/module.ts';
import { roundsToBFloat16, type TrainingPrecision } from '../../nn/layers/precision.ts';
import { ParameterReader, type ParameterSource } from '../../nn/parameters/parameter-reader.ts';
import { randomParameters } from '../../nn/parameters/random-parameters.ts';
import type { PretrainingModel } from '../../objectives/pretraining.ts';
import { architectureOf } from './architectures.ts';

export interface TrainableModelOptions {
  /** Whether there is a head for next sentence prediction, and with it the pooler. */
  nextSentence: boolean;
  /** Words of a span that a new span boundary head predicts at most; undefined: there is no such head. */
  spanTargets: number | undefined;
  /** Whether the written model sees only what comes before, as it was trained. */
  causal: boolean;
  /** Of first weights. */
  seed: number;
  /** Of the products. */
  precision: TrainingPrecision;
  /** Begin with the folder's weights or, whatever it holds, with random ones. */
  weights: 'model' | 'random';
}

/** The parts that a folder may lack, by the name below which their parameters lie. */
interface Part {
  path: string;
  title: string;
  specs: readonly ParameterSpec[];
}

export class TrainableModel extends Module implements PretrainingModel {
  readonly engine: Engine;
  readonly store: ParameterStore;
  readonly encoder: Encoder;
  readonly maskedLanguage: MaskedLanguageHead;
  readonly nextSentence: NextSentenceHead | undefined;
  readonly spanBoundary: SpanBoundaryHead | undefined;
  /** What the user should know: heads that begin with random weights. */
  readonly notes: readonly string[];
  readonly #folder: ModelFolder;
  readonly #causal: boolean;

  private constructor(
    folder: ModelFolder,
    causal: boolean,
    store: ParameterStore,
    parts: PretrainingModel,
    notes: readonly string[],
  ) {
    super();
    this.engine = store.engine;
    this.encoder = this.own(parts.encoder);
    this.maskedLanguage = this.own(parts.maskedLanguage);
    this.nextSentence = parts.nextSentence && this.own(parts.nextSentence);
    this.spanBoundary = parts.spanBoundary && this.own(parts.spanBoundary);
    this.store = this.own(store);
    this.notes = notes;
    this.#folder = folder;
    this.#causal = causal;
  }

  /** @throws ModelError, FormatError, FileError, ArgumentError; the engine then holds what was read so far */
  static async load(
    engine: Engine,
    folder: ModelFolder,
    options: TrainableModelOptions,
  ): Promise<TrainableModel> {
    if (options.weights === 'random') return TrainableModel.#read(engine, folder, options, undefined);
    if (folder.precision !== 'float32') {
      throw new ModelError(
        `expected float32 weights to train but '${folder.path}' holds them in ${folder.precision}: train the model it was ` +
          'quantised from',
      );
    }
    const { path } = folder.transformer;
    return withWeights(path, async (weights) => {
      const own = headsInBertNames(weights, path);
      if (hasHead(own, 'cls.predictions')) await checkTied(own);
      return TrainableModel.#read(engine, folder, options, own);
    });
  }

  static async #read(
    engine: Engine,
    folder: ModelFolder,
    options: TrainableModelOptions,
    stored: ParameterSource | undefined,
  ): Promise<TrainableModel> {
    const { config } = folder;
    const targets = options.spanTargets === undefined ? undefined : targetsOf(stored, options.spanTargets);
    const parts = partsOf(config, options, targets);
    const encoderSpecs = encoderParameters(config, { pooler: false });
    const specs = [...encoderSpecs, ...parts.flatMap((part) => part.specs)];
    const begun = stored ?? randomParameters(encoderSpecs, options.seed);
    const { source, missing } = completed(begun, parts, options.seed);
    const store = new ParameterStore(engine, specs);
    const reading = { trainable: store, precision: options.precision };
    const encoder = await Encoder.load(engine, config, source, reading);
    const reader = new ParameterReader(engine, source, reading);
    const decoder = TiedDecoder.ofStore(store, roundsToBFloat16(options.precision));
    const maskedLanguage = await MaskedLanguageHead.load(reader, config, decoder);
    const nextSentence = options.nextSentence
      ? await NextSentenceHead.load(reader, config, encoder.pooler)
      : undefined;
    const spanBoundary =
      targets === undefined ? undefined : await SpanBoundaryHead.load(reader, config, targets, decoder);
    const notes =
      stored === undefined
        ? []
        : missing.map(
            ({ title, path }) =>
              `'${folder.path}' has no ${title} (${path}.*): a new one starts with random weights`,
          );
    const made = { encoder, maskedLanguage, nextSentence, spanBoundary };
    return new TrainableModel(folder, options.causal, store, made, notes);
  }

  /** Writes the model as it is now, replacing a model's folder that is there. @throws FileError */
  async save(target: string): Promise<void> {
    const { transformer, prompts, defaultPromptName, similarity } = this.#folder;
    const { causal: _, ...shape } = this.#folder.config;
    const config: EncoderConfig = this.#causal ? { ...shape, causal: true } : shape;
    await writeModelFolder(
      target,
      {
        config,
        architecture: architectureOf(config, this.nextSentence !== undefined),
        tensors: await this.#tensors(),
        maxSequenceLength: transformer.maxSequenceLength,
        lowerCase: transformer.lowerCase,
        modules: [{ kind: 'pooling', modes: ['mean'], includePrompt: true }],
        prompts,
        ...(defaultPromptName === undefined ? {} : { defaultPromptName }),
        similarity,
        ...tokenizerOf(transformer),
      },
      { overwrite: true },
    );
  }

  /** Under the names of the family: `bert.encoder.…`, `cls.…`. */
  async #tensors(): Promise<SafetensorsTensor[]> {
    const { modelType } = this.encoder.config;
    const prefix = encoderPrefix(modelType);
    const tensors: SafetensorsTensor[] = [];
    for (const parameter of this.store.parameters) {
      const { name, shape } = parameter;
      const stored = name.startsWith('cls.') ? storedHeadName(name, modelType) : `${prefix}.${name}`;
      const data = (await parameter.read()) as Float32Array;
      tensors.push({ name: stored, dtype: 'F32', shape: [...shape], data });
    }
    return tensors;
  }
}

function partsOf(config: EncoderConfig, options: TrainableModelOptions, targets: number | undefined): Part[] {
  const { hiddenSize: hidden } = config;
  const parts: Part[] = [
    { path: 'cls.predictions', title: 'masked language head', specs: maskedLanguageParameters(config) },
  ];
  if (options.nextSentence) {
    parts.push(
      { path: 'pooler.dense', title: 'pooler', specs: linearParameters('pooler.dense', hidden, hidden) },
      { path: 'cls.seq_relationship', title: 'next sentence head', specs: nextSentenceParameters(config) },
    );
  }
  if (targets !== undefined) {
    const specs = spanBoundaryParameters(config, targets);
    parts.push({ path: spanBoundaryPath, title: 'span boundary head', specs });
  }
  return parts;
}

/** Rows of the span boundary head's table: those that are stored, else those that are asked for. */
function targetsOf(stored: ParameterSource | undefined, wanted: number): number {
  const name = `${spanBoundaryPath}.position_embeddings.weight`;
  return stored?.names.includes(name) === true ? (stored.info(name).shape[0] as number) : wanted;
}

/** A source with random weights for the parts that it lacks, and without a pooler where none is wanted. */
function completed(
  stored: ParameterSource,
  parts: readonly Part[],
  seed: number,
): { source: ParameterSource; missing: Part[] } {
  const poolerOf = (name: string) => /(^|\.)pooler\.dense\./.test(name);
  const wantsPooler = parts.some(({ path }) => path === 'pooler.dense');
  const names = stored.names.filter((name) => wantsPooler || !poolerOf(name));
  const has = ({ path }: Part) =>
    path === 'pooler.dense' ? names.some(poolerOf) : names.some((name) => name.startsWith(`${path}.`));
  const missing = parts.filter((part) => !has(part));
  const anchor = 'embeddings.word_embeddings.weight';
  const root = names.find((name) => name.endsWith(anchor))?.slice(0, -anchor.length) ?? '';
  const drawn = randomParameters(
    missing.flatMap(({ specs }) => specs),
    seed,
  );
  const own = new Map(drawn.names.map((name) => [name.startsWith('cls.') ? name : root + name, name]));
  return {
    missing,
    source: {
      names: [...names, ...own.keys()],
      info: (name) => {
        const random = own.get(name);
        return random === undefined ? stored.info(name) : drawn.info(random);
      },
      readFloat32: (name, options) => {
        const random = own.get(name);
        return random === undefined ? stored.readFloat32(name, options) : drawn.readFloat32(random, options);
      },
    },
  };
}
