// `likewise whiten`: fits a whitening on a corpus or on vectors, and builds it into a model.

import { type Command, Command as NewCommand } from 'commander';
import type { ReadOptions } from '../../data/formats/text-blocks.ts';
import type { SentenceEncoder } from '../../embed/encoder/sentence-encoder.ts';
import type { VectorMatrix } from '../../embed/vectors/vector-source.ts';
import type { Whitening } from '../../embed/whitening/whitening.ts';
import type { NpyWriter } from '../../io/npy.ts';
import { interruptionSignal } from '../interruption.ts';
import { addOptionalModelOptions, encodeOptions, loadEncoder } from '../options/model-options.ts';
import { addRequiredOption } from '../options/required-option.ts';
import { addTextInputOptions } from '../options/text-input-options.ts';
import {
  addWhiteningOptions,
  checkFit,
  type WhitenOptions,
  whiteningOptions,
} from '../options/whiten-options.ts';
import { BlankLines } from '../output/blank-lines.ts';
import { noteTruncated } from '../output/encoding-progress.ts';
import { ProgressLine } from '../output/progress.ts';
import { formatCount } from '../output/quantities.ts';

/** How the corpus is read. */
type Reading = ReadOptions & { signal: AbortSignal };

const help = `
With --model the output is a model folder whose vectors are whitened: a Dense module and Normalize follow the model's own
modules. sentence-transformers reads it as well. Without --model, or with --transformation-only, the output is only
whitening.safetensors, for "likewise evaluate sts --whiten". Likewise never whitens unless you ask for it. Whitening helps raw
encoders and often hurts models that were trained to give sentence vectors, so evaluate both.

Examples:
  $ likewise whiten --model ./bert-base --input corpus.txt --components 256 --output ./bert-whitened
  $ likewise whiten --vectors vectors.npy --components 128 --output ./whitening --transformed whitened.npy`;

/** The command, for the program. */
export function whitenCommand(): Command {
  const command = new NewCommand('whiten').description(
    'Fit a whitening of sentence vectors and build it into a model.',
  );
  addRequiredOption(command, '--output <folder>', 'folder for the whitened model');
  addOptionalModelOptions(command)
    .option('--input <file>', 'corpus to fit on: txt, jsonl, csv or tsv; - is stdin')
    .option('--vectors <file>', 'fit on the float32 vectors of a .npy instead');
  addTextInputOptions(command);
  return addWhiteningOptions(command)
    .option('--transformed <file>', 'write the whitened --vectors to this .npy as well')
    .option('--transformation-only', 'write no model, only the whitening')
    .option('--fold', 'fold the whitening into the linear Dense that the model ends in')
    .option('--no-normalize', 'do not end the model in Normalize')
    .option('--again', 'whiten a model that already ends in a whitening')
    .option('--overwrite', 'replace an existing folder of a model or of a whitening')
    .option('--json', 'print the summary as one JSON object')
    .addHelpText('after', help)
    .action(whitenAction);
}

async function whitenAction(options: WhitenOptions): Promise<void> {
  const { checkVectorsFit, checkWhiten } = await import('../options/whiten-checks.ts');
  await checkWhiten(options);
  const signal = interruptionSignal();
  const started = performance.now();
  using encoder =
    options.model === undefined ? undefined : await loadEncoder({ ...options, model: options.model });
  if (encoder !== undefined && !options.transformationOnly) {
    const { checkWhitenable } = await import('../../embed/whitening/whitening-model.ts');
    await checkWhitenable(encoder.folder, { modes: encoder.pooling }, options);
  }
  if (encoder !== undefined) await checkFit(options, encoder.dimension);
  if (encoder !== undefined && options.vectors !== undefined) {
    await checkVectorsFit(options.vectors, encoder.folder.path, encoder.dimension);
  }
  const blank = new BlankLines();
  const whitening = await fitWhitening(options, encoder, { signal, onBlank: blank.onBlank });
  await writeAll(options, whitening, encoder, signal);
  printSummary(options, whitening, blank, (performance.now() - started) / 1000);
}

/** Everything or nothing: the vectors get their name once the folder has its own. */
async function writeAll(
  options: WhitenOptions,
  whitening: Whitening,
  encoder: SentenceEncoder | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { output, transformed, transformationOnly, fold, normalize, again, overwrite } = options;
  const vectors = transformed === undefined ? undefined : await writeTransformed(options, whitening, signal);
  try {
    signal.throwIfAborted();
    await (encoder === undefined || transformationOnly
      ? whitening.save(output, { overwrite })
      : encoder.saveWhitened(output, whitening, { fold, normalize, again, overwrite }));
  } catch (error) {
    await vectors?.discard();
    throw error;
  }
  await vectors?.commit();
}

