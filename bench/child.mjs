// Other programs as child processes: one JSON job as the argument, JSON lines on stdout, the last one is the result.
//
// With `interleaved` in its job a program loads and warms up, says {"state":"ready"}, then runs one round for every line
// it reads and says {"state":"done"}; when its input ends it prints its result. So several programs stay loaded and take
// turns, and a bad minute of the machine hits them all.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Settings of OpenBLAS that other work may have left in the environment; they would slow numpy and torch down. */
const foreignSettings = ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE'];

export class Program {
  #child;
  #name;
  #lines;
  #exit;

  /** @param path of a program, relative to this folder; `.py` runs under `job.python` */
  constructor(path, job) {
    const file = fileURLToPath(new URL(path, import.meta.url));
    const env = { ...process.env };
    for (const name of foreignSettings) delete env[name];
    const command = path.endsWith('.py') ? job.python : process.execPath;
    this.#name = path;
    this.#child = spawn(command, [file, JSON.stringify(job)], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => {}); // a program that died says so by its exit code
    this.#exit = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(error.message));
      this.#child.on('close', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Resolves when an interleaved program is loaded and warm. */
  ready() {
    return this.#expect('ready');
  }

  /** One round of an interleaved program. */
  async round() {
    this.#child.stdin.write('\n');
    await this.#expect('done');
  }

  /** Lets the program end and gives its result. */
  async finish() {
    this.#child.stdin.end();
    const result = await this.#next();
    await this.#exit;
    return result;
  }

  stop() {
    this.#child.kill();
  }

  async #expect(state) {
    const line = await this.#next();
    if (line.state !== state) throw new Error(`${this.#name}: expected the line "${state}"`);
  }

  async #next() {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.#name} gave no result: ${await this.#exit}`);
      if (value.startsWith('{')) return JSON.parse(value);
      console.error(value);
    }
  }
}

/** Runs a program from start to end. */
export const runProgram = (path, job) => new Program(path, job).finish();
