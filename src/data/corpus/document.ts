// What a corpus is made of.

/** Part of a text: start and end in UTF-16 units, the end not included. */
export type TextSpan = readonly [start: number, end: number];

/** A sentence, without spaces around it. */
export interface Sentence {
  text: string;
  /** Annotated parts, in order and apart from one another. */
  spans: readonly TextSpan[];
}

/** A text whose sentences belong together; sequences never cross from one into another. */
export interface CorpusDocument {
  sentences: Sentence[];
  /** Its place among the documents of its file, from 0. */
  number: number;
  /** The line of the file where it begins, from 1. */
  line: number;
}

/** Where in a file the reading is to begin: at the line of a document that was read before. */
export interface FilePosition {
  line: number;
  number: number;
}
