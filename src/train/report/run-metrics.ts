// What a run's metrics.jsonl says, by what it is of: each measure as a series over steps, and what happened. The file may be
// read while the run writes to it, or after a kill: a line that is not whole is left out and counted.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { FormatError } from '../../errors.ts';
import { fileError } from '../../io/files/file-error.ts';
import type { Example } from '../examples.ts';

/** [step, value], steps rising. */
export type Series = [number, number][];

/** Something that happened at a step. */
export interface RunEvent {
  step: number;
  /** `warning`, `loss spike`, `not finite`, `resumed`, `interrupted`, `failed`, `rows left out`, … */
  event: string;
  /** What the line says beside that. */
  detail: string;
}

export interface RunMetrics {
  /** The last that the log tells of. */
  steps: number;
  /** Measures of steps: losses, accuracies, the learning rate, the gradient's norm. */
  train: Map<string, Series>;
  /** Figures of evaluations. */
  evaluation: Map<string, Series>;
  /** Tokens per second. */
  speed: Series;
  events: RunEvent[];
  /** What the model said to the same texts, before the first step and later. */
  examples: { step: number; examples: readonly Example[] }[];
  /** Examples and tokens that were learned from. */
  learned: { examples: number; tokens: number };
  /** Lines that are not whole. */
  damaged: number;
}

type Line = { kind: string; step: number } & Record<string, unknown>;

/** @throws FileError; FormatError for a file without a line of a run */
export async function readRunMetrics(path: string): Promise<RunMetrics> {
  const metrics: RunMetrics = {
    steps: 0,
    train: new Map(),
    evaluation: new Map(),
    speed: [],
    events: [],
    examples: [],
    learned: { examples: 0, tokens: 0 },
    damaged: 0,
  };
  let lines = 0;
  try {
    for await (const text of createInterface({
      input: createReadStream(path, 'utf8'),
      crlfDelay: Infinity,
    })) {
      const line = parseLine(text);
      if (line === undefined) metrics.damaged += 1;
      else add(metrics, line);
      lines += 1;
    }
  } catch (error) {
    throw fileError('read', path, error);
  }
  if (lines === metrics.damaged && lines > 0)
    throw new FormatError(
      `expected '${path}' to be the log of a run but no line of it is one: name a run's folder`,
    );
  return metrics;
}

function parseLine(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Partial<Line> | null;
    return typeof line?.kind === 'string' && Number.isFinite(line.step) ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}

function add(metrics: RunMetrics, { kind, step, ...values }: Line): void {
  metrics.steps = Math.max(metrics.steps, step);
  if (kind === 'train') {
    const { examples, tokens, ...measures } = values;
    metrics.learned = { examples: Number(examples), tokens: Number(tokens) };
    addNumbers(metrics.train, step, measures);
  } else if (kind === 'evaluation') addNumbers(metrics.evaluation, step, values);
  else if (kind === 'speed') metrics.speed.push([step, Number(values.tokensPerSecond)]);
  else if (kind === 'examples')
    metrics.examples.push({ step, examples: values.examples as readonly Example[] });
  else if (kind === 'event')
    metrics.events.push({ step, event: String(values.event), detail: detailOf(values) });
}

function addNumbers(into: Map<string, Series>, step: number, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'number') continue; // what is not finite is text, and an event
    const series = into.get(name);
    if (series === undefined) into.set(name, [[step, value]]);
    else series.push([step, value]);
  }
}

function detailOf({ event: _, message, ...rest }: Record<string, unknown>): string {
  const others = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
  return [...(message === undefined ? [] : [String(message)]), ...others].join(', ');
}
