// The main job: texts in, vectors out. Tokenization of the next window runs while this one computes, two batches are in
// flight, and JavaScript's thread only queues, so a server stays responsive; a call of few texts goes before the rest of
// long ones. A text's vector does not depend on its neighbours, its batch or the number of threads: the same bits.
import { ArgumentError, DisposedError } from '../../errors.ts';
import { type ModelFolder, readModelFolder } from '../../io/model-folder/model-folder.ts';
import type { SimilarityFunction } from '../../io/model-folder/similarity-function.ts';
import { Engine } from '../../native/engine.ts';
import { type PoolingMode, parsePooling } from '../../nn/encoder/pooling.ts';
import { checkPrecision, type Precision } from '../../nn/layers/precision.ts';
import { checkOptions } from '../../options/check-options.ts';
import { checkPath } from '../../options/check-path.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { RaggedTokens, Tokenizer } from '../../tokenizer/tokenizer.ts';
import { Embeddings, EmbeddingsChunk, TokenEmbeddings, truncatedOf } from '../vectors/embeddings.ts';
import { checkFinite } from '../vectors/finite-vectors.ts';
import { type SimilarityInput, similarities } from '../vectors/similarity.ts';
import type { Whitening } from '../whitening/whitening.ts';
import {
  checkWhiteningFits,
  type SaveWhitenedOptions,
  saveWhitenedModel,
} from '../whitening/whitening-model.ts';
import {
  checkEncodeOptions,
  checkMaxLength,
  checkTexts,
  type EncodeOptions,
  LOAD_OPTIONS,
  type LoadOptions,
  type Progress,
  throwIfAborted,
} from './encode-options.ts';
import { inOrder, queueBatch, tokenizedBatches } from './encode-pipeline.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { choosePrompt, withPrompt } from './prompts.ts';
import { saveEncoder } from './save-encoder.ts';
import { SentenceModel } from './sentence-model.ts';

/** A sentence encoder, loaded from a model folder, that turns texts into vectors. Free it with `dispose()`, or declare it with `using`. */
export class SentenceEncoder implements Disposable {
  readonly folder: ModelFolder;
  readonly maxLength: number;
  readonly #model: SentenceModel;
  readonly #tokenizer: Tokenizer;
  #disposed = false;

  private constructor(folder: ModelFolder, model: SentenceModel, tokenizer: Tokenizer) {
    this.folder = folder;
    this.maxLength = tokenizer.maxLength;
    this.#model = model;
    this.#tokenizer = tokenizer;
  }

  /** Loads a Hugging Face or sentence-transformers folder. @throws ModelError, FormatError, TokenizerError, FileError, AddonError, BackendError, ArgumentError */
  static async load(folder: string, options: LoadOptions = {}): Promise<SentenceEncoder> {
    checkPath('load', 'a model folder', folder);
    checkOptions('load', options, LOAD_OPTIONS);
    const { pooling: wanted } = options;
    const pooling =
      wanted === undefined ? undefined : parsePooling(typeof wanted === 'string' ? wanted : wanted.join('+'));
    const precision = options.precision === undefined ? undefined : checkPrecision(options.precision);
    const engine = Engine.shared({ backend: options.backend, threads: options.threads });
    const read = await readModelFolder(folder);
    const { transformer, config } = read;
    const maxLength =
      checkMaxLength(options.maxLength, config.maxPositions - config.positionOffset) ??
      transformer.maxSequenceLength;
    const tokenizer = await loadTokenizer(read, maxLength);
    const model = await SentenceModel.load(engine, read, { pooling, precision });
    return new SentenceEncoder(read, model, tokenizer);
  }

  /** The number of components of a vector. */
  get dimension(): number {
    return this.#model.dimension;
  }

  /** The engine that computes, with its `stats()` and backend. */
  get engine(): Engine {
    return this.#model.engine;
  }

  /** The precision in which the encoder's weights are held and multiplied. */
  get precision(): Precision {
    return this.#model.precision;
  }

  /** The measure that the model names for comparing its vectors; cosine if it names none. */
  get similarityFunction(): SimilarityFunction {
    return this.folder.similarity;
  }

  /** How the vectors of tokens become the vector of a text; the results of several modes are concatenated. */
  get pooling(): readonly PoolingMode[] {
    return this.#model.pooling.modes;
  }

