// Tokens that a folder adds to its vocabulary or finds in the raw text before anything else: which they are, in which
// order they get their ids, and what they look like in tokenizer.json.

import { z } from 'zod';

/** A token that is found in the text as a whole. */
export interface AddedToken {
  content: string;
  singleWord: boolean;
  /** Whether it takes the whitespace before it along. */
  lstrip: boolean;
  rstrip: boolean;
  /** Whether it is looked for in the normalised text, instead of the raw one. */
  normalized: boolean;
  special: boolean;
}

/** A special token as the library makes one from a text. */
export const specialToken = (content: string): AddedToken => ({
  content,
  singleWord: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

const flag = z.boolean().optional();

/** A token as an object, in tokenizer_config.json, special_tokens_map.json and tokenizer.json alike. */
export const addedTokenObject = z
  .looseObject({
    content: z.string(),
    single_word: flag,
    lstrip: flag,
    rstrip: flag,
    normalized: flag,
    special: flag,
  })
  .transform((token): AddedToken => {
    const special = token.special ?? false;
    return {
      content: token.content,
      singleWord: token.single_word ?? false,
      lstrip: token.lstrip ?? false,
      rstrip: token.rstrip ?? false,
      normalized: token.normalized ?? !special,
      special,
    };
  });

/** A token as a text or an object; special whatever the object says, and looked for in the raw text unless it says otherwise. */
export const specialTokenValue = z.union([
  z.string().transform(specialToken),
  z.looseObject({ content: z.string(), normalized: flag }).transform((value) => ({
    ...addedTokenObject.parse(value),
    normalized: value.normalized ?? false,
    special: true,
  })),
]);

/** Where added tokens come from, in the order in which they get ids. */
export interface TokenSources {
  /** Those that the tokenizer has by itself: of a tokenizer.json that is taken as it stands. */
  own: readonly AddedToken[];
  /** Those that a folder lists with ids, in the order of these; they change `own`. */
  listed: readonly AddedToken[];
  /** Special tokens that have a role. */
  named: readonly AddedToken[];
  /** Further special tokens. */
  extra: readonly AddedToken[];
}

/** All added tokens, each once: `named` and `extra` only where no token of that text is there yet. */
export function orderedTokens({ own, listed, named, extra }: TokenSources): AddedToken[] {
  const tokens = new Map(own.map((token) => [token.content, token]));
  const roles = new Set(named.map(({ content }) => content));
  for (const token of listed)
    tokens.set(token.content, { ...token, special: token.special || roles.has(token.content) });
  for (const token of [...named, ...extra]) if (!tokens.has(token.content)) tokens.set(token.content, token);
  return [...tokens.values()].filter(({ content }) => content !== '');
}

/** A token with its id, as tokenizer.json lists it. */
export type ListedToken = ReturnType<typeof listedToken>;

function listedToken(id: number, { content, singleWord, lstrip, rstrip, normalized, special }: AddedToken) {
  return { id, content, single_word: singleWord, lstrip, rstrip, normalized, special };
}

/**
 * Gives ids as the library does: that of the vocabulary, or the next one after all that are in use.
 * @param assumed texts that the class adds though the folder names none of them: where the vocabulary lacks them too, they
 *   would get ids without a meaning, and are left out unless that would move the id of another
 */
export function listTokens(
  tokens: readonly AddedToken[],
  vocabulary: { size: number; get: (content: string) => number | undefined },
  assumed: ReadonlySet<string> = new Set(),
): ListedToken[] {
  const isNew = ({ content }: AddedToken) => vocabulary.get(content) === undefined;
  if (tokens.some(isNew) && tokens.filter(isNew).every(({ content }) => assumed.has(content)))
    return listTokens(
      tokens.filter((token) => !isNew(token)),
      vocabulary,
    );
  const listed: ListedToken[] = [];
  let largest = -1;
  for (const token of tokens) {
    const id = vocabulary.get(token.content) ?? Math.max(vocabulary.size, largest + 1);
    largest = Math.max(largest, id);
    listed.push(listedToken(id, token));
  }
  return listed;
}
