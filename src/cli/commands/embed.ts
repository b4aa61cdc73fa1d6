// `likewise embed`: a file of texts in, their vectors out, in constant memory.

import { Command, Option } from 'commander';
import type { ComponentRanges, VectorPrecision } from '../../embed/vectors/quantization.ts';
import { ArgumentError } from '../../errors.ts';
import { refuseSharedPaths } from '../../io/files/output-check.ts';
import { interruptionSignal } from '../interruption.ts';
import {
  addModelOptions,
  defined,
  encodeOptions,
  loadEncoder,
  type ModelOptions,
  positiveInteger,
} from '../options/model-options.ts';
import { addRequiredOption } from '../options/required-option.ts';
import { addTextInputOptions, checkTextInput, type TextInputOptions } from '../options/text-input-options.ts';
import { BlankLines } from '../output/blank-lines.ts';
import { ProgressLine } from '../output/progress.ts';
import { formatCount, formatCounted } from '../output/quantities.ts';
import { checkOutputName, createVectorWriter } from '../output/vector-output.ts';

interface EmbedOptions extends ModelOptions, TextInputOptions {
  input: string;
  output: string;
  truncateDim?: number;
  outputPrecision: VectorPrecision;
  calibration?: string;
  normalize?: boolean;
  json?: boolean;
}

const help = `
Writes one vector per row, in the order of the input. In txt every line is a text, and an empty line is an empty text. In
jsonl every line is a string, or an object with the text in the field --text-field. In csv and tsv the text is in the column
--text-field, given by name (the first row is then a header) or by number from 1.

.npy has the shape (texts, dimension) and the dtype float32, or the one that --output-precision names. int8 and uint8 divide
the range of each component into 256 steps, from the smallest to the largest value in the vectors written or in those of
--calibration. binary and ubinary keep only the sign of each component, eight to a byte. .jsonl has one array of numbers per
line.

Example:
  $ likewise embed --model ./all-MiniLM-L6-v2 --input corpus.txt --output vectors.npy`;

/** The command, for the program. */
export function embedCommand(): Command {
  const command = new Command('embed').description('Write the vectors of a file of texts.');
  addRequiredOption(command, '--input <file>', 'corpus: txt, jsonl, csv or tsv; - is stdin');
  addRequiredOption(command, '--output <file>', 'vectors: .npy or .jsonl');
  return addTextInputOptions(addModelOptions(command))
    .option('--truncate-dim <count>', 'keep only the first dimensions', positiveInteger)
    .addOption(
      new Option('--output-precision <precision>', 'type in which a component is stored; binary: one bit')
        .choices(['float32', 'float16', 'int8', 'uint8', 'binary', 'ubinary'])
        .default('float32'),
    )
    .option(
      '--calibration <file>',
      'int8, uint8: take the ranges from the vectors in this .npy, not from those written',
    )
    .option('--normalize', 'scale every vector to length 1')
    .option('--no-normalize', 'do not scale, even if the model does')
    .option('--json', 'print the summary as one JSON object')
    .addHelpText('after', help)
    .action(embed);
}

async function embed(options: EmbedOptions): Promise<void> {
  const precision = options.outputPrecision;
  checkOutputName(options.output, precision);
  checkTextInput(options.input, options);
  const { input, output, calibration } = options;
  await refuseSharedPaths({ '--output': output }, { '--input': input, '--calibration': calibration });
  const ranges = await readRanges(options);
  const { inputSize, readTexts, keptDimension } = await loadParts();
  const signal = interruptionSignal();
  const blank = new BlankLines();
  const counts = { read: 0, empty: 0, bytes: 0 };
  const { format, textField, header } = options;
  const reading = {
    format,
    textField,
    header,
    signal,
    onBlank: blank.onBlank,
    onBytes: (bytes: number) => {
      counts.bytes = bytes;
    },
  };
  async function* texts() {
    for await (const text of readTexts(options.input, reading)) {
      counts.read += 1;
      if (text.trim() === '') counts.empty += 1;
      yield text;
    }
  }

  const size = await inputSize(options.input);
  using encoder = await loadEncoder(options);
  const { truncateDim, normalize } = options;
  const encoding = { ...encodeOptions(options), ...defined({ truncateDim, normalize }), signal };
  const dimension = keptDimension(encoder.dimension, truncateDim);
  checkRanges(ranges, dimension);
  const writer = await createVectorWriter(options.output, dimension, { precision, ranges });
  const progress = new ProgressLine();
  const started = performance.now();
  const total = { texts: 0, tokens: 0, truncated: 0 };
  try {
    for await (const chunk of encoder.encodeStream(texts(), encoding)) {
      await writer.append(chunk.data);
      total.texts += chunk.shape[0];
      total.tokens += chunk.tokens;
      total.truncated += chunk.truncated;
      // what has been read runs ahead of what is done
      const fraction = size === undefined ? undefined : ((counts.bytes / size) * total.texts) / counts.read;
      progress.update({ ...total, fraction });
    }
    signal.throwIfAborted();
    await writer.commit();
  } catch (error) {
    await writer.discard();
    throw error;
  } finally {
    progress.end();
  }
  if (ranges === undefined && needsRanges(precision) && total.texts > 0) await warnOfFewRanges(total.texts);
  const seconds = (performance.now() - started) / 1000;
  printSummary(
    {
      ...total,
      empty: counts.empty,
      blank: blank.count,
      dimension,
      precision,
      seconds,
      output: options.output,
    },
    options.json === true,
  );
}

