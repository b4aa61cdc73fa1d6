// The options that say how a whitening is fitted, for every command that fits one.

import { type Command, Option } from 'commander';
import type { WhiteningOptions } from '../embed/whitening-fit.ts';
import { defined, notNegative, positiveInteger } from './model-options.ts';

/** The options as commander gives them. */
export interface WhiteningFlags {
  variant?: 'whitening' | 'zca' | 'pca' | 'remove-top';
  components?: number;
  remove?: number;
  epsilon?: number;
  rcond?: number;
  covariancePrecision?: 'float32' | 'float64';
}

/** Adds the options to a command. */
export function addWhiteningOptions(command: Command): Command {
  return command
    .option('--components <count>', 'components to keep; by default as many as the rank', positiveInteger)
    .addOption(
      new Option('--variant <name>', 'what is made of the covariance (default: whitening)').choices([
        'whitening',
        'zca',
        'pca',
        'remove-top',
      ]),
    )
    .option('--remove <count>', 'remove-top: components to take away (default: 1 in 100)', positiveInteger)
    .option('--epsilon <value>', 'added to every eigenvalue (default: 0)', notNegative)
    .option('--rcond <value>', 'eigenvalues up to this share of the largest count as zero', notNegative)
    .addOption(
      new Option('--covariance-precision <type>', 'of the products that make the covariance').choices([
        'float32',
        'float64',
      ]),
    );
}

/** The part of the options that `Whitening.fit` takes. */
export function whiteningOptions(
  flags: WhiteningFlags,
): WhiteningOptions & { precision?: 'float32' | 'float64' } {
  const { variant, components, remove, epsilon, rcond, covariancePrecision: precision } = flags;
  return defined({ variant, components, remove, epsilon, rcond, precision });
}
