// The text of a run as its steps: phase by phase, epoch by epoch, batches of masked sequences. A position says where the next
// batch lies, so a resumed run goes on with the same ones.

import { z } from 'zod';
import { type Corpus, FIRST_BLOCK } from '../../data/corpus/corpus.ts';
import { type OpenCorpusOptions, openCorpus } from '../../data/corpus/open-corpus.ts';
import { FormatError } from '../../errors.ts';
import { checkJson } from '../../io/files/json-file.ts';
import type { PretrainingBatch } from '../../objectives/pretraining.ts';
import type { SentenceTokenizer } from '../../tokenizer/sentence-tokenizer.ts';
import { contentOf } from '../../train/checkpoint/fingerprint.ts';
import type { Json } from '../../train/json.ts';
import type { Phase } from '../../train/step/learning-rate.ts';
import type { StepSource, TrainingStep } from '../../train/step-source.ts';
import type { PretrainingConfig } from './config.ts';
import { type PlannedPhase, phasesOf } from './phases.ts';
import { EPOCH_START, PretrainingBatches, type PretrainingPosition } from './pretraining-batches.ts';

const count = z.int().min(0);

/** A position that a checkpoint holds: steps of the phase that are done, and the next batch. */
const positionSchema = z.strictObject({
  phase: count,
  stepOfPhase: count,
  epoch: count,
  batch: count,
  block: z.strictObject({ block: count, file: count, line: count, number: count }),
});

type Position = z.output<typeof positionSchema>;

const begin: Position = { phase: 0, stepOfPhase: 0, epoch: 0, batch: 0, block: FIRST_BLOCK };

/** How the text of a configuration is read. */
export function corpusOptions(
  config: PretrainingConfig,
  tokenizer: SentenceTokenizer,
): Omit<OpenCorpusOptions, 'paths' | 'format' | 'seed'> {
  const { textField, annotationField, chineseWords, phrases, shuffleTokens: blockTokens } = config;
  return { tokenizer, textField, annotationField, chineseWords, phrases, blockTokens };
}

/** What is made of the text, but for length and size. */
export function maskingOptions({ masking, examples, shortProbability }: PretrainingConfig) {
  const { name, ...options } = masking;
  return { masking: name, ...options, examples, shortProbability };
}

export class TrainingText {
  readonly #config: PretrainingConfig;
  readonly #corpus: Corpus;
  readonly #phases: readonly PlannedPhase[];
  readonly #totalSteps: number;
  readonly #batches: readonly PretrainingBatches[];
  readonly #notes: readonly string[];

  private constructor(
    config: PretrainingConfig,
    corpus: Corpus,
    totalSteps: number,
    batches: readonly PretrainingBatches[],
    notes: readonly string[],
  ) {
    this.#config = config;
    this.#corpus = corpus;
    this.#totalSteps = totalSteps;
    this.#phases = phasesOf(config, totalSteps);
    this.#batches = batches;
    this.#notes = notes;
  }

  /**
   * Opens the text and reads its beginning, so that mistakes show before the first step; all of it, where a run is as long
   * as its epochs.
   * @param positions most tokens of a sequence that the model reads
   * @throws FileError, DataError, ArgumentError, TokenizerError, AbortedError
   */
  static async open(
    config: PretrainingConfig,
    tokenizer: SentenceTokenizer,
    positions: number,
    signal: AbortSignal | undefined,
  ): Promise<TrainingText> {
    const { data: paths, format, seed, shuffle } = config;
    const options = { ...corpusOptions(config, tokenizer), paths, format, seed, shuffle };
    const corpus = await openCorpus(options);
    const { duplicates, staticMasks, longSentences, batchSize } = config;
    const made = {
      ...maskingOptions(config),
      duplicates,
      staticMasks,
      longSentences,
      batchSize,
      seed,
      shuffle,
    };
    const batches = (config.phases ?? [config]).map(
      ({ maxLength = config.maxLength, batchTokens = config.batchTokens }) =>
        new PretrainingBatches(corpus, { ...made, maxLength: Math.min(maxLength, positions), batchTokens }),
    );
    const [first] = batches as [PretrainingBatches];
    for await (const _ of first.batches(0, undefined, signal)) break;
    const notes = longNotes(first, config);
    const totalSteps = await stepsOf(config, first, signal);
    return new TrainingText(config, corpus, totalSteps, batches, notes);
  }

