// A quantization_config, and weights in int8, made by hand.

const numbers = { num_bits: 8, type: 'int', symmetric: true };

/** What compressed-tensors writes for int8 weights with a scale per row and activations quantised per token. */
export const QUANTIZATION_JSON = {
  quant_method: 'compressed-tensors',
  version: '0.15.0',
  format: 'int-quantized',
  quantization_status: 'compressed',
  global_compression_ratio: null,
  config_groups: {
    group_0: {
      targets: ['Linear'],
      weights: { ...numbers, strategy: 'channel', dynamic: false, group_size: null, observer: 'minmax' },
      input_activations: { ...numbers, strategy: 'token', dynamic: true, observer: null },
      output_activations: null,
      format: 'int-quantized',
    },
  },
  ignore: ['lm_head'],
  kv_cache_scheme: null,
  sparsity_config: {},
  transform_config: {},
};

export interface RawTensor {
  dtype: string;
  shape: readonly number[];
  bytes: Uint8Array;
}

export const int8 = (shape: readonly number[], ...values: number[]): RawTensor => ({
  dtype: 'I8',
  shape,
  bytes: new Uint8Array(Int8Array.from(values).buffer),
});

export const float32 = (shape: readonly number[], ...values: number[]): RawTensor => ({
  dtype: 'F32',
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});
