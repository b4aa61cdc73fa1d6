// What a run measures, as lines of JSON (metrics.jsonl) and as TensorBoard events. A resumed run first takes away the
// lines of steps after its checkpoint, which it will write again, so that the file reads like an undisturbed run's.

import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../io/atomic-file.ts';
import { fileError, systemErrorCode } from '../io/file-error.ts';
import { EventFile } from './event-file.ts';

/** A line of metrics.jsonl. Values that are not finite are written as text, since JSON has no numbers for them. */
export type MetricsLine = { step: number } & Record<string, number | string | object | undefined>;

export class MetricsLog {
  readonly path: string;
  readonly #descriptor: number;
  readonly #events: EventFile;

  private constructor(path: string, descriptor: number, events: EventFile) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#events = events;
  }

  /** Opens the files of a run that has done `step` steps. @throws FileError */
  static async open(folder: string, step: number): Promise<MetricsLog> {
    const path = join(folder, 'metrics.jsonl');
    await keepUntil(path, step);
    try {
      return new MetricsLog(path, openSync(path, 'a'), new EventFile(folder, step));
    } catch (error) {
      throw fileError('write', path, error);
    }
  }

  /**
   * Appends a line; its finite numbers are also TensorBoard's scalars, below the line's `kind`.
   * @throws FileError
   */
  write(kind: 'train' | 'evaluation' | 'event', line: MetricsLine): void {
    const text = JSON.stringify({ kind, ...line }, (_, value) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
    );
    try {
      writeSync(this.#descriptor, `${text}\n`);
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

/** Leaves the whole lines of steps up to `step`. */
async function keepUntil(path: string, step: number): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw fileError('read', path, error);
  }
  const kept =
    step === 0
      ? ''
      : text
          .split(/(?<=\n)/)
          .filter((line) => stepOf(line) <= step)
          .join('');
  if (kept !== text) await writeFileAtomic(path, kept);
}

/** The step of a line; infinite when it is not whole. */
function stepOf(line: string): number {
  try {
    const { step } = JSON.parse(line) as { step: number };
    return line.endsWith('\n') ? step : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
