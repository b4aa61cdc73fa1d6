// `likewise evaluate space`: how a model's vectors fill their space, before and after whitening.

import { Command, Option } from 'commander';
import type { ReadOptions } from '../../data/formats/text-blocks.ts';
import type { SentenceEncoder } from '../../embed/encoder/sentence-encoder.ts';
import type { Embeddings } from '../../embed/vectors/embeddings.ts';
import type { Whitening } from '../../embed/whitening/whitening.ts';
import { ArgumentError, DataError } from '../../errors.ts';
import type { SpaceMeasures, SpaceOptions } from '../../eval/space.ts';
import { refuseSharedPaths } from '../../io/files/output-check.ts';
import { interruptionSignal } from '../interruption.ts';
import { addHeaderOptions } from '../options/header-options.ts';
import {
  addModelOptions,
  commaSeparated,
  encodeOptions,
  loadEncoder,
  type ModelOptions,
  notNegative,
} from '../options/model-options.ts';
import { addRequiredOption } from '../options/required-option.ts';
import { addSimilarityOption, type SimilarityFlag } from '../options/similarity-option.ts';
import {
  addWhiteningOptions,
  checkFit,
  loadWhitening,
  type WhiteningFlags,
  whiteningOptions,
} from '../options/whiten-options.ts';
import { BlankLines } from '../output/blank-lines.ts';
import { EncodingProgress, noteTruncated } from '../output/encoding-progress.ts';
import { formatCount } from '../output/quantities.ts';

interface SpaceFlags extends ModelOptions, WhiteningFlags, SimilarityFlag {
  data: string;
  format?: 'csv' | 'tsv';
  columns: string[];
  header?: boolean;
  whiten: string;
  positive?: number;
  report?: string;
  json?: boolean;
}

/** Texts with what is known of them. */
interface Marked {
  texts: string[];
  marks: (number | string)[] | undefined;
  pairs: NonNullable<SpaceOptions['pairs']>[number][] | undefined;
}

const help = `
Prints mean cosine, spectrum, effective rank and uniformity. With scores it also prints alignment and Spearman's correlation;
similarities are measured as the model says (after whitening: by cosine), or by --similarity. Three columns are two texts
and a score, two columns are a text and a label, one column is a text. Each figure is printed before and after whitening.
--whiten fit (the default) fits the whitening on these same texts; --whiten with a folder takes one that "likewise whiten"
has fitted.

Example:
  $ likewise evaluate space --model ./bert-base --data stsb-en-dev.csv --report space.html`;

/** The command, for `likewise evaluate`. */
export function spaceCommand(): Command {
  const command = new Command('space').description("Show how a model's vectors fill their space.");
  addRequiredOption(command, '--data <file>', 'csv or tsv of texts; - is stdin');
  addHeaderOptions(addSimilarityOption(addModelOptions(command)))
    .addOption(
      new Option('--format <format>', 'format of the file, if its name does not say').choices(['csv', 'tsv']),
    )
    .option('--columns <list>', 'texts and score or label: numbers or names', commaSeparated, ['1', '2', '3'])
    .option(
      '--whiten <folder>',
      'whitening to compare with: a folder written by "likewise whiten", or fit',
      'fit',
    )
    .option(
      '--positive <score>',
      'pairs with a higher score count as having the same meaning (default: 4)',
      notNegative,
    );
  return addWhiteningOptions(command)
    .option('--report <file>', 'write a self-contained HTML report')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(space);
}

