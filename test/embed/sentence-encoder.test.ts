// The public face on a small real model: every way in gives the same bits, options do what they say, bad input is a
// typed error, and nothing is left alive.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Progress } from '../../src/embed/encoder/encode-options.ts';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import {
  AbortedError,
  ArgumentError,
  DisposedError,
  LikewiseError,
  ModelError,
  ShapeError,
} from '../../src/errors.ts';
import type { PoolingMode } from '../../src/nn/encoder/pooling.ts';
import { collect } from '../collect.ts';
import { Random } from '../ops/random.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { copyModel, smallModel } from './small-model.ts';

const folder = smallModel;
const { texts: goldenTexts } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  texts: { text: string; ids: number[] }[];
};

/** Texts of very different lengths from the small vocabulary. */
function someTexts(count: number): string[] {
  const random = new Random(7);
  const words = [
    'the',
    'cat',
    'sat',
    'on',
    'mat',
    'dog',
    'ran',
    'and',
    'played',
    'over',
    'running',
    'xyz',
    '42',
  ];
  return Array.from({ length: count }, () =>
    Array.from({ length: random.integer(30) }, () => words[random.integer(words.length)]).join(' '),
  );
}

let encoder: SentenceEncoder;
beforeAll(async () => {
  encoder = await SentenceEncoder.load(folder);
});
afterAll(() => encoder.dispose());

describe('encode', () => {
  it('one text gives its vector, many give theirs in order', async () => {
    const texts = someTexts(20);
    const all = await encoder.encode(texts);
    expect(all.shape).toEqual([20, 32]);
    expect(all.length).toBe(20);
    for (const [index, text] of texts.entries()) expect(all.row(index)).toEqual(await encoder.encode(text));
    expect([...all].map((row) => row[0])).toEqual(texts.map((_, index) => all.data[index * 32]));
    expect(() => all.row(20)).toThrow(RangeError);
    expect((await encoder.encode([])).shape).toEqual([0, 32]);
  });

  it('gives a text the same bits whatever its batch, neighbours, threads and order', async () => {
    const texts = someTexts(150);
    const expected = await encoder.encode(texts);
    for (const batchTokens of [1, 17, 300, 100_000]) {
      expect(await encoder.encode(texts, { batchTokens })).toEqual(expected);
    }
    const reversed = await encoder.encode([...texts].reverse());
    for (const index of texts.keys())
      expect(reversed.row(texts.length - 1 - index)).toEqual(expected.row(index));
    for (const threads of [1, 2, 7]) {
      using other = await SentenceEncoder.load(folder, { threads });
      expect(other.engine.threads).toBe(threads);
      expect(await other.encode(texts)).toEqual(expected);
    }
  });

  it('calls that run at the same time do not disturb each other', async () => {
    const texts = someTexts(60);
    const expected = await encoder.encode(texts);
    const together = await Promise.all(texts.map((text) => encoder.encode(text)));
    for (const [index, vector] of together.entries()) expect(vector).toEqual(expected.row(index));
  });

  it('streams chunks in input order, from any iterable', async () => {
    const texts = someTexts(90);
    const expected = await encoder.encode(texts);
    async function* source() {
      for (const text of texts) yield text;
    }
    const chunks = await collect(encoder.encodeStream(source(), { batchTokens: 64 }));
    expect(chunks.length).toBeGreaterThan(5);
    let start = 0;
    for (const chunk of chunks) {
      expect(chunk.start).toBe(start);
      for (let row = 0; row < chunk.length; row++) expect(chunk.row(row)).toEqual(expected.row(start + row));
      start += chunk.length;
    }
    expect(start).toBe(texts.length);
    expect(chunks.reduce((sum, chunk) => sum + chunk.tokens, 0)).toBeGreaterThan(texts.length);
  });

  it('gives token vectors as a ragged array, special tokens included', async () => {
    const texts = goldenTexts.map(({ text }) => text);
    const tokens = await encoder.encode(texts, { output: 'token', batchTokens: 10 });
    expect(tokens.length).toBe(texts.length);
    const whole = await encoder.encode(texts, { normalize: false });
    for (const [index, { ids }] of goldenTexts.entries()) {
      const { data, tokenIds, shape } = tokens.text(index);
      expect([...tokenIds]).toEqual(ids);
      expect(shape).toEqual([ids.length, 32]);
      const mean = Array.from(
        { length: 32 },
        (_, column) =>
          ids.reduce((sum, _id, token) => sum + (data[token * 32 + column] as number), 0) / ids.length,
      );
      for (const [column, value] of mean.entries()) expect(whole.row(index)[column]).toBeCloseTo(value, 5);
    }
  });

  it('reports progress to the end', async () => {
    const seen: { texts: number; tokens: number; total?: number }[] = [];
    await encoder.encode(someTexts(50), { batchTokens: 50, onProgress: (progress) => seen.push(progress) });
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.at(-1)).toMatchObject({ texts: 50, total: 50 });
    const long = 'cat '.repeat(500);
    const told: Progress[] = [];
    const onProgress = (progress: Progress) => told.push(progress);
    await encoder.encode(long, { onProgress });
    await encoder.encode(['dog', long, long], { onProgress });
    await encoder.encode([long, 'dog'], { output: 'token', onProgress });
    expect(told.map(({ truncated }) => truncated)).toEqual([1, 2, 1]);
  });

  it('counts texts that were cut at the maximum length', async () => {
    const long = 'cat '.repeat(500);
    const [chunk] = await collect(encoder.encodeStream(['dog', long, 'a'.repeat(100_000)]));
    expect(chunk?.truncatedTexts).toEqual([1]);
    expect(chunk?.truncated).toBe(1); // a word longer than WordPiece allows is one unknown token
    const many = Array.from({ length: 40 }, (_, index) => (index % 7 === 3 ? long : 'dog'));
    const cut = [3, 10, 17, 24, 31, 38];
    expect((await encoder.encode(many, { batchTokens: 50 })).truncatedTexts).toEqual(cut);
    expect((await encoder.encode(many, { batchTokens: 50, output: 'token' })).truncatedTexts).toEqual(cut);
    expect((await encoder.encode(['dog'])).truncatedTexts).toEqual([]);
    const vector = await encoder.encode(long);
    expect(vector).toEqual(await encoder.encode('cat '.repeat(38)));
  });
});

