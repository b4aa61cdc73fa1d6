// What the native engine says of itself, and how fast it multiplies matrices here in each precision: the heart of
// `likewise doctor`.

import { Engine } from '../../native/engine.ts';
import { addonPath, loadAddon } from '../../native/load.ts';
import type { Precision } from '../../nn/layers/precision.ts';
import { linear, packArray } from '../../ops/linear/linear.ts';
import { packQuantized } from '../../ops/linear/linear-int8.ts';
import { quantizeArray } from '../../ops/linear/quantize-weight.ts';
import { scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';

/** What is measured: emulated-bfloat16 is there to be checked with, and has no speed to speak of. */
export const MEASURED = ['float32', 'bfloat16', 'int8'] as const satisfies readonly Precision[];

export type MeasuredPrecision = (typeof MEASURED)[number];

/** By precision; null for bfloat16 where the backend has no instructions for it. */
export type GemmReports = Record<MeasuredPrecision, GemmReport | null>;

/** A usable engine. */
export interface EngineReport {
  /** Path of the addon. */
  addon: string;
  version: string;
  /** The instruction set in use, and all that this build has. */
  backend: string;
  backends: { name: string; available: boolean; reason: string }[];
  threads: number;
  threadsReason: string;
  /** Undefined for `reference`, which is there to be checked against and has no speed to speak of. */
  gemm: GemmReports | undefined;
}

/** A measured matrix product, [rows, inputs] x [inputs, outputs]. */
export interface GemmReport {
  rows: number;
  inputs: number;
  outputs: number;
  /** 10^9 operations per second, two to a multiply-add. */
  gigaops: number;
  /** The rate of a loop of multiply-adds in that precision that touches registers only, on the same threads. */
  peakGigaops: number;
}

/** The report, or the reason why there is none. */
export async function inspectEngine(): Promise<EngineReport | { addon: string; problem: string }> {
  try {
    const { description } = loadAddon();
    using engine = new Engine();
    const { backend, threads } = engine;
    const gemm = backend === 'reference' ? undefined : await measureGemms(engine);
    const { version, cores, coresReason } = description;
    const backends = description.backends.filter(({ name }) => name !== 'mock'); // for our own tests
    const threadsReason =
      threads === cores ? coresReason : `as set; this process may use ${cores} (${coresReason})`;
    return { addon: addonPath, version, backend, backends, threads, threadsReason, gemm };
  } catch (error) {
    return { addon: addonPath, problem: error instanceof Error ? error.message : String(error) };
  }
}

async function measureGemms(engine: Engine): Promise<GemmReports> {
  return {
    float32: await measureGemm(engine, 'float32'),
    bfloat16: engine.nativeBFloat16 ? await measureGemm(engine, 'bfloat16') : null,
    int8: await measureGemm(engine, 'int8'),
  };
}

/** The first product of the feed-forward block of a MiniLM, over 4096 tokens: the best of several runs. */
async function measureGemm(engine: Engine, precision: MeasuredPrecision): Promise<GemmReport> {
  const [rows, inputs, outputs] = [4096, 384, 1536];
  const values = (count: number) =>
    Float32Array.from({ length: count }, (_, index) => ((index % 17) - 8) / 16);
  using input = Tensor.from(engine, values(rows * inputs), [rows, inputs]);
  const data = values(outputs * inputs);
  using weight =
    precision === 'int8'
      ? packQuantized(await quantizeArray(engine, data, outputs, inputs))
      : packArray(engine, data, outputs, inputs, { bfloat16: precision === 'bfloat16' });
  const peakBefore = await engine.measurePeak(precision);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 8; run += 1) best = Math.min(best, await secondsOf(() => linear(input, weight)));
  const peak = Math.max(peakBefore, await engine.measurePeak(precision));
  const gigaops = (2 * rows * inputs * outputs) / best / 1e9;
  return { rows, inputs, outputs, gigaops, peakGigaops: peak / 1e9 };
}

/** Seconds per call, queued several at a time so that the way there and back does not count; reads one row to wait. */
async function secondsOf(run: () => Tensor): Promise<number> {
  const calls = 4;
  const started = performance.now();
  const row = scope(() => {
    for (let call = 1; call < calls; call += 1) run().dispose();
    return run().rows(0, 1);
  });
  await row.data();
  row.dispose();
  return (performance.now() - started) / 1000 / calls;
}
