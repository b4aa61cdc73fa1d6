// The pretraining task: an encoder and its heads learned from plain text, as BERT, SpanBERT, RoBERTa and XLNet did it, from
// random weights or from a published model on text of one's own.

import { TokenizerError } from '../../errors.ts';
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import { Engine } from '../../native/engine.ts';
import { SentenceTokenizer } from '../../tokenizer/sentence-tokenizer.ts';
import { modelFingerprint } from '../../train/checkpoint/model-fingerprint.ts';
import type { OpenedTask, Task, TaskContext } from '../../train/task.ts';
import {
  isCausal,
  learnedObjectives,
  type PretrainingConfig,
  type PretrainingConfigInput,
  pretrainingSchema,
} from './config.ts';
import { pretrainingHelp } from './config-help.ts';
import { pretrainingProblems } from './config-rules.ts';
import { ExampleSentences } from './example-sentences.ts';
import { HeldOutEvaluation } from './held-out-evaluation.ts';
import { checkVocabulary } from './masking/masking-options.ts';
import { isModelName, openModel } from './model-configurations.ts';
import { forwardOf, PretrainingLearner } from './pretraining-learner.ts';
import { READY_CONFIGS } from './ready-configs.ts';
import { TrainableModel } from './trainable-model.ts';
import { TrainingText } from './training-text.ts';

export function pretrainingTask(): Task<PretrainingConfig, PretrainingConfigInput> {
  return {
    name: 'pretraining',
    summary: 'encoders from plain text: masked words, next sentences, spans, language models',
    schema: pretrainingSchema,
    help: pretrainingHelp(),
    readyConfigs: READY_CONFIGS,
    comparedByContent: ['model', 'tokenizer', 'data', 'evaluation'],
    problems: pretrainingProblems,
    inputs: ({ model, tokenizer, data, evaluation }) => ({
      model: isModelName(model) ? undefined : model,
      tokenizer,
      ...Object.fromEntries(data.map((path, index) => [data.length > 1 ? `data.${index}` : 'data', path])),
      ...Object.fromEntries(
        (evaluation?.data ?? []).map((path, index) => [`evaluation.data.${index}`, path]),
      ),
    }),
    open,
  };
}

async function open(config: PretrainingConfig, { own, signal }: TaskContext): Promise<OpenedTask> {
  const folder = await openModel(config.model, config.tokenizer);
  const { path, lowerCase, tokenizerSettings: settings } = folder.transformer;
  const tokenizer = await SentenceTokenizer.load(path, { lowerCase, settings });
  checkVocabulary(tokenizer, folder.config.vocabularySize);
  const forward = forwardOf(config, maskOf(tokenizer, config));
  const positions = folder.config.maxPositions - folder.config.positionOffset;
  const text = await TrainingText.open(config, tokenizer, positions, signal);
  const { evaluation } = config;
  const longest = Math.min(longestOf(config), positions);
  const heldOut =
    evaluation && (await HeldOutEvaluation.open(config, evaluation, tokenizer, longest, signal));
  const sentences = await ExampleSentences.open(config, tokenizer, longest, signal);
  const model = own(await loadModel(folder, config));
  const notes = [...tokenizer.notes, ...cutNotes(config, positions), ...model.notes];
  const fingerprint = await fingerprintOf(folder, config);
  const learner = own(new PretrainingLearner({ config, model, forward, fingerprint, notes }));
  return {
    source: text.source(),
    learner,
    evaluation: heldOut?.of(model, forward),
    examples: sentences && (() => sentences.guess(model)),
  };
}

/** On an engine of its own, which is freed where loading fails. */
async function loadModel(folder: ModelFolder, config: PretrainingConfig): Promise<TrainableModel> {
  const learned = new Set(learnedObjectives(config).map(({ name }) => name));
  const engine = new Engine({ threads: config.threads, backend: config.backend });
  try {
    return await TrainableModel.load(engine, folder, {
      nextSentence: learned.has('nextSentence'),
      spanTargets: learned.has('spanBoundary') ? config.spanTargets : undefined,
      causal: isCausal(config),
      seed: config.seed,
      precision: config.precision,
      weights: config.weights,
    });
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

/** A name's shape is in the settings that are compared; the files of its tokenizer count as a model's do. */
async function fingerprintOf(
  folder: ModelFolder,
  { model }: PretrainingConfig,
): Promise<Record<string, string>> {
  const files = await modelFingerprint(folder.path);
  return isModelName(model) ? { ...files, shape: JSON.stringify(folder.config) } : files;
}

/** @throws TokenizerError where a mask token is needed and there is none */
function maskOf({ maskId, source }: SentenceTokenizer, config: PretrainingConfig): number | undefined {
  if (maskId !== undefined || isCausal(config)) return maskId;
  throw new TokenizerError(
    `expected a tokenizer with a mask token but '${source}' has none: name it as mask_token in tokenizer_config.json, or ` +
      'pretrain a causal language model',
  );
}

/** Tokens of the longest sequences that are asked for. */
function longestOf({ maxLength, phases }: PretrainingConfig): number {
  return Math.max(...(phases ?? [{ maxLength }]).map((phase) => phase.maxLength ?? maxLength));
}

function cutNotes(config: PretrainingConfig, positions: number): string[] {
  const longest = longestOf(config);
  if (longest <= positions) return [];
  return [
    `maxLength is ${longest}, but '${config.model}' has ${positions} positions: sequences have at most that length`,
  ];
}
