#!/usr/bin/env node
// The command line: one file per subcommand, each loading what it needs only when it runs, so that `doctor`, `build`
// and `--help` work where the addon does not.

import { Command } from 'commander';
import { FileError } from '../errors.ts';
import { buildCommand } from './commands/build.ts';
import { doctorCommand } from './commands/doctor.ts';
import { embedCommand } from './commands/embed.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { fillMaskCommand } from './commands/fill-mask.ts';
import { quantizeCommand } from './commands/quantize.ts';
import { reportCommand } from './commands/report.ts';
import { similarityCommand } from './commands/similarity.ts';
import { trainCommand } from './commands/train.ts';
import { vocabCommand } from './commands/vocab.ts';
import { whitenCommand } from './commands/whiten.ts';
import { reportFailure, reportUsageError } from './failure.ts';
import { installedVersion } from './installed-version.ts';

const program = new Command('likewise')
  .description('Sentence embeddings in Node.js, on a native engine.')
  .version(installedVersion('likewise'))
  .addCommand(embedCommand())
  .addCommand(similarityCommand())
  .addCommand(evaluateCommand())
  .addCommand(fillMaskCommand())
  .addCommand(trainCommand())
  .addCommand(reportCommand())
  .addCommand(whitenCommand())
  .addCommand(quantizeCommand())
  .addCommand(vocabCommand())
  .addCommand(doctorCommand())
  .addCommand(buildCommand())
  .addHelpText('after', '\nExample:\n  $ likewise similarity --model ./all-MiniLM-L6-v2 "a cat" "a kitten"');

/** Every command, at any depth, reports the same way and leaves the exit to us. */
function configure(command: Command): void {
  command.exitOverride().showSuggestionAfterError().configureOutput({ outputError: reportUsageError });
  for (const subcommand of command.commands) configure(subcommand);
}

// A reader that has seen enough, as in `likewise … | head`, ends us the way it ends any Unix tool.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(128 + 13);
  process.exitCode = reportFailure(
    new FileError(`cannot write to standard output: ${error.message}`, { cause: error }),
  );
  process.exit();
});

configure(program);
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
