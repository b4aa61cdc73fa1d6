// metrics.jsonl and TensorBoard's event files: what is in them byte by byte, and what a resumed run leaves of them.

import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FileError } from '../../src/errors.ts';
import { crc32c, EventFile, tfRecord } from '../../src/train/log/event-file.ts';
import { MetricsLog } from '../../src/train/log/metrics-log.ts';
import { expectError } from '../expect-error.ts';
import { temporaryFolder } from '../temporary-file.ts';

/** The messages of an event file, its checksums having been checked. */
function recordsOf(path: string): Buffer[] {
  const file = readFileSync(path);
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const data = file.subarray(at + 12, at + 12 + Number(file.readBigUInt64LE(at)));
    expect(file.subarray(at, at + 16 + data.length)).toEqual(Buffer.from(tfRecord(data)));
    records.push(data);
    at += 16 + data.length;
  }
  return records;
}

test('crc32c gives the check value of its specification, and a record the bytes TensorFlow writes', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa); // RFC 3720, B.4
  // Written once by tensorboard's own RecordWriter.
  expect(Buffer.from(tfRecord(Buffer.from('likewise'))).toString('hex')).toBe(
    '0800000000000000ff86240f6c696b6577697365c09f8504',
  );
});

test('an event holds step, tag and value', () => {
  const folder = temporaryFolder();
  const file = new EventFile(folder, 0);
  file.write(300, { 'train/loss': 0.5 });
  file.close();
  const [version, start, event] = recordsOf(file.path) as [Buffer, Buffer, Buffer];
  expect(version.subarray(9).toString('latin1')).toBe('\x1a\x0dbrain.Event:2');
  expect(start.subarray(9).toString('hex')).toBe('10003a020801');
  const value = `0a0a${Buffer.from('train/loss').toString('hex')}150000003f`;
  expect(event.subarray(9).toString('hex')).toBe(`10ac022a130a11${value}`);
});

test('a resumed run takes away the lines of steps and evaluations after its checkpoint, and torn ones', async () => {
  const folder = temporaryFolder();
  const first = await MetricsLog.open(folder, { step: 0, evaluatedStep: 0 });
  for (const step of [1, 2, 3]) {
    first.write('train', { step, loss: 1 / step });
    first.write('evaluation', { step, spearman: step });
  }
  first.write('event', { step: 3, event: 'non-finite loss', loss: Number.NaN });
  first.close();
  appendFileSync(first.path, '{"kind":"train","step":2,"lo');
  const second = await MetricsLog.open(folder, { step: 2, evaluatedStep: 1 });
  second.write('train', { step: 3, loss: 0.25 });
  second.close();
  expect(readFileSync(first.path, 'utf8')).toBe(
    '{"kind":"train","step":1,"loss":1}\n{"kind":"evaluation","step":1,"spearman":1}\n' +
      '{"kind":"train","step":2,"loss":0.5}\n{"kind":"train","step":3,"loss":0.25}\n',
  );
  expect(readdirSync(folder).filter((name) => name.startsWith('events.'))).toHaveLength(2);
});

test('numbers that JSON does not have are text, and no scalars', async () => {
  const folder = temporaryFolder();
  const log = await MetricsLog.open(folder, { step: 0, evaluatedStep: 0 });
  log.write('event', {
    step: 7,
    event: 'non-finite loss',
    loss: Number.NaN,
    gradientNorm: Number.POSITIVE_INFINITY,
  });
  log.close();
  expect(JSON.parse(readFileSync(log.path, 'utf8'))).toEqual({
    kind: 'event',
    step: 7,
    event: 'non-finite loss',
    loss: 'NaN',
    gradientNorm: 'Infinity',
  });
  const events = readdirSync(folder).find((name) => name.startsWith('events.')) as string;
  expect(recordsOf(join(folder, events))).toHaveLength(2);
});

test('a folder that is not there', async () => {
  await expectError(
    MetricsLog.open('/none/such', { step: 0, evaluatedStep: 0 }),
    FileError,
    /cannot write '\/none\/such\/metrics\.jsonl'/,
  );
});
