// A sentence encoder in bfloat16: near the float32 one, the same bits whatever is beside a text, saved as the float32 weights
// that it was made from, and refused where the CPU or the folder does not have it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { SentenceModel } from '../../src/embed/encoder/sentence-model.ts';
import { BackendError, ModelError } from '../../src/errors.ts';
import { readModelFolder } from '../../src/io/model-folder/model-folder.ts';
import { Engine } from '../../src/native/engine.ts';
import { expectError } from '../expect-error.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { smallModel } from './small-model.ts';

const words = 'the cat dog sat on mat run play and red over'.split(' ');
const texts = Array.from({ length: 1000 }, (_, i) =>
  Array.from({ length: 1 + ((i * 7) % 23) }, (_, k) => words[(i * 3 + k * k) % 11]).join(' '),
);

const emulated = { precision: 'emulated-bfloat16' } as const;

function cosine(x: Float32Array, y: Float32Array): number {
  const dot = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

describe('precision bfloat16', () => {
  it('gives vectors near those of float32', async () => {
    using exact = await SentenceEncoder.load(smallModel);
    using encoder = await SentenceEncoder.load(smallModel, emulated);
    expect([exact.precision, encoder.precision]).toEqual(['float32', 'emulated-bfloat16']);
    const [expected, vectors] = [await exact.encode(texts), await encoder.encode(texts)];
    const cosines = texts.map((_, i) => cosine(expected.row(i), vectors.row(i)));
    expect(Math.min(...cosines)).toBeGreaterThan(0.9995);
    expect(Math.min(...cosines)).toBeLessThan(0.9999999); // it does round
  });

  it('gives the same bits for a text alone and among a thousand, on any number of threads', async () => {
    using encoder = await SentenceEncoder.load(smallModel, { ...emulated, threads: 1 });
    const all = await encoder.encode(texts);
    for (const threads of [2, 7]) {
      using threaded = await SentenceEncoder.load(smallModel, { ...emulated, threads });
      const again = await threaded.encode(texts, { batchTokens: 97 });
      expect(Buffer.compare(Buffer.from(again.data.buffer), Buffer.from(all.data.buffer))).toBe(0);
      expect(await threaded.encode(texts[999] as string)).toEqual(all.row(999));
    }
    for (const index of [0, 1, 22, 500, 999]) {
      expect(await encoder.encode(texts[index] as string)).toEqual(all.row(index));
    }
  });

  it('is saved as the float32 weights that it is made from', async () => {
    const folder = temporaryFolder();
    using exact = await SentenceEncoder.load(smallModel);
    using encoder = await SentenceEncoder.load(smallModel, emulated);
    await exact.save(join(folder, 'exact'));
    await encoder.save(join(folder, 'bfloat16'));
    for (const file of ['model.safetensors', 'config.json', 'README.md']) {
      expect(readFileSync(join(folder, 'bfloat16', file))).toEqual(readFileSync(join(folder, 'exact', file)));
    }
  });

  it('takes less memory than float32, and gives all of it back', async () => {
    using engine = new Engine();
    const bytesOf = async (options: object) => {
      using _ = await SentenceModel.load(engine, await readModelFolder(smallModel), options);
      return engine.stats().bytesInUse;
    };
    const float32 = await bytesOf({});
    expect(await bytesOf(emulated)).toBeLessThan(0.85 * float32);
    await engine.ready(0);
    expect(engine.stats().liveTensors).toBe(0);
  });

  it('is refused where there are no instructions for it, and for weights in int8', async () => {
    const load = SentenceEncoder.load(smallModel, { precision: 'bfloat16' });
    if (Engine.shared().nativeBFloat16) {
      using encoder = await load;
      expect(encoder.precision).toBe('bfloat16');
    } else {
      await expectError(load, BackendError, /^expected instructions for bfloat16 .* emulated-bfloat16/);
    }
    const target = join(temporaryFolder(), 'int8');
    using quantized = await SentenceEncoder.load(smallModel, { precision: 'int8' });
    await quantized.save(target);
    await expectError(
      SentenceEncoder.load(target, emulated),
      ModelError,
      /expected weights in emulated-bfloat16 but .* holds them in int8: load it with precision int8/,
    );
  });
});
