// A part of a string holds on to all of it: V8 keeps a reference instead of a copy. What is kept for long, of texts that are
// not, is therefore copied.

/** The same text in memory of its own. */
export function ownText(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'utf16le').toString('utf16le'); // shorter parts are copies already
}
