// An objective of one's own in place of a named one. It is a function, so it comes in code beside the configuration, and
// with it what the names stand for otherwise: how many texts an example has, and whether a score follows them.

import { ArgumentError, ConfigError } from '../../errors.ts';
import { gradCache } from '../../objectives/grad-cache.ts';
import {
  type LearnBatch,
  type Objective,
  onOneTape,
  type VectorObjective,
  wholeBatch,
} from '../../objectives/objective.ts';
import { checkOptions } from '../../options/check-options.ts';
import { HEADS, type ObjectiveConfig, type TrainConfig } from './config.ts';

/** An objective of your own for {@link train}, with the shape of its examples. */
export interface CustomObjective {
  /** Over sentences' vectors, which `gradCache` can make in chunks; or a forward pass of your own, which it cannot. */
  loss: VectorObjective | Objective;
  /** Texts of an example: the first columns of a file, or those that `columns` names. */
  texts: number;
  /** Whether a number follows them, any that is finite; false by default. */
  scored?: boolean | undefined;
  /** As `objective.head` in a configuration; `none` by default. */
  head?: ObjectiveConfig['head'];
}

/**
 * What a configuration says of it, and a fingerprint: its name is `custom`, and all that is known of it is the shape of its
 * examples.
 * @throws ConfigError when the configuration names an objective too; ArgumentError
 */
export function customConfig(custom: CustomObjective, given: unknown): ObjectiveConfig {
  checkOptions('objective', custom, ['loss', 'texts', 'scored', 'head']);
  const { loss, texts, scored = false, head } = custom;
  if ((given as { objective?: unknown } | null)?.objective !== undefined) {
    throw new ConfigError(
      'key "objective": expected none, because an objective is given in code; leave out one of the two',
    );
  }
  const callable =
    typeof loss === 'function' || (typeof loss?.loss === 'function' && typeof loss.sequences === 'function');
  if (!callable) {
    throw new ArgumentError(
      `[objective] expected loss to be a function, or an object with the functions sequences and loss, but received ${typeof loss}`,
    );
  }
  if (typeof scored !== 'boolean') {
    throw new ArgumentError(`[objective] expected scored to be true or false but received ${scored}`);
  }
  if (head !== undefined && !HEADS.includes(head)) {
    throw new ArgumentError(
      `[objective] expected head to be one of ${HEADS.join(', ')} but received ${head}`,
    );
  }
  if (Number.isInteger(texts) && texts > 0) return { name: 'custom', texts, scored, head };
  throw new ArgumentError(
    `[objective] expected texts, how many an example has, to be a whole number from 1 but received ${texts}`,
  );
}

/** How it learns from a batch. @throws ConfigError for a forward pass of its own with GradCache */
export function learnCustom(
  loss: CustomObjective['loss'],
  config: Pick<TrainConfig, 'gradCache'>,
): LearnBatch {
  if (typeof loss !== 'function') {
    return config.gradCache > 0 ? gradCache(loss, config.gradCache) : onOneTape(wholeBatch(loss));
  }
  if (config.gradCache === 0) return onOneTape(loss);
  throw new ConfigError(
    'key "gradCache": expected 0 with an objective that does its own encoding; give one over vectors (sequences and loss)',
  );
}
