// What a run makes of a model: the pooling that it trains with and writes, the head, and what of it the folder has otherwise.

import { storablePooling } from '../../embed/encoder/save-encoder.ts';
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import { readModules } from '../../io/model-folder/sentence-transformers.ts';
import { type PoolingMode, parsePooling } from '../../nn/encoder/pooling.ts';
import { objectivesOf, type TrainConfig } from './config.ts';
import type { TrainableModelOptions } from './trainable-model.ts';

/**
 * @returns the options, and as notes what of the model they change or assume
 * @throws ArgumentError for a pooling that cannot be written
 */
export async function modelOptions(
  folder: ModelFolder,
  config: TrainConfig,
): Promise<{ options: TrainableModelOptions; notes: string[] }> {
  const own = await ownPooling(folder);
  const named = config.pooling === undefined ? undefined : parsePooling(config.pooling);
  const pooling = named ?? own ?? parsePooling(config.defaultPooling);
  const stored = storablePooling(
    config.outputPooling === undefined ? pooling : parsePooling(config.outputPooling),
    'name the one that the trained model is to have with outputPooling',
  );
  const objectives = objectivesOf(config);
  const options: TrainableModelOptions = {
    pooling,
    stored,
    head: config.objective.head ?? 'none',
    maskedLanguage: objectives.some(({ maskedLanguageWeight = 0 }) => maskedLanguageWeight > 0),
    learnedTemperature: objectives.some(({ learnableTemperature }) => learnableTemperature === true)
      ? config.temperature
      : undefined,
    seed: config.seed,
    precision: config.precision,
    weights: config.weights,
  };
  const notes = poolingNotes(folder.path, { own, pooling, stored }, named !== undefined);
  if (options.head === 'always') notes.push('a dense layer with tanh is added to the model (head: always)');
  return { options, notes };
}

/** Of a sentence-transformers folder; a plain encoder names none. */
async function ownPooling({ path, modules }: ModelFolder): Promise<readonly PoolingMode[] | undefined> {
  if ((await readModules(path, [])) === undefined) return undefined;
  return modules.find((module) => module.kind === 'pooling')?.modes;
}

interface Poolings {
  /** The model's, if it names one. */
  own: readonly PoolingMode[] | undefined;
  /** What is trained with. */
  pooling: readonly PoolingMode[];
  /** What is evaluated with and written. */
  stored: readonly PoolingMode[];
}

function poolingNotes(path: string, { own, pooling, stored }: Poolings, asked: boolean): string[] {
  const [before, trained, written] = [own, pooling, stored].map((modes) => modes?.join(' + '));
  const notes: string[] = [];
  if (before === undefined && !asked)
    notes.push(`'${path}' names no pooling, so it is trained with ${trained}`);
  if (before !== undefined && before !== written) {
    notes.push(`the pooling of '${path}' is ${before}, and that of the trained model will be ${written}`);
  }
  if (trained !== written) notes.push(`it is trained with ${trained}, evaluated and written with ${written}`);
  return notes;
}