  /**
   * The vector of one text, or the vectors of many in their order. A call of at most 8 texts, in batches of at most 256
   * tokens, does not wait for the rest of longer calls.
   * @throws ArgumentError, AbortedError; ExecutionError naming a text, counted from 0, whose vector is not finite
   */
  encode(text: string, options?: EncodeOptions & { output?: 'sentence' }): Promise<Float32Array>;
  encode(texts: readonly string[], options?: EncodeOptions & { output?: 'sentence' }): Promise<Embeddings>;
  encode(
    texts: string | readonly string[],
    options: EncodeOptions & { output: 'token' },
  ): Promise<TokenEmbeddings>;
  async encode(
    texts: string | readonly string[],
    options: EncodeOptions & { output?: 'sentence' | 'token' } = {},
  ): Promise<Float32Array | Embeddings | TokenEmbeddings> {
    const list = typeof texts === 'string' ? [texts] : texts;
    checkTexts(list);
    checkEncodeOptions('encode', options, this.dimension);
    if (options.output === 'token') return this.#encodeTokens(list, options);
    if (options.output !== undefined && options.output !== 'sentence') {
      throw new ArgumentError(`expected output to be 'sentence' or 'token' but received '${options.output}'`);
    }
    if (typeof texts === 'string') return this.#encodeOne(texts, options);
    const { truncateDim: dimension = this.dimension } = options;
    const data = new Float32Array(list.length * dimension);
    const truncated: number[] = [];
    for await (const { data: vectors, start, truncatedTexts } of this.#stream(list, options, list.length)) {
      data.set(vectors, start * dimension);
      for (const row of truncatedTexts) truncated.push(start + row);
    }
    return new Embeddings(data, list.length, dimension, truncated);
  }

