// `likewise build`: compiles the native addon on request, where the package manager skipped the install script or the
// Node version changed. The work is in scripts/build-addon.mjs, which runs by itself and says what it does.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';

const script = fileURLToPath(new URL('../../../scripts/build-addon.mjs', import.meta.url));

const help = `
Building takes one to two and a half minutes on two cores and shows its progress. If the installed addon loads and was built
from these sources, there is nothing to do.

Example:
  $ npx likewise build`;

/** The command, for the program. */
export function buildCommand(): Command {
  return new Command('build')
    .description('Compile the native addon; needs a C++20 compiler, make and Python.')
    .option('--force', 'build even if the installed addon is sound and up to date')
    .addHelpText('after', help)
    .action(build);
}

async function build({ force = false }: { force?: boolean }): Promise<void> {
  const child = spawn(process.execPath, [script, ...(force ? ['--force'] : [])], { stdio: 'inherit' });
  const [status] = (await once(child, 'exit')) as [number | null];
  process.exitCode = status ?? 1;
}
