// Sentence vectors with ONNX Runtime in Node as a careful user would write them: the native tokenizer, one padded batch
// per run, masked mean pooling and L2 norm over typed arrays.

import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { Tokenizer } from 'tokenizers';

export class OnnxEncoder {
  #session;
  #tokenizer;

  constructor(session, tokenizer) {
    this.#session = session;
    this.#tokenizer = tokenizer;
  }

  /** @param graph file made by ../export-onnx.py; `model` is the folder with tokenizer.json */
  static async open(graph, { model, threads, maxLength }) {
    const tokenizer = Tokenizer.fromFile(join(model, 'tokenizer.json'));
    tokenizer.disablePadding();
    tokenizer.setTruncation(maxLength);
    const session = await ort.InferenceSession.create(graph, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
    });
    return new OnnxEncoder(session, tokenizer);
  }

  /** Sentence vectors [texts, dim] in the order of the texts, with the tokens computed and the real ones. */
  async embed(texts, order, batchSize) {
    const begin = performance.now();
    const cpu = process.cpuUsage();
    const ids = await this.#tokenize(texts);
    const tokenizeSeconds = (performance.now() - begin) / 1000;
    let vectors;
    let dim = 0;
    let tokens = 0;
    for (const batch of makeBatches(ids, order, batchSize)) {
      const length = batch.reduce((longest, index) => Math.max(longest, ids[index].length), 0);
      const output = (await this.#session.run(makeFeeds(ids, batch, length))).last_hidden_state;
      dim = output.dims[2];
      vectors ??= new Float32Array(texts.length * dim);
      for (const [row, index] of batch.entries()) {
        pool(output.data, row, length, dim, ids[index].length, vectors, index);
      }
      tokens += batch.length * length;
      output.dispose?.();
    }
    const seconds = (performance.now() - begin) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const realTokens = ids.reduce((sum, row) => sum + row.length, 0);
    return {
      vectors,
      dim,
      tokens,
      realTokens,
      tokenizeSeconds,
      seconds,
      cores: (user + system) / 1e6 / seconds,
    };
  }

  /** Token ids of every text: an array of number arrays. */
  async #tokenize(texts) {
    const result = [];
    for (let start = 0; start < texts.length; start += 1024) {
      const encodings = await this.#tokenizer.encodeBatch(texts.slice(start, start + 1024));
      for (const encoding of encodings) result.push(encoding.getIds());
    }
    return result;
  }
}

/** Indices of the texts, cut in batches; `sorted` puts the longest first, over all texts. */
function makeBatches(ids, order, size) {
  const indices = ids.map((_, index) => index);
  if (order === 'sorted') indices.sort((a, b) => ids[b].length - ids[a].length);
  const batches = [];
  for (let start = 0; start < indices.length; start += size) batches.push(indices.slice(start, start + size));
  return batches;
}

function makeFeeds(ids, batch, length) {
  const dims = [batch.length, length];
  const inputIds = new BigInt64Array(batch.length * length); // [PAD] is 0
  const mask = new BigInt64Array(batch.length * length);
  batch.forEach((index, row) => {
    const tokens = ids[index];
    const start = row * length;
    for (let at = 0; at < tokens.length; at++) inputIds[start + at] = BigInt(tokens[at]);
    mask.fill(1n, start, start + tokens.length);
  });
  return {
    input_ids: new ort.Tensor('int64', inputIds, dims),
    attention_mask: new ort.Tensor('int64', mask, dims),
    token_type_ids: new ort.Tensor('int64', new BigInt64Array(batch.length * length), dims),
  };
}

/** Mean over the real tokens, then L2 norm; `hidden` is [rows, length, dim], the result goes to row `index` of `out`. */
function pool(hidden, row, length, dim, count, out, index) {
  const target = out.subarray(index * dim, (index + 1) * dim);
  for (let token = 0; token < count; token++) {
    const from = (row * length + token) * dim;
    for (let i = 0; i < dim; i++) target[i] += hidden[from + i];
  }
  let squares = 0;
  for (let i = 0; i < dim; i++) squares += target[i] * target[i];
  const scale = 1 / Math.max(Math.sqrt(squares), 1e-12); // the mean's divisor cancels
  for (let i = 0; i < dim; i++) target[i] *= scale;
}
