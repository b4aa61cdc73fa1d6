// quantization_config of a config.json: int8 with a scale per row is read, every other kind refused, and what to do is said.
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import {
  parseStoredPrecision,
  quantizationConfigJson,
} from '../../../src/io/model-folder/quantization-config.ts';
import { expectError } from '../../expect-error.ts';
import { QUANTIZATION_JSON } from './quantized-fixture.ts';

const { group_0: group } = QUANTIZATION_JSON.config_groups;
const quantized = (changes: object) => ({ ...QUANTIZATION_JSON, ...changes });
const groupWith = (changes: object) => quantized({ config_groups: { group_0: { ...group, ...changes } } });
const weightsWith = (changes: object) => groupWith({ weights: { ...group.weights, ...changes } });
const inputsWith = (changes: object) =>
  groupWith({ input_activations: { ...group.input_activations, ...changes } });
const parse = (quantization_config: unknown) => parseStoredPrecision({ quantization_config }, 'config.json');

const READ: [string, unknown][] = [
  ['what compressed-tensors writes', QUANTIZATION_JSON],
  ['what is written here', quantizationConfigJson('int8').quantization_config],
  ['a group size that says there are no groups', weightsWith({ group_size: -1 })],
  ['activations that are left alone', groupWith({ input_activations: null })],
];

const REFUSED: [string, unknown, RegExp][] = [
  ['a text', 'int8', /quantization_config: .*expected object, received string/],
  [
    'another method',
    quantized({ quant_method: 'gptq' }),
    /quant_method: expected "compressed-tensors" but found "gptq"/,
  ],
  [
    'bitsandbytes',
    { quant_method: 'bitsandbytes', load_in_8bit: true },
    /quant_method: expected "compressed-tensors" but found "bitsandbytes"/,
  ],
  ['packed integers', quantized({ format: 'pack-quantized' }), /format: expected "int-quantized"/],
  [
    'weights yet to be quantised',
    quantized({ quantization_status: 'frozen' }),
    /status: expected "compressed"/,
  ],
  ['a sparse one', quantized({ sparsity_config: { format: 'dense' } }), /sparsity_config: is not supported/],
  ['no groups at all', quantized({ config_groups: undefined }), /config_groups: /],
  [
    'not one group',
    quantized({ config_groups: {} }),
    /config_groups: expected at least one group but found none/,
  ],
  ['four bits', weightsWith({ num_bits: 4 }), /weights\.num_bits: expected 8 but found 4/],
  ['a zero point', weightsWith({ symmetric: false }), /weights\.symmetric: expected true but found false/],
  ['scales per group', weightsWith({ strategy: 'group', group_size: 32 }), /strategy: expected "channel"/],
  [
    'scales per tensor',
    weightsWith({ strategy: 'tensor' }),
    /strategy: expected "channel" but found "tensor"/,
  ],
  [
    'a group size beside scales per row',
    weightsWith({ group_size: 32 }),
    /group_size: expected none but found 32/,
  ],
  [
    'blocks beside scales per row',
    weightsWith({ block_structure: [8, 8] }),
    /block_structure: is not supported/,
  ],
  [
    'fixed scales of activations',
    inputsWith({ dynamic: false }),
    /input_activations\.dynamic: expected true/,
  ],
  [
    'a scale for all activations',
    inputsWith({ strategy: 'tensor' }),
    /input_activations\.strategy: expected "token"/,
  ],
  [
    'a kind that is not said',
    inputsWith({ type: undefined }),
    /input_activations\.type: expected "int" but found nothing/,
  ],
  [
    'outputs that are quantised',
    groupWith({ output_activations: { num_bits: 8 } }),
    /output_.*: is not supported/,
  ],
];

describe('quantization_config', () => {
  it.each(READ)('is int8: %s', (_name, config) => {
    expect(parse(config)).toBe('int8');
  });

  it('that is not there is float32', () => {
    expect([parse(undefined), parse(null), parseStoredPrecision({}, 'config.json')]).toEqual(
      new Array(3).fill('float32'),
    );
  });

  it.each(REFUSED)('is refused, with a remedy: %s', async (_name, config, message) => {
    const parsing = (async () => parse(config))();
    await expectError(parsing, ModelError, message);
    await expectError(
      parsing,
      ModelError,
      /: only int8 with a scale per row is read; load the float32 model and quantise it with 'likewise quantize'$/,
    );
  });
});
