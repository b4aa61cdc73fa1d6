// One CSV record, RFC 4180, taken apart strictly: what csv-parse does for a whole file from its start, for a record that
// is read again at random, and for finding where a damaged record ends.

/** The record's fields; `incomplete` when it ends inside quotes; or what is wrong with it. */
export type CsvRecord = string[] | 'incomplete' | { problem: string };

/** Splits a record given without its final line ending; it may hold newlines inside quotes. */
export function splitCsvRecord(text: string): CsvRecord {
  const fields: string[] = [];
  let position = 0;
  for (;;) {
    if (text[position] === '"') {
      const end = closingQuote(text, position + 1);
      if (end < 0) return 'incomplete';
      fields.push(text.slice(position + 1, end).replaceAll('""', '"'));
      position = end + 1;
      if (position < text.length && text[position] !== ',') {
        return { problem: `expected a comma after the closing quote of field ${fields.length}` };
      }
    } else {
      const comma = text.indexOf(',', position);
      const field = text.slice(position, comma < 0 ? text.length : comma);
      fields.push(field);
      if (field.includes('"'))
        return { problem: `expected quotes around field ${fields.length}, which has one inside` };
      position += field.length;
    }
    if (position >= text.length) return fields;
    position += 1;
  }
}

/** The index of the quote that closes a field which begins at `start`, or -1. */
function closingQuote(text: string, start: number): number {
  for (let quote = text.indexOf('"', start); quote >= 0; quote = text.indexOf('"', quote + 2)) {
    if (text[quote + 1] !== '"') return quote;
  }
  return -1;
}
