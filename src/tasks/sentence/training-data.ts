// The data sets of a run, opened, and their batches in order, tokenized one step ahead: while the engine computes a step,
// the rows of the next one are read and tokenized.

import { z } from 'zod';
import { MixedSampler, type SampledBatch, type SamplerPosition } from '../../data/batches/mixed-sampler.ts';
import { ExampleFile } from '../../data/examples/example-file.ts';
import type { Example } from '../../data/examples/example-row.ts';
import { DataError, FormatError } from '../../errors.ts';
import { checkJson } from '../../io/files/json-file.ts';
import { contentOf, type Fingerprint, settingsOf } from '../../train/checkpoint/fingerprint.ts';
import type { Json } from '../../train/json.ts';
import type { StepSource, TrainingStep } from '../../train/step-source.ts';
import { checkBatches } from './check-batches.ts';
import { type DataSetConfig, objectiveOf, type TrainConfig } from './config.ts';
import { exampleShape } from './example-shape.ts';
import { makeBatch } from './make-batch.ts';
import type { TextLearner, TrainingBatch } from './text-learner.ts';

type Tokenize = TextLearner['tokenize'];

/** Characters of a text that a note shows. */
const shownCharacters = 60;

const start: SamplerPosition = { epoch: 0, batch: 0 };

/** A position that a checkpoint holds. */
const positionSchema = z.strictObject({ epoch: z.int().min(0), batch: z.int().min(0) });

export class TrainingData implements AsyncDisposable {
  readonly files: readonly ExampleFile[];
  /** What the user should know of the data before the first step. */
  readonly warnings: readonly string[];
  readonly #sampler: MixedSampler;
  readonly #config: TrainConfig;

