// Masking schemes against what BERT, SpanBERT and XLNet publish, over a million draws or more.

import { expect, test } from 'vitest';
import { CounterRandom } from '../../../src/data/batches/counter-random.ts';
import { IN_SPAN, SPAN_START, WORD_START } from '../../../src/data/corpus/token-block.ts';
import {
  type MaskableSequence,
  type MaskingScheme,
  MaskSink,
} from '../../../src/tasks/pretraining/masking/masking.ts';
import { permutationTargets } from '../../../src/tasks/pretraining/masking/permutation-targets.ts';
import { pieceMasking, roundHalfToEven } from '../../../src/tasks/pretraining/masking/piece-masking.ts';
import {
  drawIndex,
  geometricMasking,
  phraseMasking,
  spanLengthChances,
} from '../../../src/tasks/pretraining/masking/span-masking.ts';
import { seededRandom } from '../../seeded-random.ts';
import { expectShare } from './statistics.ts';

const maskToken = 1;
const vocabularySize = 1000;
const original = 500;
const vocabulary = { maskToken, vocabularySize };
const random = new CounterRandom(11, 0);

/** `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`, of words of so many pieces, all of them the same token. */
function sequence(...segments: number[][]): MaskableSequence {
  const marks = [WORD_START];
  const places: [number, number][] = [];
  for (const words of segments) {
    const start = marks.length;
    for (const pieces of words) marks.push(WORD_START, ...new Array(pieces - 1).fill(0));
    places.push([start, marks.length]);
    marks.push(WORD_START);
  }
  const tokenIds = new Int32Array(marks.length).fill(original);
  return { tokenIds, marks: Uint8Array.from(marks), start: 0, end: marks.length, segments: places };
}

function mask(scheme: MaskingScheme, of: MaskableSequence, stream: number): MaskSink {
  const sink = new MaskSink();
  scheme(of, random.start(stream, 0, 0), sink);
  return sink;
}

const spansOf = ({ spans }: MaskSink) =>
  Array.from({ length: spans.length / 2 }, (_, i) => [spans[2 * i], spans[2 * i + 1]] as [number, number]);

const plain = sequence(new Array(126).fill(1));
const drawToken = () => 600;
const geometric = geometricMasking({
  maskToken,
  share: 0.15,
  drawToken,
  stopProbability: 0.2,
  maxSpanLength: 10,
});

test('rounding is that of Python 3', () => {
  expect([0.5, 1.5, 2.5, 3.5, 1.4, 1.6, 19.2].map(roundHalfToEven)).toEqual([0, 2, 2, 4, 1, 2, 19]);
});

test('subword: 15 % of the tokens, special ones counted, of which 80 % [MASK], 10 % any token, 10 % themselves', () => {
  const scheme = pieceMasking({ ...vocabulary, wholeWords: false, share: 0.15 });
  let [masked, others, same] = [0, 0, 0];
  const places = new Float64Array(128);
  const draws = 53_000; // of 19 = round(0.15 · 128) places each: a million
  for (let i = 0; i < draws; i++) {
    const { places: chosen, replacements } = mask(scheme, plain, i);
    if (chosen.length !== 19) expect(chosen.length).toBe(19);
    for (const place of chosen) places[place] = (places[place] as number) + 1;
    for (const token of replacements) {
      if (token === maskToken) masked += 1;
      else if (token === original) same += 1;
      else others += 1;
    }
  }
  const total = 19 * draws;
  expectShare(masked, total, 0.8 + 0.1 / vocabularySize, '[MASK]'); // a random token may be [MASK]
  expectShare(same, total, 0.1 + 0.1 / vocabularySize, 'themselves');
  expectShare(others, total, 0.1 - 0.2 / vocabularySize, 'others');
  expect([places[0], places[127]]).toEqual([0, 0]);
  const chance = 19 / 126;
  const deviation = Math.sqrt(draws * chance * (1 - chance));
  const far = places.subarray(1, 127).filter((count) => Math.abs(count - draws * chance) > 3 * deviation);
  expect(far.length).toBeLessThanOrEqual(2); // of 126 places, 0.34 are expected beyond three standard deviations
});

test.each([
  [3, 1],
  [10, 2],
  [30, 4],
  [50, 8],
  [128, 19],
  [512, 77],
])('%i tokens have %i masks', (tokens, masks) => {
  const scheme = pieceMasking({ ...vocabulary, wholeWords: false, share: 0.15 });
  const capped = pieceMasking({ ...vocabulary, wholeWords: false, share: 0.15, maxPredictions: 20 });
  const of = sequence(new Array(tokens - 2).fill(1));
  expect(mask(scheme, of, 0).places.length).toBe(masks);
  expect(mask(capped, of, 0).places.length).toBe(Math.min(20, masks));
});