async function space(options: SpaceFlags): Promise<void> {
  const signal = interruptionSignal();
  const [{ measureSpace }, { spaceTable, spaceReportHtml }, { checkWritable, writeFileAtomic }] =
    await Promise.all([
      import('../../eval/space.ts'),
      import('../../report/space-report.ts'),
      import('../../io/files/atomic-file.ts'),
    ]);
  const { data: input, model, whiten } = options;
  const folder = whiten === 'fit' ? undefined : whiten;
  await refuseSharedPaths(
    { '--report': options.report },
    { '--data': input, '--model': model, '--whiten': folder },
  );
  if (options.report !== undefined) await checkWritable(options.report);
  const given = options.whiten === 'fit' ? undefined : await loadWhitening(options.whiten, options);
  if (given === undefined) await checkFit(options);
  const blank = new BlankLines();
  const marked = await readMarked(options, { signal, onBlank: blank.onBlank });
  using encoder = await loadEncoder(options);
  if (given === undefined) await checkFit(options, encoder.dimension);
  given?.checkFits(encoder);
  const vectors = await encode(encoder, marked.texts, options, signal);
  const { threads, backend, positive } = options;
  const whitening = given?.whitening ?? (await fitOn(vectors, options));
  const measuring = { pairs: marked.pairs, positive, threads, backend };
  const { similarity } = options;
  const own = similarity ?? encoder.similarityFunction;
  const before = await measureSpace(vectors, { ...measuring, similarity: own });
  const whitened = await whitening.transform(vectors, { threads, backend });
  const after = await measureSpace(whitened, { ...measuring, similarity }); // by default the cosine, as a whitened model says
  const { variant, components, data } = whitening;
  const fittedOn = given === undefined ? 'these texts' : 'another corpus';
  const description = `${options.model}, pooling ${encoder.pooling.join('+')}, ${formatCount(marked.texts.length)} texts of ${options.data}. After: ${variant}, ${formatCount(components)} components of rank ${formatCount(data.rank)}, fitted on ${fittedOn} (${formatCount(data.count)} vectors).`;
  const notes = [...notesOn(before.measures), ...(blank.count > 0 ? [`${blank}.`] : [])];
  if (options.report !== undefined) {
    const { texts, marks } = marked;
    const html = spaceReportHtml({
      title: 'Space of sentence vectors',
      description: [description, ...notes].join(' '),
      before,
      after,
      texts,
      marks,
    });
    await writeFileAtomic(options.report, html);
  }
  if (options.json) {
    const fitted = { variant, components, rank: data.rank, fittedOn, vectors: data.count };
    const result = {
      before: before.measures,
      after: after.measures,
      whitening: fitted,
      notes,
      blank: blank.count,
      truncated: vectors.truncatedTexts.length,
      report: options.report,
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const rows = [['', 'before', 'after'], ...spaceTable(before.measures, after.measures)];
  const lines = rows.map(
    ([name = '', ...cells]) => name.padEnd(28) + cells.map((cell) => cell.padStart(12)).join(''),
  );
  process.stdout.write(
    `${description}\n\n${[...lines, ...notes.map((note) => `note: ${note}`)].join('\n')}\n`,
  );
  if (options.report !== undefined) process.stdout.write(`\n${options.report}\n`);
}

/** What the numbers do not say of themselves. */
function notesOn({ vectors, dimension, fewVectors }: SpaceMeasures): string[] {
  if (!fewVectors) return [];
  return [
    `${formatCount(vectors)} vectors of ${formatCount(dimension)} components span at most ${formatCount(vectors - 1)} dimensions: spectrum and effective rank are ` +
      'limited by the number of texts; look at more of them.',
  ];
}

async function fitOn(vectors: Embeddings, options: SpaceFlags): Promise<Whitening> {
  const { Whitening } = await import('../../embed/whitening/whitening.ts');
  const { threads, backend } = options;
  return Whitening.fit(vectors, {
    precision: 'float64',
    rcond: 1e-6,
    ...whiteningOptions(options),
    threads,
    backend,
  });
}

async function readMarked(options: SpaceFlags, reading: ReadOptions): Promise<Marked> {
  const { data, columns, format, header, positive } = options;
  if (columns.length < 3 && positive !== undefined)
    throw new ArgumentError(`--positive is for scores, but --columns ${columns.join(',')} names none`);
  if (columns.length > 3)
    throw new ArgumentError(`expected one to three columns but received ${columns.join(',')}`);
  const { readRows } = await import('../../data/readers/read-rows.ts');
  const result: Required<Marked> = { texts: [], marks: [], pairs: [] };
  for await (const { fields, line } of readRows(data, { columns, format, header, ...reading })) {
    const [first = '', second = '', third = ''] = fields;
    if (columns.length < 3) {
      result.texts.push(first);
      result.marks?.push(second);
      continue;
    }
    if (third.trim() === '') continue; // no score: left out, as in sts
    const score = Number(third);
    if (!Number.isFinite(score)) {
      throw new DataError(
        `${data}:${line}: expected the score to be a number but found ${JSON.stringify(third.slice(0, 40))}`,
      );
    }
    result.pairs?.push({ first: result.texts.length, second: result.texts.length + 1, score });
    result.texts.push(first, second);
    result.marks?.push(score, score);
  }
  if (result.texts.length < 2)
    throw new DataError(`expected at least two texts but found ${result.texts.length}`);
  return {
    ...result,
    marks: columns.length === 1 ? undefined : result.marks,
    pairs: columns.length === 3 ? result.pairs : undefined,
  };
}

async function encode(encoder: SentenceEncoder, texts: string[], options: SpaceFlags, signal: AbortSignal) {
  const progress = new EncodingProgress(true);
  const { onProgress } = progress;
  const vectors = await encoder
    .encode(texts, { ...encodeOptions(options), onProgress, signal })
    .finally(() => progress.end());
  noteTruncated(progress.truncated, encoder.maxLength);
  return vectors;
}
