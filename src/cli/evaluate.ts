// `likewise evaluate`: the quality of a model on labelled data; `sts` for now.

import { Command, Option } from 'commander';
import { ArgumentError } from '../errors.ts';
import { interruptionSignal } from './interruption.ts';
import {
  addModelOptions,
  commaSeparated,
  encodeOptions,
  loadEncoder,
  type ModelOptions,
} from './model-options.ts';
import { ProgressLine } from './progress.ts';
import { addRequiredOption } from './required-option.ts';

interface StsOptions extends ModelOptions {
  data: string;
  format?: 'csv' | 'tsv';
  columns: string[];
  header?: boolean;
  json?: boolean;
}

const help = `
Spearman's correlation (equal values share their mean rank) and Pearson's, of the cosines of the pairs' vectors with
the scores. Rows with an empty score are left out and counted.

Example:
  $ likewise evaluate sts --model ./all-MiniLM-L6-v2 --data stsb-en-dev.csv --format csv --columns 1,2,3 --json`;

/** The command, for the program. */
export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description('Measure the quality of a model.')
    .addCommand(stsCommand())
    .addHelpText(
      'after',
      '\nExample:\n  $ likewise evaluate sts --model ./all-MiniLM-L6-v2 --data stsb-en-dev.csv',
    );
}

function stsCommand(): Command {
  const command = new Command('sts').description('Correlate cosines with human scores of similarity.');
  addRequiredOption(command, '--data <file>', 'csv or tsv of pairs with scores; - is stdin');
  return addModelOptions(command)
    .addOption(
      new Option('--format <format>', 'format of the file, when its name does not tell').choices([
        'csv',
        'tsv',
      ]),
    )
    .option('--columns <three>', 'first text, second text, score: numbers or names', commaSeparated, [
      '1',
      '2',
      '3',
    ])
    .option('--header', 'the first row is a header')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(sts);
}

async function sts(options: StsOptions): Promise<void> {
  const { columns, format, header } = options;
  if (columns.length !== 3)
    throw new ArgumentError(`expected three columns but received ${columns.join(',')}`);
  const [{ evaluateSts }, { readScoredPairs }] = await Promise.all([
    import('../eval/sts.ts'),
    import('../data/read-scored-pairs.ts'),
  ]);
  const signal = interruptionSignal();
  using encoder = await loadEncoder(options);
  const progress = new ProgressLine();
  const onProgress = ({
    texts,
    tokens,
    total,
  }: {
    texts: number;
    tokens: number;
    total?: number | undefined;
  }) => progress.update({ texts, tokens, fraction: total === undefined ? undefined : texts / total });
  const pairs = readScoredPairs(options.data, { columns, format, header, signal });
  const encoding = { ...encodeOptions(options), onProgress, signal };
  const result = await evaluateSts(encoder, pairs, encoding).finally(() => progress.end());
  if (options.json) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const rows = [
    ['spearman', result.spearman.toFixed(6)],
    ['pearson', result.pearson.toFixed(6)],
    ['pairs', `${result.pairs}${result.skipped > 0 ? ` (${result.skipped} without a score left out)` : ''}`],
    ['seconds', result.seconds.toFixed(1)],
  ];
  process.stdout.write(`${rows.map(([name = '', value]) => `${name.padEnd(10)}${value}`).join('\n')}\n`);
}
