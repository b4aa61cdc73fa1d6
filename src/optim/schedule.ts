// How the learning rate moves: a factor of the base rate for every update, counted from 0.
//
//   warm-up    step / warmupSteps, for step < warmupSteps (the first update has rate 0, as in transformers and BERT)
//   constant   1
//   linear     (total - step) / (total - warmup), transformers'; `bert`: (total - step) / total, google-research/bert's,
//              which jumps down by warmup / total where the warm-up ends
//   cosine     (1 + cos(pi (step - warmup) / (total - warmup))) / 2
//   polynomial end + (1 - end) ((total - step) / (total - warmup))^power, fairseq's, by which SpanBERT fell to 1e-9 with power 1

import { ArgumentError } from '../errors.ts';
import { checkOptions } from '../options/check-options.ts';

export const SCHEDULES = ['linear', 'cosine', 'constant', 'bert', 'polynomial'] as const;

export type ScheduleName = (typeof SCHEDULES)[number];

export interface Schedule {
  name: ScheduleName;
  warmupSteps: number;
  /** Updates in the whole run; `constant` does not need it. */
  totalSteps: number;
  /** Of `polynomial`; 1 by default. */
  power?: number | undefined;
  /** The factor that `polynomial` ends with; 0 by default. */
  end?: number | undefined;
}

/**
 * The factor of the learning rate for update `step`, from 0; past the last update it stays where it ended.
 * @throws ArgumentError when there are more warm-up steps than steps
 */
export function scheduleFactor(schedule: Schedule, step: number): number {
  checkOptions('scheduleFactor', schedule, ['name', 'warmupSteps', 'totalSteps', 'power', 'end']);
  const { name, warmupSteps, totalSteps, power = 1, end = 0 } = schedule;
  if (name !== 'constant' && warmupSteps > totalSteps) {
    throw new ArgumentError(
      `expected at most ${totalSteps} warm-up steps, as the run has, but received ${warmupSteps}`,
    );
  }
  if (step < warmupSteps) return step / warmupSteps;
  if (name === 'constant') return 1;
  const left = Math.max(0, totalSteps - step);
  if (name === 'bert') return totalSteps === 0 ? 0 : left / totalSteps;
  const share = left / Math.max(1, totalSteps - warmupSteps);
  if (name === 'polynomial') return end + (1 - end) * share ** power;
  return name === 'linear' ? share : (1 + Math.cos(Math.PI * (1 - share))) / 2;
}
