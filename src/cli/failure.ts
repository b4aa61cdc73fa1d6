// How a command fails: one line on stderr, `likewise: <message> [CODE]`, and an exit code. 2 for a command line that
// cannot be used, 130 and 143 where SIGINT and SIGTERM ended it, 1 for everything else. LIKEWISE_DEBUG adds the stack.

import { CommanderError } from 'commander';
import { AbortedError, LikewiseError } from '../errors.ts';
import { interruptedBy } from './interruption.ts';

/** Writes commander's `error: …` in our form. */
export function reportUsageError(text: string): void {
  const message = text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ');
  process.stderr.write(`likewise: ${message} [LIKEWISE_ARGUMENT]\n`);
}

/** Reports what ended a command, and gives its exit code. */
export function reportFailure(error: unknown): number {
  const signal = interruptedBy();
  if (signal !== undefined && (error instanceof AbortedError || isAbortError(error))) {
    process.stderr.write(
      `likewise: stopped by ${signal}; unfinished output was removed [LIKEWISE_ABORTED]\n`,
    );
    return signal === 'SIGINT' ? 130 : 143;
  }
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`likewise: ${message.trim().replace(/\s*\n\s*/g, ' ')} [${codeOf(error)}]\n`);
  if (process.env.LIKEWISE_DEBUG) console.error(error);
  return error instanceof LikewiseError && error.code === 'LIKEWISE_ARGUMENT' ? 2 : 1;
}

/** What Node's own functions throw when the signal that they were given fires. */
function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Our code, or Node's, or UNEXPECTED for an error nobody foresaw. */
function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'UNEXPECTED';
}
