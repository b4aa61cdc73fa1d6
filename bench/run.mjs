// The benchmark: runs each case in a process of its own and writes what came out as JSON, as a table and as a plot.
//
//   npm run bench -- [--only kernels,loss,vocabulary,training,pretraining,covariance,eigen,encode,latency,event-loop,memory] [--model DIR] [--data DIR] [--python PATH]
//     [--onnx FILE]… [--gguf FILE]… [--repeats 5] [--threads N] [--texts 1000000] [--seconds 20] [--scale 1] [--results results]

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runProgram } from './child.mjs';

const cases = [
  'kernels',
  'loss',
  'vocabulary',
  'training',
  'pretraining',
  'covariance',
  'eigen',
  'encode',
  'latency',
  'event-loop',
  'memory',
];
const withoutModel = ['kernels', 'loss', 'vocabulary', 'pretraining', 'covariance', 'eigen'];
const withoutData = [...withoutModel, 'latency'];

function options() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: cases.join(',') },
      model: { type: 'string', default: join(import.meta.dirname, '../../shared/models/all-MiniLM-L6-v2') },
      data: { type: 'string', default: join(import.meta.dirname, '../../shared/data') },
      python: { type: 'string' },
      onnx: { type: 'string', multiple: true },
      gguf: { type: 'string', multiple: true },
      repeats: { type: 'string', default: '5' },
      threads: { type: 'string', default: String(availableParallelism()) },
      texts: { type: 'string', default: '1000000' },
      seconds: { type: 'string', default: '20' },
      scale: { type: 'string', default: '1' },
      results: { type: 'string', default: 'results' },
    },
  });
  const numbers = {};
  for (const name of ['repeats', 'threads', 'texts', 'seconds', 'scale']) {
    numbers[name] = Number(values[name]);
    if (!(numbers[name] > 0))
      throw new Error(`expected --${name} to be a positive number but received ${values[name]}`);
  }
  const only = values.only.split(',');
  const unknown = only.find((name) => !cases.includes(name));
  if (unknown)
    throw new Error(`expected --only to name cases of ${cases.join(', ')} but received "${unknown}"`);
  return { ...values, ...numbers, only, model: resolve(values.model), data: resolve(values.data) };
}

/** Why a case cannot run here, if so. */
function obstacle(name, { model, data }) {
  if (!withoutModel.includes(name) && !existsSync(model)) return `no model folder ${model}: pass --model`;
  if (!withoutData.includes(name) && !existsSync(data)) return `no data folder ${data}: pass --data`;
  return undefined;
}

/** The case's result with its duration, or with what kept it from one. */
async function runCase(name, job) {
  const reason = obstacle(name, job);
  if (reason) return { failure: reason };
  console.error(`\n== ${name}`);
  const begin = performance.now();
  try {
    const result = await runProgram(`cases/${name}.mjs`, job);
    return { ...result, caseSeconds: (performance.now() - begin) / 1000 };
  } catch (error) {
    return { failure: error.message };
  }
}

function fileName({ date, cpu }, only) {
  const processor = cpu
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const part = only.length === cases.length ? '' : `-${only.join('-')}`;
  return `${date.slice(0, 10)}-${processor}${part}`;
}

async function main() {
  if (!existsSync(new URL('../dist/index.js', import.meta.url))) {
    throw new Error('likewise is not built: run "npm ci" in the folder above, or "npm run build" there');
  }
  const chosen = options();
  const { environment } = await import('./environment.mjs');
  const { findPeers } = await import('./peers/available.mjs');
  const { markdown } = await import('./report/markdown.mjs');
  const { plot } = await import('./report/plot.mjs');
  const { scatter } = await import('./report/scatter.mjs');

  const here = environment(chosen.threads);
  const { missing, ...peers } = findPeers(chosen, here);
  for (const { peer, reason } of missing) console.error(`WITHOUT ${peer}: ${reason}`);
  const results = {
    environment: { ...here, peers: peers.versions },
    missing,
    cases: {},
  };
  const { only, results: folder } = chosen;
  for (const name of only) {
    const { missing: left, ...result } = await runCase(name, { ...chosen, peers });
    if (left) missing.push(...left);
    if (result.failure) console.error(`FAILED ${name}: ${result.failure}`);
    results.cases[name] = result;
  }

  mkdirSync(folder, { recursive: true });
  const name = fileName(results.environment, only);
  const base = join(folder, name);
  writeFileSync(`${base}.json`, `${JSON.stringify(results, undefined, 1)}\n`); // before anything can fail over it
  const plots = Object.entries({ '': plot(results), '-quality': scatter(results) })
    .filter(([, svg]) => svg)
    .map(([suffix, svg]) => ({ file: `${name}${suffix}.svg`, svg }));
  const text = markdown(
    results,
    plots.map(({ file }) => file),
  );
  writeFileSync(`${base}.md`, text);
  for (const { file, svg } of plots) writeFileSync(join(folder, file), svg);
  console.log(text);
  console.error(
    `written: ${[`${name}.json`, `${name}.md`, ...plots.map(({ file }) => file)].join(', ')} in ${folder}`,
  );
  if (Object.values(results.cases).some(({ failure }) => failure)) process.exitCode = 1;
}

await main();
