// Learns a sentence encoder: texts to tokens, an objective's loss over their vectors, and its gradients.

import { backward } from '../autograd/backward.ts';
import { withTape } from '../autograd/tape.ts';
import { inOrder, tokenizedBatches } from '../embed/encode-pipeline.ts';
import { isStorable, STORABLE_POOLINGS } from '../embed/save-encoder.ts';
import { ArgumentError, ModelError } from '../errors.ts';
import type { TextsEncoder } from '../eval/sts.ts';
import { readModelFolder } from '../io/model-folder.ts';
import { Engine } from '../native/engine.ts';
import { parsePooling } from '../nn/pooling.ts';
import { cosineRegression } from '../objectives/cosine-regression.ts';
import { gradCache } from '../objectives/grad-cache.ts';
import { type Objective, wholeBatch } from '../objectives/objective.ts';
import { simcseSupervised, simcseUnsupervised } from '../objectives/simcse.ts';
import { suNtxent } from '../objectives/su-ntxent.ts';
import { triplet } from '../objectives/triplet.ts';
import { keep, scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type RaggedTokens, Tokenizer } from '../tokenizer/tokenizer.ts';
import type { ObjectiveConfig, TrainConfig } from './config.ts';
import { modelFingerprint } from './fingerprint.ts';
import type { Learner, TrainingBatch } from './learner.ts';
import { TrainableModel } from './trainable-model.ts';

const evaluationTokens = 2048;

/**
 * Loads what a configuration trains.
 * @throws ModelError, FormatError, TokenizerError, FileError, ArgumentError, BackendError
 */
export async function createLearner(config: TrainConfig): Promise<Learner> {
  const folder = await readModelFolder(config.model);
  const { transformer } = folder;
  const most = folder.config.maxPositions - folder.config.positionOffset;
  const tokenizer = await Tokenizer.load(transformer.path, {
    maxLength: Math.min(config.maxLength, most),
    lowerCase: transformer.lowerCase,
  });
  if (tokenizer.vocabularySize > folder.config.vocabularySize) {
    throw new ModelError(
      `expected a tokenizer of at most ${folder.config.vocabularySize} tokens, as config.json says, but it has ` +
        `${tokenizer.vocabularySize}: check that the tokenizer files belong to this model`,
    );
  }
  const own = folder.modules.find((module) => module.kind === 'pooling')?.modes ?? ['mean'];
  const pooling = config.pooling === undefined ? own : parsePooling(config.pooling);
  const stored = config.outputPooling === undefined ? pooling : parsePooling(config.outputPooling);
  const other = stored.find((mode) => !isStorable(mode));
  if (other !== undefined) {
    throw new ArgumentError(
      `expected a pooling that sentence-transformers can load (${STORABLE_POOLINGS.join(', ')}) but received ${other}: ` +
        'name the one that the trained model is to have with outputPooling',
    );
  }
  const { threads, backend, seed, objective } = config;
  const engine = new Engine({ threads, backend });
  try {
    const options = { pooling, stored, head: objective.head ?? 'none', seed };
    const model = await TrainableModel.load(engine, folder, options);
    return new SentenceLearner(config, model, tokenizer, await modelFingerprint(transformer.path));
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

export class SentenceLearner implements Learner {
  readonly engine: Engine;
  readonly fingerprint: Readonly<Record<string, string>>;
  readonly #config: TrainConfig;
  readonly #model: TrainableModel;
  readonly #tokenizer: Tokenizer;
  readonly #objectives: readonly Objective[];

  constructor(
    config: TrainConfig,
    model: TrainableModel,
    tokenizer: Tokenizer,
    fingerprint: Readonly<Record<string, string>>,
  ) {
    this.engine = model.engine;
    this.fingerprint = fingerprint;
    this.#config = config;
    this.#model = model;
    this.#tokenizer = tokenizer;
    this.#objectives = config.data.map((set) => objectiveOf(set.objective ?? config.objective, config));
  }

  get stores() {
    return [this.#model.store];
  }

  tokenize(texts: readonly string[]): Promise<RaggedTokens> {
    return this.#tokenizer.encode(texts);
  }

  learn(batch: TrainingBatch, seed: number, factor: number): Tensor {
    const { dropout, attentionDropout = dropout, recompute } = this.#config;
    const context = { dropout, attentionDropout, seed, recompute };
    return withTape(() => {
      const { loss } = (this.#objectives[batch.set] as Objective)(this.#model.trained, batch, context);
      backward(loss, factor);
      return loss;
    });
  }

  encoder(): TextsEncoder {
    const model = this.#model;
    const tokenizer = this.#tokenizer;
    return {
      async encode(texts, options = {}) {
        const vectors: Float32Array[] = [];
        const batches = tokenizedBatches(tokenizer, texts, undefined, evaluationTokens, options.signal);
        for await (const chunk of inOrder(batches, (tokens) => keep(scope(() => model.forward(tokens))))) {
          const count = chunk.tokens.offsets.length - 1;
          const width = chunk.vectors.length / count;
          for (let row = 0; row < count; row++)
            vectors.push(chunk.vectors.subarray(row * width, (row + 1) * width));
        }
        return { row: (index) => vectors[index] as Float32Array };
      },
    };
  }

  save(folder: string): Promise<void> {
    return this.#model.save(folder);
  }

  [Symbol.dispose](): void {
    this.#model.dispose();
    this.engine.dispose();
  }
}

/** What a data set is learned by. */
function objectiveOf(
  { name, ...options }: ObjectiveConfig,
  { temperature, gradCache: chunk }: TrainConfig,
): Objective {
  const { margin, distance, hardNegativeWeight, hideEqualTexts } = options;
  const objective = {
    'simcse-unsupervised': () => simcseUnsupervised({ temperature, hideEqualTexts }),
    'simcse-supervised': () => simcseSupervised({ temperature, hideEqualTexts, hardNegativeWeight }),
    'su-ntxent': () => suNtxent({ scale: 1 / temperature }),
    triplet: () => triplet({ margin, distance }),
    'cosine-regression': () => cosineRegression(),
  }[name]();
  return chunk === 0 ? wholeBatch(objective) : gradCache(objective, chunk);
}
