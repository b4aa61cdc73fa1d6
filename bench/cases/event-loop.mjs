// How long a server that embeds would keep its other requests waiting: the delay of JavaScript's event loop, sampled
// every millisecond while an engine encodes for some seconds. Each engine and corpus has a process of its own.
//
// An idle loop shows about 1 ms, the sampling interval. A loop that is blocked for a second gives one sample of a
// second, so the maximum says more about a blocking engine than its percentiles; `blockedShare` is the share of time
// spent in delays of 20 ms and more.
//
// And how long one query takes meanwhile: query-beside-bulk.mjs.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { SentenceEncoder } from '../../dist/index.js';
import { runProgram } from '../child.mjs';
import { corpus } from '../corpora.mjs';
import { readJob } from '../peers/job.mjs';

const corpora = { snli: 2000, passages: 256 };
const job = readJob({ threads: 2, seconds: 20 });

/** Encodes until `until()`, over and over; gives the number of texts. */
async function encodeLikewise(texts) {
  const encoder = await SentenceEncoder.load(job.model, { threads: job.threads, maxLength: 256 });
  return async (until) => {
    function* repeated() {
      for (let index = 0; ; index++) yield texts[index % texts.length];
    }
    let done = 0;
    for await (const chunk of encoder.encodeStream(repeated())) {
      done += chunk.length;
      if (until()) break;
    }
    return done;
  };
}

async function encodeOnnx(texts) {
  const { OnnxEncoder } = await import('../peers/onnx-encoder.mjs');
  const encoder = await OnnxEncoder.open(job.peers.onnx[0], { ...job, maxLength: 256 });
  const size = 32;
  return async (until) => {
    let done = 0;
    for (let start = 0; !until(); start = (start + size) % (texts.length - size + 1)) {
      await encoder.embed(texts.slice(start, start + size), 'arrival', size);
      done += size;
    }
    return done;
  };
}

async function measure() {
  const texts = await corpus(job.corpus, corpora[job.corpus], job);
  const encode = await (job.engine === 'likewise' ? encodeLikewise : encodeOnnx)(texts);
  const forSeconds = (seconds) => {
    const end = performance.now() + seconds * 1000;
    return () => performance.now() > end;
  };
  await encode(forSeconds(Math.min(2, job.seconds)));
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  let blocked = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (now - last >= 20) blocked += now - last;
    last = now;
  }, 1);
  histogram.enable();
  const begin = performance.now();
  const done = await encode(forSeconds(job.seconds));
  await setTimeout(10); // a blocked loop has yet to sample its last delay
  histogram.disable();
  clearInterval(timer);
  const milliseconds = performance.now() - begin;
  const delay = (share) => histogram.percentile(share) / 1e6;
  return {
    engine: job.engine,
    corpus: job.corpus,
    seconds: milliseconds / 1000,
    textsPerSecond: done / (milliseconds / 1000),
    p50: delay(50),
    p99: delay(99),
    max: histogram.max / 1e6,
    blockedShare: blocked / milliseconds,
  };
}

if (job.engine) {
  console.log(JSON.stringify(await measure()));
} else {
  const delays = [];
  for (const engine of ['likewise', ...(job.peers.onnx ? ['onnxruntime-node'] : [])]) {
    for (const name of Object.keys(corpora)) {
      console.error(`event-loop: ${engine}, ${name}`);
      delays.push(await runProgram('cases/event-loop.mjs', { ...job, engine, corpus: name }));
    }
  }
  console.error('event-loop: queries beside bulk work');
  const queries = await runProgram('cases/query-beside-bulk.mjs', { ...job, corpus: 'passages' });
  console.log(JSON.stringify({ delays, queries }));
}
