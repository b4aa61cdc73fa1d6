// What a user of the package writes in strict TypeScript, compiled against dist's declarations by types.test.ts. Every
// expected error is a promise that the declarations keep: the directive itself fails when there is no error.
import {
  ArgumentError,
  type Embeddings,
  type EmbeddingsChunk,
  Engine,
  ERROR_CODES,
  type ErrorCode,
  LikewiseError,
  POOLING_MODES,
  type PoolingMode,
  type Precision,
  type Progress,
  SentenceEncoder,
  type TokenEmbeddings,
  type TrainConfigInput,
  type TrainSummary,
  train,
} from 'likewise';
import {
  type CosineSoftmaxLossResult,
  cosineSoftmaxLoss,
  type FusedAttentionResult,
  fusedAttention,
} from 'likewise/kernels';

import {
  batchOf,
  configKeys,
  type Learner,
  loadLearner,
  multipleNegatives,
  type OpenedTask,
  type RunConfig,
  runKeys,
  runProblems,
  type Task,
  type TrainingBatch,
  taskKey,
  type VectorObjective,
} from 'likewise/training';

export async function encode(): Promise<void> {
  using encoder: SentenceEncoder = await SentenceEncoder.load('MODEL', { pooling: 'cls', threads: 2 });
  using small = await SentenceEncoder.load('MODEL', { precision: 'int8' });
  const precision: Precision = small.precision;
  const vector: Float32Array = await encoder.encode('a text');
  const sentences: Embeddings = await encoder.encode(['a', 'b'] as const, {
    normalize: true,
    truncateDim: 128,
    batchTokens: 2048,
    prompt: 'query: ',
    signal: AbortSignal.timeout(1000),
    onProgress: (progress: Progress) => console.log(progress.texts, progress.tokens, progress.total),
  });
  const [rows, dimension]: readonly [number, number] = sentences.shape;
  const row: Float32Array = sentences.row(rows - 1);
  const tokens: TokenEmbeddings = await encoder.encode(['a'], { output: 'token' });
  const query: Float32Array = await encoder.encodeQuery('q');
  const documents: Embeddings = await encoder.encodeDocument(['d']);
  const cosines: Embeddings = await encoder.similarity(sentences, documents);
  const ofVectors: Embeddings = await encoder.similarity(vector, [vector, query]);
  const cut: readonly number[] = sentences.truncatedTexts;
  for await (const chunk of encoder.encodeStream(['x'])) {
    const known: EmbeddingsChunk = chunk;
    console.log(known.start, known.data.length, known.shape);
  }
  console.log(
    precision,
    vector,
    dimension,
    row,
    tokens,
    query,
    cosines,
    ofVectors,
    cut,
    encoder.dimension,
    encoder.maxLength,
  );

  // @ts-expect-error many texts give Embeddings
  const wrongMany: Float32Array = await encoder.encode(['a']);
  // @ts-expect-error one text gives one vector
  const wrongOne: Embeddings = await encoder.encode('a');
  // @ts-expect-error a text is a string
  await encoder.encode(3);
  // @ts-expect-error outputs are 'sentence' and 'token'
  await encoder.encode(['a'], { output: 'tokens' });
  // @ts-expect-error no such option
  await encoder.encode('a', { normalise: true });
  // @ts-expect-error precisions are float32, bfloat16 and int8
  await SentenceEncoder.load('MODEL', { precision: 'int4' });
  // @ts-expect-error the folder must be named
  await SentenceEncoder.load();
  // @ts-expect-error an encoder is loaded, not constructed
  new SentenceEncoder();
  // @ts-expect-error measures are named
  await encoder.similarity(sentences, sentences, 'hamming');
  // @ts-expect-error dimension is read-only
  encoder.dimension = 3;
  console.log(wrongMany, wrongOne);
}

export async function attend(): Promise<FusedAttentionResult> {
  const rows = new Float32Array(8);
  const options = { query: rows, key: rows, value: rows, cuSeqlens: Int32Array.of(0, 2), heads: 1 };
  await fusedAttention({
    ...options,
    rank: Int32Array.of(0, 1),
    scale: 0.5,
    strict: true,
    backend: 'reference',
  });
  // @ts-expect-error rows are float32
  await fusedAttention({ ...options, query: new Float64Array(8) });
  // @ts-expect-error heads must be given
  await fusedAttention({ query: rows, key: rows, value: rows, cuSeqlens: Int32Array.of(0, 2) });
  return fusedAttention(options);
}

