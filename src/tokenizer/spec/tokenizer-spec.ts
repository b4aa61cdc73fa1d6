// A folder's tokenizer as a checked description, from the three kinds of files that folders have: tokenizer.json itself, WordPiece's vocab.txt, or byte-level BPE's vocab.json with merges.txt.

import { join } from 'node:path';

import { TokenizerError } from '../../errors.ts';
import { checkFileKeys } from '../../options/file-keys.ts';
import { abortProblem } from './abort-check.ts';
import { byteLevelSpec, checkVocabulary, parseMerges } from './byte-level-spec.ts';
import { specOfClass } from './class-spec.ts';
import { parseObject, readObjectFile, readTextFile } from './text-file.ts';
import { type Component, specSchema, type TokenizerSpec } from './tokenizer-json.ts';
import { TOKENIZER_JSON_KEYS } from './tokenizer-keys.ts';
import { readTokenizerSettings, type TokenizerSettings } from './tokenizer-settings.ts';
import { parseVocabulary, wordPieceSpec } from './word-piece-spec.ts';

/** A checked description, and what stands beside it. */
export interface LoadedSpec {
  spec: TokenizerSpec;
  /** Where it came from, for messages. */
  source: string;
  /** What the folder calls the token that stands for a hidden word, if it says so. */
  maskName: string | undefined;
  /** The end at which texts are cut. */
  truncationSide: 'left' | 'right';
  /** Whether special tokens in a text are split as other words are. */
  splitSpecialTokens: boolean;
  /** What is passed over. */
  notes: string[];
}

export interface SpecOptions {
  /** Lower-casing before everything else, as sentence-transformers does for `do_lower_case`. */
  lowerCase?: boolean;
  /** Keys that stand above those of tokenizer_config.json. */
  settings?: Readonly<Record<string, unknown>>;
}

/**
 * Reads a folder's tokenizer: tokenizer.json first, then vocab.txt or vocab.json with merges.txt, built as the class that
 * the folder names builds it.
 * @throws TokenizerError
 */
export async function readTokenizerSpec(folder: string, options: SpecOptions = {}): Promise<LoadedSpec> {
  const settings = await readTokenizerSettings(folder, options.settings);
  const notes = [...settings.notes];
  const jsonPath = join(folder, 'tokenizer.json');
  const json = await readTextFile(jsonPath);
  const file = json === undefined ? undefined : checkSpec(parseObject(json, jsonPath), jsonPath);
  if (file !== undefined)
    notes.push(...checkFileKeys(TOKENIZER_JSON_KEYS, file, `'${jsonPath}'`, tokenizerError));
  const found = file === undefined ? await specOfVocabulary(folder, settings, notes) : { source: jsonPath };
  const made = 'made' in found ? found.made : specOfClass(file as TokenizerSpec, settings, jsonPath, notes);
  const spec = checkSpec(made, found.source);
  const side = settings.truncationSide ?? file?.truncation?.direction?.toLowerCase() ?? 'right';
  if (side !== 'left' && side !== 'right')
    throw new TokenizerError(`'${found.source}' cuts texts on the ${side}; expected left or right`);
  const normalizer = spec.normalizer ?? null;
  return {
    spec: { ...spec, normalizer: options.lowerCase === true ? lowerCaseFirst(normalizer) : normalizer },
    source: found.source,
    maskName: settings.named.get('mask_token')?.content,
    truncationSide: side,
    splitSpecialTokens: settings.splitSpecialTokens,
    notes,
  };
}

const tokenizerError = (message: string) => new TokenizerError(message);

async function specOfVocabulary(folder: string, settings: TokenizerSettings, notes: string[]) {
  const { family, className } = settings;
  const textPath = join(folder, 'vocab.txt');
  const text = await readTextFile(textPath);
  if (text !== undefined && (family ?? 'bert') === 'bert') {
    const vocabulary = parseVocabulary(text, textPath);
    if (settings.doLowerCase === undefined && isCased(vocabulary)) notes.push(lowerCaseNote(textPath));
    return { made: wordPieceSpec(vocabulary, settings, textPath), source: textPath };
  }
  const path = join(folder, 'vocab.json');
  const bytePairs = await readObjectFile(path);
  const merges = await readTextFile(join(folder, 'merges.txt'));
  if (bytePairs !== undefined && merges !== undefined && (family ?? 'roberta') === 'roberta') {
    const vocabulary = checkVocabulary(bytePairs, path);
    const made = byteLevelSpec(vocabulary, parseMerges(merges, vocabulary, path), settings, path);
    return { made, source: path };
  }
  const named = className === undefined ? '' : ` for the class ${className}`;
  const expected = {
    bert: 'tokenizer.json or vocab.txt',
    roberta: 'tokenizer.json, or vocab.json with merges.txt',
    'xlm-roberta':
      'tokenizer.json, which AutoTokenizer.from_pretrained(…).save_pretrained(…) writes in Python',
    file: 'tokenizer.json',
  };
  throw new TokenizerError(
    `'${folder}' holds no tokenizer that can be used${named}; expected ` +
      (family === undefined ? 'tokenizer.json, vocab.txt, or vocab.json with merges.txt' : expected[family]),
  );
}

/** A share of words with capitals that an uncased vocabulary, whose special tokens alone have them, never reaches. */
const casedShare = 0.05;

