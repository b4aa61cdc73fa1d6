// The data sets of a run, opened, and their batches in order, tokenized one step ahead: while the engine computes a step,
// the rows of the next one are read and tokenized.

import { ExampleFile } from '../data/example-file.ts';
import type { Example } from '../data/example-row.ts';
import { MixedSampler, type SampledBatch, type SamplerPosition } from '../data/mixed-sampler.ts';
import { DataError } from '../errors.ts';
import type { RaggedTokens } from '../tokenizer/tokenizer.ts';
import { checkBatches } from './check-batches.ts';
import { type DataSetConfig, type ObjectiveConfig, objectiveOf, type TrainConfig } from './config.ts';
import type { TrainingBatch } from './learner.ts';

/** What the examples of an objective look like. */
interface ExampleShape {
  texts: number;
  scored: boolean;
  /** Whether an example of so many texts is learned from the others of its batch alone. */
  inBatch?: boolean;
}

const shapes: Record<ObjectiveConfig['name'], ExampleShape> = {
  'simcse-unsupervised': { texts: 1, scored: false, inBatch: true },
  'simcse-supervised': { texts: 2, scored: false, inBatch: true },
  'su-ntxent': { texts: 1, scored: false, inBatch: true },
  triplet: { texts: 3, scored: false },
  'cosine-regression': { texts: 2, scored: true },
};

/** Batches whose gradients make one step. */
export interface StepBatches {
  batches: TrainingBatch[];
  /** Where the next step begins. */
  after: SamplerPosition;
}

export class TrainingData {
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
      return {
        path,
        length,
        texts,
        keys,
        batchSize: set.batchSize ?? config.batchSize,
        noDuplicates: set.noDuplicates ?? config.noDuplicates,
        inBatch: exampleShape(objectiveOf(set, config), set).inBatch === true,
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
      for (const set of config.data) {
        const shape = exampleShape(objectiveOf(set, config), set);
        const { maxSamples } = config;
        files.push(await ExampleFile.open(set.path, { ...set, ...shape, maxSamples, onSkipped, signal }));
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

  /** What was read otherwise than it stands there. */
  get notes(): string[] {
    const blank = this.files.filter((file) => file.blank > 0);
    return blank.map((file) => `${file.path}: ${file.blank} blank rows are no examples`);
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

  /** The batches of every step from a position on, without end when the run is bounded by its steps. */
  async *steps(
    position: SamplerPosition,
    tokenize: (texts: readonly string[]) => Promise<RaggedTokens>,
  ): AsyncGenerator<StepBatches> {
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
        yield { batches, after };
        batches = [];
      }
      if (first === 0 && batch === 0 && end === Number.POSITIVE_INFINITY) throw this.#emptyEpoch(epoch);
    }
    if (batches.length > 0) yield { batches, after };
  }

  async close(): Promise<void> {
    for (const file of this.files) await file.close();
  }

  /** Of a run bounded by its steps alone, which would look for batches without end. */
  #emptyEpoch(epoch: number): DataError {
    return new DataError(
      `${this.files.map(({ path }) => path).join(', ')}: expected a batch in epoch ${epoch} but all were smaller than ` +
        'batchSize and dropped: lower batchSize, or keep smaller batches (lastBatch: keep)',
    );
  }

  async #tokenized(
    { set, rows }: SampledBatch,
    tokenize: (texts: readonly string[]) => Promise<RaggedTokens>,
  ): Promise<TrainingBatch> {
    const file = this.files[set] as ExampleFile;
    const { scored } = shapes[objectiveOf(this.#config.data[set] as DataSetConfig, this.#config).name];
    const examples = await file.read(rows);
    const columns = file.texts;
    const texts: string[] = [];
    for (let column = 0; column < columns; column++) {
      for (const example of examples) texts.push(example.texts[column] as string);
    }
    return {
      set,
      examples: examples.length,
      columns,
      tokens: await tokenize(texts),
      textIds: idsOf(texts),
      scores: scored ? scoresOf(examples) : undefined,
    };
  }
}

/** How many texts an example has; a third column makes SimCSE's pairs triplets. */
function exampleShape(objective: ObjectiveConfig, set: DataSetConfig): ExampleShape {
  const shape = shapes[objective.name];
  const hardNegatives = objective.name === 'simcse-supervised' && (set.columns?.length ?? 3) === 3;
  return hardNegatives ? { ...shape, texts: 3, inBatch: false } : shape;
}

function scoresOf(examples: readonly Example[]): Float32Array {
  return Float32Array.from(examples, ({ score }) => score as number);
}

function idsOf(texts: readonly string[]): Int32Array {
  const first = new Map<string, number>();
  return Int32Array.from(texts, (text, index) => {
    const known = first.get(text);
    if (known === undefined) first.set(text, index);
    return known ?? index;
  });
}
