// 1_Pooling/config.json of sentence-transformers, in both spellings: the older one has a boolean per mode, the newer
// one `pooling_mode` with a name or a list of names. Several modes are concatenated: the booleans in the order of the
// table below (that of sentence-transformers), a list in its own order.

import { z } from 'zod';

import { ModelError } from '../../errors.ts';
import { checkFileKeys } from '../../options/file-keys.ts';
import { checkJson } from '../files/json-file.ts';
import { POOLING_KEYS } from './folder-keys.ts';

/** How token vectors become one vector. */
export type PoolingMode = 'cls' | 'max' | 'mean' | 'mean_sqrt_len' | 'weighted_mean' | 'last_token';

/** A pooling layer; the vectors of several modes are concatenated in this order. */
export interface PoolingSpec {
  kind: 'pooling';
  modes: PoolingMode[];
  /** Whether the tokens of the prompt take part. */
  includePrompt: boolean;
}

interface Spelling {
  mode: PoolingMode;
  /** The name in `pooling_mode`. */
  name: string;
  /** The older boolean key. */
  key: string;
}

const SPELLINGS: readonly Spelling[] = [
  { mode: 'cls', name: 'cls', key: 'pooling_mode_cls_token' },
  { mode: 'max', name: 'max', key: 'pooling_mode_max_tokens' },
  { mode: 'mean', name: 'mean', key: 'pooling_mode_mean_tokens' },
  { mode: 'mean_sqrt_len', name: 'mean_sqrt_len_tokens', key: 'pooling_mode_mean_sqrt_len_tokens' },
  { mode: 'weighted_mean', name: 'weightedmean', key: 'pooling_mode_weightedmean_tokens' },
  { mode: 'last_token', name: 'lasttoken', key: 'pooling_mode_lasttoken' },
];

const flag = z.boolean().nullish();

/** The keys that count; {@link POOLING_KEYS} lists them. */
export const poolingSchema = z.looseObject({
  word_embedding_dimension: z.int().positive().nullish(),
  embedding_dimension: z.int().positive().nullish(),
  pooling_mode: z.union([z.string(), z.array(z.string()).min(1)]).nullish(),
  pooling_mode_cls_token: flag,
  pooling_mode_max_tokens: flag,
  pooling_mode_mean_tokens: flag,
  pooling_mode_mean_sqrt_len_tokens: flag,
  pooling_mode_weightedmean_tokens: flag,
  pooling_mode_lasttoken: flag,
  include_prompt: flag,
});

/** Checks a pooling configuration against the width of the token vectors. ModelError when it cannot be used. */
export function parsePoolingConfig(value: unknown, hiddenSize: number, source: string): PoolingSpec {
  const raw = checkJson(poolingSchema, value, source);
  checkFileKeys(POOLING_KEYS, raw, `'${source}'`, (message) => new ModelError(message));
  const dimension = raw.embedding_dimension ?? raw.word_embedding_dimension;
  if (dimension != null && dimension !== hiddenSize) {
    throw new ModelError(
      `'${source}' says that tokens have ${dimension} dimensions but the encoder's hidden_size is ${hiddenSize}`,
    );
  }
  const includePrompt = raw.include_prompt ?? true;
  if (raw.pooling_mode == null) {
    // No boolean set means mean, as sentence-transformers has it.
    const modes = SPELLINGS.filter(({ key }) => raw[key] === true).map(({ mode }) => mode);
    return { kind: 'pooling', modes: modes.length > 0 ? modes : ['mean'], includePrompt };
  }
  const names = typeof raw.pooling_mode === 'string' ? [raw.pooling_mode] : raw.pooling_mode;
  return { kind: 'pooling', modes: names.map((name) => modeNamed(name, source)), includePrompt };
}

function modeNamed(name: string, source: string): PoolingMode {
  const spelling = SPELLINGS.find((known) => known.name === name);
  if (spelling !== undefined) return spelling.mode;
  const known = SPELLINGS.map((each) => each.name).join(', ');
  throw new ModelError(
    `'${source}' asks for pooling mode '${name}', which is not supported; expected one of ${known}`,
  );
}

/**
 * The configuration to write. The booleans, which every version reads, express modes in their own order; any other
 * order or a repeated mode needs the newer list.
 */
export function poolingConfigJson(spec: PoolingSpec, hiddenSize: number): Record<string, unknown> {
  const inOrder = SPELLINGS.filter(({ mode }) => spec.modes.includes(mode));
  if (inOrder.map(({ mode }) => mode).join() === spec.modes.join()) {
    const flags = SPELLINGS.map(({ mode, key }) => [key, spec.modes.includes(mode)] as const);
    return {
      word_embedding_dimension: hiddenSize,
      ...Object.fromEntries(flags),
      include_prompt: spec.includePrompt,
    };
  }
  const names = spec.modes.map((mode) => SPELLINGS.find((each) => each.mode === mode)?.name);
  return { embedding_dimension: hiddenSize, pooling_mode: names, include_prompt: spec.includePrompt };
}