describe('options', () => {
  it('normalize and truncateDim scale to length 1', async () => {
    const text = 'the cat sat';
    const plain = await encoder.encode(text);
    const unit = await encoder.encode(text, { normalize: true });
    expect(Math.hypot(...plain)).not.toBeCloseTo(1, 3);
    expect(Math.hypot(...unit)).toBeCloseTo(1, 6);
    expect(await encoder.encode(text, { truncateDim: 10 })).toEqual(plain.slice(0, 10));
    const cut = await encoder.encode(text, { normalize: true, truncateDim: 10 });
    expect(cut.length).toBe(10);
    expect(Math.hypot(...cut)).toBeCloseTo(1, 6);
    expect(await encoder.encode(text, { truncateDim: 32 })).toEqual(plain);
    expect((await encoder.encode([text, text], { truncateDim: 10 })).shape).toEqual([2, 10]);
  });

  it('prompt is put before every text', async () => {
    expect(await encoder.encode('cat', { prompt: 'the ' })).toEqual(await encoder.encode('the cat'));
  });

  it.each([
    [{ batchTokens: 0 }, /batchTokens.*positive integer.*received 0/],
    [{ truncateDim: 1.5 }, /truncateDim/],
    [{ truncateDim: 33 }, /truncateDim .*up to 32, .* but received 33/],
    [{ normalize: 'no' as never }, /normalize to be true or false but received string/],
    [{ onProgress: true as never }, /onProgress to be a function but received boolean/],
    [{ prompt: 'a', promptName: 'b' }, /prompt or promptName but received both/],
    [{ truncateDim: -1 }, /truncateDim.*received -1/],
    [{ prompt: 5 as unknown as string }, /prompt to be a string.*number/],
    [{ promptName: 'constructor' }, /promptName.*"constructor"/],
    [{ signal: 'x' as unknown as AbortSignal }, /AbortSignal/],
    [{ output: 'token' as const, truncateDim: 8 }, /no truncateDim with output 'token'/],
    [{ promptName: 'query' }, /promptName.*\(none\).*"query"/],
    [{ output: 'words' as 'token' }, /'sentence' or 'token'.*'words'/],
  ])('refuses %o', async (options, message) => {
    await expect(encoder.encode(['cat'], options as { output: 'token' })).rejects.toThrow(ArgumentError);
    await expect(encoder.encode(['cat'], options as { output: 'token' })).rejects.toThrow(message);
  });

  it.each([[[1]], [[null]], [[undefined]], [null], [42], [{ text: 'cat' }]])(
    'refuses %o as texts',
    async (texts) => {
      await expect(encoder.encode(texts as unknown as string[])).rejects.toThrow(ArgumentError);
    },
  );

  it('takes lone surrogates, NUL and other oddities without a word', async () => {
    for (const text of ['\ud800', 'a\udc00b', '\0', '\u202e', '\ufeff', '😀', 'x'.repeat(5000), ' ', '\n']) {
      const vector = await encoder.encode(text);
      expect(vector.every(Number.isFinite)).toBe(true);
    }
  });

  it('a signal stops it between batches', async () => {
    const controller = new AbortController();
    const work = encoder.encode(someTexts(2000), {
      batchTokens: 64,
      signal: controller.signal,
      onProgress: ({ texts }) => {
        if (texts > 100) controller.abort(new Error('enough'));
      },
    });
    await expect(work).rejects.toThrow(AbortedError);
    await expect(work).rejects.toMatchObject({ cause: new Error('enough') });
    await expect(encoder.encode(['cat'], { signal: AbortSignal.abort() })).rejects.toThrow(AbortedError);
    expect((await encoder.encode('cat')).length).toBe(32);
  });

  it('a signal ends the wait for a source that stalls', async () => {
    async function* stalled() {
      yield 'cat';
      await new Promise(() => {});
    }
    const controller = new AbortController();
    const work = collect(encoder.encodeStream(stalled(), { signal: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    await expect(work).rejects.toThrow(AbortedError);
  });

  it('an error of the source or a consumer that leaves early ends the stream and frees its tensors', async () => {
    const before = encoder.engine.stats().liveTensors;
    async function* broken() {
      yield* someTexts(30);
      throw new RangeError('source broke');
    }
    await expect(collect(encoder.encodeStream(broken()))).rejects.toThrow('source broke');
    for await (const chunk of encoder.encodeStream(someTexts(500), { batchTokens: 50 })) {
      if (chunk.start > 10) break;
    }
    expect(encoder.engine.stats().liveTensors).toBe(before);
  });
});

describe('load', () => {
  it.each([
    'cls',
    'mean',
    'max',
    'weightedmean',
    'weighted_mean',
    'lasttoken',
    'first-last-layer1',
    'cls+mean',
  ])('takes pooling %s', async (pooling) => {
    using other = await SentenceEncoder.load(folder, { pooling });
    expect((await other.encode('the cat')).length).toBe(other.dimension);
    expect(other.dimension).toBe(pooling.includes('+') ? 64 : 32);
  });

  it('refuses what it does not know, naming what it does', async () => {
    await expect(SentenceEncoder.load(folder, { pooling: 'meen' })).rejects.toThrow(/cls, mean.*"meen"/);
    for (const pooling of [['bad'], [], 'constructor'] as unknown as PoolingMode[][]) {
      await expect(SentenceEncoder.load(folder, { pooling })).rejects.toThrow(ArgumentError);
    }
    await expect(SentenceEncoder.load(folder, { maxLength: 41 })).rejects.toThrow(
      /from 3 to 40.*received 41/,
    );
    await expect(SentenceEncoder.load(folder, { backend: 'mmx' })).rejects.toThrow(LikewiseError);
    await expect(SentenceEncoder.load('/nowhere/at/all')).rejects.toThrow(LikewiseError);
  });

  it('cuts at maxLength', async () => {
    using other = await SentenceEncoder.load(folder, { maxLength: 5 });
    expect(await other.encode('the cat sat on the mat')).toEqual(await encoder.encode('the cat sat'));
  });

  it('leaves nothing behind after dispose, and after a load that fails', async () => {
    const { engine } = encoder;
    const before = engine.stats().liveTensors;
    const other = await SentenceEncoder.load(folder);
    const pending = other.encode(someTexts(3000), { batchTokens: 64 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    other.dispose();
    other.dispose();
    await expect(pending).rejects.toThrow(DisposedError);
    await expect(other.encode('cat')).rejects.toThrow(DisposedError);
    expect(engine.stats().liveTensors).toBe(before);
    await engine.ready(0);
    expect(engine.stats().bytesHeld).toBe(engine.stats().bytesInUse); // the memory is given back, not only free
    const unpooled = temporaryFolder();
    await copyModel(join(unpooled, 'model'), {}, (name) => !name.startsWith('pooler.'));
    await expect(SentenceEncoder.load(join(unpooled, 'model'), { pooling: 'pooler' })).rejects.toThrow(
      ModelError,
    );
    expect(engine.stats().liveTensors).toBe(before);
  });
});

describe('similarity', () => {
  it('is the cosine by default, and the other measures by name', async () => {
    const left = await encoder.encode(['the cat', 'dog ran', 'over']);
    const right = await encoder.encode(['mat', 'the cat']);
    const cosine = await encoder.similarity(left, right);
    expect(cosine.shape).toEqual([3, 2]);
    expect(cosine.row(0)[1]).toBeCloseTo(1, 6);
    const [a, b] = [left.row(1), right.row(0)];
    const dot = a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);
    const expected = {
      cosine: dot / Math.hypot(...a) / Math.hypot(...b),
      dot,
      euclidean: -Math.hypot(...a.map((value, index) => value - (b[index] as number))),
      manhattan: -a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] as number)), 0),
    };
    for (const measure of ['cosine', 'dot', 'euclidean', 'manhattan'] as const) {
      const matrix = await encoder.similarity(left, right, measure);
      expect(matrix.row(1)[0]).toBeCloseTo(expected[measure], 4);
    }
    await expect(encoder.similarity(left, right, 'foo' as 'dot')).rejects.toThrow(ArgumentError);
    const one = left.row(1);
    for (const first of [
      one,
      [...one],
      Float64Array.from(one),
      [one],
      [[...one]],
      { data: one, shape: [1, 32] },
    ]) {
      const row = await encoder.similarity(first as typeof one, right);
      expect(row.shape).toEqual([1, 2]);
      expect(row.row(0)[0]).toBeCloseTo(expected.cosine, 5);
      const column = await encoder.similarity(right, first as typeof one);
      expect([column.shape, column.row(0)[0]?.toFixed(5)]).toEqual([[2, 1], row.row(0)[0]?.toFixed(5)]);
    }
    const single = await encoder.similarity(await encoder.encode('the cat'), await encoder.encode('the cat'));
    expect([single.shape, single.data[0]?.toFixed(6)]).toEqual([[1, 1], '1.000000']);
    const arrays = await encoder.similarity([...left], [...right], 'euclidean');
    expect([arrays.shape, arrays.row(1)[0]?.toFixed(4)]).toEqual([[3, 2], expected.euclidean.toFixed(4)]);
    await expect(encoder.similarity(one, one.slice(1))).rejects.toThrow(ShapeError);
    await expect(encoder.similarity('the cat' as never, right)).rejects.toThrow(/Embeddings/);
    await expect(encoder.similarity(left, await encoder.encode(['a'], { truncateDim: 3 }))).rejects.toThrow(
      ShapeError,
    );
  });
});
