// What progress looks like, on a terminal and in a log.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describeProgress, ProgressLine } from '../../src/cli/output/progress.ts';
import {
  formatBytes,
  formatCounted,
  formatDuration,
  formatTimeLeft,
} from '../../src/cli/output/quantities.ts';
import { TrainProgress } from '../../src/cli/output/train-progress.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

/** A stream that remembers what was written. */
function recorder(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, columns: 40, write: (text: string) => written.push(text) };
  return { written, stream: stream as unknown as NodeJS.WriteStream };
}

test('rates and the time left', () => {
  const state = { texts: 12_000, tokens: 150_000, fraction: 0.25 };
  expect(describeProgress(state, 10)).toBe('12,000 texts  1,200 texts/s  15,000 tokens/s  30 s left');
  expect(describeProgress({ ...state, fraction: undefined }, 10)).not.toContain('left');
});

test('bytes and durations', () => {
  expect([999, 52_100, 999_949, 23_600_000, 1.2e9].map(formatBytes)).toEqual([
    '999 bytes',
    '52.1 kB',
    '999.9 kB',
    '23.6 MB',
    '1200.0 MB',
  ]);
  expect([7.6, 200, 7500].map(formatDuration)).toEqual(['8 s', '3 min 20 s', '2 h 5 min']);
  expect([7.6, 203, 181, 1507, 7601].map(formatTimeLeft)).toEqual([
    '8 s',
    '3 min 20 s',
    '3 min',
    '25 min',
    '2 h 5 min',
  ]);
  expect([0, 1, 1200].map((count) => formatCounted(count, 'row'))).toEqual(['0 rows', '1 row', '1,200 rows']);
});

test('a terminal has one line, redrawn ten times a second, cut to its width and cleared at the end', () => {
  const { written, stream } = recorder(true);
  const line = new ProgressLine(stream);
  line.update({ texts: 1, tokens: 1 });
  expect(written).toEqual([]);
  vi.advanceTimersByTime(150);
  line.update({ texts: 1000, tokens: 5000, fraction: 0.5 });
  expect(written.length).toBe(1);
  expect(written[0]?.startsWith('\r\x1b[K1,000 texts  6,667 texts/s')).toBe(true);
  expect(written[0]?.length).toBe('\r\x1b[K'.length + 39);
  line.end();
  expect(written.at(-1)).toBe('\r\x1b[K');
});

test('a log gets a whole line every five seconds', () => {
  const { written, stream } = recorder(false);
  const line = new ProgressLine(stream);
  for (let second = 1; second <= 11; second += 1) {
    vi.advanceTimersByTime(1000);
    line.update({ texts: second, tokens: second });
  }
  line.end();
  expect(written).toEqual(['5 texts  1 texts/s  1 tokens/s\n', '10 texts  1 texts/s  1 tokens/s\n']);
});

test('in a log the first step has a line at once, then there is one every five seconds, and one for the last step', () => {
  const { written, stream } = recorder(false);
  const progress = new TrainProgress(stream);
  progress.onStart({ step: 0, totalSteps: 20, examples: 80 });
  for (let step = 1; step <= 20; step++) {
    vi.advanceTimersByTime(700);
    const result = {
      loss: 1,
      metrics: {},
      gradientNorm: 1,
      learningRate: 1,
      examples: 4,
      tokens: 40,
      finite: true,
    };
    progress.onStep({ step, ...result });
  }
  expect(written.map((line) => /^step (\d+)/.exec(line)?.[1])).toEqual([undefined, '1', '9', '17', '20']);
});

test('of rows left out the first twenty are named; a warning of the run always is', () => {
  const { written, stream } = recorder(false);
  const progress = new TrainProgress(stream);
  for (let row = 1; row <= 50; row++) progress.onWarning(`left out row ${row}`, 'row');
  progress.onWarning('left out a checkpoint', 'run');
  expect(written).toHaveLength(22);
  expect(written.slice(19)).toEqual([
    'left out row 20\n',
    'more rows are left out: metrics.jsonl names the first 1,000 and counts them all\n',
    'left out a checkpoint\n',
  ]);
});

/** The minutes and seconds left that each line says. */
const secondsLeft = (lines: readonly string[]) =>
  lines.flatMap((line) => {
    const [, minutes = '0', seconds = '0'] = /(?:(\d+) min)?(?: ?(\d+) s)? left\n$/.exec(line) ?? [];
    return line.includes(' left') ? [60 * Number(minutes) + Number(seconds)] : [];
  });

test('the evaluation of the start is not counted into the first step', () => {
  const { written, stream } = recorder(false);
  const progress = new TrainProgress(stream);
  progress.onStart({ step: 0, totalSteps: 100, examples: 400 });
  vi.advanceTimersByTime(300_000);
  progress.onEvaluation({ score: 0.5 }, 0, true);
  vi.advanceTimersByTime(2000);
  const figures = { loss: 1, metrics: {}, gradientNorm: 1, learningRate: 1, examples: 4, tokens: 40 };
  progress.onStep({ step: 1, ...figures, finite: true });
  expect(written.at(-1)).toMatch(/ 3 min 20 s left\n$/);
});

test('the time left falls evenly, though steps come in bursts, the first one late, and evaluations between', () => {
  const { written, stream } = recorder(false);
  const progress = new TrainProgress(stream);
  progress.onStart({ step: 0, totalSteps: 400, examples: 80 });
  const figures = {
    loss: 1,
    metrics: {},
    gradientNorm: 1,
    learningRate: 1,
    examples: 4,
    tokens: 40,
    finite: true,
  };
  vi.advanceTimersByTime(8000);
  let elapsed = 0;
  const ends: number[] = [];
  for (let step = 1; step <= 400; step++) {
    // two steps are told of at once
    const time = step % 2 === 0 ? 1000 : 1;
    if (step > 1) vi.advanceTimersByTime(time);
    elapsed += step > 1 ? time / 1000 : 0;
    if (step % 100 === 0) {
      vi.advanceTimersByTime(5000);
      elapsed += 5;
      progress.onEvaluation(
        { spearman: 0.5, pearson: 0.5, pairs: 10, similarity: 'cosine', score: 0.5 },
        step,
        false,
      );
    }
    const before = written.length;
    progress.onStep({ step, ...figures });
    const [left] = secondsLeft(written.slice(before).filter((line) => line.includes('loss')));
    if (left !== undefined && step > 10) ends.push(elapsed + left);
  }
  expect(ends.length).toBeGreaterThan(30);
  expect(Math.min(...ends)).toBeGreaterThan(0.85 * elapsed);
  expect(Math.max(...ends)).toBeLessThan(1.15 * elapsed);
  const rates = written.flatMap((line) => (/([\d,]+) tokens\/s/.exec(line)?.[1] ?? []) as string | never[]);
  expect(rates.slice(5).every((rate) => Number(rate) > 60 && Number(rate) < 100)).toBe(true); // 80 in 1,001 ms
});
