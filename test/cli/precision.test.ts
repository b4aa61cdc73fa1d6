// --precision bfloat16: what a CPU without instructions for it is told, and the emulation that is asked for by name, in
// embedding and in training.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readNpy } from '../../src/io/npy.ts';
import { Engine } from '../../src/native/engine.ts';
import { scratchFolder } from '../temporary-file.ts';
import { runCli, tinyModel } from './run-cli.ts';

const folder = scratchFolder();
const corpus = join(folder, 'corpus.txt');
writeFileSync(corpus, 'the cat sat\na dog ran over the mat\nthe red cat\nmat\n');

const native = () => {
  using engine = new Engine();
  return engine.nativeBFloat16;
};

function embed(precision: string) {
  const output = join(folder, `${precision}.npy`);
  const files = ['--input', corpus, '--output', output];
  return { output, done: runCli(['embed', '--model', tinyModel, ...files, '--precision', precision]) };
}

test('embed: the emulation is near float32; bfloat16 needs instructions', async () => {
  const vectors: ArrayLike<number | bigint>[] = [];
  for (const precision of ['float32', 'emulated-bfloat16']) {
    const { output, done } = embed(precision);
    const { code, stderr } = await done;
    expect([code, stderr]).toEqual([0, '']);
    vectors.push((await readNpy(output)).data);
  }
  const [exact, near] = vectors as [Float32Array, Float32Array];
  expect(near).not.toEqual(exact);
  for (const [i, value] of near.entries()) expect(Math.abs(value - (exact[i] as number))).toBeLessThan(0.02);

  const { output, done } = embed('bfloat16');
  const { code, stdout, stderr } = await done;
  if (native()) {
    expect([code, (await readNpy(output)).data]).toEqual([0, near]);
  } else {
    expect([code, stdout, existsSync(output)]).toEqual([1, '', false]);
    expect(stderr).toMatch(
      /^likewise: expected instructions for bfloat16 .* choose precision float32 or int8, or emulated-bfloat16 .*\[LIKEWISE_BACKEND\]\n$/,
    );
  }
});

test('train: precision is a key of the configuration', async () => {
  const train = (precision: string) => {
    const output = join(folder, `trained-${precision}`);
    const settings = { model: tinyModel, data: corpus, output, batchSize: 4, precision };
    const set = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    return { output, done: runCli(['train', 'simcse-unsupervised', '--set', ...set]) };
  };
  const emulated = train('emulated-bfloat16');
  expect((await emulated.done).code).toBe(0);
  expect(existsSync(join(emulated.output, 'model.safetensors'))).toBe(true);

  const { code, stderr } = await train('int8').done;
  expect(code).not.toBe(0);
  expect(stderr).toMatch(
    /key "precision": expected one of float32, bfloat16, emulated-bfloat16, because rounding to int8 has no gradient \(train first, then 'likewise quantize'\), but found "int8"/,
  );
  if (!native()) {
    const refused = await train('bfloat16').done;
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/expected instructions for bfloat16.*\[LIKEWISE_BACKEND\]\n$/);
  }
});
