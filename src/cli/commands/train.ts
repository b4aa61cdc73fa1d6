// `likewise train`: a configuration in, a trained model folder out. A signal saves a checkpoint and ends the run within a
// step; `--resume` goes on from it.

import { Command } from 'commander';
import { AbortedError } from '../../errors.ts';
import type { TrainSummary } from '../../train/run-task.ts';
import { interruptedBy, interruptionSignal } from '../interruption.ts';
import { formatCount, formatDuration } from '../output/quantities.ts';
import { TrainProgress } from '../output/train-progress.ts';

interface TrainOptions {
  set?: string[];
  resume?: boolean;
  json?: boolean;
  help?: boolean;
}

const help = `
CONFIG is a file (.json, .yaml) or the name of a ready configuration.

Sentence encoders, by what a row of the data holds:
  a text: simcse-unsupervised, su-ntxent
  an anchor, a positive and a hard negative: simcse-supervised, triplet
  two texts, and with data.columns further negatives: multiple-negatives
  two texts and a score from -1 to 1: cosine-regression

--set takes any number of key=value pairs. Points lead to the keys of a table, and commas separate the items of a list. A
table can also be written on one line, as in YAML. Columns of a data file are given by number, or by the names in its header:
  --set data=pairs.csv data.columns=1,2        --set 'data={path: pairs.csv, columns: [question, answer]}'
A first row that looks like a header is refused until data.header says whether it is one. Further data sets are data.1,
data.2, and so on.

Pretraining on plain text, from random weights (weights=random) or those of a model: bert, bert-whole-word, spanbert, roberta,
causal, permutation. To train a published encoder further on your own text: domain-adapt. The rows of SpanBERT's ablations:
spanbert-subword, spanbert-whole-word, spanbert-named-entity, spanbert-noun-phrase, spanbert-geometric, spanbert-2seq-nsp,
spanbert-1seq, spanbert-1seq-sbo. "likewise train bert --help" lists the keys of a pretraining configuration.

The output folder is the trained model; it also holds checkpoints, metrics.jsonl, its charts as report.html (see "likewise
report") and TensorBoard's event files.

Examples:
  $ likewise train simcse-unsupervised --set model=./minilm data=sentences.txt output=./trained
  $ likewise train domain-adapt --set model=./minilm data=./texts output=./adapted maxSteps=300`;

/** The command, for the program. */
export function trainCommand(): Command {
  return new Command('train')
    .description('Train a sentence encoder on texts, pairs or triplets, or pretrain one on plain text.')
    .argument('[config]', 'file, or the name of a ready configuration')
    .option('--set <key=value...>', 'set keys of the configuration')
    .option(
      '--resume',
      'continue from the latest checkpoint in the output, or from the start if there is none',
    )
    .option('--json', 'print the summary as one JSON object')
    .helpOption(false) // our own, which loads the keys only when they are wanted
    .option('-h, --help', 'display help for command')
    .addHelpText('after', help)
    .action(train);
}

async function train(config: string | undefined, options: TrainOptions, command: Command): Promise<void> {
  if (options.help) {
    await showHelp(config, command);
    return;
  }
  const [{ train: run }, { readConfig, setValue }] = await Promise.all([
    import('../../tasks/train.ts'),
    import('../../tasks/read-config.ts'),
  ]);
  const values = config === undefined ? {} : await readConfig(config);
  for (const pair of options.set ?? []) setValue(values, pair);
  const progress = new TrainProgress();
  try {
    const signal = interruptionSignal();
    const source = config ?? 'the command line';
    const summary = await run(values as never, {
      resume: options.resume,
      signal,
      listener: progress,
      source,
    });
    progress.end();
    process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : describe(summary));
  } catch (error) {
    progress.end();
    const signal = interruptedBy();
    if (signal === undefined || !(error instanceof AbortedError)) throw error;
    process.stderr.write(`likewise: stopped by ${signal}; ${error.message} [${error.code}]\n`);
    process.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

/** With the keys of the task that the configuration is of. */
async function showHelp(config: string | undefined, command: Command): Promise<void> {
  const [{ describeKeys }, { chooseTask }, { readConfig }] = await Promise.all([
    import('../../train/config/config-help.ts'),
    import('../../tasks/choose-task.ts'),
    import('../../tasks/read-config.ts'),
  ]);
  const task = chooseTask(config === undefined ? {} : await readConfig(config), config ?? 'the command line');
  const keys = `\nKeys of a configuration of ${task.summary} [default]:\n${describeKeys(task)}`;
  command.addHelpText('after', keys).outputHelp();
}

function describe(summary: TrainSummary): string {
  const {
    steps,
    resumedFrom,
    loss,
    seconds,
    examples,
    tokens,
    skippedRows,
    skippedSteps,
    startScore,
    best,
    output,
  } = summary;
  const rows = [
    ['steps', `${formatCount(steps)}${resumedFrom > 0 ? `, resumed from ${formatCount(resumedFrom)}` : ''}`],
    ['loss', loss === null ? 'not finite' : loss.toPrecision(5)],
    ['learned', `${formatCount(examples)} examples, ${formatCount(tokens)} tokens`],
    ...(skippedRows > 0 ? [['left out', `${formatCount(skippedRows)} rows`]] : []),
    ...(skippedSteps > 0 ? [['left out', `${formatCount(skippedSteps)} steps`]] : []),
    ...(startScore === null ? [] : [['start', startScore.toFixed(6)]]),
    ...(best === null ? [] : [['best', `${best.score.toFixed(6)} at step ${formatCount(best.step)}`]]),
    ['time', formatDuration(seconds)],
    ['output', output],
  ];
  return `${rows.map(([name = '', value]) => `${name.padEnd(10)}${value}`).join('\n')}\n`;
}
