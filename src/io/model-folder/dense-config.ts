// 2_Dense/config.json of sentence-transformers: y = activation(W x + b), with W and b in the folder's safetensors
// file as linear.weight [out, in] and linear.bias [out].

import { z } from 'zod';

import { ModelError } from '../../errors.ts';
import { checkFileKeys } from '../../options/file-keys.ts';
import { checkJson } from '../files/json-file.ts';
import { DENSE_KEYS } from './folder-keys.ts';

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

/** The keys that count; {@link DENSE_KEYS} lists them and all others. */
export const denseSchema = z.looseObject({
  in_features: features,
  out_features: features,
  bias: z.boolean().default(true),
  activation_function: z.string().default('torch.nn.modules.activation.Tanh'),
});

/**
 * Checks a dense layer's configuration against the width of what comes in.
 * @param notes gets the keys that are passed over
 * @throws ModelError when it cannot be used
 */
export function parseDenseConfig(
  value: unknown,
  path: string,
  dimension: number,
  source: string,
  notes: string[],
): DenseSpec {
  const raw = checkJson(denseSchema, value, source);
  notes.push(...checkFileKeys(DENSE_KEYS, raw, `'${source}'`, (message) => new ModelError(message)));
  const fail = (problem: string): never => {
    throw new ModelError(`'${source}' cannot be used: ${problem}`);
  };
  if (raw.in_features !== dimension) {
    fail(`in_features is ${raw.in_features} but the module before it gives ${dimension} dimensions`);
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
