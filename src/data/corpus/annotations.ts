// Named entities or noun phrases that somebody else has marked: spans in a field of a JSON object, counted in characters of
// its text (Unicode code points, as Python counts). `[start, end]`, `[start, end, label]` or `{ "start", "end" }`, which
// is what spaCy writes; the end is not included.

import { DataError } from '../../errors.ts';
import type { TextSpan } from './document.ts';

/**
 * The spans of a field, in order, in UTF-16 units of the text.
 *
 * @param where File and line, for messages.
 * @throws {DataError} The value is no list of spans, or one is empty, lies outside of the text or overlaps another.
 */
export function parseAnnotations(value: unknown, text: string, field: string, where: string): TextSpan[] {
  if (!Array.isArray(value)) {
    throw new DataError(
      `${where}: expected field "${field}" to be a list of [start, end] but found ${typeof value}`,
    );
  }
  const units = unitsOfCharacters(text);
  const spans = value.map((each) => parseSpan(each, units, field, where)).sort(([a], [b]) => a - b);
  for (const [i, [start, end]] of spans.entries()) {
    const next = spans[i + 1];
    if (next === undefined || next[0] >= end) continue;
    const quote = JSON.stringify(text.slice(start, end));
    const other = JSON.stringify(text.slice(...next));
    throw new DataError(
      `${where}: expected spans in "${field}" that do not overlap but ${quote} and ${other} do`,
    );
  }
  return spans;
}

function parseSpan(
  value: unknown,
  units: (character: number) => number | undefined,
  field: string,
  where: string,
): TextSpan {
  const { start, end } = Array.isArray(value) ? { start: value[0], end: value[1] } : Object(value);
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) {
    const found = JSON.stringify(value)?.slice(0, 60);
    throw new DataError(`${where}: expected [start, end] in "${field}" but found ${found}`);
  }
  const [from, to] = [units(start), units(end)];
  if (from !== undefined && to !== undefined && from < to) return [from, to];
  throw new DataError(
    `${where}: expected spans in "${field}" within the text, which has ${units(-1)} characters, but found [${start}, ${end}]`,
  );
}

/** The UTF-16 unit where a character begins; undefined outside of the text. -1 asks for the number of characters. */
function unitsOfCharacters(text: string): (character: number) => number | undefined {
  if (!/[\ud800-\udbff]/.test(text)) {
    return (character) =>
      character === -1 ? text.length : character >= 0 && character <= text.length ? character : undefined;
  }
  const starts: number[] = [];
  for (let unit = 0; unit < text.length; unit += (text.codePointAt(unit) as number) > 0xffff ? 2 : 1)
    starts.push(unit);
  starts.push(text.length);
  return (character) => (character === -1 ? starts.length - 1 : starts[character]);
}

/** Boundaries of sentences that fall inside a span are dropped: an annotated part lies in one sentence. */
export function joinAcrossSpans(sentences: readonly TextSpan[], spans: readonly TextSpan[]): TextSpan[] {
  const joined: [number, number][] = [];
  let at = 0;
  for (const [start, end] of sentences) {
    const last = joined.at(-1);
    while (at < spans.length && (spans[at] as TextSpan)[1] <= start) at += 1;
    const crossing = spans[at];
    if (last !== undefined && crossing !== undefined && crossing[0] < last[1] && crossing[1] > start)
      last[1] = end;
    else joined.push([start, end]);
  }
  return joined;
}

/** The spans within a sentence, counted from its start; what sticks out of it (spaces) is cut off. */
export function spansWithin([start, end]: TextSpan, spans: readonly TextSpan[]): TextSpan[] {
  const within: TextSpan[] = [];
  for (const [from, to] of spans) {
    if (from < end && to > start) within.push([Math.max(0, from - start), Math.min(end, to) - start]);
  }
  return within;
}
