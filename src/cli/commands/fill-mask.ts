// `likewise fill-mask`: the likeliest words at the masks of texts.

import { Command } from 'commander';
import { TRAINING_PRECISIONS } from '../../nn/layers/precision.ts';
import { addEngineOptions, positiveInteger } from '../options/model-options.ts';
import { addRequiredOption } from '../options/required-option.ts';

interface FillMaskOptions {
  model: string;
  top: number;
  maxLength?: number;
  threads?: number;
  backend?: string;
  precision?: 'float32' | 'bfloat16' | 'emulated-bfloat16';
  json?: boolean;
}

const help = `
Write a mask as the model's vocabulary has it: [MASK] for BERT, <mask> for RoBERTa. If a text has several masks, each is
predicted independently. Probabilities are over the whole vocabulary.

Examples:
  $ likewise fill-mask --model ./bert-base-uncased "Paris is the [MASK] of France."
  $ likewise fill-mask --model ./bert-base-uncased "Paris is the [MASK] of France." --top 5 --json`;

/** The command, for the program. */
export function fillMaskCommand(): Command {
  const command = new Command('fill-mask')
    .description('Print the most likely words for each mask in a text.')
    .argument('<texts...>');
  const masked = addRequiredOption(command, '--model <folder>', 'folder with a masked language head')
    .option('--top <count>', 'words for each mask', positiveInteger, 5)
    .option(
      '--max-length <tokens>',
      "refuse texts longer than this instead of the model's maximum",
      positiveInteger,
    );
  return addEngineOptions(masked, TRAINING_PRECISIONS)
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(fillMask);
}

async function fillMask(texts: string[], options: FillMaskOptions): Promise<void> {
  const { MaskedLanguageModel } = await import('../../tasks/pretraining/masked-language-model.ts');
  const { model: folder, top, json, ...loading } = options;
  using model = await MaskedLanguageModel.load(folder, loading);
  const filled = await model.fill(texts, { top });
  if (json) {
    const results = texts.map((text, index) => ({ text, masks: filled[index] }));
    process.stdout.write(`${JSON.stringify({ model: folder, results })}\n`);
    return;
  }
  for (const [index, text] of texts.entries()) {
    process.stdout.write(`${text}\n`);
    for (const [mask, guesses] of (filled[index] ?? []).entries()) {
      if ((filled[index] ?? []).length > 1) process.stdout.write(`  mask ${mask + 1}\n`);
      for (const { word, probability } of guesses) {
        process.stdout.write(`  ${probability.toFixed(4)}  ${word}\n`);
      }
    }
  }
}