export async function contrast(): Promise<CosineSoftmaxLossResult> {
  const rows = new Float32Array(8);
  const options = { queries: rows, candidates: rows, dim: 4, scale: 20 };
  const { loss, gradQueries, gradCandidates, gradScale } = await cosineSoftmaxLoss({
    ...options,
    positives: Int32Array.of(1, 0),
    excluded: Int32Array.of(0, 1, 1, 2),
    symmetric: true,
  });
  const sum: number = loss + gradScale + (gradQueries[0] as number) + (gradCandidates[0] as number);
  // @ts-expect-error the scale must be given
  await cosineSoftmaxLoss({ queries: rows, candidates: rows, dim: 4 });
  // @ts-expect-error positives are int32
  await cosineSoftmaxLoss({ ...options, positives: [1, 0] });
  console.log(sum);
  return cosineSoftmaxLoss(options);
}

export async function training(): Promise<number | null> {
  const config: TrainConfigInput = {
    model: 'MODEL',
    data: ['texts.txt', { path: 'pairs.tsv', columns: [1, 'answer'], objective: 'simcse-supervised' }],
    output: 'OUT',
    evaluation: { data: 'dev.csv', steps: 100 },
    optimizer: { convention: 'bert' },
  };
  const listener = { onStep: ({ step, loss }: { step: number; loss: number }) => console.log(step, loss) };
  const summary: TrainSummary = await train(config, {
    resume: true,
    signal: AbortSignal.timeout(9),
    listener,
  });
  const loss: VectorObjective = multipleNegatives({ directions: ['query_to_doc', 'doc_to_query'] });
  await train(config, { objective: { loss, texts: 2 } });
  using learner: Learner = await loadLearner({ model: 'MODEL', weights: 'random' }, { loss, texts: 2 });
  const batch: TrainingBatch = await batchOf(learner, [{ texts: ['a', 'b'] }]);
  console.log((await learner.learn(batch, 1, 1)).loss.shape);
  // @ts-expect-error how many texts an example has must be said
  await train(config, { objective: { loss } });
  // @ts-expect-error not a key
  await train({ ...config, learningrate: 1 });
  // @ts-expect-error not an objective
  await train({ ...config, objective: 'simcs' });
  return summary.loss;
}

export async function task(opened: OpenedTask): Promise<number> {
  const own = { task: taskKey('words'), words: configKeys.whole(1).default(3) };
  const words: Task<RunConfig & { words: number }, { output: string; words?: number | undefined }> = {
    name: 'words',
    summary: 'words',
    schema: configKeys.table({ ...own, ...runKeys }),
    help: [{ prefix: '', lines: { words: 'how many' }, defaults: { words: 3 } }],
    readyConfigs: {},
    comparedByContent: [],
    problems: (config) => runProblems(config, config.words > 3),
    inputs: () => ({}),
    open: async () => opened,
  };
  // @ts-expect-error not a key of the task
  await train({ output: 'OUT', model: 'MODEL' }, { task: words });
  return (await train({ output: 'OUT', words: 4 }, { task: words })).steps;
}

export function errors(error: unknown): ErrorCode | undefined {
  if (error instanceof ArgumentError) {
    const code: 'LIKEWISE_ARGUMENT' = error.code;
    return code;
  }
  // @ts-expect-error the base class is abstract
  new LikewiseError('x');
  // @ts-expect-error not one of the codes
  const unknownCode: ErrorCode = 'LIKEWISE_UNKNOWN';
  console.log(unknownCode, ERROR_CODES.length);
  return error instanceof LikewiseError ? error.code : undefined;
}

export const modes: readonly PoolingMode[] = POOLING_MODES;
// @ts-expect-error not a pooling
export const mode: PoolingMode = 'median';

export function engines(): void {
  using engine = new Engine({ backend: 'reference', threads: 1 });
  const { liveTensors, poolMisses } = engine.stats();
  console.log(liveTensors, poolMisses);
}

// @ts-expect-error only what the exports map names can be imported
export const inner = import('likewise/dist/index.js');