interface Summary {
  texts: number;
  tokens: number;
  empty: number;
  /** Blank lines, which are not records. */
  blank: number;
  truncated: number;
  dimension: number;
  precision: VectorPrecision;
  seconds: number;
  output: string;
}

function printSummary(summary: Summary, json: boolean): void {
  const { texts, tokens, empty, blank, truncated, dimension, precision, seconds, output } = summary;
  const textsPerSecond = texts / seconds;
  const tokensPerSecond = tokens / seconds;
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...summary, textsPerSecond, tokensPerSecond })}\n`);
    return;
  }
  const leftOut = blank > 0 ? `; ${formatCounted(blank, 'blank line')} left out` : '';
  const counts = `${formatCount(empty)} empty, ${formatCount(truncated)} truncated${leftOut}`;
  const counted = `${formatCounted(texts, 'text')} (${counts})`;
  const rates = `${formatCount(textsPerSecond)} texts/s, ${formatCount(tokensPerSecond)} tokens/s`;
  const taken = `${formatCount(tokens)} tokens in ${seconds.toFixed(1)} s: ${rates}`;
  process.stdout.write(
    `${counted}, ${taken}\n${output}: ${formatCount(texts)} x ${formatCount(dimension)} ${precision}\n`,
  );
}

/** The ranges of --calibration, if it is given. */
async function readRanges({
  outputPrecision,
  calibration,
}: EmbedOptions): Promise<ComponentRanges | undefined> {
  if (calibration === undefined) return undefined;
  if (!needsRanges(outputPrecision)) {
    throw new ArgumentError(
      `--calibration is for --output-precision int8 or uint8 but that is ${outputPrecision}`,
    );
  }
  const [{ calibrate }, { readNpyRows, readNpyShape }] = await Promise.all([
    import('../../embed/vectors/quantization.ts'),
    import('../../io/npy.ts'),
  ]);
  const ranges = await calibrate(readNpyRows(calibration));
  await warnOfFewRanges((await readNpyShape(calibration))[0]);
  return ranges;
}

const needsRanges = (precision: VectorPrecision): boolean => precision === 'int8' || precision === 'uint8';

/** Ranges of a few vectors are too narrow for others. */
async function warnOfFewRanges(vectors: number): Promise<void> {
  const { ENOUGH_FOR_RANGES: enough } = await import('../../embed/vectors/quantization.ts');
  if (vectors >= enough) return;
  process.stderr.write(
    `warning: the ranges of the components are those of ${formatCounted(vectors, 'vector')}; ${enough} or more make better ` +
      'ones: give --calibration a .npy of more\n',
  );
}

function checkRanges(ranges: ComponentRanges | undefined, dimension: number): void {
  if (ranges === undefined || ranges.least.length === dimension) return;
  throw new ArgumentError(
    `expected --calibration to hold vectors of ${dimension} components but they have ${ranges.least.length}`,
  );
}

/** What is loaded only when the command runs. */
async function loadParts() {
  const [{ inputSize }, { readTexts }, { keptDimension }] = await Promise.all([
    import('../../data/formats/text-blocks.ts'),
    import('../../data/readers/read-texts.ts'),
    import('../../embed/encoder/encode-options.ts'),
  ]);
  return { inputSize, readTexts, keptDimension };
}
