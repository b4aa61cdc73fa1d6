// The options that say whether a table's first row names its columns.

import type { Command } from 'commander';

/** Adds --header and --no-header; with neither, a first row that seems to name columns is refused. */
export function addHeaderOptions(command: Command): Command {
  return command
    .option('--header', 'csv, tsv: the first row names the columns, which may be given by number')
    .option('--no-header', 'csv, tsv: the first row is data, whatever it looks like');
}
