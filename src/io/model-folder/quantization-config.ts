// `quantization_config` of a config.json: in what precision the weights are stored. int8 is described as compressed-tensors
// does (https://github.com/vllm-project/compressed-tensors): symmetric weights with a scale per row, activations quantised
// per token when they are computed. A loader that does not know it refuses the folder, where it would else read integers
// as weights.
import { z } from 'zod';
import { ModelError } from '../../errors.ts';
import type { StoredPrecision } from '../../nn/layers/precision.ts';
import { checkJson } from '../files/json-file.ts';

const method = 'compressed-tensors';
const format = 'int-quantized';
const found = ({ input }: { input: unknown }) =>
  `but found ${input === undefined ? 'nothing' : JSON.stringify(input)}`;
const exactly = <T extends string | number | boolean>(value: T) =>
  z.literal(value, { error: (issue) => `expected ${JSON.stringify(value)} ${found(issue)}` });
/** What is not supported must be absent or empty. */
const nothing = z
  .unknown()
  .refine((value) => Object.keys(value ?? {}).length === 0, { error: 'is not supported' })
  .optional();

const int8 = { num_bits: exactly(8), type: exactly('int'), symmetric: exactly(true) };

const weights = z.object({
  ...int8,
  strategy: exactly('channel'),
  dynamic: exactly(false).default(false),
  group_size: z.literal(-1, { error: (issue) => `expected none ${found(issue)}` }).nullish(), // -1: a whole row
  block_structure: nothing,
});

const group = z.object({
  weights,
  input_activations: z.object({ ...int8, strategy: exactly('token'), dynamic: exactly(true) }).nullish(),
  output_activations: nothing,
  format: exactly(format).nullish(),
});

const schema = z.object({
  quantization_config: z
    .object({
      quant_method: exactly(method),
      format: exactly(format),
      quantization_status: exactly('compressed'),
      config_groups: z
        .record(z.string(), group)
        .refine((groups) => Object.keys(groups).length > 0, 'expected at least one group but found none'),
      kv_cache_scheme: nothing,
      sparsity_config: nothing,
      transform_config: nothing,
    })
    .nullish(),
});

/** What to do about a quantisation of another kind. */
export const QUANTIZATION_REMEDY =
  "only int8 with a scale per row is read; load the float32 model and quantise it with 'likewise quantize'";

const refusal = (message: string) => new ModelError(`${message}: ${QUANTIZATION_REMEDY}`);

/** What a config.json says its weights are stored in. @throws ModelError for a quantisation of another kind */
export function parseStoredPrecision(config: unknown, source: string): StoredPrecision {
  const { quantization_config: quantization } = checkJson(schema, config, source, refusal);
  return quantization == null ? 'float32' : 'int8';
}

/** What to add to the config.json of an encoder whose weights are stored in this precision. */
export function quantizationConfigJson(precision: StoredPrecision): Record<string, unknown> {
  if (precision === 'float32') return {};
  const numbers = { num_bits: 8, type: 'int', symmetric: true };
  const weights = { ...numbers, strategy: 'channel', dynamic: false };
  const layers = {
    targets: ['Linear'],
    weights,
    input_activations: { ...numbers, strategy: 'token', dynamic: true },
    output_activations: null,
    format,
  };
  const words = {
    targets: ['re:.*word_embeddings$'],
    weights,
    input_activations: null,
    output_activations: null,
    format,
  };
  return {
    quantization_config: {
      quant_method: method,
      format,
      quantization_status: 'compressed',
      config_groups: { group_0: layers, group_1: words },
      ignore: [],
      kv_cache_scheme: null,
    },
  };
}
