// The report of a run: every measure of its log has a chart, what happened is marked, words are safe in HTML, and a log that
// a kill cut off is read.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FileError, FormatError } from '../../src/errors.ts';
import { SpeedMeter } from '../../src/train/log/speed-meter.ts';
import { readRunMetrics } from '../../src/train/report/run-metrics.ts';
import { runReportHtml, writeRunReport } from '../../src/train/report/run-report-page.ts';
import { expectError } from '../expect-error.ts';
import { temporaryFile, temporaryFolder } from '../temporary-file.ts';
import { makeRun, runOnce, stopAt } from './toy-run.ts';

const captions = (html: string) => [...html.matchAll(/<figcaption>([^<]*)/g)].map(([, caption]) => caption);

/** A log of so many steps with an evaluation each tenth, and lines besides. */
function logOf(steps: number, more: object[] = []): string {
  const lines = Array.from({ length: steps }, (_, index) => {
    const step = index + 1;
    const train = {
      kind: 'train',
      step,
      loss: 9 / step,
      '<b>own': step,
      learningRate: 1e-4,
      gradientNorm: 2,
    };
    return { ...train, examples: 2 * step, tokens: 50 * step };
  });
  const evaluations = lines
    .filter(({ step }) => step % 10 === 0)
    .map(({ step }) => ({ kind: 'evaluation', step, loss: 1, spearman: step / steps, similarity: 'cosine' }));
  return [...lines, ...evaluations, ...more].map((line) => `${JSON.stringify(line)}\n`).join('');
}

const htmlOf = async (log: string) => runReportHtml('<run>', await readRunMetrics(log));

test('a run writes it: a chart for each measure, made again from the log alone to the same bytes', async () => {
  const { config, output } = makeRun();
  await runOnce(config);
  const html = readFileSync(join(output, 'report.html'), 'utf8');
  expect(captions(html)).toEqual(['Loss', 'Learning rate', 'Gradient norm', 'Tokens per second']);
  expect(html).toContain('26 steps over 102 examples');
  const again = join(output, 'again.html');
  await writeRunReport(join(output, 'metrics.jsonl'), again);
  expect(readFileSync(again, 'utf8')).toBe(html);
});

test('an interrupted run has one, and a resumed one is marked', async () => {
  const { config, output } = makeRun();
  await runOnce(config, stopAt(14)).catch(() => undefined);
  expect(readFileSync(join(output, 'report.html'), 'utf8')).toContain('<td>interrupted</td>');
  await runOnce(config, { resume: true });
  const html = readFileSync(join(output, 'report.html'), 'utf8');
  expect(html).toContain('26 steps over');
  expect(html).toMatch(/<b>1 ×<\/b>resumed/);
});

test('one that cannot be written is told of, and the run is done', async () => {
  const { config, output } = makeRun();
  const notes: string[] = [];
  await runOnce(config, {
    listener: {
      onStep: ({ step }) => void (step === 3 && mkdirSync(join(output, 'report.html'))),
      onNote: (note) => notes.push(note),
    },
  });
  expect(existsSync(join(output, 'modules.json'))).toBe(true);
  expect(notes.at(-1)).toMatch(/cannot write '.*report\.html': it is a folder.*likewise report/);
});

test('evaluations lie beside the steps, what happened is marked, and names and words are escaped', async () => {
  const hostile = '"><script>alert(1)</script>';
  const example = (word: string) => ({
    text: [`a ${hostile}`, '</p>'],
    places: [{ right: '<i>', guesses: [{ word, probability: 0.25 }] }],
  });
  const log = temporaryFile(
    'metrics.jsonl',
    logOf(60, [
      { kind: 'examples', step: 0, examples: [example('<s>')] },
      { kind: 'examples', step: 60, examples: [example('<i>')] },
      { kind: 'event', step: 31, event: 'loss spike', message: hostile },
      { kind: 'event', step: 32, event: 'not finite', loss: 'NaN' },
      { kind: 'event', step: 33, event: 'resumed' },
      { kind: 'speed', step: 20, tokensPerSecond: 4000 },
    ]),
  );
  const html = await htmlOf(log);
  expect(captions(html)).toEqual([
    'Loss',
    '&lt;b&gt;own',
    'Spearman',
    'Learning rate',
    'Gradient norm',
    'Tokens per second',
  ]);
  const [loss = '', own = ''] = html.split('<figure>').slice(1);
  for (const name of ['training', 'evaluation', 'loss spike', 'step left out', 'resumed']) {
    expect(loss).toContain(`</i>${name}</span>`);
  }
  expect(loss.match(/<polyline /g)).toHaveLength(3); // smoothed, as it was, evaluations
  expect(own).not.toContain('</i>evaluation');
  for (const chart of [loss, own]) expect(chart.match(/stroke-dasharray/g)).toHaveLength(3);
  expect(html).toMatch(/<b>&lt;i&gt;<\/b> <span[^>]*>25 %/);
  expect(html).toContain('>before</th>');
  expect(html).toContain('>after step 60</th>');
  expect(html).not.toMatch(/<script|<[sib]>(?!\d|&lt;i|[\d.,]+<)|src=|href=|@import|url\(|NaN,|undefined/);
});

test('a line that a kill cut off is left out and counted', async () => {
  const log = temporaryFile('metrics.jsonl', logOf(12));
  appendFileSync(log, '{"kind":"train","step":13,"lo');
  expect(await readRunMetrics(log)).toMatchObject({ steps: 12, damaged: 1 });
  expect(await htmlOf(log)).toContain('Left out of the log: 1 line that is not whole.');
});

test('an empty log is a run without steps; no log and no log of a run are errors', async () => {
  expect(await htmlOf(temporaryFile('metrics.jsonl', ''))).toContain('No step is done yet.');
  await expectError(readRunMetrics(join(temporaryFolder(), 'metrics.jsonl')), FileError, /does not exist/);
  await expectError(
    readRunMetrics(temporaryFile('metrics.jsonl', 'text\n')),
    FormatError,
    /the log of a run/,
  );
});

test('the speed is of the time of steps: what is paused for does not count', () => {
  let now = 0;
  const told: [number, number][] = [];
  const meter = new SpeedMeter(
    (step, speed) => told.push([step, speed]),
    100,
    () => now,
  );
  const step = (number: number, seconds: number, tokens: number) => {
    now += seconds;
    meter.step(number, tokens);
  };
  step(1, 0.5, 200);
  step(2, 0.75, 300);
  expect(told).toEqual([[2, 160]]);
  step(3, 0.5, 400);
  now += 60; // an evaluation
  meter.pause();
  expect(told.at(-1)).toEqual([3, 200]);
  step(4, 1, 450);
  expect(told.at(-1)).toEqual([4, 50]);
});
