// The long tests, run by hand before an issue is resolved: `npm run build && npm run soak`, over dist/ and the built
// addon. One summary line per part; exit code 1 when a part failed. Options: --seed, --part (all by default), and the
// size of each part, as below.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fuzzSafetensors } from './fuzz-safetensors.mjs';
import { killEmbed } from './kill-embed.mjs';
import { killTrain } from './kill-train.mjs';
import { soakEncoding } from './soak-encoding.mjs';

const golden = fileURLToPath(new URL('../golden/bert-two-layers', import.meta.url));
const text = (value) => ({ type: 'string', default: value });
const { values: options } = parseArgs({
  options: {
    part: { type: 'string', multiple: true },
    seed: text(String(Date.now() % 1e9)),
    safetensors: text('1000000'), // inputs
    binding: text('1000000'), // calls
    kills: text('100'), // processes
    texts: text('1000000'),
    trainings: text('50'), // processes
    model: text(golden),
    addon: text(fileURLToPath(new URL('../../build/Release/likewise.node', import.meta.url))),
  },
});
const seed = Number(options.seed);

const parts = {
  safetensors: () => fuzzSafetensors(Number(options.safetensors), seed),
  binding: () => fuzzBinding(options.binding),
  kills: () => killEmbed(Number(options.kills), seed, golden),
  trainings: () => killTrain(Number(options.trainings), seed, golden),
  texts: () => soakEncoding(Number(options.texts), options.model),
};

function fuzzBinding(calls) {
  const script = fileURLToPath(new URL('../native/binding-fuzz.mjs', import.meta.url));
  const child = spawnSync(process.execPath, [script, calls, options.seed, options.addon], {
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(`exit ${child.status ?? child.signal}: ${child.stderr}`);
  return child.stdout.trim();
}

console.log(`seed ${seed}`);
for (const name of options.part ?? Object.keys(parts)) {
  const started = performance.now();
  try {
    const summary = await parts[name]();
    console.log(`ok      ${name}: ${summary} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`FAILED  ${name}:`, error);
  }
}
