// `likewise report`: a run's page of charts, made again from its log; also of a run that is under way.

import { join } from 'node:path';
import { Command } from 'commander';
import { refuseSharedPaths } from '../../io/files/output-check.ts';

const help = `
A run writes it as report.html at its end, and when it is interrupted or fails. It is one HTML file that needs no other, made
from metrics.jsonl alone: that file may be anywhere, and the run may still be under way.

Examples:
  $ likewise report ./trained
  $ likewise report ./trained --output today.html`;

/** The command, for the program. */
export function reportCommand(): Command {
  return new Command('report')
    .description("Draw a training run's losses, measures and examples as one HTML file.")
    .argument('<run>', 'folder of the run, which holds metrics.jsonl')
    .option('--output <file>', 'the file to write; by default report.html in that folder')
    .option('--json', 'print the name of the file as a JSON object')
    .addHelpText('after', help)
    .action(report);
}

async function report(run: string, options: { output?: string; json?: boolean }): Promise<void> {
  const { output = join(run, 'report.html') } = options;
  const log = join(run, 'metrics.jsonl');
  await refuseSharedPaths({ '--output': output }, { 'the log': log });
  const { writeRunReport } = await import('../../train/report/run-report-page.ts');
  await writeRunReport(log, output);
  process.stdout.write(options.json ? `${JSON.stringify({ report: output })}\n` : `${output}\n`);
}
