// The documents of a file, one after another, in constant memory.

import { DataError } from '../../errors.ts';
import { isBlankLine } from '../formats/blank-line.ts';
import { readLines } from '../formats/lines.ts';
import type { ReadOptions } from '../formats/text-blocks.ts';
import { joinAcrossSpans, parseAnnotations, spansWithin } from './annotations.ts';
import type { CorpusFile } from './corpus-files.ts';
import type { CorpusDocument, FilePosition, Sentence, TextSpan } from './document.ts';
import { readParagraphs } from './paragraphs.ts';
import type { SentenceSplitter } from './sentence-splitter.ts';

export interface DocumentOptions extends Omit<ReadOptions, 'fromLine'> {
  splitter: SentenceSplitter;
  /** jsonl: the key of the text, by default `text`. */
  textField?: string | undefined;
  /** jsonl: the key of a list of spans, named entities or noun phrases, by which masks are drawn. */
  annotationField?: string | undefined;
  /** A longer document goes on as another one, so that memory stays constant. 2^20 UTF-16 units by default. */
  longestDocument?: number | undefined;
}

/**
 * Reads the documents of a file from a place on. Documents without a word are left out.
 *
 * @throws {FileError} The file cannot be read.
 * @throws {DataError} There is no document, or a line is not UTF-8, no JSON, without its field, or with annotations that
 *   are not in its text; the message names file and line.
 */
export async function* readDocuments(
  file: CorpusFile,
  options: DocumentOptions,
  from: FilePosition = { line: 1, number: 0 },
): AsyncGenerator<CorpusDocument> {
  let { number } = from;
  const read = { ...options, fromLine: from.line };
  for await (const { sentences, line } of partsOf(file, read)) {
    if (sentences.length === 0) continue;
    yield { sentences, line, number };
    number += 1;
  }
  if (number === 0) throw new DataError(`${file.path}:1: expected text but found blank lines only`);
}

type Part = Omit<CorpusDocument, 'number'>;

function partsOf(file: CorpusFile, options: DocumentOptions & ReadOptions): AsyncGenerator<Part> {
  const { format, path } = file;
  if (format === 'jsonl') return jsonDocuments(path, options);
  const { longestDocument = 2 ** 20 } = options;
  const pieces = format === 'sentences' ? sentenceLines(path, options) : splitParagraphs(path, options);
  return gather(pieces, longestDocument, format === 'paragraphs');
}

/** Consecutive sentences of one document, or its end. */
type Piece = Part | 'end';

async function* sentenceLines(path: string, options: ReadOptions): AsyncGenerator<Piece> {
  for await (const { text, number } of readLines(path, options)) {
    const sentence = text.trim();
    yield sentence === '' ? 'end' : { sentences: [{ text: sentence, spans: [] }], line: number };
  }
}

async function* splitParagraphs(path: string, options: DocumentOptions & ReadOptions): AsyncGenerator<Piece> {
  for await (const { text, line } of readParagraphs(path, options)) {
    yield { sentences: splitText(text, [], options.splitter), line };
  }
}

/** Documents from their pieces; with `single` each piece is one. */
async function* gather(pieces: AsyncIterable<Piece>, longest: number, single: boolean): AsyncGenerator<Part> {
  let document: Part | undefined;
  let units = 0;
  for await (const piece of pieces) {
    if (document !== undefined && (piece === 'end' || single || units > longest)) {
      yield document;
      document = undefined;
      units = 0;
    }
    if (piece === 'end') continue;
    document ??= { sentences: [], line: piece.line };
    document.sentences.push(...piece.sentences);
    for (const { text } of piece.sentences) units += text.length;
  }
  if (document !== undefined) yield document;
}

async function* jsonDocuments(path: string, options: DocumentOptions & ReadOptions): AsyncGenerator<Part> {
  const { textField = 'text', annotationField, splitter } = options;
  for await (const { text: json, number } of readLines(path, options)) {
    if (isBlankLine(json, 'jsonl')) {
      options.onBlank?.();
      continue;
    }
    const where = `${path}:${number}`;
    const value = parseJson(json, where);
    const text = typeof value === 'string' ? value : fieldOf(value, textField, where);
    if (typeof text !== 'string') {
      throw new DataError(
        `${where}: expected field "${textField}" to be a string but found ${describe(text)}`,
      );
    }
    const spans =
      annotationField === undefined
        ? []
        : parseAnnotations(fieldOf(value, annotationField, where), text, annotationField, where);
    yield { sentences: splitText(text, spans, splitter), line: number };
  }
}

function parseJson(json: string, where: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    const found = JSON.stringify(json.slice(0, 40));
    throw new DataError(`${where}: expected a JSON value but found ${found}`, { cause });
  }
}

function fieldOf(value: unknown, field: string, where: string): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new DataError(`${where}: expected an object with "${field}" but found ${describe(value)}`);
  }
  if (Object.hasOwn(value, field)) return (value as Record<string, unknown>)[field];
  const keys = Object.keys(value).map((key) => JSON.stringify(key));
  throw new DataError(
    `${where}: expected a field "${field}" but the object has ${keys.length === 0 ? 'no fields' : keys.join(', ')}`,
  );
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The sentences of a text, line by line, since a line of it ends a sentence too. */
function splitText(text: string, spans: readonly TextSpan[], splitter: SentenceSplitter): Sentence[] {
  const found: TextSpan[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    for (const [from, to] of splitter.split(text.slice(start, end))) found.push([start + from, start + to]);
    start = end + 1;
  }
  const sentences = spans.length === 0 ? found : joinAcrossSpans(found, spans);
  return sentences.map((sentence) => ({
    text: text.slice(...sentence),
    spans: spans.length === 0 ? [] : spansWithin(sentence, spans),
  }));
}
