// A loaded sentence encoder below its tokenizer: encoder, pooling, and the dense and normalize modules after it. One
// call queues a whole batch and returns the tensor its vectors will be in.
import { ModelError } from '../../errors.ts';
import type { DenseSpec } from '../../io/model-folder/dense-config.ts';
import { withEncoderWeights } from '../../io/model-folder/encoder-weights.ts';
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import { withWeights } from '../../io/safetensors/weights.ts';
import type { Engine } from '../../native/engine.ts';
import { Encoder } from '../../nn/encoder/encoder.ts';
import { uploadBatch } from '../../nn/encoder/encoder-batch.ts';
import { Pooling, type PoolingMode } from '../../nn/encoder/pooling.ts';
import { Linear } from '../../nn/layers/linear.ts';
import { Module } from '../../nn/layers/module.ts';
import type { Precision } from '../../nn/layers/precision.ts';
import { ParameterReader } from '../../nn/parameters/parameter-reader.ts';
import { l2Normalize } from '../../ops/rows/rows.ts';
import { scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { RaggedTokens } from '../../tokenizer/tokenizer.ts';

/** What follows the pooling: dense layers, and `normalize` for scaling to unit length. */
type HeadModule = Linear | 'normalize';

export interface BatchOptions {
  /**
   * true: unit length at the end; false: a Normalize at the model's end is left out, one before a dense layer is part of
   * the model; undefined: as the model is.
   */
  normalize?: boolean | undefined;
  /** Keep this many first components, then scale to unit length again where the whole vector had it. */
  truncateDim?: number | undefined;
  /** Tokens of the prompt at the start of every text, [CLS] included. */
  promptTokens?: number | undefined;
}

export interface SentenceModelOptions {
  /** Instead of the folder's own. */
  pooling?: readonly PoolingMode[] | undefined;
  /** Of the encoder's weights; what the folder stores them in by default. */
  precision?: Precision | undefined;
}

export class SentenceModel extends Module {
  readonly engine: Engine;
  /** Of the encoder's weights; what follows the pooling is float32. */
  readonly precision: Precision;
  readonly encoder: Encoder;
  readonly pooling: Pooling;
  readonly head: readonly HeadModule[];
  /** Components of a sentence's vector. */
  readonly dimension: number;

  constructor(
    engine: Engine,
    precision: Precision,
    encoder: Encoder,
    pooling: Pooling,
    head: readonly HeadModule[],
  ) {
    super();
    this.engine = engine;
    this.precision = precision;
    this.encoder = this.own(encoder);
    this.pooling = pooling;
    this.head = head.map((module) => (module === 'normalize' ? module : this.own(module)));
    const lastDense = head.findLast((module) => module !== 'normalize');
    this.dimension = lastDense?.weight.outputs ?? pooling.modes.length * encoder.config.hiddenSize;
  }

  /**
   * Reads the weights of a model folder.
   * @throws ModelError, FormatError, FileError
   */
  static async load(
    engine: Engine,
    folder: ModelFolder,
    { pooling, precision = folder.precision }: SentenceModelOptions = {},
  ): Promise<SentenceModel> {
    checkLoadable(folder, precision);
    const loaded: Module[] = [];
    try {
      const encoder = await withEncoderWeights(folder, (weights) =>
        Encoder.load(engine, folder.config, weights, { precision }),
      );
      loaded.push(encoder);
      const spec = folder.modules.find((module) => module.kind === 'pooling');
      const chosen = new Pooling(pooling ?? spec?.modes ?? ['mean'], spec?.includePrompt);
      chosen.checkEncoder(encoder);
      const head: HeadModule[] = [];
      let width = chosen.modes.length * folder.config.hiddenSize;
      for (const module of folder.modules) {
        if (module.kind === 'normalize') head.push('normalize');
        if (module.kind !== 'dense') continue;
        const dense = await loadDense(engine, module, width);
        loaded.push(dense);
        head.push(dense);
        width = module.outFeatures;
      }
      engine.trim(); // weights as they were read are gone, their memory too
      return new SentenceModel(engine, precision, encoder, chosen, head);
    } catch (error) {
      for (const module of loaded) module.dispose();
      throw error;
    }
  }

  /** Queues a batch. @returns [texts, dimension] */
  forward(tokens: RaggedTokens, options: BatchOptions = {}): Tensor {
    return scope(() => {
      const { config } = this.encoder;
      const batch = uploadBatch(this.engine, tokens.tokenIds, tokens.offsets, config.positionOffset);
      const leaveOut = this.pooling.includePrompt ? 0 : (options.promptTokens ?? 0);
      const states = this.encoder.forward(batch, this.pooling.wantedStates(config.layers, leaveOut > 0));
      const skip =
        leaveOut === 0 ? undefined : Tensor.from(this.engine, new Int32Array(batch.sequences).fill(leaveOut));
      return this.#applyHead(this.pooling.forward(this.encoder, states, batch, skip), options);
    });
  }

  #applyHead(pooled: Tensor, options: BatchOptions): Tensor {
    let vectors = pooled;
    let unit = false;
    const lastDense = this.head.findLastIndex((module) => module !== 'normalize');
    for (const [index, module] of this.head.entries()) {
      const leftOut = options.normalize === false && index > lastDense;
      if (module !== 'normalize') vectors = module.forward(vectors);
      else if (!leftOut) vectors = l2Normalize(vectors);
      unit = module === 'normalize' && !leftOut;
    }
    if (options.normalize === true && !unit) {
      vectors = l2Normalize(vectors);
      unit = true;
    }
    const { truncateDim } = options;
    if (truncateDim === undefined || truncateDim >= this.dimension) return vectors;
    const cut = vectors.columns(0, truncateDim);
    return unit ? l2Normalize(cut) : cut;
  }

  /** Queues a batch for its last hidden state. @returns [tokens, hidden] */
  forwardTokens(tokens: RaggedTokens): Tensor {
    return scope(() => {
      const { config } = this.encoder;
      const batch = uploadBatch(this.engine, tokens.tokenIds, tokens.offsets, config.positionOffset);
      return this.encoder.forward(batch, new Set([config.layers])).get(config.layers) as Tensor;
    });
  }
}

function checkLoadable(folder: ModelFolder, precision: Precision): void {
  if (precision === folder.precision || folder.precision === 'float32') return;
  throw new ModelError(
    `expected weights in ${precision} but '${folder.path}' holds them in ${folder.precision}: load it with precision ` +
      `${folder.precision}, or load the model it was quantised from`,
  );
}

async function loadDense(engine: Engine, spec: DenseSpec, width: number): Promise<Linear> {
  if (spec.inFeatures !== width) {
    throw new ModelError(
      `expected the dense module ${spec.path} to take ${width} features, as the pooling gives, but it takes ${spec.inFeatures}`,
    );
  }
  return withWeights(spec.path, (weights) =>
    Linear.load(new ParameterReader(engine, weights, { root: 'linear.' }), {
      inputs: spec.inFeatures,
      outputs: spec.outFeatures,
      activation: spec.activation,
      bias: spec.bias,
    }),
  );
}