function isCased(vocabulary: ReadonlyMap<string, number>): boolean {
  let cased = 0;
  for (const word of vocabulary.keys()) if (/^[^[].*\p{Lu}|^\p{Lu}/u.test(word)) cased++;
  return cased > casedShare * vocabulary.size;
}

const lowerCaseNote = (path: string) =>
  `texts are lower-cased, as BertTokenizer does by default, though '${path}' has words with capitals: if its model is ` +
  'cased, set "do_lower_case": false in tokenizer_config.json';

/**
 * The description that the library is given: it neither cuts nor pads by itself, and where special tokens are to be split it
 * does not know of them, for which it has no switch. It gives ids to new tokens in their order, so none may be left out before
 * one that stays.
 * @throws TokenizerError when one would be
 */
export function specForLibrary({ spec, source, splitSpecialTokens }: LoadedSpec): TokenizerSpec {
  const whole = { ...spec, truncation: null, padding: null };
  if (!splitSpecialTokens) return whole;
  const { vocab } = spec.model;
  const size = Array.isArray(vocab) ? vocab.length : Object.keys(vocab).length;
  const added = spec.added_tokens.filter(({ special }) => special !== true);
  const isNew = ({ id }: { id: number }) => id >= size;
  if (added.some(isNew) && spec.added_tokens.filter(isNew).length > added.filter(isNew).length) {
    throw new TokenizerError(
      `'${source}' adds both special and other tokens to the vocabulary, and split_special_tokens is true, which is not ` +
        'supported together; set it to false',
    );
  }
  return { ...whole, added_tokens: added };
}

/** Checks what Likewise relies on; the rest is checked by the tokenizer library. */
export function checkSpec(value: unknown, source: string): TokenizerSpec {
  const result = specSchema.safeParse(value);
  if (result.success) {
    const problem =
      abortProblem(result.data) ?? unknownTokenProblem(result.data.model) ?? takenIdProblem(result.data);
    if (problem !== undefined) throw new TokenizerError(`'${source}' cannot be used: ${problem}`);
    return result.data;
  }
  const issue = result.error.issues[0];
  throw new TokenizerError(`'${source}' cannot be used in ${issue?.path.join('.')}: ${issue?.message}`);
}

// The library notices only when the first unknown word comes.
function unknownTokenProblem({
  type,
  vocab,
  unk_token: unknown,
}: TokenizerSpec['model']): string | undefined {
  if (type !== 'WordPiece' && type !== 'WordLevel') return undefined;
  if (typeof unknown === 'string' && Object.hasOwn(vocab, unknown)) return undefined;
  return `its vocabulary lacks the unk_token ${JSON.stringify(unknown)}`;
}

// New tokens get ids from the vocabulary's size on, where a vocabulary with gaps has tokens already.
function takenIdProblem({ model: { vocab }, added_tokens: added }: TokenizerSpec): string | undefined {
  if (Array.isArray(vocab)) return undefined;
  const fresh = added.filter(({ content }) => !Object.hasOwn(vocab, content));
  if (fresh.length === 0) return undefined;
  const owners = new Map(Object.entries(vocab).map(([content, id]) => [id, content]));
  const taken = fresh.find(({ id }) => owners.has(id));
  if (taken === undefined) return undefined;
  const [content, owner] = [taken.content, owners.get(taken.id)].map((each) => JSON.stringify(each));
  return `its vocabulary has gaps, so that the added token ${content} would have the id ${taken.id} of ${owner}`;
}

/** One more than the largest token id that encoding can give: the rows an embedding table needs. */
export function vocabularySizeOf(spec: TokenizerSpec): number {
  const { vocab } = spec.model;
  let largest = Array.isArray(vocab) ? vocab.length - 1 : -1;
  for (const id of Object.values(Array.isArray(vocab) ? {} : vocab)) largest = Math.max(largest, id);
  for (const { id } of spec.added_tokens) largest = Math.max(largest, id);
  for (const id of processorIds(spec.post_processor ?? null)) largest = Math.max(largest, id);
  return largest + 1;
}

/** Ids that no word of a text gets: [CLS], [SEP], [PAD], [UNK], [MASK] and their like. */
export function specialIdsOf(spec: TokenizerSpec): number[] {
  const added = spec.added_tokens.filter(({ special }) => special === true).map(({ id }) => id);
  return [...new Set([...added, ...processorIds(spec.post_processor ?? null)])];
}

/** The id of the token that stands for a hidden word; undefined where there is none. */
export function maskIdOf(spec: TokenizerSpec, maskName: string | undefined): number | undefined {
  const names = maskName === undefined ? ['[MASK]', '<mask>'] : [maskName];
  const { vocab } = spec.model;
  const known = new Map<string, unknown>(Array.isArray(vocab) ? [] : Object.entries(vocab));
  for (const { content, id } of spec.added_tokens) known.set(content, id);
  return names.map((name) => known.get(name)).find((id) => typeof id === 'number');
}

// A post-processor names its special tokens' ids on its own: [text, id] pairs, or a table with lists of ids.
function processorIds(processor: Component | null): number[] {
  if (processor === null) return [];
  const nested = Array.isArray(processor.processors) ? (processor.processors as Component[]) : [];
  const pairs = ['cls', 'sep'].flatMap((key) =>
    Array.isArray(processor[key]) ? (processor[key] as unknown[]) : [],
  );
  const table = Object.values((processor.special_tokens ?? {}) as Record<string, { ids?: unknown }>);
  const ids = [...pairs, ...table.flatMap((entry) => (Array.isArray(entry?.ids) ? entry.ids : []))];
  return [
    ...ids.filter((id): id is number => typeof id === 'number'),
    ...nested.flatMap((each) => processorIds(each)),
  ];
}

function lowerCaseFirst(normalizer: Component | null): Component {
  const parts = normalizer?.type === 'Sequence' ? (normalizer.normalizers as Component[]) : [normalizer];
  if (parts.some((part) => part?.type === 'Lowercase')) return normalizer as Component;
  return { type: 'Sequence', normalizers: [{ type: 'Lowercase' }, ...parts.filter((part) => part !== null)] };
}
