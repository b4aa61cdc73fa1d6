// Spikes of the loss: a step whose loss stands far above those before it. The mean is a running one of
// about the last ten steps, so that it follows a loss that falls, the deviation from it one of about the last fifty. Both lie in the run's state, so that a resumed run tells of the same spikes. A spike counts no
// further than to the threshold: one alone does not hide the next, while a loss that stays up becomes the new level.

/** The level of a run's loss. */
export interface LossLevel {
  /** Steps in it. */
  steps: number;
  mean: number;
  variance: number;
}

export const noLevel: Readonly<LossLevel> = { steps: 0, mean: 0, variance: 0 };

/** Shares of the newest step; of the first steps all count alike. */
const newest = { mean: 0.1, variance: 0.02 };

/** Steps before which nothing is a spike. */
const leastSteps = 30;

/** Deviations above the mean, each taken as at least a hundredth of the mean, where a spike begins. */
const deviations = 6;
const leastDeviation = 0.01;

/**
 * @param loss of the next step, finite
 * @returns the level with that step, and whether it is a spike
 */
export function followLoss(level: LossLevel, loss: number): { level: LossLevel; spike: boolean } {
  const { steps, mean, variance } = level;
  const deviation = Math.max(Math.sqrt(variance), leastDeviation * Math.abs(mean));
  const threshold = mean + deviations * deviation;
  const spike = steps >= leastSteps && loss > threshold;
  const counted = spike ? threshold : loss;
  const share = (ofNewest: number) => Math.max(ofNewest, 1 / (steps + 1));
  const change = steps === 0 ? 0 : counted - mean;
  const next = {
    steps: steps + 1,
    mean: steps === 0 ? counted : mean + share(newest.mean) * change,
    variance: variance + share(newest.variance) * (change * change - variance),
  };
  return { level: next, spike };
}

/** What is told of a spike. */
export function spikeMessage(step: number, loss: number, { mean }: LossLevel): string {
  return `the loss of step ${step}, ${loss.toPrecision(4)}, is far above the ${mean.toPrecision(4)} of the steps before`;
}
