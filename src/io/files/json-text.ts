// JSON text with what JSON.parse does not give: the line and column of an error, a bound on nesting, and refusal of
// keys that occur twice in one object (which one a reader believes differs between programs). The scanner below
// checks the text first; the value itself then comes from JSON.parse.

import { FormatError } from '../../errors.ts';

/** How deep the JSON we read may nest; configuration files stay below ten. */
const MAX_JSON_DEPTH = 64;

/** Parses JSON; `source` names the file in error messages. Throws FormatError with line and column. */
export function parseJsonText(text: string, source: string, maxDepth: number = MAX_JSON_DEPTH): unknown {
  new JsonScanner(text, source, maxDepth).check();
  return JSON.parse(text);
}

/** Bytes to text; a FormatError when they are not UTF-8. A byte order mark is dropped. */
export function decodeUtf8(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new FormatError(`'${source}' is not valid UTF-8; convert it to UTF-8 or fetch it again`, {
      cause: error,
    });
  }
}

const WHITESPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** A recursive-descent check of RFC 8259; recursion is bounded by `maxDepth`. */
class JsonScanner {
  readonly #text: string;
  readonly #source: string;
  readonly #maxDepth: number;
  #position = 0;

  constructor(text: string, source: string, maxDepth: number) {
    this.#text = text;
    this.#source = source;
    this.#maxDepth = maxDepth;
  }

  check(): void {
    this.#value(0);
    this.#match(WHITESPACE);
    if (this.#position < this.#text.length) this.#fail('expected the end of the text');
  }

  #value(depth: number): void {
    this.#match(WHITESPACE);
    const next = this.#text.charAt(this.#position);
    if (next === '{' || next === '[') {
      if (depth === this.#maxDepth) this.#fail(`expected at most ${this.#maxDepth} levels of nesting`);
      if (next === '{') this.#object(depth);
      else this.#array(depth);
    } else if (next === '"') {
      this.#string();
    } else if (!this.#match(NUMBER) && !this.#match(LITERAL)) {
      this.#fail('expected a value');
    }
  }

  #object(depth: number): void {
    const keys = new Set<string>();
    this.#position += 1;
    this.#match(WHITESPACE);
    if (this.#take('}')) return;
    do {
      this.#match(WHITESPACE);
      const start = this.#position;
      const key = this.#string();
      if (keys.has(key)) this.#fail(`the key ${JSON.stringify(key)} occurs twice in one object`, start);
      keys.add(key);
      this.#match(WHITESPACE);
      if (!this.#take(':')) this.#fail("expected ':'");
      this.#value(depth + 1);
      this.#match(WHITESPACE);
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail("expected ',' or '}'");
  }

  #array(depth: number): void {
    this.#position += 1;
    this.#match(WHITESPACE);
    if (this.#take(']')) return;
    do {
      this.#value(depth + 1);
      this.#match(WHITESPACE);
    } while (this.#take(','));
    if (!this.#take(']')) this.#fail("expected ',' or ']'");
  }

  #string(): string {
    const start = this.#position;
    if (!this.#take('"')) this.#fail('expected a string in double quotes');
    for (;;) {
      const unit = this.#text.charCodeAt(this.#position);
      if (Number.isNaN(unit)) this.#fail('expected the closing quote of this string', start);
      if (unit < 0x20) this.#fail('expected control characters in strings to be escaped');
      if (unit === 0x22) break;
      if (unit !== 0x5c) this.#position += 1;
      else if (!this.#match(ESCAPE)) this.#fail('expected an escape sequence of JSON');
    }
    this.#position += 1;
    return JSON.parse(this.#text.slice(start, this.#position)) as string;
  }

  #take(character: string): boolean {
    if (this.#text.charAt(this.#position) !== character) return false;
    this.#position += 1;
    return true;
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#position;
    if (!pattern.test(this.#text)) return false;
    this.#position = pattern.lastIndex;
    return true;
  }

  #fail(problem: string, position: number = this.#position): never {
    const before = this.#text.slice(0, position);
    const line = before.split('\n').length;
    const column = position - before.lastIndexOf('\n');
    const found = position < this.#text.length ? '' : ' but the text ends';
    throw new FormatError(
      `'${this.#source}' is not usable JSON at line ${line}, column ${column}: ${problem}${found}`,
    );
  }
}
