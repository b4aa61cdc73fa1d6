// An encoder's weights, held against what its config.json says of their precision. Stored in int8, `X.weight` is I8 [rows,
// columns] and `X.weight_scale` [rows, 1] what its rows are multiplied by.
import { ModelError } from '../../errors.ts';
import type { StoredPrecision } from '../../nn/layers/precision.ts';
import type { ParameterSource, QuantizedRows } from '../../nn/parameters/parameter-reader.ts';
import type { ReadFloat32Options } from '../safetensors/safetensors.ts';
import type { SafetensorsTensor } from '../safetensors/safetensors-writer.ts';
import { type WeightSource, withWeights } from '../safetensors/weights.ts';
import type { ModelFolder } from './model-folder.ts';
import { QUANTIZATION_REMEDY } from './quantization-config.ts';

const scaleOf = (name: string) => `${name}_scale`;

/** What is read of an encoder's weights. */
export type EncoderWeights = Pick<WeightSource, 'names' | 'info' | 'readFloat32'> & ParameterSource;

/**
 * Opens the weights of a folder's encoder for the time of `use`.
 * @throws ModelError when config.json and the weights' types contradict each other; FormatError, FileError
 */
export function withEncoderWeights<T>(
  { transformer, precision }: Pick<ModelFolder, 'transformer' | 'precision'>,
  use: (weights: EncoderWeights) => Promise<T>,
): Promise<T> {
  return withWeights(transformer.path, (weights) => {
    const quantized = checkStored(weights, precision);
    if (quantized.size === 0) return use(weights);
    return use({
      names: weights.names,
      info: (name) => weights.info(name),
      readFloat32: (name: string, options?: ReadFloat32Options) => weights.readFloat32(name, options),
      quantized: { has: (name) => quantized.has(name), read: (name, into) => readRows(weights, name, into) },
    });
  });
}

/** The tensors that hold an int8 weight [rows, columns] in a file. */
export function quantizedTensors(
  name: string,
  [rows, columns]: readonly [number, number],
  { values, scales }: QuantizedRows,
): SafetensorsTensor[] {
  return [
    { name, dtype: 'I8', shape: [rows, columns], data: values },
    { name: scaleOf(name), dtype: 'F32', shape: [rows, 1], data: scales },
  ];
}

/** Names of the int8 weights, each with its scales. */
function checkStored(weights: WeightSource, precision: StoredPrecision): Set<string> {
  const quantized = weights.names.filter((name) => weights.info(name).dtype === 'I8');
  const [first] = quantized;
  if (precision === 'float32' && first !== undefined) {
    throw new ModelError(
      `'${weights.path}' holds tensor '${first}' in int8 but its config.json has no quantization_config that says what ` +
        "the integers mean; fetch the folder's own config.json, or quantise the float32 model with 'likewise quantize'",
    );
  }
  if (precision === 'int8' && first === undefined) {
    throw new ModelError(
      `'${weights.path}' holds no tensor in int8 but the quantization_config of its config.json says so; ` +
        'fetch weights and config.json of one model',
    );
  }
  if (precision === 'int8') checkCompanions(weights);
  for (const name of quantized) checkScale(weights, name);
  return new Set(quantized);
}

/** Beside int8 weights stand their scales, and nothing else that would give the numbers another meaning. */
function checkCompanions(weights: WeightSource): void {
  const zeroPoint = weights.names.find((name) => name.endsWith('.weight_zero_point'));
  if (zeroPoint !== undefined) {
    throw new ModelError(
      `'${weights.path}' holds zero points, '${zeroPoint}', but weights in int8 are expected to be symmetric: ${QUANTIZATION_REMEDY}`,
    );
  }
  for (const scale of weights.names.filter((name) => name.endsWith('.weight_scale'))) {
    const name = scale.slice(0, -scaleOf('').length);
    const dtype = weights.has(name) ? weights.info(name).dtype : 'missing';
    if (dtype === 'I8') continue;
    throw new ModelError(
      `'${weights.path}' holds '${scale}' but '${name}' is ${dtype} where I8 is expected: fetch the weights again, or load ` +
        "the float32 model and quantise it with 'likewise quantize'",
    );
  }
}

function checkScale(weights: WeightSource, name: string): void {
  const { shape } = weights.info(name);
  const scale = scaleOf(name);
  const found = weights.has(scale) ? weights.info(scale) : undefined;
  const expected = `[${shape[0]}, 1]`;
  if (shape.length === 2 && found !== undefined && `[${found.shape.join(', ')}]` === expected) {
    if (/^B?F\d+$/.test(found.dtype)) return;
  }
  const what = found === undefined ? 'is missing' : `is ${found.dtype} of shape [${found.shape.join(', ')}]`;
  throw new ModelError(
    shape.length === 2
      ? `'${weights.path}' holds tensor '${name}' in int8 and needs '${scale}', floats of shape ${expected}, but it ${what}`
      : `'${weights.path}' holds tensor '${name}' in int8 with shape [${shape.join(', ')}] where a matrix is expected`,
  );
}

async function readRows(weights: WeightSource, name: string, into: Int8Array): Promise<QuantizedRows> {
  const scales = await weights.readFloat32(scaleOf(name));
  const wrong = scales.findIndex((scale) => !(scale >= 0));
  if (wrong >= 0) {
    throw new ModelError(
      `tensor '${scaleOf(name)}' of '${weights.path}' holds ${scales[wrong]} at index ${wrong} where a scale of 0 or more ` +
        'is expected; the weights are damaged',
    );
  }
  return { values: await weights.readInt8(name, into), scales };
}
