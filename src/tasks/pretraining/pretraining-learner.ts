// Learns from masked sequences: the weighted sum of a configuration's objectives, forward and backward.

import { backward } from '../../autograd/backward.ts';
import { withTape } from '../../autograd/tape.ts';
import type { Engine } from '../../native/engine.ts';
import type { ForwardContext } from '../../nn/layers/forward-context.ts';
import { causalLanguage } from '../../objectives/causal-language.ts';
import { maskedWords } from '../../objectives/masked-words.ts';
import { nextSentence } from '../../objectives/next-sentence.ts';
import type { ObjectiveResult } from '../../objectives/objective.ts';
import { permutationLanguage } from '../../objectives/permutation-language.ts';
import {
  type PretrainingBatch,
  type PretrainingModel,
  type PretrainingObjective,
  weightedObjectives,
} from '../../objectives/pretraining.ts';
import { spanBoundary } from '../../objectives/span-boundary.ts';
import type { Learner } from '../../train/learner.ts';
import { learnedObjectives, type ObjectiveName, type PretrainingConfig } from './config.ts';
import type { TrainableModel } from './trainable-model.ts';

/** Queues the forward pass of a batch. */
export type Forward = (
  model: PretrainingModel,
  batch: PretrainingBatch,
  context: ForwardContext,
) => ObjectiveResult;

/** @param maskToken id of [MASK]; a causal language model needs none */
export function forwardOf(
  config: Pick<PretrainingConfig, 'objectives'>,
  maskToken: number | undefined,
): Forward {
  const objectives: Record<ObjectiveName, () => PretrainingObjective> = {
    maskedWords: () => maskedWords,
    nextSentence: () => nextSentence,
    spanBoundary: () => spanBoundary,
    causalLanguage: () => causalLanguage,
    permutationLanguage: () => permutationLanguage({ maskToken: maskToken as number }),
  };
  const parts = learnedObjectives(config);
  return weightedObjectives(
    parts.map(({ name, weight }) => ({ name, weight, objective: objectives[name]() })),
  );
}

export interface PretrainingLearnerParts {
  config: Pick<PretrainingConfig, 'dropout' | 'attentionDropout' | 'recompute'>;
  /** Freed with the learner, and its engine. */
  model: TrainableModel;
  forward: Forward;
  fingerprint: Readonly<Record<string, string>>;
  notes: readonly string[];
}

export class PretrainingLearner implements Learner<PretrainingBatch> {
  readonly engine: Engine;
  readonly fingerprint: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  readonly #parts: PretrainingLearnerParts;

  constructor(parts: PretrainingLearnerParts) {
    this.engine = parts.model.engine;
    this.fingerprint = parts.fingerprint;
    this.notes = parts.notes;
    this.#parts = parts;
  }

  get stores() {
    return [this.#parts.model.store];
  }

  async learn(batch: PretrainingBatch, seed: number, factor: number): Promise<ObjectiveResult> {
    const { config, model, forward } = this.#parts;
    const { dropout, attentionDropout = dropout, recompute } = config;
    const context = { dropout, attentionDropout, seed, recompute };
    return withTape(() => {
      const result = forward(model, batch, context);
      backward(result.loss, factor);
      return result;
    });
  }

  save(folder: string): Promise<void> {
    return this.#parts.model.save(folder);
  }

  [Symbol.dispose](): void {
    this.#parts.model.dispose();
    this.engine.dispose();
  }
}
