// One training step on its way through the engine: forward and backward of each batch, then the optimizer, all queued and
// none waited for. What is read back, losses and the gradient's norm, arrives a step later.

import { mixSeed } from '../nn/forward-context.ts';
import type { ObjectiveResult } from '../objectives/objective.ts';
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
  /** What else objectives measure, each the mean over the batches that have it: the parts of a loss, the temperature. */
  metrics: Readonly<Record<string, number>>;
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
  step: number;
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
  const learned: ObjectiveResult[] = [];
  try {
    for (const [index, batch] of batches.entries()) {
      await learner.engine.ready();
      if (aborted()) return undefined;
      const number = (step - 1) * accumulation + index;
      learned.push(await learner.learn(batch, mixSeed(seed, number), 1 / batches.length));
    }
    const losses = learned.map(({ loss }) => loss);
    using norm = optimizer.step(learningRate, losses);
    const reading = Promise.all([
      numberOf(norm),
      Promise.all(losses.map(numberOf)),
      Promise.all(learned.map(({ metrics }) => numbersOf(metrics))),
    ]);
    const examples = batches.reduce((sum, batch) => sum + batch.examples, 0);
    const tokens = batches.reduce((sum, batch) => sum + batch.tokens.tokenIds.length, 0);
    const result = reading.then(([squaredNorm, ofBatches, metrics]) => {
      const loss = mean(ofBatches);
      const gradientNorm = Math.sqrt(squaredNorm);
      const finite = Number.isFinite(loss) && Number.isFinite(gradientNorm);
      const means = meansByName(metrics);
      return { step, loss, metrics: means, gradientNorm, learningRate, examples, tokens, finite };
    });
    result.catch(() => {}); // awaited when it is settled
    return { step, result };
  } finally {
    for (const { loss, metrics } of learned) {
      for (const tensor of [loss, ...Object.values(metrics)]) tensor.dispose();
    }
  }
}

async function numberOf(tensor: Tensor): Promise<number> {
  const [value = Number.NaN] = await tensor.data();
  return value;
}

async function numbersOf(metrics: Readonly<Record<string, Tensor>>): Promise<[string, number][]> {
  return Promise.all(
    Object.entries(metrics).map(
      async ([name, tensor]): Promise<[string, number]> => [name, await numberOf(tensor)],
    ),
  );
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function meansByName(measured: readonly [string, number][][]): Record<string, number> {
  const byName = new Map<string, number[]>();
  for (const [name, value] of measured.flat()) byName.set(name, [...(byName.get(name) ?? []), value]);
  return Object.fromEntries([...byName].map(([name, values]) => [name, mean(values)]));
}
