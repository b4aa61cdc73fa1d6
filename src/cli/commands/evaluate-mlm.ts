// `likewise evaluate mlm`: how well a masked language model predicts the words of a text.

import { Command, InvalidArgumentError, Option } from 'commander';
import { TRAINING_PRECISIONS } from '../../nn/layers/precision.ts';
import type { EvaluateMaskedWordsOptions } from '../../tasks/pretraining/evaluate-masked-words.ts';
import type { MaskedLanguageLoadOptions } from '../../tasks/pretraining/masked-language-model.ts';
import { interruptionSignal } from '../interruption.ts';
import { addEngineOptions, defined, notNegative, positiveInteger } from '../options/model-options.ts';
import { addRequiredOption } from '../options/required-option.ts';
import { ProgressLine } from '../output/progress.ts';
import { formatCount } from '../output/quantities.ts';

type MlmOptions = Omit<EvaluateMaskedWordsOptions, 'signal' | 'onProgress'> &
  Pick<MaskedLanguageLoadOptions, 'threads' | 'backend' | 'precision'> & { model: string; json?: boolean };

const help = `
--masking and --seed decide which words are masked: 80 % become [MASK], 10 % another word, and 10 % stay as they are. The
same seed gives the same masks. A sequence is made of whole sentences of one document, up to --max-length tokens; a longer
sentence is cut. The output is the mean cross-entropy of the masked words in nats, its exponential (the perplexity), and
the share of masked words that were ranked first.

The name of a file decides how it is read, unless --format does: .txt and .md hold the paragraphs of one document, .jsonl
holds a document per line.

Examples:
  $ likewise evaluate mlm --model ./bert-base-uncased --data news.txt --max-length 128 --seed 1 --json
  $ likewise evaluate mlm --model ./bert-base-uncased --data corpus/ --masking geometric --masks masks.jsonl`;

/** The command, for `evaluate`. */
export function mlmCommand(): Command {
  const command = new Command('mlm').description(
    "Measure a masked language model's predictions of masked words.",
  );
  addRequiredOption(command, '--model <folder>', 'folder with a masked language head');
  const masked = addRequiredOption(command, '--data <paths...>', 'files, folders or patterns of text')
    .addOption(
      new Option('--masking <scheme>', 'what is masked')
        .choices(['subword', 'whole-word', 'geometric', 'phrase'])
        .default('subword'),
    )
    .option('--share <number>', 'share of the tokens that are masked', shareOf, 0.15)
    .option(
      '--max-length <tokens>',
      "tokens of a sequence, at most the model's maximum",
      positiveInteger,
      128,
    )
    .option('--seed <number>', 'seed of the random masks', notNegative, 1)
    .addOption(
      new Option('--format <format>', 'format of all files').choices([
        'document',
        'sentences',
        'paragraphs',
        'jsonl',
      ]),
    )
    .option('--text-field <name>', 'jsonl: field of the text')
    .option('--annotation-field <name>', 'jsonl: a field with spans, for --masking phrase')
    .addOption(
      new Option('--phrases <kind>', 'phrases to find for --masking phrase').choices([
        'entities',
        'noun-phrases',
      ]),
    )
    .addOption(
      new Option('--chinese-words <by>', 'how to find whole words in Chinese text').choices([
        'jieba',
        'intl',
      ]),
    )
    .option('--masks <file>', 'write what was masked, one line of JSON per sequence')
    .option('--batch-tokens <count>', 'tokens per batch', positiveInteger, 4096);
  return addEngineOptions(masked, TRAINING_PRECISIONS)
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(evaluateMlm);
}

async function evaluateMlm(options: MlmOptions): Promise<void> {
  const [{ MaskedLanguageModel }, { evaluateMaskedWords }] = await Promise.all([
    import('../../tasks/pretraining/masked-language-model.ts'),
    import('../../tasks/pretraining/evaluate-masked-words.ts'),
  ]);
  const { model: folder, threads, backend, precision, json, ...evaluation } = options;
  const signal = interruptionSignal();
  using model = await MaskedLanguageModel.load(folder, defined({ threads, backend, precision }));
  const progress = new ProgressLine();
  const onProgress = (done: { sequences: number; tokens: number }) =>
    progress.update({ texts: done.sequences, tokens: done.tokens });
  try {
    const result = await evaluateMaskedWords(model, { ...evaluation, signal, onProgress });
    progress.end();
    if (json) process.stdout.write(`${JSON.stringify({ model: folder, ...result })}\n`);
    else {
      const { loss, perplexity, accuracy, positions, sequences } = result;
      process.stdout.write(
        `loss        ${loss.toFixed(4)} nats\nperplexity  ${perplexity.toFixed(2)}\n` +
          `accuracy    ${(100 * accuracy).toFixed(2)} %\n` +
          `masked      ${formatCount(positions)} words in ${formatCount(sequences)} sequences\n`,
      );
    }
  } finally {
    progress.end();
  }
}

function shareOf(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a number above 0, at most 1.');
}
