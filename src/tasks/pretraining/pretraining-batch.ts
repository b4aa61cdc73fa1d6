// A batch from examples of a block: special tokens put around segments, and masks drawn for each sequence by its own place.

import type { CounterRandom } from '../../data/batches/counter-random.ts';
import { type TokenBlock, WORD_START } from '../../data/corpus/token-block.ts';
import type { PretrainingBatch } from '../../objectives/pretraining.ts';
import type { ExamplePlan, PlannedExample } from './examples/example-plan.ts';
import { type MaskingScheme, MaskSink } from './masking/masking.ts';

/** Tokens before and after a text. */
export interface Frame {
  first: number;
  last: number;
}

/** A block that is being read, and how. */
export interface BatchSource {
  block: TokenBlock;
  plan: ExamplePlan;
  frame: Frame;
  pairs: boolean;
  scheme: MaskingScheme;
  /** Keyed by the run's seed and the round through the text. */
  random: CounterRandom;
}

/** By which draws of masks differ from those of examples. */
const maskDraws = 0x80000000;

/** Tokens of an example with special ones: `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]`. */
export function sequenceLength(plan: ExamplePlan, index: number, pairs: boolean): number {
  return plan.words(index) + (pairs ? 3 : 2);
}

/** An example of one of the rounds through a block. */
export interface LocatedExample {
  source: BatchSource;
  index: number;
}

/** The batch of some examples, in their order. */
export function assembleBatch(examples: readonly LocatedExample[]): PretrainingBatch {
  const pairs = examples[0]?.source.pairs ?? false;
  const offsets = new Int32Array(examples.length + 1);
  for (const [i, { source, index }] of examples.entries()) {
    offsets[i + 1] = (offsets[i] as number) + sequenceLength(source.plan, index, pairs);
  }
  const tokens = offsets.at(-1) as number;
  const tokenIds = new Int32Array(tokens);
  const marks = new Uint8Array(tokens);
  const segmentIds = pairs ? new Int32Array(tokens) : undefined;
  const sink = new MaskSink();
  const labels: number[] = [];
  for (const [i, { source, index }] of examples.entries()) {
    const example = source.plan.example(index);
    const start = offsets[i] as number;
    const segments = writeSequence(source, example, start, tokenIds, marks);
    const end = offsets[i + 1] as number;
    if (segments[1] !== undefined) segmentIds?.fill(1, segments[1][0], end);
    labels.push(example.label);
    const { files, numbers } = source.block;
    const [file, number] = [files[example.document] as number, numbers[example.document] as number];
    source.random.start(file, number, (example.ordinal | maskDraws) >>> 0);
    source.scheme({ tokenIds, marks, start, end, segments }, source.random, sink);
  }
  const maskedPlaces = Int32Array.from(sink.places);
  const maskedWords = maskedPlaces.map((place) => tokenIds[place] as number);
  for (const [i, place] of sink.places.entries()) tokenIds[place] = sink.replacements[i] as number;
  return {
    tokenIds,
    offsets,
    segmentIds,
    maskedPlaces,
    maskedWords,
    nextSentence: pairs ? Int32Array.from(labels) : undefined,
    spans: sink.spans.length > 0 ? Int32Array.from(sink.spans) : undefined,
  };
}

/** Lays a sequence down; where its segments lie in the batch. */
function writeSequence(
  { block, frame }: BatchSource,
  { first, second }: PlannedExample,
  start: number,
  tokenIds: Int32Array,
  marks: Uint8Array,
): [number, number][] {
  let at = start;
  const put = (token: number) => {
    tokenIds[at] = token;
    marks[at++] = WORD_START;
  };
  const segments: [number, number][] = [];
  put(frame.first);
  for (const segment of second === undefined ? [first] : [first, second]) {
    tokenIds.set(block.tokenIds.subarray(segment.start, segment.end), at);
    marks.set(block.marks.subarray(segment.start, segment.end), at);
    segments.push([at, at + segment.end - segment.start]);
    at += segment.end - segment.start;
    put(frame.last);
  }
  return segments;
}
