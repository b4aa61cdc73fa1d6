// What BERT's normalizer and pre-tokenizer do to a character, for those where it is certain: a table over UTF-16 units.
// Only blocks older than the library's Unicode tables (8.0) are classed, since it deletes characters they do not know.
// A character without a class may split a word, join it or vanish; nothing may be concluded from it.

/** Separates words and is dropped. */
export const WHITESPACE = 1;
/** ASCII punctuation: always a word of its own. */
export const PUNCTUATION = 2;
/** Chinese characters that the normalizer sets apart when `handle_chinese_chars` is on: a word each. */
export const SET_APART_CHINESE = 4;
/** Never ends a word and always leaves at least one character in it: digits, Latin, Cyrillic, Thai, kana, Hangul. */
export const INSIDE_WORD = 8;
/** Combining marks: never end a word, and may be stripped from it. */
export const MARK = 16;

/** For rules that only need the Unicode category. */
export const LETTER_OR_DIGIT = /^[\p{L}\p{N}]$/u;

const RANGES: [number, [number, number][]][] = [
  [
    WHITESPACE,
    [
      [0x09, 0x0a],
      [0x0d, 0x0d],
      [0x20, 0x20],
      [0x3000, 0x3000],
    ],
  ],
  [
    PUNCTUATION,
    [
      [0x21, 0x2f],
      [0x3a, 0x40],
      [0x5b, 0x60],
      [0x7b, 0x7e],
    ],
  ],
  [
    SET_APART_CHINESE,
    [
      [0x3400, 0x4db5],
      [0x4e00, 0x9fcc],
    ],
  ],
  [
    INSIDE_WORD,
    [
      ...[
        [0x30, 0x39],
        [0x41, 0x5a],
        [0x61, 0x7a],
        [0xc0, 0x24f],
      ],
      ...[
        [0x400, 0x481],
        [0x48a, 0x52f],
      ],
      ...[
        [0xe01, 0xe30],
        [0xe32, 0xe33],
        [0xe40, 0xe46],
      ],
      ...[
        [0x3041, 0x3096],
        [0x30a1, 0x30fa],
        [0xac00, 0xd7a3],
      ],
    ] as [number, number][],
  ],
  [
    MARK,
    [
      [0x300, 0x36f],
      [0xe31, 0xe31],
      [0xe34, 0xe3a],
      [0xe47, 0xe4e],
    ],
  ],
];

const CLASSES = new Uint8Array(65536);
for (const [kind, ranges] of RANGES) for (const [first, last] of ranges) CLASSES.fill(kind, first, last + 1);

/** The class of a UTF-16 unit, or 0. */
export function classOf(unit: number): number {
  return CLASSES[unit] as number;
}
