// `likewise similarity`: a table of similarities of a few texts, or one similarity per row of a file of pairs.

import { Command, Option } from 'commander';
import type { ReadOptions } from '../../data/formats/text-blocks.ts';
import type { SentenceEncoder } from '../../embed/encoder/sentence-encoder.ts';
import { ArgumentError } from '../../errors.ts';
import { type PairSimilarity, pairSimilarity } from '../../eval/pair-similarity.ts';
import { interruptionSignal } from '../interruption.ts';
import { addHeaderOptions } from '../options/header-options.ts';
import {
  addModelOptions,
  commaSeparated,
  encodeOptions,
  loadEncoder,
  type ModelOptions,
} from '../options/model-options.ts';
import { addSimilarityOption, type SimilarityFlag } from '../options/similarity-option.ts';
import { BlankLines } from '../output/blank-lines.ts';
import { noteTruncated } from '../output/encoding-progress.ts';
import { ProgressLine } from '../output/progress.ts';
import { formatCount } from '../output/quantities.ts';

interface SimilarityOptions extends ModelOptions, SimilarityFlag {
  input?: string;
  columns: string[];
  format?: 'csv' | 'tsv';
  header?: boolean;
  output?: string;
  json?: boolean;
}

const help = `
Two or more texts give a table of their similarities, by the measure that the model names or by --similarity. Distances are
negated, so larger means more similar. A file of pairs gives one similarity per row, in order, so "paste pairs.tsv scores.tsv"
puts them side by side.

Examples:
  $ likewise similarity --model ./all-MiniLM-L6-v2 "a cat" "a kitten" "a car"
  $ likewise similarity --model ./all-MiniLM-L6-v2 --input pairs.tsv --columns 1,2 --output scores.tsv`;

/** The command, for the program. */
export function similarityCommand(): Command {
  const command = new Command('similarity')
    .description('Print how similar texts are.')
    .argument('[texts...]');
  return addHeaderOptions(addSimilarityOption(addModelOptions(command)))
    .option('--input <file>', 'score the pairs of a csv or tsv file instead; - is stdin')
    .option('--columns <two>', 'numbers or names of the two columns', commaSeparated, ['1', '2'])
    .addOption(
      new Option('--format <format>', 'format of the file, if its name does not say').choices(['csv', 'tsv']),
    )
    .option('--output <file>', 'write the scores of the pairs here instead of stdout')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(similarity);
}

async function similarity(texts: string[], options: SimilarityOptions): Promise<void> {
  if (options.input !== undefined && texts.length > 0) {
    throw new ArgumentError('expected texts or --input, but received both');
  }
  if (options.input === undefined && texts.length < 2) {
    throw new ArgumentError(`expected at least two texts, or --input, but received ${texts.length}`);
  }
  if (options.input === undefined && options.output !== undefined) {
    throw new ArgumentError('--output needs --input: the table of a few texts is printed');
  }
  if (options.columns.length !== 2) {
    throw new ArgumentError(`expected two columns but received ${options.columns.join(',')}`);
  }
  const signal = interruptionSignal();
  using encoder = await loadEncoder(options);
  if (options.input === undefined) await printTable(encoder, texts, options, signal);
  else await scorePairs(encoder, options.input, options, signal);
}

