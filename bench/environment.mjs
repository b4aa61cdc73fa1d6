// Where and with what a benchmark ran: figures without it mean nothing.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { Engine } from '../dist/index.js';
import { packageVersion } from '../dist/native/load.js';

/** Family and model tell apart what a virtual machine calls by the same name, as "AMD EPYC". */
function processor() {
  const name = cpus()[0]?.model.trim() ?? 'unknown';
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8');
    const field = (key) => text.match(new RegExp(`^${key}\\s*: (.*)$`, 'm'))?.[1];
    return `${name} (family ${field('cpu family')}, model ${field('model')})`;
  } catch {
    return name;
  }
}

function git(...args) {
  try {
    return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** Of this machine, now; `load` is the load average before anything of ours ran. */
export function environment(threads) {
  const load = loadavg();
  const engine = new Engine({ threads });
  const { backend, description, nativeBFloat16 } = engine;
  engine.dispose();
  const changed = git('status', '--porcelain', '--', '..', ':!results');
  return {
    date: new Date().toISOString(),
    cpu: processor(),
    cores: availableParallelism(),
    threads,
    memoryGigabytes: totalmem() / 1e9,
    load,
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.versions.node,
    likewise: packageVersion(),
    backend,
    nativeBFloat16,
    backends: description.backends.filter(({ available }) => available).map(({ name }) => name),
    commit: git('rev-parse', '--short=10', 'HEAD') ?? 'unknown',
    uncommittedChanges: changed !== undefined && changed !== '',
  };
}
