// What is marked on the tokens of a sentence: where words start, and which annotated part a token lies in.

import type { TextSpan } from './document.ts';
import { IN_SPAN, SPAN_START, WORD_START } from './token-block.ts';
import { HAN, type WordSegmenter } from './word-segmenter.ts';

/**
 * Marks of a sentence's tokens.
 *
 * @param starts [tokens], UTF-16 units.
 * @param continues Of every id of the vocabulary, whether it goes on with a word.
 * @param words Finds the words of Chinese characters; without it each of them is as the vocabulary says.
 */
export function markTokens(
  text: string,
  tokenIds: Int32Array,
  starts: Int32Array,
  spans: readonly TextSpan[],
  continues: Uint8Array,
  words?: WordSegmenter,
): Uint8Array {
  const marks = new Uint8Array(tokenIds.length);
  for (let i = 0; i < tokenIds.length; i++) {
    if (i === 0 || continues[tokenIds[i] as number] === 0) marks[i] = WORD_START;
  }
  if (words !== undefined && hasHan.test(text)) markChineseWords(text, starts, marks, words);
  if (spans.length > 0) markSpans(starts, marks, spans, text.length);
  return marks;
}

const hasHan = /\p{Script=Han}/u;

function markChineseWords(text: string, starts: Int32Array, marks: Uint8Array, words: WordSegmenter): void {
  const beginnings = words(text);
  let word = 0; // of the words that begin at or before the token
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i] as number;
    const before = word;
    while (word + 1 < beginnings.length && (beginnings[word + 1] as number) <= start) word += 1;
    if (i === 0 || !HAN.test(text.slice(start, start + 2))) continue;
    const sameCharacter = starts[i - 1] === start; // a byte-level tokenizer takes characters apart
    if (sameCharacter || (word === before && beginnings[word] !== start))
      marks[i] = (marks[i] as number) & ~WORD_START;
    else marks[i] = (marks[i] as number) | WORD_START;
  }
}

/** A token belongs to the part in which it begins. */
function markSpans(starts: Int32Array, marks: Uint8Array, spans: readonly TextSpan[], length: number): void {
  let span = 0;
  let last = -1; // the part of the token before
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i] as number;
    while (span < spans.length && (spans[span] as TextSpan)[1] <= start) span += 1;
    const [from, to] = spans[span] ?? [length, length];
    if (start < from || start >= to) {
      last = -1;
      continue;
    }
    marks[i] = (marks[i] as number) | IN_SPAN | (last === span ? 0 : SPAN_START);
    last = span;
  }
}
