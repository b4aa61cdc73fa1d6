// A BERT-family encoder: embeddings and a stack of layers over ragged batches (Devlin et al., 2018).
import type { ParameterStore } from '../../autograd/parameter-store.ts';
import { recompute } from '../../autograd/recompute.ts';
import { ArgumentError, ModelError } from '../../errors.ts';
import type { Engine } from '../../native/engine.ts';
import { pool } from '../../ops/rows/pool.ts';
import { checkOptions } from '../../options/check-options.ts';
import { scope } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ForwardContext } from '../layers/forward-context.ts';
import { Linear } from '../layers/linear.ts';
import { Module } from '../layers/module.ts';
import { checkSupported, type Precision } from '../layers/precision.ts';
import { ParameterReader, type ParameterSource } from '../parameters/parameter-reader.ts';
import { Embeddings } from './embeddings.ts';
import type { EncoderBatch, FirstTokens } from './encoder-batch.ts';
import type { EncoderConfig, ModelType } from './encoder-config.ts';
import { EncoderLayer } from './encoder-layer.ts';

/**
 * Hidden states by layer, each [tokens, hidden]: 0 is the embeddings' output, i the output of layer i. Under `cls` the last
 * layer's for the first token of each sequence, [sequences, hidden]; when nothing else is wanted of that layer it computes
 * no more than that.
 */
export type HiddenStates = Map<number | 'cls', Tensor>;

const anchor = 'embeddings.word_embeddings.weight';

/** An encoder of the BERT family: embeddings and a stack of layers over ragged batches. */
export class Encoder extends Module {
  readonly config: EncoderConfig;
  readonly embeddings: Embeddings;
  readonly layers: readonly EncoderLayer[];
  /** The dense layer over [CLS] that BERT was pretrained with, where the weights have it. */
  readonly pooler: Linear | undefined;

  constructor(
    config: EncoderConfig,
    embeddings: Embeddings,
    layers: readonly EncoderLayer[],
    pooler?: Linear,
  ) {
    super();
    this.config = config;
    this.embeddings = this.own(embeddings);
    this.layers = layers.map((layer) => this.own(layer));
    this.pooler = pooler && this.own(pooler);
  }

  /** The engine that its parameters are on. */
  get engine(): Engine {
    return this.embeddings.word.engine;
  }

  /**
   * Reads an encoder by Hugging Face's names, bare or below a model's prefix (`bert.`, `roberta.`, …).
   * @param options.trainable a store that has the parameters of {@link encoderParameters}: the weights are read into it,
   *   and the encoder, whose forward is then recorded on a tape, follows it when it changes
   * @param options.precision of the products with weight matrices, and in int8 of the word embeddings; what is trained stays
   *   float32 in the store whatever it is multiplied in, and int8 cannot be trained
   * @throws ModelError when a parameter is missing or contradicts the config; ArgumentError when the store lacks one, or
   *   for a trainable encoder in int8; BackendError for bfloat16 where the engine has no instructions for it
   */
  static async load(
    engine: Engine,
    config: EncoderConfig,
    source: ParameterSource,
    options: { trainable?: ParameterStore; precision?: Precision } = {},
  ): Promise<Encoder> {
    checkOptions('Encoder.load', options, ['trainable', 'precision']);
    const { trainable, precision = 'float32' } = options;
    if (trainable !== undefined && precision === 'int8') {
      throw new ArgumentError(
        'expected precision float32 or bfloat16 for an encoder that is trained but received int8: train first, then quantize',
      );
    }
    checkSupported(precision, engine, trainable === undefined ? ['float32', 'int8'] : ['float32']);
    const reader = encoderReader(engine, source, options);
    try {
      return await Encoder.#read(reader, config);
    } catch (error) {
      reader.releaseAll();
      throw error;
    }
  }