  private constructor(config: TrainConfig, files: readonly ExampleFile[]) {
    this.#config = config;
    this.files = files;
    const sets = files.map(({ path, length, texts, keys }, index) => {
      const set = config.data[index] as DataSetConfig;
      const inBatch = exampleShape(objectiveOf(set, config), set).inBatch === true;
      return {
        path,
        length,
        texts,
        keys,
        batchSize: set.batchSize ?? config.batchSize,
        noDuplicates: set.noDuplicates ?? config.noDuplicates,
        lastBatch: config.lastBatch,
        inBatch,
        leastRows: inBatch ? 2 : 1,
      };
    });
    this.#sampler = new MixedSampler(sets, config);
    this.warnings = checkBatches(sets, this.#sampler);
  }

  /**
   * Opens every data set.
   * @param onSkipped told of each row that is left out
   * @throws FileError, DataError, ArgumentError, AbortedError
   */
  static async open(
    config: TrainConfig,
    onSkipped: (reason: string) => void,
    signal?: AbortSignal,
  ): Promise<TrainingData> {
    const files: ExampleFile[] = [];
    try {
      for (const [index, set] of config.data.entries()) {
        const key = config.data.length > 1 ? `data.${index}` : 'data';
        const shape = exampleShape(objectiveOf(set, config), set);
        const { maxSamples } = config;
        const options = { ...set, ...shape, maxSamples, onSkipped, signal, key };
        files.push(await ExampleFile.open(set.path, options));
      }
      return new TrainingData(config, files);
    } catch (error) {
      for (const file of files) await file.close();
      throw error;
    }
  }

  /** Examples of all data sets. */
  get examples(): number {
    return this.files.reduce((sum, file) => sum + file.length, 0);
  }

  /** How the data was read: what is no example, and the first example of each file. */
  get notes(): string[] {
    return this.files.flatMap(({ path, blank, first }) => [
      ...(blank > 0
        ? [`${path}: ${blank} blank ${blank === 1 ? 'line was skipped' : 'lines were skipped'}`]
        : []),
      `${path}: the first example is ${describeExample(first)}`,
    ]);
  }

  /** Steps of the whole run: `maxSteps`, or all batches of all epochs. */
  totalSteps(): number {
    const { epochs, maxSteps = Number.POSITIVE_INFINITY, accumulation } = this.#config;
    if (epochs === undefined && Number.isFinite(maxSteps)) return maxSteps;
    let batches = 0;
    for (let epoch = 0; epoch < (epochs ?? 1) && batches < maxSteps * accumulation; epoch++) {
      batches += this.#sampler.count(epoch);
    }
    return Math.min(maxSteps, Math.ceil(batches / accumulation));
  }

  /** The steps of a run. */
  source(tokenize: Tokenize): StepSource<TrainingBatch> {
    const { files, warnings, notes, examples } = this;
    return {
      start: { ...start },
      fingerprint: this.#fingerprint(),
      examples,
      files,
      warnings,
      notes,
      totalSteps: () => this.totalSteps(),
      steps: (position) => this.#steps(positionOf(position), tokenize),
    };
  }

  /** The rows that were read, and the settings that decide what was read of them. */
  #fingerprint(): Fingerprint {
    const ofSets = this.files.map(({ length, fingerprint }, index) => ({
      ...settingsOf(this.#config.data[index] as DataSetConfig, `data.${index}.`, ['path', 'onCorrupt']),
      ...contentOf(`data.${index}`, 'rows', `${length} rows`, fingerprint),
    }));
    return Object.assign({}, ...ofSets);
  }

  /** The batches of every step from a position on, without end when the run is bounded by its steps. */
  async *#steps(
    position: SamplerPosition,
    tokenize: Tokenize,
  ): AsyncGenerator<TrainingStep<TrainingBatch>, void, undefined> {
    const { accumulation, epochs, maxSteps } = this.#config;
    const end = epochs ?? (maxSteps === undefined ? 1 : Number.POSITIVE_INFINITY);
    let batches: TrainingBatch[] = [];
    let after = position;
    for (let { epoch, batch } = position; epoch < end; [epoch, batch] = [epoch + 1, 0]) {
      const first = batch;
      for (const sampled of this.#sampler.batches({ epoch, batch })) {
        batches.push(await this.#tokenized(sampled, tokenize));
        batch += 1;
        after = { epoch, batch };
        if (batches.length < accumulation) continue;
        yield stepOf(batches, after);
        batches = [];
      }
      if (first === 0 && batch === 0 && end === Number.POSITIVE_INFINITY) throw this.#emptyEpoch(epoch);
    }
    if (batches.length > 0) yield stepOf(batches, after);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.files) await file.close();
  }

  /** Of a run bounded by its steps alone, which would look for batches without end. */
  #emptyEpoch(epoch: number): DataError {
    return new DataError(
      `${this.files.map(({ path }) => path).join(', ')}: expected a batch in epoch ${epoch} but all were smaller than ` +
        'batchSize and dropped: lower batchSize, or keep smaller batches (lastBatch: keep)',
    );
  }

  async #tokenized({ set, rows }: SampledBatch, tokenize: Tokenize): Promise<TrainingBatch> {
    const file = this.files[set] as ExampleFile;
    const dataSet = this.#config.data[set] as DataSetConfig;
    const { scored } = exampleShape(objectiveOf(dataSet, this.#config), dataSet);
    const examples = await file.read(rows);
    return makeBatch(examples, file.texts, { set, scored, tokenize });
  }
}

function stepOf(batches: readonly TrainingBatch[], after: SamplerPosition): TrainingStep<TrainingBatch> {
  const examples = batches.reduce((sum, batch) => sum + batch.examples, 0);
  const tokens = batches.reduce((sum, batch) => sum + batch.tokens.tokenIds.length, 0);
  return { batches, examples, tokens, after: { ...after } };
}

/** @throws FormatError */
function positionOf(value: Json): SamplerPosition {
  return checkJson(positionSchema, value, 'the position of the data', (message) => new FormatError(message));
}

/** `"a text", "another …", score 0.8`. */
function describeExample({ texts, score }: Example): string {
  const shown = texts.map((text) => {
    const cut = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
    return JSON.stringify(cut);
  });
  return [...shown, ...(score === undefined ? [] : [`score ${score}`])].join(', ');
}
