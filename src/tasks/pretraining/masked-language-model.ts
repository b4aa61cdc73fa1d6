// A masked language model as users have it: texts with [MASK] in, the likeliest words at each one out. Any folder with a
// masked language head is one: BertForMaskedLM, BertForPreTraining, RobertaForMaskedLM, ElectraForMaskedLM.
import { inOrder, queueBatch, tokenizedBatches } from '../../embed/encoder/encode-pipeline.ts';
import { loadTokenizer } from '../../embed/encoder/load-tokenizer.ts';
import { ArgumentError, DisposedError, ExecutionError, ModelError, TokenizerError } from '../../errors.ts';
import { withEncoderWeights } from '../../io/model-folder/encoder-weights.ts';
import { checkTied, hasHead, headsInBertNames } from '../../io/model-folder/head-weights.ts';
import { type ModelFolder, readModelFolder } from '../../io/model-folder/model-folder.ts';
import { Engine } from '../../native/engine.ts';
import { Encoder } from '../../nn/encoder/encoder.ts';
import { uploadBatch } from '../../nn/encoder/encoder-batch.ts';
import { MaskedLanguageHead } from '../../nn/heads/masked-language-head.ts';
import { TiedDecoder } from '../../nn/heads/tied-decoder.ts';
import { checkPrecision, type Precision, roundsToBFloat16 } from '../../nn/layers/precision.ts';
import { ParameterReader } from '../../nn/parameters/parameter-reader.ts';
import { softmax } from '../../ops/plain/softmax.ts';
import { gatherRows } from '../../ops/rows/table-rows.ts';
import { checkOptions } from '../../options/check-options.ts';
import { keep, scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { RaggedTokens, Tokenizer } from '../../tokenizer/tokenizer.ts';
import { likeliest } from './likeliest.ts';

/** Options of {@link MaskedLanguageModel.load}. */
export interface MaskedLanguageLoadOptions {
  /** Of the encoder's and the head's products: float32 (by default), bfloat16 or emulated-bfloat16. */
  precision?: Exclude<Precision, 'int8'>;
  /** Tokens of a text at most, special tokens included; the model's own maximum by default. */
  maxLength?: number;
  threads?: number;
  backend?: string;
}

/** Options of {@link MaskedLanguageModel.fill}. */
export interface FillOptions {
  /** Words for each mask; 5 by default. */
  top?: number;
}

/** One word for a mask. */
export interface MaskGuess {
  /** As it reads: `capital`; a piece of a word keeps its mark, `##ing`. */
  word: string;
  /** Its entry in the vocabulary. */
  token: string;
  id: number;
  /** Softmax over the whole vocabulary. */
  probability: number;
}

/** A masked language model that is loaded from a model folder and guesses the words at `[MASK]`. */
export class MaskedLanguageModel implements Disposable {
  readonly folder: ModelFolder;
  readonly tokenizer: Tokenizer;
  readonly encoder: Encoder;
  /** The masked language head. */
  readonly head: MaskedLanguageHead;
  /** Id of [MASK]. */
  readonly maskToken: number;
  #disposed = false;

  private constructor(
    folder: ModelFolder,
    tokenizer: Tokenizer,
    maskToken: number,
    encoder: Encoder,
    head: MaskedLanguageHead,
  ) {
    this.folder = folder;
    this.tokenizer = tokenizer;
    this.maskToken = maskToken;
    this.encoder = encoder;
    this.head = head;
  }

  /**
   * Loads a folder with an encoder and a masked language head.
   * @throws ModelError also for a folder without that head, a decoder that is not tied, or weights in int8; TokenizerError
   *   also for a tokenizer without a mask token; FormatError, FileError, AddonError, BackendError, ArgumentError
   */
  static async load(folder: string, options: MaskedLanguageLoadOptions = {}): Promise<MaskedLanguageModel> {
    checkOptions('MaskedLanguageModel.load', options, ['precision', 'maxLength', 'threads', 'backend']);
    const precision = checkPrecision(options.precision ?? 'float32');
    const read = await readModelFolder(folder);
    if (precision === 'int8' || read.precision === 'int8') {
      throw new ModelError(
        `expected '${folder}' to be loaded in float32 or bfloat16, because the words of a masked language model cannot be ` +
          'predicted in int8: load the model that it was quantised from',
      );
    }
    const { maxLength = read.transformer.maxSequenceLength } = options;
    const tokenizer = await loadTokenizer(read, Math.min(maxLength, read.transformer.maxSequenceLength));
    const { maskId } = tokenizer;
    if (maskId === undefined) {
      throw new TokenizerError(
        `expected a tokenizer with a mask token but the one in '${folder}' has none: name it as mask_token in ` +
          'tokenizer_config.json',
      );
    }
    const engine = Engine.shared({ backend: options.backend, threads: options.threads });
    const { encoder, head } = await loadWeights(engine, read, precision);
    engine.trim();
    return new MaskedLanguageModel(read, tokenizer, maskId, encoder, head);
  }

  /**
   * The likeliest words for each mask of a text, the likeliest first: [masks][top]. For many texts, a list of those.
   * @throws ArgumentError for a text without a mask, or one that is longer than the model reads; ExecutionError when the
   *   model gives no finite logits
   */
  fill(text: string, options?: FillOptions): Promise<MaskGuess[][]>;
  fill(texts: readonly string[], options?: FillOptions): Promise<MaskGuess[][][]>;
  async fill(
    texts: string | readonly string[],
    options: FillOptions = {},
  ): Promise<MaskGuess[][] | MaskGuess[][][]> {
    checkOptions('fill', options, ['top']);
    const { top = 5 } = options;
    if (!Number.isInteger(top) || top < 1) {
      throw new ArgumentError(`expected top to be a whole number from 1 but received ${top}`);
    }
    if (this.#disposed) throw new DisposedError('expected a model that is in use but it was disposed');
    const list = typeof texts === 'string' ? [texts] : texts;
    const found: MaskGuess[][][] = [];
    const batches = tokenizedBatches(this.tokenizer, list);
    let first = 0;
    const queue = (tokens: RaggedTokens) => {
      const places = this.#masks(tokens, first, list.length);
      first += tokens.offsets.length - 1;
      const forward = () => keep(scope(() => this.#probabilities(tokens, places)));
      return queueBatch(this.encoder.engine, list, tokens, forward);
    };
    for await (const { tokens, vectors } of inOrder(batches, queue)) {
      found.push(...(await this.#guesses(tokens, vectors, top)));
    }
    return typeof texts === 'string' ? (found[0] as MaskGuess[][]) : found;
  }

  /** @returns [masks] @throws ArgumentError */
  #masks({ tokenIds, offsets, truncated }: RaggedTokens, first: number, texts: number): Int32Array {
    for (let text = 0; text + 1 < offsets.length; text++) {
      const which = texts === 1 ? 'the text' : `text ${first + text}`;
      if (truncated[text] === 1) {
        throw new ArgumentError(
          `expected ${which} to have at most ${this.tokenizer.maxLength} tokens but it has more: shorten it`,
        );
      }
      if (!tokenIds.subarray(offsets[text], offsets[text + 1]).includes(this.maskToken)) {
        throw new ArgumentError(
          `expected ${which} to have a mask, ${this.tokenizer.token(this.maskToken)}, but it has none`,
        );
      }
    }
    return tokenIds.map((_, place) => place).filter((place) => tokenIds[place] === this.maskToken);
  }

  /** @returns [masks, vocabulary] */
  #probabilities({ tokenIds, offsets }: RaggedTokens, places: Int32Array): Tensor {
    const { engine, config } = this.encoder;
    const batch = uploadBatch(engine, tokenIds, offsets, config.positionOffset);
    const states = this.encoder.forward(batch, new Set([config.layers])).get(config.layers) as Tensor;
    return softmax(this.head.logits(gatherRows(states, Tensor.from(engine, places))));
  }

  /** By text and mask. */
  async #guesses({ tokenIds, offsets }: RaggedTokens, probabilities: Float32Array, top: number) {
    const width = this.encoder.config.vocabularySize;
    const texts: MaskGuess[][][] = [];
    let row = 0;
    for (let text = 0; text + 1 < offsets.length; text++) {
      const masks: MaskGuess[][] = [];
      for (const id of tokenIds.subarray(offsets[text], offsets[text + 1])) {
        if (id !== this.maskToken) continue;
        masks.push(await this.#guess(probabilities.subarray(row * width, (row + 1) * width), top));
        row += 1;
      }
      texts.push(masks);
    }
    return texts;
  }

  async #guess(probabilities: Float32Array, top: number): Promise<MaskGuess[]> {
    if (!Number.isFinite(probabilities[0])) {
      throw new ExecutionError(`the logits of '${this.folder.path}' are not finite: its weights are damaged`);
    }
    const named = likeliest(probabilities, Math.min(top, this.tokenizer.vocabularySize));
    return Promise.all(
      named.map(async (id) => ({
        word: await this.tokenizer.word(id),
        token: this.tokenizer.token(id) ?? '',
        id,
        probability: probabilities[id] as number,
      })),
    );
  }

  /** Frees the weights. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.head.dispose();
    this.encoder.dispose();
  }

  /** As {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

async function loadWeights(
  engine: Engine,
  folder: ModelFolder,
  precision: Precision,
): Promise<{ encoder: Encoder; head: MaskedLanguageHead }> {
  const { path } = folder.transformer;
  return withEncoderWeights(folder, async (weights) => {
    const own = headsInBertNames(weights, path);
    if (!hasHead(own, 'cls.predictions')) {
      throw new ModelError(
        `expected '${path}' to hold a masked language head (cls.predictions.*, lm_head.* or generator_predictions.*) but ` +
          'it is an encoder alone: train one with likewise train, or name a folder such as that of BertForMaskedLM',
      );
    }
    await checkTied(own);
    const encoder = await Encoder.load(engine, folder.config, weights, { precision });
    try {
      const reader = new ParameterReader(engine, own, { precision });
      const decoder = TiedDecoder.ofTable(encoder.embeddings.word as Tensor, roundsToBFloat16(precision));
      return { encoder, head: await MaskedLanguageHead.load(reader, folder.config, decoder) };
    } catch (error) {
      encoder.dispose();
      throw error;
    }
  });
}
