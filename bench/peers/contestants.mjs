// The engines that encode the same texts in turns, each with its program and job: Likewise in each of its precisions, then
// whichever peers are there. Those with settings to choose from (graph, batch size) are asked for the fastest first, in a
// process of its own, so that the one which is measured has loaded nothing else.

import { Program, runProgram } from '../child.mjs';

/** Ours, in the order in which they take turns. */
export const ourPrecisions = ({ bfloat16 }) => ['float32', 'int8', ...(bfloat16 ? ['bfloat16'] : [])];

const named = (engine, precision) => (precision === 'float32' ? engine : `${engine} ${precision}`);

/**
 * The first are ours.
 *
 * @param shared fields of every job: threads, model, texts, …
 * @param orders in which onnxruntime-node takes the texts: `arrival`, `sorted`
 * @returns `engine` (its name), `precision` (the arithmetic of its products), `path` and `job` of each
 */
export function contestants(peers, shared, orders) {
  const { python, onnx, onnxInt8, gguf = [] } = peers;
  const precisions = ourPrecisions(peers);
  const likewise = precisions.map((precision) => ({
    engine: named('likewise', precision),
    precision,
    path: 'peers/likewise.mjs',
    job: { ...shared, precision },
  }));
  const onnxruntime = Object.entries({ float32: onnx, int8: onnxInt8 }).flatMap(([precision, graphs]) =>
    (graphs ? orders : []).map((order) => ({
      engine: `${named('onnxruntime-node', precision)}, ${order}`,
      precision,
      path: 'peers/onnxruntime-node.mjs',
      job: { ...shared, onnx: graphs, order },
      chooses: true,
    })),
  );
  const sentenceTransformers = precisions
    .filter((precision) => peers.sentenceTransformers && precision !== 'int8')
    .map((precision) => ({
      engine: named('sentence-transformers', precision),
      precision,
      path: 'peers/sentence-transformers.py',
      job: { ...shared, python, dtype: precision },
    }));
  const llama = gguf.map(({ file, type, precision }) => ({
    engine: `llama.cpp ${type}`,
    precision,
    path: 'peers/llama-cpp.py',
    job: { ...shared, python, gguf: file },
    chooses: true,
  }));
  return [...likewise, ...onnxruntime, ...sentenceTransformers, ...llama];
}

/** Loads all, lets them take turns, and gives their results. One that fails takes the others with it. */
export async function takeTurns(entries, { label, repeats }) {
  const programs = [];
  try {
    const choices = [];
    for (const { engine, path, job, chooses } of entries) {
      console.error(`${label}: ${engine} loads and warms up`);
      const choice = chooses && (await runProgram(path, { ...job, choose: true }));
      choices.push(choice && { tried: choice.tried });
      programs.push(new Program(path, { ...job, ...choice?.settings, interleaved: true }));
      await programs.at(-1).ready();
    }
    for (let round = 0; round < repeats; round++) {
      console.error(`${label}: round ${round + 1} of ${repeats}`);
      for (const program of programs) await program.round();
    }
    const results = [];
    for (const [index, program] of programs.entries())
      results.push({ ...(await program.finish()), ...choices[index] });
    return results;
  } finally {
    for (const program of programs) program.stop();
  }
}
