// The options that say how a whitening is fitted, for every command that fits one.

import { type Command, Option } from 'commander';
import type { Whitening } from '../../embed/whitening/whitening.ts';
import type { WhiteningOptions } from '../../embed/whitening/whitening-fit.ts';
import { WHITENING_VARIANTS, type WhiteningVariant } from '../../embed/whitening/whitening-matrix.ts';
import { ArgumentError } from '../../errors.ts';
import { defined, type ModelOptions, notNegative, positiveInteger } from './model-options.ts';
import type { TextInputOptions } from './text-input-options.ts';

/** The options as commander gives them. */
export interface WhiteningFlags {
  variant?: WhiteningVariant;
  components?: number;
  remove?: number;
  epsilon?: number;
  rcond?: number;
  covariancePrecision?: 'float32' | 'float64';
}

/** Those of `likewise whiten`, as commander gives them. */
export interface WhitenOptions extends Omit<ModelOptions, 'model'>, WhiteningFlags, TextInputOptions {
  model?: string;
  input?: string;
  vectors?: string;
  output: string;
  transformed?: string;
  transformationOnly?: boolean;
  fold?: boolean;
  normalize?: boolean;
  again?: boolean;
  overwrite?: boolean;
  json?: boolean;
}

/** Adds the options to a command. */
export function addWhiteningOptions(command: Command): Command {
  return command
    .option('--components <count>', 'components to keep; by default as many as the rank', positiveInteger)
    .addOption(
      new Option('--variant <name>', 'kind of transformation (default: whitening)').choices(
        WHITENING_VARIANTS,
      ),
    )
    .option('--remove <count>', 'remove-top: components to remove (default: 1 in 100)', positiveInteger)
    .option('--epsilon <value>', 'added to every eigenvalue (default: 0)', notNegative)
    .option('--rcond <value>', 'eigenvalues up to this share of the largest count as zero', notNegative)
    .addOption(
      new Option('--covariance-precision <type>', 'precision of the products in the covariance').choices([
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

/**
 * The whitening of a folder, cut to --components, before anything is encoded.
 * @throws ArgumentError for options of a fit, more components than it has; FileError, FormatError
 */
export async function loadWhitening(
  folder: string,
  flags: WhiteningFlags,
): Promise<{ whitening: Whitening; checkFits: (encoder: { dimension: number }) => void }> {
  const { components, ...fitting } = whiteningOptions(flags);
  const [foreign] = Object.keys(fitting);
  if (foreign !== undefined) {
    throw new ArgumentError(`--${flagOf(foreign)} is for --whiten fit: ${folder} has been fitted already`);
  }
  const { Whitening } = await import('../../embed/whitening/whitening.ts');
  const whitening = await Whitening.load(folder);
  if (components !== undefined && whitening.variant === 'remove-top') {
    throw new ArgumentError(
      `--components is for a whitening that keeps components, but that of '${folder}' is remove-top: fit it again with ` +
        'another --remove',
    );
  }
  const checkFits = ({ dimension }: { dimension: number }) => {
    if (dimension === whitening.dimension) return;
    throw new ArgumentError(
      `expected --whiten to have been fitted on vectors of ${dimension} components, as --model gives, but that of ` +
        `'${folder}' takes ${whitening.dimension}: fit it on vectors of this model`,
    );
  };
  return { whitening: components === undefined ? whitening : whitening.truncate(components), checkFits };
}

/**
 * What can be known of a fit before there are vectors.
 * @param dimension of the vectors there will be, once it is known
 * @throws ArgumentError
 */
export async function checkFit(flags: WhiteningFlags, dimension?: number): Promise<void> {
  const { checkDimension, planWhitening } = await import('../../embed/whitening/whitening-fit.ts');
  const plan = planWhitening(whiteningOptions(flags));
  if (dimension !== undefined) checkDimension(plan, dimension);
}

function flagOf(option: string): string {
  return option === 'precision' ? 'covariance-precision' : option;
}