test('whole words: all pieces or none, fates piece by piece, never past the limit', () => {
  const scheme = pieceMasking({ ...vocabulary, wholeWords: true, share: 0.15 });
  const of = sequence([3, 1, 2, 5, 1, 1, 4, 2, 2, 1], [1, 2, 3, 1, 1, 4]);
  let mixed = 0;
  const wrong: number[][] = [];
  for (let i = 0; i < 20_000; i++) {
    const { places, replacements } = mask(scheme, of, i);
    const chosen = new Set(places);
    const whole = places.every(
      (place) =>
        (of.marks[place + 1] !== 0 || chosen.has(place + 1)) &&
        (of.marks[place] !== 0 || chosen.has(place - 1)),
    );
    const rising = places.every((place, j) => j === 0 || place > (places[j - 1] as number));
    if (!whole || !rising || places.length === 0 || places.length > Math.round(0.15 * of.end))
      wrong.push(places);
    if (new Set(replacements).size > 1) mixed += 1;
  }
  expect(wrong).toEqual([]);
  expect(mixed).toBeGreaterThan(2000);
  const long = sequence([9]);
  expect(mask(scheme, long, 0).places).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('lengths of spans are geometric, renormalised, of mean 3.797', () => {
  const chances = spanLengthChances(0.2, 10);
  const published = [0.2241, 0.1792, 0.1434, 0.1147, 0.0918, 0.0734, 0.0587, 0.047, 0.0376, 0.0301];
  expect(chances.map((chance) => Math.round(1e4 * chance) / 1e4)).toEqual(published);
  const draws = 1_000_000;
  const counts = new Array(10).fill(0);
  random.start(0, 0, 1);
  for (let i = 0; i < draws; i++) counts[drawIndex(chances, random)] += 1;
  for (const [i, count] of counts.entries())
    expectShare(count, draws, chances[i] as number, `length ${i + 1}`);
  const mean = counts.reduce((sum, count, i) => sum + (i + 1) * count, 0) / draws;
  const variance = counts.reduce((sum, count, i) => sum + (i + 1 - mean) ** 2 * count, 0) / draws;
  expect(Math.abs(mean - 3.797)).toBeLessThan(3 * Math.sqrt(variance / draws) + 0.0005);
});

/** The published loop, word for word and slowly: the merged spans of one sequence. */
function plainSpans(of: MaskableSequence, uniform: () => number): [number, number][] {
  const [[first, after]] = of.segments as [[number, number]];
  const budget = Math.ceil(0.15 * (after - first));
  const chances = spanLengthChances(0.2, 10);
  const masked = new Set<number>();
  while (masked.size < budget) {
    let [length, left] = [1, uniform()];
    for (const chance of chances.slice(0, -1)) {
      left -= chance;
      if (left < 0) break;
      length += 1;
    }
    const anchor = first + Math.floor(uniform() * (after - first));
    if (masked.has(anchor)) continue;
    let place = anchor;
    while (of.marks[place] !== WORD_START) place -= 1;
    for (let words = 0; place < after && masked.size < budget; place++) {
      if (of.marks[place] === WORD_START) words += 1;
      if (words > length) break;
      masked.add(place);
    }
  }
  const spans: [number, number][] = [];
  for (const place of [...masked].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && last[1] === place) last[1] = place + 1;
    else spans.push([place, place + 1]);
  }
  return spans;
}

test('geometric: as many merged spans as by the published loop, as long, at the same places', () => {
  const of = sequence([3, ...Array.from({ length: 60 }, (_, i) => 1 + (i % 3)), 2]);
  const draws = 30_000;
  const measure = (make: (i: number) => [number, number][]) => {
    const measures = { spans: [] as number[], longest: [] as number[], early: [] as number[] };
    for (let i = 0; i < draws; i++) {
      const spans = make(i);
      measures.spans.push(spans.length);
      measures.longest.push(Math.max(...spans.map(([start, end]) => end - start)));
      measures.early.push(spans.filter(([start]) => start < 12).length);
    }
    return Object.values(measures).map((values) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / draws;
      return { mean, error: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / draws };
    });
  };
  const uniform = seededRandom(3);
  const expected = measure(() => plainSpans(of, uniform));
  for (const [i, { mean, error }] of measure((i) => spansOf(mask(geometric, of, i))).entries()) {
    const plain = expected[i] as { mean: number; error: number };
    expect(Math.abs(mean - plain.mean)).toBeLessThan(3 * Math.hypot(error, plain.error));
  }
});

