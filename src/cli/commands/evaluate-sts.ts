// `likewise evaluate sts`: how well the similarities of pairs of texts follow people's scores.

import { Command, Option } from 'commander';
import type { ReadOptions } from '../../data/formats/text-blocks.ts';
import type { SentenceEncoder } from '../../embed/encoder/sentence-encoder.ts';
import { ArgumentError } from '../../errors.ts';
import type { StsOptions, StsResult, StsWhitening, StsWhiteningReport } from '../../eval/sts.ts';
import {
  evaluateStsSubsets,
  STS_AGGREGATIONS,
  type StsAggregation,
  type StsSubset,
  type StsSubsetsResult,
} from '../../eval/sts-subsets.ts';
import { interruptionSignal } from '../interruption.ts';
import { addHeaderOptions } from '../options/header-options.ts';
import {
  addModelOptions,
  commaSeparated,
  encodeOptions,
  loadEncoder,
  type ModelOptions,
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

interface StsFlags extends ModelOptions, WhiteningFlags, SimilarityFlag {
  data: string;
  format?: 'csv' | 'tsv';
  columns: string[];
  header?: boolean;
  aggregation?: StsAggregation;
  json?: boolean;
  whiten?: string;
}

const help = `
Prints Spearman's correlation (equal values share their mean rank) and Pearson's correlation between the scores and the
similarities of the vectors, by the measure that the model names or by --similarity. Rows with an empty score are left out
and counted. A folder holds one year of the STS tasks in SentEval's layout (STS.input.NAME.txt, STS.gs.NAME.txt).
--aggregation says how its subsets are combined: all is one correlation over all pairs, mean is the mean of the subsets'
correlations, and wmean is that mean weighted by their numbers of pairs. Do not compare the three with one another.

--whiten with a folder applies what "likewise whiten" fitted on another corpus. --whiten fit fits on all evaluated sentences,
without their scores, like the "target" rows of BERT-whitening; the result says so.

Examples:
  $ likewise evaluate sts --model ./all-MiniLM-L6-v2 --data stsb-en-dev.csv --format csv --columns 1,2,3 --json
  $ likewise evaluate sts --model ./bert-base --data stsb-en-dev.csv --whiten fit --components 256
  $ likewise evaluate sts --model ./bert-base --data STS12-en-test --aggregation wmean`;

/** The command, for `likewise evaluate`. */
export function stsCommand(): Command {
  const command = new Command('sts').description('Correlate similarities with human scores.');
  addRequiredOption(
    command,
    '--data <path>',
    'csv or tsv of pairs with scores, - is stdin; or a folder of SentEval',
  );
  addHeaderOptions(addSimilarityOption(addModelOptions(command)))
    .addOption(
      new Option('--format <format>', 'format of the file, if its name does not say').choices(['csv', 'tsv']),
    )
    .option('--columns <three>', 'first text, second text, score: numbers or names', commaSeparated, [
      '1',
      '2',
      '3',
    ])
    .addOption(
      new Option('--aggregation <way>', 'how the subsets of a folder are joined').choices(STS_AGGREGATIONS),
    )
    .option('--whiten <folder>', 'whiten the vectors: a folder written by "likewise whiten", or fit');
  return addWhiteningOptions(command)
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(sts);
}

async function sts(options: StsFlags): Promise<void> {
  const { kindOf } = await import('../../io/files/folder-path.ts');
  const isFolder = options.data !== '-' && (await kindOf(options.data)) === 'folder';
  checkOptions(options, isFolder);
  const signal = interruptionSignal();
  const subsets = isFolder ? await readSubsets(options.data, signal) : undefined;
  const given = await chosenWhitening(options);
  using encoder = await loadEncoder(options);
  await given?.checkFits(encoder);
  const whitening = given?.asked;
  const progress = new EncodingProgress(true);
  const encoding = { ...encodeOptions(options), onProgress: progress.onProgress, signal };
  const blank = new BlankLines();
  const evaluating = { encoding, similarity: options.similarity, whiten: whitening };
  const result = await (subsets === undefined
    ? fileResult(encoder, options, evaluating, { signal, onBlank: blank.onBlank })
    : evaluateStsSubsets(encoder, subsets, options.aggregation ?? 'all', evaluating)
  ).finally(() => progress.end());
  const { truncated } = progress;
  noteTruncated(truncated, encoder.maxLength);
  if (result.undefinedBecause !== undefined)
    process.stderr.write(`warning: the correlations are undefined: ${result.undefinedBecause}\n`);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ...result, blank: blank.count, truncated })}\n`
      : resultTable(result, blank),
  );
}

function checkOptions({ columns, aggregation, data, format, header }: StsFlags, isFolder: boolean): void {
  if (columns.length !== 3)
    throw new ArgumentError(
      `expected three columns, first text, second text and score, as in --columns 1,2,3, but received ${columns.join(',')}`,
    );
  if (!isFolder && aggregation !== undefined) {
    throw new ArgumentError(`--aggregation joins the subsets of a folder, but ${data} is a file`);
  }
  if (isFolder && (format !== undefined || header !== undefined)) {
    throw new ArgumentError(`--format and --header describe a file, but ${data} is a folder`);
  }
}

async function readSubsets(folder: string, signal: AbortSignal): Promise<StsSubset[]> {
  const { readSentEval } = await import('../../data/readers/read-senteval.ts');
  return readSentEval(folder, { signal });
}

async function fileResult(
  encoder: SentenceEncoder,
  { data, columns, format, header }: StsFlags,
  evaluating: StsOptions,
  reading: ReadOptions,
): Promise<StsResult> {
  const [{ evaluateSts }, { readScoredPairs }] = await Promise.all([
    import('../../eval/sts.ts'),
    import('../../data/readers/read-scored-pairs.ts'),
  ]);
  const pairs = readScoredPairs(data, { columns, format, header, ...reading });
  return evaluateSts(encoder, pairs, evaluating);
}

function resultTable(result: StsResult | StsSubsetsResult, blank: BlankLines): string {
  const left = result.skipped > 0 ? ` (${formatCount(result.skipped)} without a score left out)` : '';
  const subsets = 'subsets' in result ? result.subsets : [];
  const rows = [
    ...('aggregation' in result ? [['aggregation', result.aggregation]] : []),
    ['spearman', result.spearman.toFixed(6)],
    ['pearson', result.pearson.toFixed(6)],
    ['similarity', result.similarity],
    ['pairs', `${formatCount(result.pairs)}${left}`],
    ...blank.rows(),
    ['seconds', result.seconds.toFixed(1)],
    ...subsets.map(({ name, spearman, pairs }) => [
      name,
      `spearman ${spearman.toFixed(6)}, ${formatCount(pairs)} pairs`,
    ]),
    ...whiteningRows(result.whitening),
  ];
  const width = subsets.length > 0 ? Math.max(...rows.map(([name = '']) => name.length)) + 1 : 12;
  return `${rows.map(([name = '', value]) => `${name.padEnd(width)}${value}`).join('\n')}\n`;
}

interface ChosenWhitening {
  asked: StsWhitening;
  checkFits: (encoder: SentenceEncoder) => void | Promise<void>;
}

/** What --whiten asks for. */
async function chosenWhitening(options: StsFlags): Promise<ChosenWhitening | undefined> {
  const { whiten, threads, backend } = options;
  const { components, ...fitting } = whiteningOptions(options);
  if (whiten === undefined) {
    if (components === undefined && Object.keys(fitting).length === 0) return undefined;
    throw new ArgumentError(
      '--components and the other options of a whitening need --whiten, a folder or fit',
    );
  }
  if (whiten === 'fit') {
    await checkFit(options);
    return {
      asked: { whitening: 'fit', components, fitOptions: { ...fitting, threads, backend } },
      checkFits: ({ dimension }) => checkFit(options, dimension),
    };
  }
  const { whitening, checkFits } = await loadWhitening(whiten, options);
  return { asked: { whitening, fitOptions: { threads, backend } }, checkFits };
}

function whiteningRows(report: StsWhiteningReport | undefined): [string, string][] {
  if (report === undefined) return [];
  const { variant, components, rank, fittedOn, vectors, epsilon } = report;
  const kind = variant === 'whitening' ? '' : `${variant}, `;
  const added = epsilon > 0 ? `, epsilon ${epsilon}` : '';
  return [
    ['whitened', `${kind}${formatCount(components)} components of rank ${formatCount(rank)}${added}`],
    ['fitted on', `${fittedOn}, ${formatCount(vectors)} vectors`],
  ];
}
