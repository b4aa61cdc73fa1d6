// How well a model predicts masked words: the mean cross-entropy over all masked places, its exponential, and the share of
// words that were the likeliest. Batches of any size add up to the same figures but for rounding.
import { noGrad } from '../../autograd/tape.ts';
import { throwIfAborted } from '../../embed/encoder/encode-options.ts';
import { ArgumentError } from '../../errors.ts';
import { uploadBatch } from '../../nn/encoder/encoder-batch.ts';
import type { PretrainingBatch, PretrainingModel } from '../../objectives/pretraining.ts';
import { concatenateRows, reshape } from '../../ops/plain/slices.ts';
import { gatherRows } from '../../ops/rows/table-rows.ts';
import { keep, scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';

/** How well masked words were guessed. */
export interface MaskedWordsResult {
  /** Mean cross-entropy of a masked word, in nats. */
  loss: number;
  /** exp(loss) */
  perplexity: number;
  /** Share of masked words that no other word had a higher logit than. */
  accuracy: number;
  /** Masked words. */
  positions: number;
  sequences: number;
  tokens: number;
}

export interface MeasureOptions {
  signal?: AbortSignal | undefined;
  /** Called after every batch. */
  onProgress?: ((done: { sequences: number; tokens: number }) => void) | undefined;
}

const batchesInFlight = 2;

/** @throws AbortedError; ArgumentError when nothing is masked */
export async function measureMaskedWords(
  model: Pick<PretrainingModel, 'encoder' | 'maskedLanguage'>,
  batches: AsyncIterable<PretrainingBatch> | Iterable<PretrainingBatch>,
  { signal, onProgress }: MeasureOptions = {},
): Promise<MaskedWordsResult> {
  const total = { loss: 0, right: 0, positions: 0, sequences: 0, tokens: 0 };
  const flying: { batch: PretrainingBatch; figures: Promise<Float32Array | Float64Array> }[] = [];
  const land = async () => {
    const { batch, figures } = flying.shift() as (typeof flying)[number];
    const [loss, accuracy] = (await figures) as Float32Array;
    const count = batch.maskedWords.length;
    total.loss += count * (loss as number);
    total.right += Math.round(count * (accuracy as number));
    total.positions += count;
    total.sequences += batch.offsets.length - 1;
    total.tokens += batch.tokenIds.length;
    onProgress?.(total);
  };
  try {
    for await (const batch of batches) {
      throwIfAborted(signal, 'the evaluation');
      if (batch.maskedPlaces.length === 0) continue;
      flying.push({ batch, figures: queue(model, batch) });
      if (flying.length >= batchesInFlight) await land();
    }
    while (flying.length > 0) await land();
  } finally {
    for (const { figures } of flying) figures.catch(() => {});
  }
  const { positions, sequences, tokens } = total;
  if (positions === 0) throw new ArgumentError('expected texts with words to mask but nothing was masked');
  const loss = total.loss / positions;
  return {
    loss,
    perplexity: Math.exp(loss),
    accuracy: total.right / positions,
    positions,
    sequences,
    tokens,
  };
}

/** @returns loss and accuracy */
function queue(
  { encoder, maskedLanguage }: Pick<PretrainingModel, 'encoder' | 'maskedLanguage'>,
  { tokenIds, offsets, segmentIds, maskedPlaces, maskedWords }: PretrainingBatch,
): Promise<Float32Array | Float64Array> {
  const { engine, config } = encoder;
  const figures = noGrad(() =>
    scope(() => {
      const batch = uploadBatch(engine, tokenIds, offsets, config.positionOffset, segmentIds);
      const states = encoder.forward(batch, new Set([config.layers])).get(config.layers) as Tensor;
      const there = gatherRows(states, Tensor.from(engine, maskedPlaces));
      const { loss, accuracy } = maskedLanguage.predict(there, maskedWords);
      return keep(concatenateRows([loss, accuracy].map((figure) => reshape(figure, [1, 1]))));
    }),
  );
  const reading = figures.data() as Promise<Float32Array | Float64Array>;
  figures.dispose();
  return reading;
}
