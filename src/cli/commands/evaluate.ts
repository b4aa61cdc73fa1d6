// `likewise evaluate`: the quality of a model on labelled data, each kind of data in its own file.

import { Command } from 'commander';
import { mlmCommand } from './evaluate-mlm.ts';
import { retrievalCommand } from './evaluate-retrieval.ts';
import { spaceCommand } from './evaluate-space.ts';
import { stsCommand } from './evaluate-sts.ts';

/** The command, for the program. */
export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description('Measure the quality of a model.')
    .addCommand(stsCommand())
    .addCommand(spaceCommand())
    .addCommand(retrievalCommand())
    .addCommand(mlmCommand())
    .addHelpText(
      'after',
      '\nExample:\n  $ likewise evaluate sts --model ./all-MiniLM-L6-v2 --data stsb-en-dev.csv',
    );
}
