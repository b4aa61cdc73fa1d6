// The phases of a run in steps: BERT's recipe is nine tenths at length 128, then the rest at 512 with a warm-up of its own
// (Devlin et al., 2018, appendix A.2).

import { ConfigError } from '../../errors.ts';
import type { PretrainingConfig } from './config.ts';

export interface PlannedPhase {
  steps: number;
  learningRate: number | undefined;
  warmup: number | undefined;
}

/**
 * @param totalSteps of the run
 * @throws ConfigError for a phase whose share of the steps is less than one
 */
export function phasesOf({ phases }: Pick<PretrainingConfig, 'phases'>, totalSteps: number): PlannedPhase[] {
  if (phases === undefined) return [{ steps: totalSteps, learningRate: undefined, warmup: undefined }];
  const shared = phases.every(({ steps }) => steps < 1);
  let before = 0;
  let share = 0;
  return phases.map(({ steps: given, learningRate, warmup }, index) => {
    share += given;
    const end = shared ? Math.round(share * totalSteps) : before + given;
    const steps = (index === phases.length - 1 ? totalSteps : end) - before;
    if (steps < 1) {
      throw new ConfigError(
        `key "phases.${index}.steps": expected a share of at least one step but ${given} of ${totalSteps} steps is none`,
      );
    }
    before += steps;
    return { steps, learningRate, warmup };
  });
}
