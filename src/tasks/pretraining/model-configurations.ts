// Shapes of models by name, to begin with random weights: those of google-research/bert's README, which SpanBERT's are as
// well, and narrow ones with factorised embeddings, the shapes of SimBERT's tiny and small and of ELECTRA's small.

import { ConfigError } from '../../errors.ts';
import { kindOf } from '../../io/files/folder-path.ts';
import { type ModelFolder, readModelFolder } from '../../io/model-folder/model-folder.ts';
import type { EncoderConfig } from '../../nn/encoder/encoder-config.ts';
import { nearestName } from '../../options/nearest-name.ts';
import { Tokenizer } from '../../tokenizer/tokenizer.ts';

type Shape = [layers: number, hidden: number, heads: number, embedding?: number];

const SHAPES = {
  'bert-tiny': [2, 128, 2],
  'bert-mini': [4, 256, 4],
  'bert-small': [4, 512, 8],
  'bert-medium': [8, 512, 8],
  'bert-base': [12, 768, 12],
  'bert-large': [24, 1024, 16],
  'spanbert-base': [12, 768, 12],
  'spanbert-large': [24, 1024, 16],
  'factorised-tiny': [4, 312, 12, 128],
  'factorised-mini': [12, 256, 4, 128],
  'factorised-small': [6, 384, 12, 128],
} as const satisfies Record<string, Shape>;

export const MODEL_NAMES = Object.keys(SHAPES) as (keyof typeof SHAPES)[];

const positions = 512;

/** Whether `model` is one of {@link MODEL_NAMES}, and not a folder. */
export function isModelName(model: string): model is keyof typeof SHAPES {
  return Object.hasOwn(SHAPES, model);
}

/**
 * The shape of that name, for the words of a tokenizer.
 * @param padTokenId of the tokenizer
 */
export function namedConfig(
  name: keyof typeof SHAPES,
  vocabularySize: number,
  padTokenId: number,
): EncoderConfig {
  const [layers, hidden, heads, embedding = hidden]: Shape = [...SHAPES[name]];
  return {
    modelType: embedding === hidden ? 'bert' : 'electra',
    vocabularySize,
    hiddenSize: hidden,
    embeddingSize: embedding,
    layers,
    heads,
    intermediateSize: 4 * hidden,
    activation: 'gelu_erf',
    layerNormEpsilon: 1e-12,
    maxPositions: positions,
    typeVocabularySize: 2,
    positionOffset: 0,
    padTokenId,
  };
}

/**
 * A model folder, or one that a name and a tokenizer stand for, which has no weights.
 * @throws ConfigError for a name that is neither; ModelError, FormatError, TokenizerError, FileError
 */
export async function openModel(model: string, tokenizerFolder: string | undefined): Promise<ModelFolder> {
  if (isModelName(model) && tokenizerFolder !== undefined) return namedFolder(model, tokenizerFolder);
  if ((await kindOf(model)) !== undefined) return readModelFolder(model);
  const near = nearestName(model, MODEL_NAMES);
  const hint = near === undefined ? `or one of ${MODEL_NAMES.join(', ')}` : `did you mean ${near}?`;
  throw new ConfigError(`key "model": expected a model folder but there is no '${model}'; ${hint}`);
}

async function namedFolder(name: keyof typeof SHAPES, path: string): Promise<ModelFolder> {
  const tokenizer = await Tokenizer.load(path, { maxLength: positions });
  const pad = tokenizer.id('[PAD]') ?? tokenizer.id('<pad>') ?? 0;
  const config = namedConfig(name, tokenizer.vocabularySize, pad);
  return {
    path,
    config,
    precision: 'float32',
    transformer: { path, maxSequenceLength: positions, lowerCase: false, tokenizerSettings: {} },
    modules: [{ kind: 'pooling', modes: ['mean'], includePrompt: true }],
    dimension: config.hiddenSize,
    prompts: {},
    similarity: 'cosine',
    notes: [],
  };
}
