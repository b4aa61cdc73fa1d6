// SpanBERT's span boundary objective (Joshi et al., TACL 2020, section 3.2): word i of a masked span from the two tokens
// around it and a learned embedding of i,
//
//   h = [x(left), x(right), P(i)],  two times layerNorm(gelu(W h + b)),  then the word embeddings and a bias per word
//
// P has `targets` rows of 200; words beyond them are not predicted.
import type { ParameterSpec } from '../../autograd/parameter.ts';
import { concatenateColumns } from '../../ops/plain/slices.ts';
import { gatherRows } from '../../ops/rows/table-rows.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { EncoderConfig } from '../encoder/encoder-config.ts';
import { layerNormParameters, linearParameters } from '../encoder/encoder-parameters.ts';
import { LayerNorm } from '../layers/layer-norm.ts';
import { Linear } from '../layers/linear.ts';
import { Module } from '../layers/module.ts';
import type { ParameterReader } from '../parameters/parameter-reader.ts';
import type { Prediction, TiedDecoder } from './tied-decoder.ts';

/** Below which the head's parameters lie in a folder: a name of this library's own, as no other one has them. */
export const spanBoundaryPath = 'cls.span_boundary';

/** Width of P. */
const positionWidth = 200;

/** Rows of P in the command that SpanBERT was trained with. */
export const SPAN_BOUNDARY_TARGETS = 15;

/** What the head has beside the word embeddings. @param targets rows of P */
export function spanBoundaryParameters(config: EncoderConfig, targets: number): ParameterSpec[] {
  const { hiddenSize: hidden, embeddingSize, vocabularySize } = config;
  const path = spanBoundaryPath;
  return [
    { names: [`${path}.position_embeddings.weight`], shape: [targets, positionWidth] },
    ...linearParameters(`${path}.first.dense`, 2 * hidden + positionWidth, hidden),
    ...layerNormParameters(`${path}.first`, hidden),
    ...linearParameters(`${path}.second.dense`, hidden, embeddingSize),
    ...layerNormParameters(`${path}.second`, embeddingSize),
    { names: [`${path}.bias`], shape: [vocabularySize] },
  ];
}

/** What is to be predicted: for each target the places of its span's neighbours, its index in the span, and the word. */
export interface SpanTargets {
  left: Int32Array; // [targets]
  right: Int32Array; // [targets]
  index: Int32Array; // [targets], from 0
  words: Int32Array; // [targets]
}

/** SpanBERT's head: words of a span from the tokens at its boundary. */
export class SpanBoundaryHead extends Module {
  readonly positions: Tensor; // [targets of a span, 200]
  readonly layers: readonly { dense: Linear; norm: LayerNorm }[];
  readonly decoder: TiedDecoder;
  readonly bias: Tensor; // [vocabulary]

  constructor(
    positions: Tensor,
    layers: readonly { dense: Linear; norm: LayerNorm }[],
    decoder: TiedDecoder,
    bias: Tensor,
  ) {
    super();
    this.positions = this.own(positions);
    this.layers = layers;
    for (const { dense, norm } of layers) for (const part of [dense, norm]) this.own(part);
    this.decoder = decoder;
    this.bias = this.own(bias);
  }

  /**
   * Reads `cls.span_boundary.*` below the reader's root.
   * @param targets rows of P
   * @param decoder the masked language head's, to which it belongs
   * @throws ModelError, ArgumentError
   */
  static async load(
    reader: ParameterReader,
    config: EncoderConfig,
    targets: number,
    decoder: TiedDecoder,
  ): Promise<SpanBoundaryHead> {
    const own = reader.child(spanBoundaryPath);
    const { hiddenSize: hidden, embeddingSize, layerNormEpsilon, activation } = config;
    const layer = async (name: string, inputs: number, outputs: number) => ({
      dense: await Linear.load(own.child(name).child('dense'), { inputs, outputs, activation }),
      norm: await LayerNorm.load(own.child(name), outputs, layerNormEpsilon),
    });
    const positions = await own.tensor('position_embeddings.weight', [targets, positionWidth]);
    const first = await layer('first', 2 * hidden + positionWidth, hidden);
    const second = await layer('second', hidden, embeddingSize);
    const bias = await own.tensor('bias', [config.vocabularySize]);
    return new SpanBoundaryHead(positions, [first, second], decoder, bias);
  }

  /** Words of a span that can be predicted. */
  get targets(): number {
    return this.positions.shape[0] as number;
  }

  /** The mean loss of the targets, and the share that is guessed right. @param hidden real [tokens, hidden], the last states of all tokens */
  predict(hidden: Tensor, { left, right, index, words }: SpanTargets): Prediction {
    const rows = (table: Tensor, ids: Int32Array) => gatherRows(table, Tensor.from(hidden.engine, ids));
    let states = concatenateColumns([rows(hidden, left), rows(hidden, right), rows(this.positions, index)]);
    for (const { dense, norm } of this.layers) states = norm.forward(dense.forward(states));
    return this.decoder.predict(states, this.bias, words);
  }
}
