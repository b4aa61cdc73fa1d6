// `likewise embed` killed at random moments: what stands under the output's name is what stood there before, or the
// complete new file, never a part of it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../native/fuzz-values.mjs';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Bytes of the unfinished output in a folder; -1 before it has been started and after it has been renamed. */
function bytesWritten(folder) {
  const name = readdirSync(folder).find((each) => each.endsWith('.tmp'));
  return name === undefined ? -1 : (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? -1);
}

/** Runs embed and kills it `delay` ms after it has written `bytes`. Without `bytes` it ends by itself. */
function embed(model, input, output, bytes, delay) {
  return new Promise((resolve, reject) => {
    const args = [main, 'embed', '--model', model, '--input', input, '--output', output];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    let poll;
    const watch = () => {
      if (bytesWritten(dirname(output)) >= bytes) setTimeout(() => child.kill('SIGKILL'), delay);
      else poll = setTimeout(watch, 1);
    };
    if (bytes !== undefined) watch();
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(poll);
      if (signal === null && code !== 0) reject(new Error(`embed ended with ${code}`));
      else resolve();
    });
  });
}

/** Kills `count` processes; gives the summary. */
export async function killEmbed(count, seed, model) {
  const folder = mkdtempSync(join(tmpdir(), 'likewise-soak-'));
  const random = new Random(seed);
  const outcomes = { absent: 0, old: 0, complete: 0 };
  try {
    const input = join(folder, 'corpus.txt');
    writeFileSync(input, Array.from({ length: 20_000 }, (_, line) => `the cat ${line} and a dog\n`).join(''));
    const expected = {};
    for (const format of ['npy', 'jsonl']) {
      const output = join(folder, `clean.${format}`);
      await embed(model, input, output);
      expected[format] = readFileSync(output);
    }
    const old = Buffer.from('what was there before');
    for (let round = 0; round < count; round++) {
      const format = random.pick(['npy', 'jsonl']);
      const output = join(folder, `round.${format}`);
      if (random.chance(0.5)) writeFileSync(output, old);
      const before = existsSync(output);
      const share = random.chance(0.5) ? 1 : random.uniform();
      await embed(model, input, output, expected[format].length * share, random.uniform() * 30);
      const found = existsSync(output) ? readFileSync(output) : undefined;
      if (found?.equals(expected[format])) outcomes.complete += 1;
      else if (before && found?.equals(old)) outcomes.old += 1;
      else if (!before && found === undefined) outcomes.absent += 1;
      else
        throw new Error(`seed ${seed}, round ${round}: ${found?.length ?? 'no'} bytes under the final name`);
      for (const name of readdirSync(folder)) if (name.includes('round')) rmSync(join(folder, name));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return `${count} kills, ${JSON.stringify(outcomes)}`;
}
