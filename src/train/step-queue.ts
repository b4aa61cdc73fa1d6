// One training step on its way through the engine: forward and backward of each batch, then the optimizer, all queued and
// none waited for. What is read back, losses and the gradient's norm, arrives a step later.

import { mixSeed } from '../nn/forward-context.ts';
import type { AdamW } from '../optim/adamw.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Learner } from './learner.ts';
import type { StepBatches } from './training-data.ts';

/** Where a step stands in its run. */
export interface StepPlace {
  /** From 1. */
  step: number;
  seed: number;
  accumulation: number;
  learningRate: number;
}

/** What a step came to. */
export interface StepResult {
  step: number;
  /** Mean over the step's batches. */
  loss: number;
  /** Before clipping. */
  gradientNorm: number;
  learningRate: number;
  examples: number;
  tokens: number;
  /** False when the loss or the gradient was not finite, and the step changed nothing. */
  finite: boolean;
}

/** A step that is under way. */
export interface QueuedStep {
  result: Promise<StepResult>;
}

/**
 * Queues a step. Between its batches it waits for room in the engine's queue.
 * @returns undefined when `aborted` became true before the optimizer's turn: then nothing has changed
 */
export async function queueStep(
  learner: Learner,
  optimizer: AdamW,
  { batches }: StepBatches,
  place: StepPlace,
  aborted: () => boolean,
): Promise<QueuedStep | undefined> {
  const { step, seed, accumulation, learningRate } = place;
  for (const store of learner.stores) store.clearGradients();
  const losses: Tensor[] = [];
  try {
    for (const [index, batch] of batches.entries()) {
      await learner.engine.ready();
      if (aborted()) return undefined;
      const number = (step - 1) * accumulation + index;
      losses.push(await learner.learn(batch, mixSeed(seed, number), 1 / batches.length));
    }
    const norm = optimizer.step(learningRate, losses);
    const reading = Promise.all([norm.data(), ...losses.map((loss) => loss.data())]);
    norm.dispose();
    const examples = batches.reduce((sum, batch) => sum + batch.examples, 0);
    const tokens = batches.reduce((sum, batch) => sum + batch.tokens.tokenIds.length, 0);
    const result = reading.then(([squared, ...values]) => {
      const loss = values.reduce((sum, [value = Number.NaN]) => sum + value, 0) / values.length;
      const gradientNorm = Math.sqrt(squared[0] as number);
      const finite = Number.isFinite(loss) && Number.isFinite(gradientNorm);
      return { step, loss, gradientNorm, learningRate, examples, tokens, finite };
    });
    result.catch(() => {}); // awaited when it is settled
    return { result };
  } finally {
    for (const loss of losses) loss.dispose();
  }
}
