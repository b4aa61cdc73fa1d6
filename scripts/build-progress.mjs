// Progress of a build, read from what make prints: one line that is rewritten on a terminal, else a line now and then.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const secondsBetweenLines = 20;

export class BuildProgress {
  #folder;
  #started = performance.now();
  #said = performance.now();
  #rest = '';
  #compiled = 0;
  #total = 0;

  /** @param folder where gyp writes its makefiles, which list every object */
  constructor(folder) {
    this.#folder = folder;
  }

  /** Takes what make has printed. */
  read(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    const compiled = lines.filter((line) => /^\s*CXX\(target\) /.test(line)).length;
    if (compiled === 0) return;
    if (this.#total === 0) this.#total = this.#countObjects();
    this.#compiled += compiled;
    this.#say();
  }

  /** Leaves the line of a terminal. */
  end() {
    if (process.stderr.isTTY && this.#compiled > 0) process.stderr.write('\n');
  }

  #countObjects() {
    const makefiles = readdirSync(this.#folder).filter((name) => name.endsWith('.target.mk'));
    const text = makefiles.map((name) => readFileSync(join(this.#folder, name), 'utf8')).join('\n');
    return text.match(/^\s+\$\(obj\)\.target\/\S+\.o( \\)?$/gm)?.length ?? 0;
  }

  #say() {
    const now = performance.now();
    const seconds = Math.round((now - this.#started) / 1000);
    const line = `likewise: ${this.#compiled} of ${this.#total} files compiled, ${seconds} s`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line}`);
    else if (now - this.#said > 1000 * secondsBetweenLines) {
      this.#said = now;
      process.stderr.write(`${line}\n`);
    }
  }
}
