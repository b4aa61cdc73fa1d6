// What a configuration trains: model folder, tokenizer and objectives, read and checked against one another.

import { loadTokenizer } from '../../embed/encoder/load-tokenizer.ts';
import { ArgumentError, TokenizerError } from '../../errors.ts';
import { type ModelFolder, readModelFolder } from '../../io/model-folder/model-folder.ts';
import { Engine } from '../../native/engine.ts';
import type { MaskedLanguageHead } from '../../nn/heads/masked-language-head.ts';
import { cosineRegression } from '../../objectives/cosine-regression.ts';
import { gradCache } from '../../objectives/grad-cache.ts';
import type { LearnedTemperature, Temperature } from '../../objectives/learned-temperature.ts';
import { type MaskedLanguageOptions, withMaskedLanguage } from '../../objectives/masked-language.ts';
import { multipleNegatives } from '../../objectives/multiple-negatives.ts';
import { type LearnBatch, onOneTape, type VectorObjective, wholeBatch } from '../../objectives/objective.ts';
import { simcseSupervised, simcseUnsupervised } from '../../objectives/simcse.ts';
import { suNtxent } from '../../objectives/su-ntxent.ts';
import { triplet } from '../../objectives/triplet.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { modelFingerprint } from '../../train/checkpoint/model-fingerprint.ts';
import { type ObjectiveConfig, objectivesOf, type TrainConfig } from './config.ts';
import { type CustomObjective, learnCustom } from './custom-objective.ts';
import { loadTrainableModel } from './load-trainable-model.ts';
import { modelOptions } from './model-options.ts';
import { SentenceLearner } from './sentence-learner.ts';
import type { TextLearner } from './text-learner.ts';
import type { TrainableModel } from './trainable-model.ts';

/**
 * Loads what a configuration trains.
 * @param custom what the objective `custom` is
 * @throws ModelError, FormatError, TokenizerError, FileError, ArgumentError, BackendError
 */
export async function createLearner(
  config: TrainConfig,
  custom?: CustomObjective['loss'],
): Promise<TextLearner> {
  const folder = await readModelFolder(config.model);
  const positions = folder.config.maxPositions - folder.config.positionOffset;
  const tokenizer = await loadTokenizer(folder, Math.min(config.maxLength, positions));
  const evaluationTokenizer =
    config.evaluation && (await loadTokenizer(folder, folder.transformer.maxSequenceLength));
  const { options, notes: changes } = await modelOptions(folder, config);
  const masking = options.maskedLanguage ? maskingOf(tokenizer, folder) : undefined;
  const engine = new Engine({ threads: config.threads, backend: config.backend });
  try {
    const model = await loadTrainableModel(engine, folder, options);
    const learning = objectivesOf(config).map((objective) =>
      objective.name === 'custom' && custom !== undefined
        ? learnCustom(custom, config)
        : learnBatchOf(objective, config, model, masking),
    );
    const fingerprint = await modelFingerprint(folder.path);
    const notes = [...tokenizer.notes, ...changes, ...cutNotes(config, positions), ...model.notes];
    return new SentenceLearner({
      config,
      model,
      tokenizer,
      evaluationTokenizer,
      learning,
      fingerprint,
      notes,
    });
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

function cutNotes({ maxLength, model }: TrainConfig, positions: number): string[] {
  if (maxLength <= positions) return [];
  return [`maxLength is ${maxLength}, but '${model}' has ${positions} positions: texts are cut there`];
}

type Masking = Pick<MaskedLanguageOptions, 'maskToken' | 'specialTokens'>;

function maskingOf({ maskId, specialIds }: Tokenizer, { transformer }: ModelFolder): Masking {
  if (maskId !== undefined) return { maskToken: maskId, specialTokens: specialIds };
  throw new TokenizerError(
    `expected a tokenizer with a mask token, for objective.maskedLanguageWeight, but the one in '${transformer.path}' has ` +
      'none: name it as mask_token in tokenizer_config.json, or leave the weight out',
  );
}

/** How a data set is learned. The model has what any of the objectives needs. */
function learnBatchOf(
  objective: ObjectiveConfig,
  config: TrainConfig,
  model: TrainableModel,
  masking: Masking | undefined,
): LearnBatch {
  const { maskedLanguageWeight: weight = 0, learnableTemperature = false } = objective;
  const temperature = learnableTemperature ? (model.temperature as LearnedTemperature) : config.temperature;
  const ofVectors = vectorObjective(objective, temperature);
  if (config.gradCache > 0) return gradCache(ofVectors, config.gradCache);
  if (weight === 0) return onOneTape(wholeBatch(ofVectors));
  const head = model.maskedLanguageHead as MaskedLanguageHead;
  return onOneTape(withMaskedLanguage(wholeBatch(ofVectors), { ...(masking as Masking), head, weight }));
}

function vectorObjective({ name, ...options }: ObjectiveConfig, temperature: Temperature): VectorObjective {
  const { margin, distance, hardNegativeWeight, hideEqualTexts, directions, partition } = options;
  switch (name) {
    case 'simcse-unsupervised':
      return simcseUnsupervised({ temperature, hideEqualTexts });
    case 'simcse-supervised':
      return simcseSupervised({ temperature, hideEqualTexts, hardNegativeWeight });
    case 'multiple-negatives':
      return multipleNegatives({ temperature, directions, partition });
    case 'su-ntxent':
      return suNtxent({ temperature });
    case 'triplet':
      return triplet({ margin, distance });
    case 'cosine-regression':
      return cosineRegression();
    case 'custom':
      throw new ArgumentError('[objective] expected the objective that is named custom, given in code');
  }
}
