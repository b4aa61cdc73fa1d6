// What a run measures, as lines of JSON (metrics.jsonl) and as TensorBoard events. A resumed run first takes away the
// lines of steps and evaluations that its checkpoint does not count, which it will write again, so that the file reads like
// an undisturbed run's.

import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../io/files/atomic-file.ts';
import { fileError, systemErrorCode } from '../../io/files/file-error.ts';
import type { RunState } from '../checkpoint/run-state.ts';
import { EventFile } from './event-file.ts';

/** A line of metrics.jsonl. Values that are not finite are written as text, since JSON has no numbers for them. */
export type MetricsLine = { step: number } & Record<string, number | string | object | undefined>;

/**
 * `speed` and `event` are of the moment; the others are the same whenever a run is repeated. `examples` are of the model
 * before the first step and after the last.
 */
export type LineKind = 'train' | 'evaluation' | 'speed' | 'examples' | 'event';

type RunPlace = Pick<RunState, 'step' | 'evaluatedStep'>;

export class MetricsLog {
  readonly path: string;
  readonly #descriptor: number;
  readonly #events: EventFile;
  /** What could not be written yet. */
  #pending: Uint8Array = new Uint8Array();

  private constructor(path: string, descriptor: number, events: EventFile) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#events = events;
  }

  /** Opens the files of a run that has done so many steps and was last evaluated after `evaluatedStep`. @throws FileError */
  static async open(folder: string, { step, evaluatedStep }: RunPlace): Promise<MetricsLog> {
    const path = join(folder, 'metrics.jsonl');
    await keepUntil(path, { step, evaluatedStep });
    try {
      return new MetricsLog(path, openSync(path, 'a'), new EventFile(folder, step));
    } catch (error) {
      throw fileError('write', path, error);
    }
  }

  /**
   * Appends a line; its finite numbers are also TensorBoard's scalars, below the line's `kind`. A line that cannot be written
   * is tried again with the next one: the steps that lines tell of are done and will not be told of again.
   * @throws FileError
   */
  write(kind: LineKind, line: MetricsLine): void {
    const text = JSON.stringify({ kind, ...line }, (_, value) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
    );
    this.#pending = Buffer.concat([this.#pending, Buffer.from(`${text}\n`)]);
    try {
      while (this.#pending.length > 0) {
        this.#pending = this.#pending.subarray(writeSync(this.#descriptor, this.#pending));
      }
    } catch (error) {
      throw fileError('write', this.path, error);
    }
    const scalars = Object.entries(line).filter(
      (entry): entry is [string, number] => entry[0] !== 'step' && Number.isFinite(entry[1]),
    );
    if (scalars.length === 0) return;
    this.#events.write(
      line.step,
      Object.fromEntries(scalars.map(([name, value]) => [`${kind}/${name}`, value])),
    );
  }

  close(): void {
    closeSync(this.#descriptor);
    this.#events.close();
  }
}

/** Leaves the whole lines of steps and evaluations that are done. */
async function keepUntil(path: string, place: RunPlace): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw fileError('read', path, error);
  }
  const lines = text.split(/(?<=\n)/);
  const kept = place.step === 0 ? '' : lines.filter((line) => isDone(line, place)).join('');
  if (kept !== text) await writeFileAtomic(path, kept);
}

/** False for a line that is not whole. */
function isDone(line: string, place: RunPlace): boolean {
  try {
    const { kind, step } = JSON.parse(line) as { kind: LineKind; step: number };
    if (kind === 'examples' && step > 0) return false; // the run ends once more
    return line.endsWith('\n') && step <= (kind === 'evaluation' ? place.evaluatedStep : place.step);
  } catch {
    return false;
  }
}
