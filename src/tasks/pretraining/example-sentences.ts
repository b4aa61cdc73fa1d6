// A few sentences of the held-out text, or of the run's own where there is none, with words left out as the run masks them,
// and what the model takes these for: the same sentences and words before the first step and after the last.
import { noGrad } from '../../autograd/tape.ts';
import { uploadBatch } from '../../nn/encoder/encoder-batch.ts';
import type { PretrainingBatch, PretrainingModel } from '../../objectives/pretraining.ts';
import { softmax } from '../../ops/plain/softmax.ts';
import { gatherRows } from '../../ops/rows/table-rows.ts';
import { keep, scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { SentenceTokenizer } from '../../tokenizer/sentence-tokenizer.ts';
import type { Example, Guess } from '../../train/examples.ts';
import { learnedObjectives, type PretrainingConfig } from './config.ts';
import { fixedBatches } from './fixed-batches.ts';
import { likeliest } from './likeliest.ts';
import { corpusOptions, maskingOptions } from './training-text.ts';

const sentences = 6;
const guessesOfPlace = 3;
/** Tokens of a sequence, so that it is read at a glance, and of the text's beginning that they are chosen from. */
const sequenceTokens = 40;
const textTokens = 4096;

/** A sequence as it was, [CLS] and [SEP] included. */
interface Sequence {
  tokenIds: Int32Array;
  /** Which of its tokens are left out, rising. */
  places: readonly number[];
}

type Model = Pick<PretrainingModel, 'encoder' | 'maskedLanguage'>;

export class ExampleSentences {
  readonly #tokenizer: SentenceTokenizer;
  readonly #maskId: number;
  readonly #sequences: readonly Sequence[];

  private constructor(tokenizer: SentenceTokenizer, maskId: number, sequences: readonly Sequence[]) {
    this.#tokenizer = tokenizer;
    this.#maskId = maskId;
    this.#sequences = sequences;
  }

  /**
   * Chooses them.
   * @param longest most tokens of a sequence
   * @returns undefined where masked words are not what is learned
   * @throws FileError, DataError, …
   */
  static async open(
    config: PretrainingConfig,
    tokenizer: SentenceTokenizer,
    longest: number,
    signal: AbortSignal | undefined,
  ): Promise<ExampleSentences | undefined> {
    const { maskId } = tokenizer;
    const learned = learnedObjectives(config).some(({ name }) => name === 'maskedWords');
    if (!learned || maskId === undefined) return undefined;
    const { data: paths, format } = config.evaluation ?? config;
    const maxLength = Math.min(longest, Math.max(sequenceTokens, (config.masking.maxSpanLength ?? 0) + 4));
    const reading = { ...corpusOptions(config, tokenizer), paths, format, blockTokens: textTokens };
    const making = { ...maskingOptions(config), examples: 'single', shortProbability: 0 } as const;
    const size = { maxLength, batchTokens: textTokens, seed: config.seed };
    for await (const batch of fixedBatches({ ...reading, ...making, ...size }, signal)) {
      return new ExampleSentences(tokenizer, maskId, evenly(sequencesOf(batch), sentences));
    }
    return undefined;
  }

  /** What a model as it is now takes the words for that are left out. */
  async guess(model: Model): Promise<Example[]> {
    if (this.#sequences.length === 0) return [];
    const found = this.#probabilities(model);
    const probabilities = (await found.data()) as Float32Array;
    found.dispose();
    const width = probabilities.length / this.#sequences.reduce((sum, { places }) => sum + places.length, 0);
    const examples: Example[] = [];
    let row = 0;
    for (const sequence of this.#sequences) {
      const places = [];
      for (const place of sequence.places) {
        const right = await this.#tokenizer.decode(sequence.tokenIds.subarray(place, place + 1));
        places.push({ right, guesses: await this.#likeliest(probabilities.subarray(row, row + width)) });
        row += width;
      }
      examples.push({ text: await this.#textAround(sequence), places });
    }
    return examples;
  }

  /** @returns [places, vocabulary] */
  #probabilities({ encoder, maskedLanguage }: Model): Tensor {
    const { engine, config } = encoder;
    const offsets = [0];
    const masked: number[] = [];
    for (const { tokenIds, places } of this.#sequences) {
      const start = offsets.at(-1) as number;
      masked.push(...places.map((place) => start + place));
      offsets.push(start + tokenIds.length);
    }
    const tokenIds = Int32Array.from(this.#sequences.flatMap((sequence) => [...sequence.tokenIds]));
    for (const place of masked) tokenIds[place] = this.#maskId;
    return noGrad(() =>
      scope(() => {
        const batch = uploadBatch(engine, tokenIds, Int32Array.from(offsets), config.positionOffset);
        const states = encoder.forward(batch, new Set([config.layers])).get(config.layers) as Tensor;
        const places = Tensor.from(engine, Int32Array.from(masked));
        return keep(softmax(maskedLanguage.logits(gatherRows(states, places))));
      }),
    );
  }

  async #likeliest(probabilities: Float32Array): Promise<Guess[]> {
    const ids = likeliest(probabilities, Math.min(guessesOfPlace, this.#tokenizer.vocabularySize));
    return Promise.all(
      ids.map(async (id) => ({
        word: await this.#tokenizer.decode(Int32Array.of(id)),
        probability: Number((probabilities[id] as number).toFixed(4)),
      })),
    );
  }

  /** What stands before, between and behind the words that are left out, spaces included. */
  async #textAround({ tokenIds, places }: Sequence): Promise<string[]> {
    const last = tokenIds.length - 1;
    const spaced = (at: number) => at < last && this.#tokenizer.continues[tokenIds[at] as number] !== 1;
    const pieces: string[] = [];
    for (const [index, to] of [...places, last].entries()) {
      const from = index === 0 ? 1 : (places[index - 1] as number) + 1;
      const text = (await this.#tokenizer.decode(tokenIds.subarray(from, to))).replaceAll(/(^| )##/g, '');
      const before = index > 0 && spaced(from) && !/^[.,;:!?)]/.test(text) ? ' ' : '';
      const after = to > from && to < last && spaced(to) ? ' ' : '';
      pieces.push(`${before}${text}${after}`);
    }
    return pieces;
  }
}

/** Those with words left out, all of these being so: none replaced by another word, none kept. */
function sequencesOf({ tokenIds, offsets, maskedPlaces, maskedWords }: PretrainingBatch): Sequence[] {
  const original = tokenIds.slice();
  for (const [row, place] of maskedPlaces.entries()) original[place] = maskedWords[row] as number;
  const all = [...offsets.subarray(1)].map((end, index) => {
    const start = offsets[index] as number;
    const inside = [...maskedPlaces].filter((place) => place >= start && place < end);
    return { tokenIds: original.slice(start, end), places: inside.map((place) => place - start) };
  });
  return all.filter(({ places }) => places.length > 0);
}

function evenly<T>(all: readonly T[], most: number): T[] {
  const count = Math.min(all.length, most);
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as T);
}
