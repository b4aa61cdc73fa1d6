// Weights in int8 with their scales, and config.json's word for it: each contradiction between the two is refused.
import { describe, expect, it } from 'vitest';
import { DTypeError, FormatError, type LikewiseError, ModelError } from '../../../src/errors.ts';
import { quantizedTensors, withEncoderWeights } from '../../../src/io/model-folder/encoder-weights.ts';
import { readModelFolder } from '../../../src/io/model-folder/model-folder.ts';
import { SafetensorsFile } from '../../../src/io/safetensors/safetensors.ts';
import { writeSafetensors } from '../../../src/io/safetensors/safetensors-writer.ts';
import { expectError } from '../../expect-error.ts';
import { type Content, scratchTrees, temporaryFolder } from '../../temporary-file.ts';
import { rawSafetensors } from '../safetensors/raw-safetensors.ts';
import { CONFIG_JSON, modelTree } from './model-fixture.ts';
import { float32, int8, QUANTIZATION_JSON, type RawTensor } from './quantized-fixture.ts';

const newTree = scratchTrees();
const weight = int8([2, 3], 1, -2, 3, -128, 127, 0);
const scales = float32([2, 1], 0.5, 0.25);
const bias = float32([2], 1, 2);

function file(tensors: Record<string, RawTensor>): Buffer {
  let end = 0;
  const header = Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => {
    const begin = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  return rawSafetensors(
    Object.fromEntries(header),
    Buffer.concat(Object.values(tensors).map(({ bytes }) => bytes)),
  );
}

async function folderOf(tensors: Record<string, RawTensor>, changes: Record<string, Content> = {}) {
  const config = { ...CONFIG_JSON, quantization_config: QUANTIZATION_JSON };
  const tree = { ...modelTree(), 'config.json': config, 'model.safetensors': file(tensors), ...changes };
  return readModelFolder(await newTree(tree));
}

const read = async (tensors: Record<string, RawTensor>, changes: Record<string, Content> = {}) =>
  withEncoderWeights(await folderOf(tensors, changes), async ({ quantized }) =>
    quantized?.read('x.weight', new Int8Array(6)),
  );

describe('weights in int8', () => {
  it('are read with their scales, float weights beside them as ever', async () => {
    const folder = await folderOf({ 'x.weight': weight, 'x.weight_scale': scales, 'x.bias': bias });
    expect(folder.precision).toBe('int8');
    await withEncoderWeights(folder, async (weights) => {
      expect(weights.quantized?.has('x.weight')).toBe(true);
      expect(weights.quantized?.has('x.bias')).toBe(false);
      expect(weights.info('x.weight').shape).toEqual([2, 3]);
      expect(await weights.quantized?.read('x.weight', new Int8Array(6))).toEqual({
        values: new Int8Array([1, -2, 3, -128, 127, 0]),
        scales: new Float32Array([0.5, 0.25]),
      });
      expect(await weights.readFloat32('x.bias')).toEqual(new Float32Array([1, 2]));
      await expectError(
        weights.readFloat32('x.weight'),
        DTypeError,
        /'x\.weight'.* hold floats but its dtype is I8/,
      );
    });
  });

  it('are read from what is written', async () => {
    const rows = { values: new Int8Array([1, -2, 3, -4, 5, -6]), scales: new Float32Array([0.5, 0]) };
    const path = `${temporaryFolder()}/model.safetensors`;
    await writeSafetensors(path, quantizedTensors('x.weight', [2, 3], rows));
    const written = await SafetensorsFile.open(path);
    expect(written.info('x.weight')).toEqual({ dtype: 'I8', shape: [2, 3], byteLength: 6 });
    expect(written.info('x.weight_scale')).toEqual({ dtype: 'F32', shape: [2, 1], byteLength: 8 });
    expect(await written.readInt8('x.weight')).toEqual(rows.values);
    await expectError(written.readInt8('x.weight_scale'), DTypeError, /to hold I8 but its dtype is F32/);
    await written.close();
  });

  const whole = { 'x.weight': weight, 'x.weight_scale': scales };
  const REFUSED: [
    string,
    Record<string, RawTensor>,
    Record<string, Content>,
    new (m: string) => LikewiseError,
    RegExp,
  ][] = [
    [
      'no quantization_config',
      whole,
      { 'config.json': CONFIG_JSON },
      ModelError,
      /'x\.weight' in int8 but its config\.json has no quantization_config.*likewise quantize/,
    ],
    [
      'no integers',
      { 'x.bias': bias },
      {},
      ModelError,
      /holds no tensor in int8 but the quantization_config/,
    ],
    [
      'no scales',
      { 'x.weight': weight },
      {},
      ModelError,
      /needs 'x\.weight_scale', floats of shape \[2, 1\], but it is missing/,
    ],
    [
      'a scale too few',
      { ...whole, 'x.weight_scale': float32([1, 1], 1) },
      {},
      ModelError,
      /of shape \[2, 1\], but it is F32 of shape \[1, 1\]/,
    ],
    [
      'scales per tensor',
      { ...whole, 'x.weight_scale': float32([1], 1) },
      {},
      ModelError,
      /but it is F32 of shape \[1\]/,
    ],
    [
      'scales that are integers',
      { ...whole, 'x.weight_scale': int8([2, 1], 1, 1) },
      {},
      ModelError,
      /but it is I8 of shape/,
    ],
    [
      'zero points',
      { ...whole, 'x.weight_zero_point': int8([2, 1], 0, 0) },
      {},
      ModelError,
      /holds zero points, 'x\.weight_zero_point', but .* symmetric: .*; load the float32 model and quantise it with 'likewise quantize'$/,
    ],
    [
      'floats with scales, as if they were integers',
      { ...whole, 'y.weight': bias, 'y.weight_scale': scales },
      {},
      ModelError,
      /holds 'y\.weight_scale' but 'y\.weight' is F32 where I8 is expected: fetch the weights again/,
    ],
    [
      'scales of nothing',
      { ...whole, 'y.weight_scale': scales },
      {},
      ModelError,
      /holds 'y\.weight_scale' but 'y\.weight' is missing where I8/,
    ],
    [
      'integers that are no matrix',
      { 'x.weight': int8([2], 1, 1), 'x.weight_scale': scales },
      {},
      ModelError,
      /with shape \[2\] where a matrix is expected/,
    ],
    [
      'a negative scale',
      { ...whole, 'x.weight_scale': float32([2, 1], 0.5, -0.25) },
      {},
      ModelError,
      /'x\.weight_scale' .* holds -0\.25 at index 1 where a scale of 0 or more/,
    ],
    [
      'a scale that is not a number',
      { ...whole, 'x.weight_scale': float32([2, 1], Number.NaN, 1) },
      {},
      ModelError,
      /holds NaN at index 0/,
    ],
    [
      'an infinite scale',
      { ...whole, 'x.weight_scale': float32([2, 1], 1, Number.POSITIVE_INFINITY) },
      {},
      ModelError,
      /holds Infinity at index 1/,
    ],
    [
      'a file that is cut',
      whole,
      { 'model.safetensors': file(whole).subarray(0, -1) },
      FormatError,
      /cut short/,
    ],
  ];
  it.each(REFUSED)('are refused: %s', async (_name, tensors, changes, errorClass, message) => {
    await expectError(read(tensors, changes), errorClass, message);
  });
});
