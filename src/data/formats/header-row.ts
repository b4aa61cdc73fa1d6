// Whether a table's first row names its columns, which nothing in a file says: it would be a text, or an example, like the
// others. Told by the names that data sets use, or by a column that holds numbers in every row but the first.

import { quoteAll } from './quote-names.ts';

/** Names of columns in published data sets, in lower case. */
const knownNames = new Set(
  (
    'id _id idx index qid pid docid doc_id did query-id query_id corpus-id corpus_id passage_id pair_id pairid ' +
    'text texts text1 text2 text_a text_b texta textb sentence sentences sentence1 sentence2 sentence_1 sentence_2 ' +
    'sentence_a sentence_b sent sent0 sent1 sent2 hard_neg hard_negative anchor positive negative pos neg premise hypothesis ' +
    'query queries question questions question1 question2 answer answers passage passages document documents doc body ' +
    'content contents title abstract context url label labels gold_label score scores similarity relatedness_score ' +
    'is_duplicate rating split genre language lang source target category class'
  ).split(' '),
);

const isName = (field: string) =>
  /^[\p{L}_#][\p{L}\p{N}_.-]*( [\p{L}\p{N}_.-]+){0,2}$/u.test(field.trim()) && !/[.]$/.test(field.trim());

const isNumber = (field: string) => field.trim() !== '' && Number.isFinite(Number(field));

/** Whether the first of these rows names the columns of the others. */
export function namesColumns(rows: readonly (readonly string[])[]): boolean {
  const [first, ...others] = rows;
  if (first === undefined || !first.every((field) => field.trim() === '' || isName(field))) return false;
  const names = first.filter((field) => field.trim() !== '');
  const known = names.filter((name) => knownNames.has(name.trim().toLowerCase()));
  if (known.length > 0 && 2 * known.length >= names.length) return true;
  return first.some((field, column) => {
    const values = others.map((row) => row[column] ?? '').filter((value) => value.trim() !== '');
    return isName(field) && values.length > 0 && values.every(isNumber);
  });
}

/**
 * What to say of a first row that names columns, where columns are given by number and `header` is not.
 * @param key of the configuration that the table is read for; without one the command line is spoken of
 */
export function headerProblem(fields: readonly string[], key?: string): string {
  const set = (value: boolean) => {
    if (key === undefined) return value ? '--header' : '--no-header';
    return `${key}.header: ${value}`;
  };
  return (
    `expected a row of data but the first one looks like a header, ${quoteAll([...fields])}: say that it is one with ` +
    `${set(true)}, or that it is data with ${set(false)}`
  );
}