  source(): StepSource<PretrainingBatch> {
    const files = this.#corpus.files.map(({ path }) => ({ path, skipped: 0, blank: 0 }));
    const bytes = this.#corpus.files.reduce((sum, file) => sum + file.bytes, 0);
    return {
      start: { ...begin, block: { ...begin.block } },
      fingerprint: contentOf(
        'data',
        'text',
        `${files.length} files of ${bytes} bytes`,
        this.#corpus.fingerprint,
      ),
      examples: undefined,
      files,
      warnings: [],
      notes: this.#notes,
      phases: this.#phases.map(({ steps, learningRate, warmup }): Phase => ({ steps, learningRate, warmup })),
      totalSteps: () => this.#totalSteps,
      steps: (position) => this.#steps(positionOf(position)),
    };
  }

  async *#steps(from: Position): AsyncGenerator<TrainingStep<PretrainingBatch>, void, undefined> {
    let position = from;
    for (let { phase } = from; phase < this.#phases.length; phase++) {
      if (phase > position.phase) position = { ...begin, phase, epoch: position.epoch + 1 };
      for await (const step of this.#stepsOfPhase(position)) {
        position = step.after as Position;
        yield step;
      }
    }
  }

  async *#stepsOfPhase(from: Position): AsyncGenerator<TrainingStep<PretrainingBatch>, void, undefined> {
    const { accumulation } = this.#config;
    const { steps } = this.#phases[from.phase] as PlannedPhase;
    let { stepOfPhase } = from;
    let batches: PretrainingBatch[] = [];
    for await (const { batch, epoch, next } of this.#batchesFrom(from)) {
      if (stepOfPhase === steps) return;
      batches.push(batch);
      if (batches.length < accumulation) continue;
      stepOfPhase += 1;
      yield stepOf(batches, { phase: from.phase, stepOfPhase, epoch, ...next });
      batches = [];
      if (stepOfPhase === steps) return;
    }
    if (batches.length === 0) return;
    yield stepOf(batches, { ...from, stepOfPhase: stepOfPhase + 1 }); // the last one of all
  }

  /** Without end, unless the run is bounded by its epochs. */
  async *#batchesFrom(from: Position): AsyncGenerator<{
    batch: PretrainingBatch;
    epoch: number;
    next: PretrainingPosition;
  }> {
    const { epochs, maxSteps, phases } = this.#config;
    const endless = maxSteps !== undefined || phases !== undefined;
    const end = epochs ?? (endless ? Number.POSITIVE_INFINITY : 1);
    let start: PretrainingPosition = { block: from.block, batch: from.batch };
    for (let { epoch } = from; epoch < end; epoch++) {
      const made = this.#batches[from.phase] as PretrainingBatches;
      for await (const { batch, next } of made.batches(epoch, start)) yield { batch, epoch, next };
      start = EPOCH_START;
    }
  }
}

/** Each batch counts by the words that it has to predict. */
function stepOf(batches: readonly PretrainingBatch[], after: Position): TrainingStep<PretrainingBatch> {
  const words = batches.map(predictedWords);
  const total = words.reduce((sum, each) => sum + each, 0);
  return {
    batches,
    shares: words.map((each) => each / total),
    examples: batches.reduce((sum, { offsets }) => sum + offsets.length - 1, 0),
    tokens: batches.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0),
    after: { ...after, block: { ...after.block } } as unknown as Json,
  };
}

/** Masked words; where nothing is masked, every token but each sequence's first. */
export function predictedWords({ maskedWords, tokenIds, offsets }: PretrainingBatch): number {
  return maskedWords.length > 0 ? maskedWords.length : tokenIds.length - (offsets.length - 1);
}

async function stepsOf(
  { epochs, maxSteps = Number.POSITIVE_INFINITY, accumulation, phases }: PretrainingConfig,
  batches: PretrainingBatches,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (phases?.every(({ steps }) => steps >= 1)) return phases.reduce((sum, { steps }) => sum + steps, 0);
  if (epochs === undefined && Number.isFinite(maxSteps)) return maxSteps;
  let found = 0;
  for (let epoch = 0; epoch < (epochs ?? 1) && found < maxSteps * accumulation; epoch++) {
    found += await batches.count(epoch, signal);
  }
  return Math.min(maxSteps, Math.ceil(found / accumulation));
}

function longNotes(
  { counts }: PretrainingBatches,
  { longSentences = 'drop', examples }: PretrainingConfig,
): string[] {
  if (counts.longSentences === 0 || examples === 'pairs') return [];
  const what = longSentences === 'drop' ? 'left out' : 'cut';
  return [
    `${counts.longSentences} of the first ${counts.sentences} sentences are longer than a sequence and are ${what} ` +
      '(longSentences)',
  ];
}

/** @throws FormatError */
function positionOf(value: Json): Position {
  return checkJson(positionSchema, value, 'the position of the text', (message) => new FormatError(message));
}
