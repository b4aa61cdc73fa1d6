// Keys of the tasks that train an encoder: they are spelled and mean the same in each of them.

import { flag, oneOf, share, text, whole } from './keys.ts';

/** The keys of a configuration that all tasks have which train an encoder. */
export const encoderKeys = {
  /** A model folder. */
  model: text,
  /** Its weights to begin with, or random ones by `seed`: the folder then needs config.json and tokenizer files only. */
  weights: oneOf(['model', 'random']).default('model'),
  /** Texts are cut at so many tokens, or at the model's positions where those are fewer. */
  maxLength: whole(3).default(32),
  dropout: share.default(0.1),
  /** Of attention's probabilities; by default as `dropout`. */
  attentionDropout: share.optional(),
  /** Layers' activations are computed again in the backward pass and not kept. */
  recompute: flag.default(false),
};

/** What each of them is for, in a line of `--help`. */
export const encoderHelp = {
  model: 'model folder to train',
  weights:
    "the folder's (model), or random ones drawn from seed: config.json and a tokenizer are then enough",
  maxLength: "tokens per text, at most the model's number of positions",
  dropout: 'share of activations that are dropped',
  attentionDropout: "dropout of attention's probabilities; the same as dropout",
  recompute: 'run layers again in the backward pass, to save memory',
} satisfies Record<keyof typeof encoderKeys, string>;
