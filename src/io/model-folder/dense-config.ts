// 2_Dense/config.json of sentence-transformers: y = activation(W x + b), with W and b in the folder's safetensors
// file as linear.weight [out, in] and linear.bias [out].

import { z } from 'zod';

import { ModelError } from '../../errors.ts';
import { checkJson } from '../files/json-file.ts';

/** Activations of a dense layer; `identity` is none. */
export type DenseActivation = 'identity' | 'tanh' | 'relu' | 'gelu_erf';

/** A dense layer over the sentence vector. */
export interface DenseSpec {
  kind: 'dense';
  /** The folder that holds its weights. */
  path: string;
  inFeatures: number;
  outFeatures: number;
  bias: boolean;
  activation: DenseActivation;
}

// Matched on the last component: torch has moved these classes between modules. torch.nn.GELU is the erf form.
const ACTIVATIONS: Record<string, DenseActivation> = {
  Identity: 'identity',
  Tanh: 'tanh',
  ReLU: 'relu',
  GELU: 'gelu_erf',
};

const TORCH_NAMES: Record<DenseActivation, string> = {
  identity: 'torch.nn.modules.linear.Identity',
  tanh: 'torch.nn.modules.activation.Tanh',
  relu: 'torch.nn.modules.activation.ReLU',
  gelu_erf: 'torch.nn.modules.activation.GELU',
};

const features = z.int('expected a whole number of features').min(1).max(1_048_576);

const denseSchema = z.object({
  in_features: features,
  out_features: features,
  bias: z.boolean().default(true),
  activation_function: z.string().default('torch.nn.modules.activation.Tanh'),
  use_residual: z.boolean().nullish(),
  module_input_name: z.string().nullish(),
  module_output_name: z.string().nullish(),
});

/** Checks a dense layer's configuration against the width of what comes in. ModelError when it cannot be used. */
export function parseDenseConfig(value: unknown, path: string, dimension: number, source: string): DenseSpec {
  const raw = checkJson(denseSchema, value, source);
  const fail = (problem: string): never => {
    throw new ModelError(`'${source}' cannot be used: ${problem}`);
  };
  if (raw.in_features !== dimension) {
    fail(`in_features is ${raw.in_features} but the module before it gives ${dimension} dimensions`);
  }
  if (raw.use_residual === true) fail('use_residual is not supported');
  for (const key of ['module_input_name', 'module_output_name'] as const) {
    const name = raw[key] ?? 'sentence_embedding';
    if (name !== 'sentence_embedding') fail(`${key} '${name}' is not supported; expected sentence_embedding`);
  }
  const className = raw.activation_function.split('.').at(-1) ?? '';
  const activation =
    raw.activation_function.startsWith('torch.') && Object.hasOwn(ACTIVATIONS, className)
      ? ACTIVATIONS[className]
      : undefined;
  if (activation === undefined) {
    const known = Object.values(TORCH_NAMES).join(', ');
    return fail(
      `activation_function '${raw.activation_function}' is not supported; expected one of ${known}`,
    );
  }
  return {
    kind: 'dense',
    path,
    inFeatures: raw.in_features,
    outFeatures: raw.out_features,
    bias: raw.bias,
    activation,
  };
}

/** The configuration to write. */
export function denseConfigJson(spec: Omit<DenseSpec, 'path'>): Record<string, unknown> {
  return {
    in_features: spec.inFeatures,
    out_features: spec.outFeatures,
    bias: spec.bias,
    activation_function: TORCH_NAMES[spec.activation],
  };
}
