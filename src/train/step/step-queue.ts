// One training step on its way through the engine: forward and backward of each batch, then the optimizer, all queued and
// none waited for. What is read back, losses and the gradient's norm, arrives a step later.

import { mixSeed } from '../../nn/layers/forward-context.ts';
import type { ObjectiveResult } from '../../objectives/objective.ts';
import type { AdamOptimizer } from '../../optim/adam-optimizer.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Learner } from '../learner.ts';
import type { TrainingStep } from '../step-source.ts';

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
  /** Mean over the step's batches, each by its share. */
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
  optimizer: AdamOptimizer,
  { batches, shares = batches.map(() => 1 / batches.length), examples, tokens }: TrainingStep,
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
      learned.push(await learner.learn(batch, mixSeed(seed, number), shares[index] as number));
    }
    const losses = learned.map(({ loss }) => loss);
    using norm = optimizer.step(learningRate, losses);
    const reading = Promise.all([
      numberOf(norm),
      Promise.all(losses.map(numberOf)),
      Promise.all(learned.map(({ metrics }) => numbersOf(metrics))),
    ]);
    const result = reading.then(([squaredNorm, ofBatches, metrics]) => {
      const loss = mean(ofBatches, shares);
      const gradientNorm = Math.sqrt(squaredNorm);
      const finite = Number.isFinite(loss) && Number.isFinite(gradientNorm);
      const means = meansByName(metrics, shares);
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

/** Weighed by how much each counts. */
function mean(values: readonly number[], shares: readonly number[]): number {
  const sum = values.reduce((total, value, index) => total + value * (shares[index] as number), 0);
  return sum / shares.reduce((total, share) => total + share, 0);
}

/** Of each name over the batches that have it. */
function meansByName(
  measured: readonly [string, number][][],
  shares: readonly number[],
): Record<string, number> {
  const byName = new Map<string, { values: number[]; shares: number[] }>();
  for (const [index, metrics] of measured.entries()) {
    for (const [name, value] of metrics) {
      const known = byName.get(name) ?? { values: [], shares: [] };
      known.values.push(value);
      known.shares.push(shares[index] as number);
      byName.set(name, known);
    }
  }
  return Object.fromEntries([...byName].map(([name, each]) => [name, mean(each.values, each.shares)]));
}
