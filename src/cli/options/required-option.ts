// An option that must be given. commander's own kind complains of what is missing before it looks at what is unknown,
// so that `--modle` would be answered with "--model is required"; this one is checked last.

import { type Command, Option } from 'commander';
import { ArgumentError } from '../../errors.ts';

/** Adds a required option to a command. */
export function addRequiredOption(command: Command, flags: string, description: string): Command {
  const option = new Option(flags, `${description} (required)`);
  return command.addOption(option).hook('preAction', () => {
    if (command.getOptionValue(option.attributeName()) !== undefined) return;
    throw new ArgumentError(`expected the option ${flags}; see "${fullName(command)} --help"`);
  });
}

/** `likewise evaluate sts`. */
function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
