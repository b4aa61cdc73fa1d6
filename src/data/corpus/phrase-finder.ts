// Named entities or noun phrases of English sentences, found by the parts of speech that wink-nlp gives (an optional package,
// with its model): an entity is a run of proper nouns; a noun phrase is a run of adjectives, numbers and nouns after at most
// one determiner, up to its last noun. docs/decisions.md says how good they are, and why this package.

import { importOptional } from '../../options/optional-package.ts';
import type { TextSpan } from './document.ts';

export type PhraseKind = 'entities' | 'noun-phrases';

/** The phrases of a sentence, in order and apart from one another, in UTF-16 units. */
export type PhraseFinder = (sentence: string) => TextSpan[];

interface Word {
  start: number;
  end: number;
  partOfSpeech: string;
}

/** @throws {ArgumentError} The packages are not installed; the message says how they are */
export async function createPhraseFinder(kind: PhraseKind): Promise<PhraseFinder> {
  const tag = await loadTagger();
  return kind === 'entities' ? (text) => entities(tag(text)) : (text) => nounPhrases(tag(text));
}

/** What is used of wink-nlp. */
interface Wink {
  readDoc(text: string): { tokens(): { out(property: unknown): unknown[] } };
  its: { value: unknown; precedingSpaces: unknown; pos: unknown };
}

async function loadTagger(): Promise<(text: string) => Word[]> {
  const [library, model] = (await importOptional(
    ['wink-nlp', 'wink-eng-lite-web-model'],
    'finding entities and noun phrases',
    'name a field of annotations',
  )) as [{ default(model: unknown, steps: string[]): Wink }, { default: unknown }];
  const wink = library.default(model.default, ['sbd', 'pos']);
  return (text) => {
    const tokens = wink.readDoc(text).tokens();
    const words = tokens.out(wink.its.value) as string[];
    const spaces = tokens.out(wink.its.precedingSpaces) as string[];
    const tags = tokens.out(wink.its.pos) as string[];
    let end = 0;
    return words.map((word, i) => {
      const start = text.indexOf(word, end + (spaces[i] as string).length);
      end = (start < 0 ? end : start) + word.length;
      return { start: end - word.length, end, partOfSpeech: tags[i] as string };
    });
  };
}

function entities(words: readonly Word[]): TextSpan[] {
  const spans: [number, number][] = [];
  let inside = false;
  for (const { start, end, partOfSpeech } of words) {
    const proper = partOfSpeech === 'PROPN';
    const last = spans.at(-1);
    if (proper && inside && last !== undefined) last[1] = end;
    else if (proper) spans.push([start, end]);
    inside = proper;
  }
  return spans;
}

const inPhrase = new Set(['DET', 'ADJ', 'NUM', 'NOUN', 'PROPN']);
const nouns = new Set(['NOUN', 'PROPN']);

function nounPhrases(words: readonly Word[]): TextSpan[] {
  const spans: [number, number][] = [];
  let start = -1; // of the phrase that may be going on
  let hasNoun = false;
  for (const word of words) {
    const { partOfSpeech } = word;
    const last = spans.at(-1);
    const goesOn = start >= 0 && inPhrase.has(partOfSpeech) && !(hasNoun && partOfSpeech === 'DET');
    if (!goesOn) {
      start = inPhrase.has(partOfSpeech) ? word.start : -1;
      hasNoun = false;
    }
    if (start < 0 || !nouns.has(partOfSpeech)) continue;
    if (hasNoun && last !== undefined) last[1] = word.end;
    else spans.push([start, word.end]);
    hasNoun = true;
  }
  return spans;
}
