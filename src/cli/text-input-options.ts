// The options by which a command is told how to read a file of texts.
import { type Command, Option } from 'commander';
import type { TextFormat } from '../data/file-format.ts';

export interface TextInputOptions {
  format?: TextFormat;
  textField?: string;
  header?: boolean;
}

/** Adds --format, --text-field and --header. */
export function addTextInputOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--format <format>', 'format of the input, when its name does not tell').choices([
        'txt',
        'jsonl',
        'csv',
        'tsv',
      ]),
    )
    .option('--text-field <field>', 'key of the JSON object, or name or number of the column (default: text)')
    .option('--header', 'csv, tsv: the first row is a header, also with a column number');
}
