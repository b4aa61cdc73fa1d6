// Many texts through an encoder into a file, as `likewise embed` does: after a warm-up no allocation, no tensor and no
// memory is added, and the event loop stays free.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createVectorWriter } from '../../dist/cli/output/vector-output.js';
import { SentenceEncoder } from '../../dist/index.js';

const cycle = 8192; // texts, after which they repeat

function* repeatedTexts(count) {
  const texts = Array.from({ length: cycle }, (_, index) =>
    'the cat and a dog '.repeat(1 + ((index * 7) % 5)),
  );
  for (let index = 0; index < count; index++) yield texts[index % cycle];
}

/** Encodes `count` texts; gives the summary. */
export async function soakEncoding(count, model) {
  const folder = mkdtempSync(join(tmpdir(), 'likewise-soak-'));
  const encoder = await SentenceEncoder.load(model);
  const writer = await createVectorWriter(join(folder, 'vectors.npy'), encoder.dimension);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const warmUp = Math.max(2 * cycle, count / 5);
  let settled;
  let last; // before the last batch, which is a smaller one and may need a buffer of a smaller class
  let peak = 0;
  const started = performance.now();
  try {
    for await (const chunk of encoder.encodeStream(repeatedTexts(count))) {
      await writer.append(chunk.data);
      const { rss } = process.memoryUsage();
      if (chunk.start < warmUp) {
        settled = { ...encoder.engine.stats(), rss: Math.max(rss, settled?.rss ?? 0) };
        delay.enable();
        delay.reset();
      }
      if (chunk.start + chunk.length < count) last = encoder.engine.stats();
      peak = Math.max(peak, rss);
    }
  } finally {
    await writer.discard();
    rmSync(folder, { recursive: true });
  }
  delay.disable();
  const seconds = (performance.now() - started) / 1000;
  encoder.dispose();
  const misses = last.poolMisses - settled.poolMisses;
  const tensors = last.liveTensors - settled.liveTensors;
  const growth = (peak - settled.rss) / 1e6;
  const p99 = delay.percentile(99) / 1e6;
  const figures =
    `${count} texts, ${Math.round(count / seconds)} texts/s, after the first ${Math.round(warmUp)}: memory grew by ` +
    `${growth.toFixed(1)} MB, ${tensors} live tensors, ${misses} pool misses, event loop p99 ${p99.toFixed(1)} ms`;
  // JavaScript's heap breathes by some 35 MB; a leak of 60 bytes per text would add more to a million texts.
  if (growth > 48 || tensors > 10 || misses !== 0 || p99 >= 20) throw new Error(figures);
  return figures;
}
