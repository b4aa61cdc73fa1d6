// Runs the compiled command line as a user does, in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** A two-layer BERT with random weights: hidden size 32, 40 positions, a vocabulary of a few words. */
export const tinyModel = join(root, 'test', 'golden', 'bert-two-layers');

/** Embeds the lines of stdin; `--output` is to follow. */
export const embedStdin = ['embed', '--model', tinyModel, '--input', '-', '--format', 'txt'];

/** What a command printed, and how it ended. */
export interface CliResult {
  code: number | null;
  stdout: string;
  /** Without the notes. */
  stderr: string;
  /** What the model's folder left open and was assumed: the lines `note: …` of stderr. */
  notes: string[];
}

export interface CliOptions {
  input?: string | undefined;
  env?: Record<string, string>;
  /** Called with the process once it has been started. Without `input`, its stdin stays open. */
  started?: (child: ChildProcess) => void;
}

export function runCli(args: string[], options: CliOptions = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...args], {
      env: { ...process.env, LIKEWISE_DEBUG: '', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const result = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      result.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      result.stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const notes = result.stderr.match(/^note: .*$/gm) ?? [];
      const stderr = result.stderr.replace(/^note: .*\n/gm, '');
      resolve({ code, stdout: result.stdout, stderr, notes });
    });
    child.stdin.on('error', () => {}); // a command that does not read its input may end first
    if (options.input !== undefined) child.stdin.end(options.input);
    options.started?.(child);
  });
}