  /** A query's way: no windows, no batches. */
  async #encodeOne(text: string, options: EncodeOptions): Promise<Float32Array> {
    this.#checkAlive();
    const { prompt, promptTokens } = await choosePrompt(this.folder, this.#tokenizer, options);
    const tokens = await this.#tokenizer.encode([text], prompt === undefined ? {} : { prompt });
    const vectors = this.#queue([text], tokens, options, () =>
      this.#model.forward(tokens, { ...options, promptTokens }),
    );
    const reading = vectors.float32Data();
    vectors.dispose();
    const vector = await reading;
    checkFinite(vector, vector.length, this.folder.path);
    options.onProgress?.({
      texts: 1,
      tokens: tokens.tokenIds.length,
      truncated: truncatedOf(tokens).length,
      total: 1,
    });
    return vector;
  }

  /** Vectors of a stream of texts, in input order and constant memory. @throws as {@link encode} */
  encodeStream(
    texts: Iterable<string> | AsyncIterable<string>,
    options: EncodeOptions = {},
  ): AsyncGenerator<EmbeddingsChunk> {
    checkEncodeOptions('encodeStream', options, this.dimension);
    return this.#stream(texts, options);
  }

  /** {@link encode} with the model's prompt for queries, if it has one. */
  encodeQuery(text: string, options?: EncodeOptions): Promise<Float32Array>;
  encodeQuery(texts: readonly string[], options?: EncodeOptions): Promise<Embeddings>;
  encodeQuery(
    texts: string & readonly string[],
    options?: EncodeOptions,
  ): Promise<Float32Array | Embeddings> {
    return this.encode(texts, withPrompt(this.folder, ['query'], options));
  }

  /** {@link encode} with the model's prompt for documents, if it has one. */
  encodeDocument(text: string, options?: EncodeOptions): Promise<Float32Array>;
  encodeDocument(texts: readonly string[], options?: EncodeOptions): Promise<Embeddings>;
  encodeDocument(
    texts: string & readonly string[],
    options?: EncodeOptions,
  ): Promise<Float32Array | Embeddings> {
    return this.encode(texts, withPrompt(this.folder, ['document', 'passage', 'corpus'], options));
  }

  /**
   * Similarities [n, m] by the measure that the model names, cosine by default. Takes vectors as `encode` returns them, one or many.
   * @throws ShapeError when dimensions differ; ArgumentError for anything that is not a vector, or an unknown measure
   */
  async similarity(
    left: SimilarityInput,
    right: SimilarityInput,
    measure?: SimilarityFunction,
  ): Promise<Embeddings> {
    this.#checkAlive();
    return similarities(this.engine, left, right, measure ?? this.similarityFunction);
  }

  /**
   * Writes a sentence-transformers folder with this encoder's weights, in its precision, pooling, prompts and tokenizer.
   * @throws ArgumentError for an unknown option or a pooling that sentence-transformers does not have; FileError when the folder exists and
   *   is not empty (unless `overwrite`) or the file system refuses
   */
  async save(folder: string, options: { overwrite?: boolean } = {}): Promise<void> {
    checkOptions('save', options, ['overwrite']);
    return saveEncoder(this.folder, this.#model, folder, options);
  }

  /**
   * {@link save} with a whitening of this encoder's vectors built in, as Dense and Normalize.
   * @throws as `save`; ArgumentError when the whitening does not fit; ModelError when the model already ends in a whitening (unless `again`) or, with `fold`, in no
   *   linear Dense
   */
  async saveWhitened(folder: string, whitening: Whitening, options: SaveWhitenedOptions = {}): Promise<void> {
    checkWhiteningFits(whitening, this.dimension);
    return saveWhitenedModel(this.folder, this.#model, whitening, folder, options);
  }

  /** Frees the weights. Calls in progress reject with DisposedError. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#model.dispose();
    if (!this.engine.disposed) this.engine.trim();
  }

  /** The same as {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  async *#stream(
    texts: Iterable<string> | AsyncIterable<string>,
    options: EncodeOptions,
    total?: number,
  ): AsyncGenerator<EmbeddingsChunk> {
    this.#checkAlive();
    const { prompt, promptTokens } = await choosePrompt(this.folder, this.#tokenizer, options);
    const { normalize, truncateDim } = options;
    const dimension = truncateDim ?? this.dimension;
    const done: Progress = { texts: 0, tokens: 0, truncated: 0, ...(total === undefined ? {} : { total }) };
    const forward = (tokens: RaggedTokens) =>
      this.#model.forward(tokens, { normalize, truncateDim, promptTokens });
    for await (const { tokens, vectors } of this.#run(texts, prompt, options, forward)) {
      checkFinite(vectors, dimension, this.folder.path, (row) => done.texts + row);
      const chunk = new EmbeddingsChunk(vectors, dimension, done.texts, tokens);
      done.texts += chunk.length;
      done.tokens += chunk.tokens;
      done.truncated += chunk.truncated;
      options.onProgress?.({ ...done });
      yield chunk;
    }
  }

  async #encodeTokens(texts: readonly string[], options: EncodeOptions): Promise<TokenEmbeddings> {
    this.#checkAlive();
    const { prompt } = await choosePrompt(this.folder, this.#tokenizer, options);
    const done = { texts: 0, tokens: 0, truncated: 0, total: texts.length };
    const parts: { data: Float32Array; tokenIds: Int32Array }[] = [];
    const offsets = new Float64Array(texts.length + 1);
    const truncated: number[] = [];
    const forward = (tokens: RaggedTokens) => this.#model.forwardTokens(tokens);
    const dimension = this.#model.encoder.config.hiddenSize;
    for await (const { tokens, vectors } of this.#run(texts, prompt, options, forward)) {
      checkFinite(
        vectors,
        dimension,
        this.folder.path,
        (row) => done.texts + tokens.offsets.findIndex((end) => end > row) - 1,
      );
      parts.push({ data: vectors, tokenIds: tokens.tokenIds });
      truncated.push(...truncatedOf(tokens, done.texts));
      done.truncated = truncated.length;
      for (const end of tokens.offsets.subarray(1)) offsets[++done.texts] = done.tokens + end;
      done.tokens += tokens.tokenIds.length;
      options.onProgress?.({ ...done });
    }
    return TokenEmbeddings.joined(parts, offsets, dimension, truncated);
  }

  #run(
    texts: Iterable<string> | AsyncIterable<string>,
    prompt: string | undefined,
    options: EncodeOptions,
    forward: (tokens: RaggedTokens) => Tensor,
  ) {
    const batches = tokenizedBatches(this.#tokenizer, texts, prompt, options);
    return inOrder(batches, (tokens) => this.#queue(texts, tokens, options, () => forward(tokens)));
  }

  #queue(
    texts: Iterable<string> | AsyncIterable<string>,
    tokens: RaggedTokens,
    options: EncodeOptions,
    forward: () => Tensor,
  ): Tensor {
    this.#checkAlive();
    throwIfAborted(options.signal);
    return queueBatch(this.engine, texts, tokens, forward);
  }

  #checkAlive(): void {
    if (this.#disposed) throw new DisposedError('expected a live encoder but it was disposed');
  }
}
