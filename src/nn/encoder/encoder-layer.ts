// One transformer layer, post-norm as in BERT: self-attention and a two-layer feed-forward network, each followed by
// layerNorm(x + residual). Query, key and value are one product; attention reads them as column views.
import { attention, selfAttention } from '../../ops/attention/attention.ts';
import { firstTokenAttention } from '../../ops/attention/first-token-attention.ts';
import { type LinearWeight, linear } from '../../ops/linear/linear.ts';
import { sliceColumns } from '../../ops/plain/slices.ts';
import { pool } from '../../ops/rows/pool.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { attentionDropout, type ForwardContext, siteOf } from '../layers/forward-context.ts';
import { LayerNorm } from '../layers/layer-norm.ts';
import { Linear } from '../layers/linear.ts';
import { Module } from '../layers/module.ts';
import type { ParameterReader } from '../parameters/parameter-reader.ts';
import type { EncoderBatch, FirstTokens, QueryStream } from './encoder-batch.ts';
import type { EncoderConfig } from './encoder-config.ts';

interface EncoderLayerParts {
  heads: number;
  /** Of attention's dropout. */
  attentionSite: number;
  /** Of attention's products. */
  attentionPrecision: 'float32' | 'bfloat16';
  queryKeyValue: LinearWeight;
  queryKeyValueBias: Tensor;
  attentionOutput: Linear;
  attentionNorm: LayerNorm;
  intermediate: Linear;
  output: Linear;
  outputNorm: LayerNorm;
}

export class EncoderLayer extends Module {
  readonly heads: number;
  readonly attentionSite: number;
  readonly attentionPrecision: 'float32' | 'bfloat16';
  readonly queryKeyValue: LinearWeight; // [3 hidden, hidden]
  readonly queryKeyValueBias: Tensor; // [3 hidden]
  readonly attentionOutput: Linear;
  readonly attentionNorm: LayerNorm;
  readonly intermediate: Linear;
  readonly output: Linear;
  readonly outputNorm: LayerNorm;

  constructor(parts: EncoderLayerParts) {
    super();
    this.heads = parts.heads;
    this.attentionSite = parts.attentionSite;
    this.attentionPrecision = parts.attentionPrecision;
    this.queryKeyValue = this.own(parts.queryKeyValue);
    this.queryKeyValueBias = this.own(parts.queryKeyValueBias);
    this.attentionOutput = this.own(parts.attentionOutput);
    this.attentionNorm = this.own(parts.attentionNorm);
    this.intermediate = this.own(parts.intermediate);
    this.output = this.own(parts.output);
    this.outputNorm = this.own(parts.outputNorm);
  }

  /** Reads one `encoder.layer.N`. @throws ModelError */
  static async load(reader: ParameterReader, config: EncoderConfig): Promise<EncoderLayer> {
    const { hiddenSize: hidden, intermediateSize: intermediate, layerNormEpsilon, activation } = config;
    const self = reader.child('attention.self');
    const projections = ['query', 'key', 'value'];
    return new EncoderLayer({
      heads: config.heads,
      attentionSite: siteOf(self.path),
      attentionPrecision: reader.bfloat16 ? 'bfloat16' : 'float32',
      queryKeyValue: await self.packed(
        projections.map((name) => `${name}.weight`),
        hidden,
        hidden,
      ),
      queryKeyValueBias: await self.stackedVector(
        projections.map((name) => `${name}.bias`),
        hidden,
      ),
      attentionOutput: await Linear.load(reader.child('attention.output.dense'), {
        inputs: hidden,
        outputs: hidden,
      }),
      attentionNorm: await LayerNorm.load(reader.child('attention.output'), hidden, layerNormEpsilon),
      intermediate: await Linear.load(reader.child('intermediate.dense'), {
        inputs: hidden,
        outputs: intermediate,
        activation,
      }),
      output: await Linear.load(reader.child('output.dense'), { inputs: intermediate, outputs: hidden }),
      outputNorm: await LayerNorm.load(reader.child('output'), hidden, layerNormEpsilon),
    });
  }

  /** @param hidden [tokens, hidden] @returns [tokens, hidden] */
  forward(hidden: Tensor, batch: EncoderBatch, context?: ForwardContext): Tensor {
    return this.forwardFused(this.fused(hidden), hidden, batch, context);
  }

  /** {@link forward} from queries, keys and values that are made already. @param fused {@link fused} of `hidden` */
  forwardFused(fused: Tensor, hidden: Tensor, batch: EncoderBatch, context?: ForwardContext): Tensor {
    const seen = selfAttention(fused, {
      queryOffsets: batch.offsets,
      queryRank: batch.ranks,
      ...this.#attention(batch, context),
    });
    return this.#afterAttention(seen, hidden, batch, context);
  }

  /**
   * What {@link forward} gives the first token of each sequence, to the bit: only attention's keys and values are made of
   * the others.
   * @param hidden [tokens, hidden]
   * @param firsts the batch's
   * @returns [sequences, hidden]
   */
  forwardFirst(hidden: Tensor, batch: EncoderBatch, firsts: FirstTokens, context?: ForwardContext): Tensor {
    const { offsets } = batch;
    const seen = firstTokenAttention(this.fused(hidden), {
      offsets,
      queryOffsets: firsts.offsets,
      ...this.#attention(batch, context),
    });
    return this.#afterAttention(seen, pool(hidden, { mode: 'cls', offsets }), firsts, context);
  }

  /**
   * XLNet's query stream: each query sees the tokens of its sequence whose rank is below its own.
   * @param queries [queries, hidden]
   * @param fused {@link fused} of the tokens
   * @returns [queries, hidden]
   */
  forwardQueries(
    queries: Tensor,
    fused: Tensor,
    batch: EncoderBatch,
    stream: QueryStream,
    context?: ForwardContext,
  ): Tensor {
    const width = queries.shape[1] as number;
    const query = sliceColumns(this.fused(queries), 0, width);
    const [key, value] = [1, 2].map((part) => sliceColumns(fused, part * width, (part + 1) * width));
    const seen = attention(query, key as Tensor, value as Tensor, {
      queryOffsets: stream.offsets,
      keyOffsets: batch.offsets,
      queryRank: stream.ranks,
      keyRank: batch.ranks,
      strict: true,
      ...this.#attention(stream, context),
    });
    return this.#afterAttention(seen, queries, stream, context);
  }

  /** Query, key and value side by side. @returns [tokens, 3 hidden] */
  fused(hidden: Tensor): Tensor {
    return linear(hidden, this.queryKeyValue, { bias: this.queryKeyValueBias });
  }

  #attention(batch: Pick<EncoderBatch, 'sequenceIds'>, context: ForwardContext | undefined) {
    const { heads, attentionPrecision: precision, attentionSite } = this;
    return { heads, precision, ...attentionDropout(context, attentionSite, batch) };
  }

  /** @param seen, residual [rows, hidden] @param keys of the rows @returns [rows, hidden] */
  #afterAttention(
    seen: Tensor,
    residual: Tensor,
    keys: Pick<EncoderBatch, 'rowKeys'>,
    context: ForwardContext | undefined,
  ): Tensor {
    const attended = this.attentionNorm.forward(this.attentionOutput.forward(seen), residual, keys, context);
    const widened = this.intermediate.forward(attended);
    return this.outputNorm.forward(this.output.forward(widened), attended, keys, context);
  }
}
