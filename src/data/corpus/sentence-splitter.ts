// Where the sentences of a paragraph are: Intl.Segmenter's boundaries (Unicode's UAX 29), without those after abbreviations
// and before a speaker ("Really?" she asked.), and with opening brackets given to the sentence that they open. The segmenter
// takes time that grows with the square of what it is given, so long paragraphs are given in pieces.

/** Titles, and words that are never the last of a sentence. */
const beforeName = new Set(
  (
    'Mr Mrs Ms Messrs Dr Prof St Mt Ft Gen Col Maj Capt Cmdr Lt Sgt Cpl Adm Rev Fr Hon Gov Sen Rep Pres Supt ' +
    'vs viz cf eg ie approx'
  ).split(' '),
);
/** Words that a number follows: "No. 5". */
const beforeNumber = new Set(
  (
    'No Nos no nos Fig Figs fig figs Eq Eqs Sec Vol vol Ch Chap Art Op pp p Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov ' +
    'Dec'
  ).split(' '),
);
/** What begins a sentence after "U.S." and its like more often than a name does. */
const beginnings = new Set(
  'The This That These Those It He She We They You I In On At But And So If When While As There Then However A An'.split(
    ' ',
  ),
);

const lastWord = /(?:^|[\s([{"'“‘—-])([\p{L}.]*\p{L})\.\s*$/u;
const initial = /^\p{Lu}$/u;
const initials = /^(?:\p{L}\.)+\p{L}$/u;
const opening = /[\s([{（【《〈「『“‘]+$/u;
const quotedSpeech = /[?!…]["'”’»」』)]+\s*$/u;

/** UTF-16 units given to the segmenter at once; its time per unit is flat until far beyond. */
const pieceUnits = 1024;

export class SentenceSplitter {
  readonly #segmenter: Intl.Segmenter;

  /** @param language A BCP 47 tag; the boundaries hardly depend on it. */
  constructor(language = 'en') {
    this.#segmenter = new Intl.Segmenter(language, { granularity: 'sentence' });
  }

  /** The sentences of a paragraph, without the spaces around them, as pairs: start and end in UTF-16 units. */
  split(paragraph: string): [number, number][] {
    const sentences: [number, number][] = [];
    let start = 0;
    for (const boundary of this.#boundaries(paragraph)) {
      const end =
        boundary === paragraph.length ? boundary : boundary - openingLength(paragraph, start, boundary);
      if (end <= start || (end < paragraph.length && goesOn(paragraph, start, end))) continue;
      pushTrimmed(sentences, paragraph, start, end);
      start = end;
    }
    return sentences;
  }

  /** Ends of the segmenter's sentences, the last one that of the text. */
  *#boundaries(text: string): Generator<number> {
    let start = 0;
    for (let units = pieceUnits; start < text.length; ) {
      const end = Math.min(text.length, start + units);
      const piece = text.slice(start, end);
      const starts = Array.from(this.#segmenter.segment(piece), ({ index }) => index);
      for (const index of starts.slice(1)) yield start + index;
      if (end === text.length) {
        yield end;
        return;
      }
      // The last sentence of a piece is cut off: it begins the next piece, which is longer where it was all of this one.
      const last = starts.at(-1) as number;
      units = last > 0 ? pieceUnits : 2 * units;
      if (last === 0 && units > 16 * pieceUnits) {
        const cut = start + cutLength(piece);
        yield cut;
        start = cut;
        units = pieceUnits;
      } else {
        start += last;
      }
    }
  }
}

/** A text without any end of a sentence is cut at its last space, or between two characters. */
function cutLength(piece: string): number {
  const space = piece.lastIndexOf(' ');
  if (space > 0) return space + 1;
  const last = piece.charCodeAt(piece.length - 1);
  return last >= 0xd800 && last < 0xdc00 ? piece.length - 1 : piece.length;
}

/** Brackets and quotes before a boundary open the next sentence; spaces before a boundary do not count. */
function openingLength(text: string, start: number, boundary: number): number {
  const tail = opening.exec(text.slice(Math.max(start, boundary - 8), boundary))?.[0] ?? '';
  return tail.trim() === '' ? 0 : tail.trimStart().length;
}

/** Whether what the segmenter ended at `end` is no whole sentence. */
function goesOn(text: string, start: number, end: number): boolean {
  const before = text.slice(Math.max(start, end - 32), end);
  const next = text.slice(end, end + 24);
  if (quotedSpeech.test(before)) return /^\p{Ll}/u.test(next);
  const word = lastWord.exec(before)?.[1];
  if (word === undefined) return false;
  const bare = word.replaceAll('.', '');
  if (beforeName.has(bare)) return true;
  if (beforeNumber.has(bare)) return /^\p{N}/u.test(next);
  if (initials.test(word)) return !beginnings.has(/^\p{L}+/u.exec(next)?.[0] ?? '');
  return initial.test(word) && word !== 'I' && /^\p{Lu}/u.test(next);
}

function pushTrimmed(sentences: [number, number][], text: string, from: number, to: number): void {
  const sentence = text.slice(from, to);
  const start = from + (sentence.length - sentence.trimStart().length);
  const end = from + sentence.trimEnd().length;
  if (end > start) sentences.push([start, end]);
}