  static async #read(reader: ParameterReader, config: EncoderConfig): Promise<Encoder> {
    const embeddings = await Embeddings.load(reader, config);
    const layers: EncoderLayer[] = [];
    for (let index = 0; index < config.layers; index++) {
      layers.push(await EncoderLayer.load(reader.child(`encoder.layer.${index}`), config));
    }
    const hidden = { inputs: config.hiddenSize, outputs: config.hiddenSize };
    const hasPooler = reader.has('pooler.dense.weight');
    const pooler = hasPooler ? await Linear.load(reader.child('pooler.dense'), hidden) : undefined;
    return new Encoder(config, embeddings, layers, pooler);
  }

  /**
   * Runs the stack; only the hidden states named in `wanted` are kept.
   * @param wanted layers by number, 0 to `config.layers`, and `cls`
   * @param context in training
   */
  forward(given: EncoderBatch, wanted: ReadonlySet<number | 'cls'>, context?: ForwardContext): HiddenStates {
    const states: HiddenStates = new Map();
    const last = this.layers.length;
    const batch = this.#masked(given);
    const onlyFirsts = wanted.has('cls') && !wanted.has(last) && batch.ranks === undefined;
    const firsts = onlyFirsts ? batch.firstTokens : undefined;
    let hidden = scope(() => this.embeddings.forward(batch, context));
    for (const [index, layer] of this.layers.entries()) {
      if (wanted.has(index)) states.set(index, hidden);
      const next = scope(() =>
        runLayer(layer, hidden, batch, index === last - 1 ? firsts : undefined, context),
      );
      if (!wanted.has(index)) hidden.dispose();
      hidden = next;
    }
    if (wanted.has('cls')) {
      states.set(
        'cls',
        firsts === undefined ? pool(hidden, { mode: 'cls', offsets: batch.offsets }) : hidden,
      );
    }
    if (wanted.has(last)) states.set(last, hidden);
    else if (firsts === undefined) hidden.dispose();
    return states;
  }

  /** In a causal model rank is position, unless the batch has ranks of its own. */
  #masked(batch: EncoderBatch): EncoderBatch {
    return this.config.causal === true ? { ...batch, ranks: batch.ranks ?? batch.positionIds } : batch;
  }
}

/** @param firsts when only those are wanted */
function runLayer(
  layer: EncoderLayer,
  hidden: Tensor,
  batch: EncoderBatch,
  firsts: FirstTokens | undefined,
  context: ForwardContext | undefined,
): Tensor {
  if (context?.recompute === true) return recomputed(layer, hidden, batch, firsts, context);
  return firsts === undefined
    ? layer.forward(hidden, batch, context)
    : layer.forwardFirst(hidden, batch, firsts, context);
}

/** A layer that keeps only its input, and what of the batch it reads. */
function recomputed(
  layer: EncoderLayer,
  hidden: Tensor,
  batch: EncoderBatch,
  firsts: FirstTokens | undefined,
  context: ForwardContext,
): Tensor {
  const { offsets, ranks, sequenceIds, rowKeys } = batch;
  return recompute(
    (
      input: Tensor,
      starts: Tensor,
      ranksOfTokens: Tensor | undefined,
      ids: Tensor | undefined,
      keys: Tensor | undefined,
      ones: Tensor | undefined,
      keysOfFirsts: Tensor | undefined,
    ) =>
      runLayer(
        layer,
        input,
        { ...batch, offsets: starts, ranks: ranksOfTokens, sequenceIds: ids, rowKeys: keys },
        ones && { offsets: ones, rowKeys: keysOfFirsts },
        { ...context, recompute: false },
      ),
    hidden,
    offsets,
    ranks,
    sequenceIds,
    rowKeys,
    firsts?.offsets,
    firsts?.rowKeys,
  );
}

/** A reader of an encoder's parameters, bare or below a model's prefix. @throws ModelError when there is no encoder */
export function encoderReader(
  engine: Engine,
  source: ParameterSource,
  options: { trainable?: ParameterStore; precision?: Precision } = {},
): ParameterReader {
  return new ParameterReader(engine, source, { root: prefixOf(source), ...options });
}

/** What Hugging Face's models with heads put before the encoder's names. */
export function encoderPrefix(family: ModelType): string {
  return family === 'xlm-roberta' ? 'roberta' : family;
}

function prefixOf(source: ParameterSource): string {
  const name = source.names.find((candidate) => candidate === anchor || candidate.endsWith(`.${anchor}`));
  if (name !== undefined) return name.slice(0, name.length - anchor.length);
  const sample = source.names.slice(0, 3).join(', ');
  throw new ModelError(
    `expected weights of a BERT-family encoder, with ${anchor}, but found ${source.names.length} tensors such as ${sample}`,
  );
}
