// The options by which a command is told how to read a file of texts.
import { type Command, Option } from 'commander';
import { guessFormat, type TextFormat } from '../../data/formats/file-format.ts';
import { ArgumentError } from '../../errors.ts';
import { addHeaderOptions } from './header-options.ts';

export interface TextInputOptions {
  format?: TextFormat;
  textField?: string;
  header?: boolean;
}

/** Adds --format, --text-field and --header. */
export function addTextInputOptions(command: Command): Command {
  return addHeaderOptions(command)
    .addOption(
      new Option('--format <format>', 'format of the input, if its name does not say').choices([
        'txt',
        'jsonl',
        'csv',
        'tsv',
      ]),
    )
    .option(
      '--text-field <field>',
      'key of the JSON object, or name or number of the column (default: text)',
    );
}

/** Refuses options that the format has no use for, which would otherwise be forgotten in silence. @throws ArgumentError */
export function checkTextInput(input: string, { format, textField, header }: TextInputOptions): void {
  const read = format ?? guessFormat(input);
  if (read === 'txt' && textField !== undefined) {
    throw new ArgumentError(
      '--text-field is for jsonl, csv and tsv, but the input is txt: every line is a text',
    );
  }
  if ((read === 'txt' || read === 'jsonl') && header !== undefined) {
    throw new ArgumentError(`--${header ? '' : 'no-'}header is for csv and tsv, but the input is ${read}`);
  }
}
