// Calls of few texts go before the rest of long ones: in the engine's urgent lane, with the same bits, from any encoder of
// the engine; and either side can end in the middle.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { DisposedError } from '../../src/errors.ts';
import { collect } from '../collect.ts';
import { smallModel } from './small-model.ts';

const options = { backend: 'reference', threads: 1 }; // slow: what waits, waits for long
const query = 'the cat sat on the mat';
const many = Array.from({ length: 600 }, (_, index) => `the dog ran over ${index} mat and played ${query}`);

let encoder: SentenceEncoder;
beforeAll(async () => {
  encoder = await SentenceEncoder.load(smallModel, options);
});
afterAll(() => encoder.dispose());

/** Encodes all texts in one batch; resolves when it waits in the engine. */
async function startBulk(bulk = encoder) {
  let done = false;
  const result = bulk.encode(many, { batchTokens: 1e6 }).finally(() => {
    done = true;
  });
  result.catch(() => {}); // awaited by who wants it
  while (bulk.engine.stats().commandsWaiting < 10) await new Promise((resolve) => setImmediate(resolve));
  return { result, isDone: () => done };
}

/** Commands that `work` is the only one to execute: all of them, and those in the urgent lane. */
async function commandsOf(work: () => Promise<unknown>): Promise<{ all: number; urgent: number }> {
  await encoder.engine.ready(0);
  const before = encoder.engine.stats();
  await work();
  await encoder.engine.ready(0);
  const after = encoder.engine.stats();
  return {
    all: after.commandsExecuted - before.commandsExecuted,
    urgent: after.urgentCommandsExecuted - before.urgentCommandsExecuted,
  };
}

describe('a query beside a long call', () => {
  it('does not wait for it, and both have the bits they have alone', async () => {
    const alone = await encoder.encode(query);
    const expected = await encoder.encode(many);
    const bulk = await startBulk();
    expect(await encoder.encode(query)).toEqual(alone);
    expect(bulk.isDone()).toBe(false);
    expect(encoder.engine.stats().commandsWaiting).toBeGreaterThan(0);
    expect((await encoder.encode([query, 'the dog'])).row(0)).toEqual(alone);
    expect((await bulk.result).data).toEqual(expected.data);
  });

  it('does not wait for one of another encoder on the same engine either', async () => {
    const other = await SentenceEncoder.load(smallModel, options);
    expect(other.engine).toBe(encoder.engine);
    const bulk = await startBulk(other);
    expect(await encoder.encode(query)).toEqual(await other.encode(query));
    expect(bulk.isDone()).toBe(false);
    await bulk.result;
    other.dispose();
  });
});

describe('what is urgent', () => {
  it.each([
    ['one text', () => encoder.encode(query)],
    ['one text with a prompt', () => encoder.encode(query, { prompt: 'the dog: ' })],
    ['eight texts', () => encoder.encode(many.slice(0, 8))],
    ['tokens of a text', () => encoder.encode(query, { output: 'token' })],
    ['a stream of few', () => collect(encoder.encodeStream([query]))],
    ['similarities of few', async () => encoder.similarity(new Float32Array(8), [new Float32Array(8)])],
  ])('%s: every command', async (_, work) => {
    const { all, urgent } = await commandsOf(work);
    expect(urgent).toBe(all);
    expect(all).toBeGreaterThan(2);
  });

  it.each([
    ['nine texts', () => encoder.encode(many.slice(0, 9))],
    ['eight texts of more than 256 tokens', () => encoder.encode(Array(8).fill(query.repeat(20)))],
    ['a stream whose end is not known', () => collect(encoder.encodeStream(new Set([query])))],
  ])('not %s', async (_, work) => {
    const { all, urgent } = await commandsOf(work);
    expect(urgent).toBe(0);
    expect(all).toBeGreaterThan(2);
  });
});

it('an encoder that is disposed in the middle of both leaves nothing behind and others unharmed', async () => {
  const alone = await encoder.encode(query);
  const before = encoder.engine.stats();
  const other = await SentenceEncoder.load(smallModel, options);
  const bulk = await startBulk(other);
  const asked = [other.encode(query), other.encode(query)];
  await new Promise((resolve) => setImmediate(resolve));
  other.dispose();
  for (const result of await Promise.allSettled([bulk.result, ...asked])) {
    if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(DisposedError);
    else if (result.value instanceof Float32Array) expect(result.value).toEqual(alone);
  }
  expect(await encoder.encode(query)).toEqual(alone);
  expect(encoder.engine.stats().liveTensors).toBe(before.liveTensors);
});
