// SimCSE's auxiliary objective: beside the contrastive loss, a second pass of the encoder over masked copies of the same
// texts, whose masked language loss is added with a small weight (0.1). As in BERT, 15 % of the tokens are chosen; of
// those 80 % become [MASK], 10 % a random token and 10 % stay. Which ones follows from the seed and the place alone.

import { ArgumentError } from '../errors.ts';
import { uploadBatch } from '../nn/encoder/encoder-batch.ts';
import type { MaskedLanguageHead } from '../nn/heads/masked-language-head.ts';
import { type ForwardContext, mixSeed } from '../nn/layers/forward-context.ts';
import { add, multiply } from '../ops/plain/elementwise.ts';
import { gatherRows } from '../ops/rows/table-rows.ts';
import { checkOptions } from '../options/check-options.ts';
import { scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Objective, ObjectiveBatch, TrainedModel } from './objective.ts';

/** Settings of {@link withMaskedLanguage}. */
export interface MaskedLanguageOptions {
  head: MaskedLanguageHead;
  /** Id of [MASK]. */
  maskToken: number;
  /** Ids that are never chosen nor drawn: [CLS], [SEP], [PAD] and their like. */
  specialTokens: readonly number[];
  /** Of the loss; 0.1 by default. */
  weight?: number | undefined;
  /** Share of tokens to predict; 0.15 by default. */
  share?: number | undefined;
}

/** By which the second pass draws other masks and other dropout than the first. */
const secondPass = 1;

/** `objective` plus `weight` times the masked language loss; both are in the metrics. */
export function withMaskedLanguage(objective: Objective, options: MaskedLanguageOptions): Objective {
  checkOptions('withMaskedLanguage', options, ['head', 'maskToken', 'specialTokens', 'weight', 'share']);
  const { weight = 0.1 } = options;
  return (model, batch, context) => {
    const { loss: contrastive, metrics } = objective(model, batch, context);
    const second = { ...context, seed: mixSeed(context.seed, secondPass) };
    const maskedLanguage = maskedLanguageLoss(model, batch, second, options);
    const loss = add(contrastive, multiply(maskedLanguage, weight));
    return { loss, metrics: { ...metrics, contrastive, maskedLanguage } };
  };
}

/** @returns [1] */
function maskedLanguageLoss(
  model: TrainedModel,
  { tokens }: ObjectiveBatch,
  context: ForwardContext,
  options: MaskedLanguageOptions,
): Tensor {
  const { encoder } = model;
  const { engine } = encoder;
  const { positionOffset, layers, vocabularySize } = encoder.config;
  const { tokenIds, places } = maskTokens(tokens.tokenIds, context.seed, vocabularySize, options);
  return scope(() => {
    const batch = uploadBatch(engine, tokenIds, tokens.offsets, positionOffset, undefined, 0);
    const hidden = encoder.forward(batch, new Set([layers]), context).get(layers) as Tensor;
    const words = places.map((place) => tokens.tokenIds[place] as number);
    return options.head.predict(gatherRows(hidden, Tensor.from(engine, places)), words).loss;
  });
}

/**
 * Token ids with some masked, and where. At least one is, so that the loss has a mean.
 * @throws ArgumentError when every token is special
 */
export function maskTokens(
  tokenIds: Int32Array,
  seed: number,
  vocabularySize: number,
  options: Pick<MaskedLanguageOptions, 'maskToken' | 'specialTokens' | 'share'>,
): { tokenIds: Int32Array; places: Int32Array } {
  const { maskToken, share = 0.15 } = options;
  const special = new Set([...options.specialTokens, maskToken]);
  const candidates = [...tokenIds.keys()].filter((place) => !special.has(tokenIds[place] as number));
  if (candidates.length === 0) {
    throw new ArgumentError(
      '[maskTokens] expected a batch with words to mask but every token is a special one',
    );
  }
  const uniform = (place: number, draw: number) => mixSeed(mixSeed(seed, place), draw) / 4294967296;
  const chosen = candidates.filter((place) => uniform(place, 0) < share);
  const places = chosen.length > 0 ? chosen : candidates.slice(0, 1);
  const masked = tokenIds.slice();
  for (const place of places) {
    const fate = uniform(place, 1);
    if (fate < 0.8) masked[place] = maskToken;
    else if (fate < 0.9) masked[place] = randomWord(vocabularySize, special, (draw) => uniform(place, draw));
  }
  return { tokenIds: masked, places: Int32Array.from(places) };
}

function randomWord(
  vocabularySize: number,
  special: ReadonlySet<number>,
  uniform: (draw: number) => number,
): number {
  for (let draw = 2; ; draw++) {
    const word = Math.floor(uniform(draw) * vocabularySize);
    if (!special.has(word)) return word;
  }
}