async function fitWhitening(
  options: WhitenOptions,
  encoder: SentenceEncoder | undefined,
  reading: Reading,
): Promise<Whitening> {
  const { Whitening } = await import('../../embed/whitening/whitening.ts');
  const progress = new ProgressLine();
  const { threads, backend } = options;
  try {
    const source =
      options.vectors === undefined
        ? encodedCorpus(options, encoder as SentenceEncoder, reading, progress)
        : storedVectors(options.vectors, progress);
    return await Whitening.fit(source, {
      ...whiteningOptions(options),
      threads,
      backend,
      signal: reading.signal,
    });
  } finally {
    progress.end();
  }
}

async function* encodedCorpus(
  options: WhitenOptions,
  encoder: SentenceEncoder,
  reading: Reading,
  progress: ProgressLine,
): AsyncGenerator<VectorMatrix> {
  const [{ inputSize }, { readTexts }] = await Promise.all([
    import('../../data/formats/text-blocks.ts'),
    import('../../data/readers/read-texts.ts'),
  ]);
  const { input = '', format, textField, header } = options;
  const size = await inputSize(input);
  const read = { bytes: 0, texts: 0 };
  const onBytes = (bytes: number) => {
    read.bytes = bytes;
  };
  async function* texts() {
    for await (const text of readTexts(input, { format, textField, header, ...reading, onBytes })) {
      read.texts += 1;
      yield text;
    }
  }
  const total = { texts: 0, tokens: 0 };
  let truncated = 0;
  const encoding = { ...encodeOptions({ ...options, model: '' }), signal: reading.signal };
  for await (const chunk of encoder.encodeStream(texts(), encoding)) {
    yield chunk;
    total.texts += chunk.shape[0];
    total.tokens += chunk.tokens;
    truncated += chunk.truncated;
    progress.update({
      ...total,
      fraction: size === undefined ? undefined : ((read.bytes / size) * total.texts) / read.texts,
    });
  }
  progress.end();
  noteTruncated(truncated, encoder.maxLength);
}

async function* storedVectors(path: string, progress: ProgressLine): AsyncGenerator<VectorMatrix> {
  const { readNpyRows } = await import('../../io/npy.ts');
  let texts = 0;
  for await (const rows of readNpyRows(path)) {
    yield rows;
    texts += rows.shape[0];
    progress.update({ texts, tokens: 0, fraction: texts / rows.total });
  }
}

/** The whitened vectors in a file that has no name yet. */
async function writeTransformed(
  { vectors = '', transformed = '', threads, backend, normalize }: WhitenOptions,
  whitening: Whitening,
  signal: AbortSignal,
): Promise<NpyWriter> {
  const { NpyWriter, readNpyRows } = await import('../../io/npy.ts');
  const writer = await NpyWriter.create(transformed, whitening.outputs);
  try {
    for await (const rows of readNpyRows(vectors)) {
      signal.throwIfAborted();
      const { data } = await whitening.transform(rows, { threads, backend, normalize: normalize !== false });
      await writer.append(data);
    }
    return writer;
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

function printSummary(
  options: WhitenOptions,
  whitening: Whitening,
  blank: BlankLines,
  seconds: number,
): void {
  const { variant, components, dimension, outputs, data } = whitening;
  const explained = whitening.explainedShare;
  const { count, rank, epsilon, rcond } = data;
  const summary = { output: options.output, variant, vectors: count, dimension, rank, components, outputs };
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ ...summary, epsilon, rcond, blank: blank.count, explainedVariance: explained, seconds })}\n`,
    );
    return;
  }
  const share = `${(100 * explained).toFixed(2)} % of the variance`;
  const kept =
    variant === 'remove-top' ? `${formatCount(components)} taken away` : `${formatCount(components)} kept`;
  process.stdout.write(
    `${variant} fitted on ${formatCount(count)} vectors of ${formatCount(dimension)} components, rank ${formatCount(rank)}: ${kept}, ${share}` +
      `${epsilon > 0 ? `, epsilon ${epsilon}` : ''}, in ${seconds.toFixed(1)} s${blank.count > 0 ? ` (${blank})` : ''}\n` +
      `${options.output}: ${formatCount(dimension)} to ${formatCount(outputs)}\n`,
  );
}
