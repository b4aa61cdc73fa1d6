// The learning rate of every step: that of the run's schedule, or of the phase that the step lies in, each with a warm-up and
// a decay of its own (BERT's second phase of longer texts, You et al. 2020 for LAMB).

import { ArgumentError } from '../../errors.ts';
import { scheduleFactor } from '../../optim/schedule.ts';
import type { RunConfig } from '../config/run-config.ts';

/** A part of a run. What it leaves out is the run's. */
export interface Phase {
  /** At least 1. */
  steps: number;
  learningRate?: number | undefined;
  /** Steps, or a share of the phase's when below 1. */
  warmup?: number | undefined;
}

type RateConfig = Pick<RunConfig, 'learningRate' | 'schedule' | 'warmup' | 'power' | 'endLearningRate'>;

/**
 * @param phases whose steps add up to all of the run
 * @throws ArgumentError when they do not, or a warm-up is longer than its phase
 */
export function checkPhases(config: RateConfig, phases: readonly Phase[], totalSteps: number): void {
  const sum = phases.reduce((total, { steps }) => total + steps, 0);
  if (sum !== totalSteps || phases.some(({ steps }) => !Number.isInteger(steps) || steps < 1)) {
    const steps = phases.map((phase) => phase.steps).join(' + ');
    throw new ArgumentError(
      `expected phases of at least one step each, ${totalSteps} together, but received ${steps}`,
    );
  }
  for (let start = 0, index = 0; index < phases.length; index++) {
    learningRateAt(config, phases, start);
    start += (phases[index] as Phase).steps;
  }
}

/** Of update `step`, from 0; after the last one it stays where the last phase ended. */
export function learningRateAt(config: RateConfig, phases: readonly Phase[], step: number): number {
  let place = step;
  let index = 0;
  for (; index < phases.length - 1 && place >= (phases[index] as Phase).steps; index++) {
    place -= (phases[index] as Phase).steps;
  }
  const { steps: totalSteps, ...own } = phases[index] as Phase;
  const { learningRate = config.learningRate, warmup = config.warmup } = own;
  const warmupSteps = warmup < 1 ? Math.round(warmup * totalSteps) : warmup;
  const { schedule: name, power, endLearningRate = 0 } = config;
  const end = endLearningRate / learningRate;
  return learningRate * scheduleFactor({ name, warmupSteps, totalSteps, power, end }, place);
}