async function printTable(
  encoder: SentenceEncoder,
  texts: string[],
  options: SimilarityOptions,
  signal: AbortSignal,
): Promise<void> {
  const embeddings = await encoder.encode(texts, { ...encodeOptions(options), signal });
  const truncated = embeddings.truncatedTexts.length;
  noteTruncated(truncated, encoder.maxLength);
  const measure = options.similarity ?? encoder.similarityFunction;
  const compare = pairSimilarity(measure);
  const vectors = texts.map((_, index) => embeddings.row(index));
  const similarities = vectors.map((x) => vectors.map((y) => compare(x, y))); // [texts, texts]
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ similarity: measure, texts, similarities, truncated })}\n`);
    return;
  }
  const width = Math.max(8, ...similarities.flat().map((value) => value.toFixed(4).length + 1));
  const heading = texts.map((_, index) => String(index + 1).padStart(width)).join('');
  const lines = similarities.map((row, index) => {
    const cells = row.map((value) => value.toFixed(4).padStart(width)).join('');
    return `${String(index + 1).padStart(4)}${cells}  ${texts[index]?.replace(/\s+/g, ' ')}`;
  });
  process.stdout.write(`${measure === 'cosine' ? '' : `${measure}\n`}    ${heading}\n${lines.join('\n')}\n`);
}

async function scorePairs(
  encoder: SentenceEncoder,
  input: string,
  options: SimilarityOptions,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const measure = options.similarity ?? encoder.similarityFunction;
  const output = await openScores(options);
  const blank = new BlankLines();
  const counted = { texts: 0, tokens: 0, truncated: 0 };
  const reading = { signal, onBlank: blank.onBlank };
  let pairs = 0;
  try {
    for await (const score of similaritiesOfPairs(encoder, input, pairSimilarity(measure), options, {
      reading,
      counted,
    })) {
      pairs += 1;
      await output.write(score);
    }
    signal.throwIfAborted();
    await output.commit();
  } catch (error) {
    await output.discard();
    throw error;
  }
  const seconds = (performance.now() - started) / 1000;
  const { truncated } = counted;
  noteTruncated(truncated, encoder.maxLength);
  if (options.json) {
    const where = options.output === undefined ? { scores: output.kept } : { output: options.output };
    process.stdout.write(
      `${JSON.stringify({ similarity: measure, pairs, blank: blank.count, truncated, seconds, ...where })}\n`,
    );
  } else if (options.output !== undefined) {
    process.stdout.write(
      `${options.output}: ${formatCount(pairs)} ${measure} similarities in ${seconds.toFixed(1)} s${blank.count > 0 ? ` (${blank})` : ''}\n`,
    );
  }
}

/** What has been encoded. */
interface Counted {
  texts: number;
  tokens: number;
  truncated: number;
}

/** The similarity of each pair: both texts of a pair are encoded one after the other in one stream. */
async function* similaritiesOfPairs(
  encoder: SentenceEncoder,
  input: string,
  compare: PairSimilarity,
  options: SimilarityOptions,
  { reading, counted }: { reading: ReadOptions & { signal: AbortSignal }; counted: Counted },
): AsyncGenerator<number> {
  const { readRows } = await import('../../data/readers/read-rows.ts');
  const { columns, format, header } = options;
  async function* texts() {
    for await (const { fields } of readRows(input, { columns, format, header, ...reading })) yield* fields;
  }
  const progress = new ProgressLine();
  let first: Float32Array | undefined;
  try {
    for await (const chunk of encoder.encodeStream(texts(), {
      ...encodeOptions(options),
      signal: reading.signal,
    })) {
      for (let index = 0; index < chunk.shape[0]; index += 1) {
        const vector = chunk.row(index);
        if (first === undefined) {
          first = vector;
        } else {
          yield compare(first, vector);
          first = undefined;
        }
      }
      counted.texts += chunk.shape[0];
      counted.tokens += chunk.tokens;
      counted.truncated += chunk.truncated;
      progress.update(counted);
    }
  } finally {
    progress.end();
  }
}

const bytesPerWrite = 16_384;

/** Where the scores go: a file that appears when complete, stdout line by line, or a list for --json. */
async function openScores(options: SimilarityOptions) {
  const kept: number[] = [];
  const nothing = () => Promise.resolve();
  if (options.output !== undefined) {
    const { AtomicFile } = await import('../../io/files/atomic-file.ts');
    const file = await AtomicFile.create(options.output);
    let rows = '';
    const flush = async () => {
      await file.write(Buffer.from(rows));
      rows = '';
    };
    const write = async (score: number) => {
      rows += formatScore(score);
      if (rows.length >= bytesPerWrite) await flush();
    };
    return { kept, write, commit: () => flush().then(() => file.commit()), discard: () => file.discard() };
  }
  const keep = async (score: number) => void kept.push(score);
  const print = async (score: number) => void process.stdout.write(formatScore(score));
  return { kept, write: options.json ? keep : print, commit: nothing, discard: nothing };
}

/** Nine significant digits, all that float32 vectors carry. */
function formatScore(score: number): string {
  return `${Number(score.toPrecision(9))}\n`;
}
