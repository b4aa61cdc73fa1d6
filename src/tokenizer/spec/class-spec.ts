// What a tokenizer class makes of a tokenizer.json: the rebuilt classes take the vocabulary, merges and added tokens and
// make the rest anew, as transformers does; the others take it as it stands and add the tokens that the folder declares.

import { TokenizerError } from '../../errors.ts';
import { type AddedToken, addedTokenObject, listTokens } from './added-tokens.ts';
import { byteLevelSpec } from './byte-level-spec.ts';
import type { TokenizerFamily } from './tokenizer-class.ts';
import type { Component, TokenizerSpec } from './tokenizer-json.ts';
import { gatherTokens, type TokenizerSettings } from './tokenizer-settings.ts';
import { unigramSpec } from './unigram-spec.ts';
import { wordPieceSpec } from './word-piece-spec.ts';

/** The model that a rebuilt class makes from the vocabulary. */
const MODELS = { bert: 'WordPiece', roberta: 'BPE', 'xlm-roberta': 'Unigram' } as const;

/**
 * The description that the class of these settings makes of a file.
 * @param notes gets what the class leaves out of the file
 * @throws TokenizerError when the file holds another model than the class builds
 */
export function specOfClass(
  file: TokenizerSpec,
  settings: TokenizerSettings,
  source: string,
  notes: string[],
): Record<string, unknown> {
  const { family = 'file' } = settings;
  if (family === 'file') return withDeclaredTokens(file, settings);
  checkModel(file, family, settings, source);
  const rebuilt = rebuild(file, family, settings, source);
  const others = (['normalizer', 'pre_tokenizer'] as const).filter(
    (part) => sorted(file[part] ?? null) !== sorted(rebuilt[part]),
  );
  if (others.length > 0) {
    notes.push(
      `'${source}' has a ${others.join(' and a ')} of its own, but ${className(settings, family)} builds its own instead, in ` +
        'transformers too; to take the file as it stands, set tokenizer_class to PreTrainedTokenizerFast in ' +
        `'${settings.source}'`,
    );
  }
  return rebuilt;
}

function rebuild(
  file: TokenizerSpec,
  family: keyof typeof MODELS,
  settings: TokenizerSettings,
  source: string,
): Record<string, unknown> {
  const { vocab, merges } = file.model;
  const ofFile = tokensOfFile(file);
  if (Array.isArray(vocab)) {
    return unigramSpec(vocab as [string, number][], charsmapOf(file), settings, source, ofFile);
  }
  const vocabulary = new Map(Object.entries(vocab));
  if (family === 'bert') return wordPieceSpec(vocabulary, settings, source, ofFile);
  return byteLevelSpec(vocabulary, Array.isArray(merges) ? merges : [], settings, source, ofFile);
}

function checkModel(
  { model }: TokenizerSpec,
  family: keyof typeof MODELS,
  settings: TokenizerSettings,
  source: string,
): void {
  const guess = Array.isArray(model.vocab) ? 'Unigram' : Array.isArray(model.merges) ? 'BPE' : 'WordPiece';
  const found = model.type ?? guess;
  const isList = Array.isArray(model.vocab) === (family === 'xlm-roberta');
  if (found === MODELS[family] && isList) return;
  throw new TokenizerError(
    `'${source}' holds a ${found} model but ${className(settings, family)} builds ${MODELS[family]}; ` +
      `to take the file as it stands, set tokenizer_class to PreTrainedTokenizerFast in '${settings.source}'`,
  );
}

const className = (settings: TokenizerSettings, family: TokenizerFamily) =>
  settings.className === undefined
    ? `the class that transformers takes for such a model (${MODELS[family as keyof typeof MODELS]})`
    : `the class ${settings.className}`;

// A SentencePiece normalisation table, alone or in a sequence.
function charsmapOf({ normalizer }: TokenizerSpec): string | undefined {
  const parts = normalizer?.type === 'Sequence' ? (normalizer.normalizers as Component[]) : [normalizer];
  const charsmap = parts.find((part) => part?.type === 'Precompiled')?.precompiled_charsmap;
  return typeof charsmap === 'string' ? charsmap : undefined;
}

const tokensOfFile = (file: TokenizerSpec): (AddedToken & { id: number })[] =>
  file.added_tokens.map((token) => ({ id: token.id, ...addedTokenObject.parse(token) }));

function withDeclaredTokens(file: TokenizerSpec, settings: TokenizerSettings): TokenizerSpec {
  const own = tokensOfFile(file);
  const padding = file.padding?.pad_token;
  const defaults = typeof padding === 'string' ? { pad_token: padding } : undefined;
  const { tokens } = gatherTokens(settings, defaults ?? {}, own, own);
  const { vocab } = file.model;
  const ids = new Map<string, number>(
    Array.isArray(vocab)
      ? (vocab as [string, number][]).map(([piece], id) => [piece, id])
      : Object.entries(vocab),
  );
  const { size } = ids;
  for (const { content, id } of own) ids.set(content, id);
  return { ...file, added_tokens: listTokens(tokens, { size, get: (content) => ids.get(content) }) };
}

/** JSON with its keys in order, to compare. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