test('geometric: exactly the budget, spans of whole words but for the last, apart, never across segments', () => {
  const of = sequence([2, 1, 3, 1, 1, 2, 4, 1, 2, 1, 1, 3, 1, 2], [1, 1, 2, 3, 1, 1, 2, 1, 1]);
  const pieces = 25 + 13;
  const wrong: MaskSink[] = [];
  for (let i = 0; i < 20_000; i++) {
    const sink = mask(geometric, of, i);
    const spans = spansOf(sink);
    const inside = ([start, end]: [number, number]) =>
      of.segments.some(([from, to]) => start >= from && end <= to);
    const places = spans.flatMap(([start, end]) => Array.from({ length: end - start }, (_, j) => start + j));
    const good =
      sink.places.length === Math.ceil(0.15 * pieces) &&
      spans.every(([start]) => of.marks[start] === WORD_START) &&
      spans.filter(([, end]) => of.marks[end] === 0).length <= 1 && // the one that the budget ended
      spans.every(inside) &&
      spans.every(([start], j) => j === 0 || start > (spans[j - 1] as [number, number])[1]) &&
      places.join() === sink.places.join();
    if (!good) wrong.push(sink);
  }
  expect(wrong).toEqual([]);
});

test('geometric: one decision for a merged span, replacements as frequent as in the corpus', () => {
  const counts = { mask: 0, replaced: 0, kept: 0 };
  const drawn = [0, 0, 0];
  const scheme = geometricMasking({
    maskToken,
    share: 0.15,
    stopProbability: 0.2,
    maxSpanLength: 10,
    drawToken: (from) => [600, 600, 600, 601, 601, 602][from.below(6)] as number,
  });
  let spans = 0;
  let mixed = 0; // spans that are partly one thing and partly another
  for (let i = 0; spans < 1_000_000; i++) {
    const sink = mask(scheme, plain, i);
    let next = 0; // spans hold all places in order
    for (const [start, end] of spansOf(sink)) {
      spans += 1;
      const there = sink.replacements.slice(next, next + end - start);
      next += end - start;
      const tokens = new Set(there);
      if (tokens.has(maskToken)) counts.mask += 1;
      else if (tokens.has(original)) counts.kept += 1;
      else counts.replaced += 1;
      if (tokens.has(maskToken) || tokens.has(original)) mixed += tokens.size - 1;
      else for (const token of there) drawn[token - 600] = (drawn[token - 600] as number) + 1;
    }
  }
  expect(mixed).toBe(0);
  expectShare(counts.mask, spans, 0.8, '[MASK]');
  expectShare(counts.replaced, spans, 0.1, 'replaced');
  expectShare(counts.kept, spans, 0.1, 'kept');
  const total = drawn.reduce((sum, count) => sum + count, 0);
  for (const [i, share] of [3 / 6, 2 / 6, 1 / 6].entries())
    expectShare(drawn[i] as number, total, share, `token ${i}`);
});

test('phrases: half of what is drawn first is an annotated part, the rest whole words, to the budget', () => {
  const of = sequence(new Array(24).fill(1));
  for (const start of [2, 8, 14]) {
    of.marks[start] = WORD_START | SPAN_START | IN_SPAN;
    for (let place = start + 1; place < start + 3; place++) of.marks[place] = WORD_START | IN_SPAN;
  }
  of.marks[17] = WORD_START | SPAN_START | IN_SPAN; // touches the part before it and is another
  const one = phraseMasking({ maskToken, share: 0.04, drawToken }); // a budget of one piece: one draw
  const draws = 1_000_000;
  let first = 0;
  let inside = 0;
  for (let i = 0; i < draws; i++) {
    const [place] = mask(one, of, i).places as [number];
    if ((of.marks[place] as number) & SPAN_START) first += 1;
    else if ((of.marks[place] as number) & IN_SPAN) inside += 1;
  }
  expectShare(first, draws, 0.5 + (0.5 * 4) / 24, 'starts of parts'); // drawn as a part, or as a word
  expectShare(inside, draws, (0.5 * 6) / 24, 'inside of parts'); // as words only
  const some = phraseMasking({ maskToken, share: 0.3, drawToken });
  for (let i = 0; i < 500; i++) expect(mask(some, of, i).places.length).toBe(8);
  const all = phraseMasking({ maskToken, share: 1, drawToken });
  expect(mask(all, of, 0).places.length).toBe(24);
});

test('permutation: a sixth of the pieces, hidden from nobody, all places alike', () => {
  const scheme = permutationTargets({ share: 1 / 6 });
  const of = sequence(new Array(126).fill(1));
  const places = new Float64Array(128);
  const draws = 20_000;
  const wrong: MaskSink[] = [];
  for (let i = 0; i < draws; i++) {
    const sink = mask(scheme, of, i);
    const good = new Set(sink.places).size === 21 && sink.spans.length === 0;
    if (!good || sink.replacements.some((token) => token !== original)) wrong.push(sink);
    for (const place of sink.places) places[place] = (places[place] as number) + 1;
  }
  expect(wrong).toEqual([]);
  expect([places[0], places[127]]).toEqual([0, 0]);
  expect(Math.min(...places.subarray(1, 127))).toBeGreaterThan(0.05 * draws);
  expect(mask(scheme, sequence([1]), 0).places).toEqual([1]);
  expect(mask(scheme, sequence([2, 3, 1], [4, 4]), 0).places.length).toBe(2);
});
