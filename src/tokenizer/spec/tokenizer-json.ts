// The part of a tokenizer.json that Likewise looks into, as a schema.

import { z } from 'zod';

const component = z.looseObject({ type: z.string() });

/** A normalizer, pre-tokenizer or post-processor: its type and whatever belongs to that type. */
export type Component = z.infer<typeof component>;

const tokenId = z
  .int('expected a token id')
  .min(0)
  .max(2 ** 31 - 1);

/** The schema of {@link TokenizerSpec}. */
export const specSchema = z.looseObject({
  truncation: z.looseObject({ direction: z.string().optional() }).nullish(),
  padding: z.looseObject({ pad_token: z.string().optional() }).nullish(),
  added_tokens: z
    .array(z.looseObject({ id: tokenId, content: z.string(), special: z.boolean().optional() }))
    .default([]),
  normalizer: component.nullish(),
  pre_tokenizer: component.nullish(),
  post_processor: component.nullish(),
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.union([z.record(z.string(), tokenId), z.array(z.unknown())]),
    max_input_chars_per_word: z.int().positive().optional(),
  }),
});

/** A tokenizer.json as a value. */
export type TokenizerSpec = z.infer<typeof specSchema>;
