// `likewise evaluate retrieval`: how well a model finds the documents that are relevant for a query.

import { Command } from 'commander';
import { interruptionSignal } from '../interruption.ts';
import {
  addModelOptions,
  commaSeparated,
  encodeOptions,
  loadEncoder,
  type ModelOptions,
} from '../options/model-options.ts';
import { addRequiredOption } from '../options/required-option.ts';
import { addSimilarityOption, type SimilarityFlag } from '../options/similarity-option.ts';
import { BlankLines } from '../output/blank-lines.ts';
import { EncodingProgress, noteTruncated } from '../output/encoding-progress.ts';
import { formatCount, formatCounted } from '../output/quantities.ts';

interface RetrievalFlags extends ModelOptions, SimilarityFlag {
  corpus: string;
  queries: string;
  qrels: string;
  corpusColumns?: string[];
  queryColumns?: string[];
  excludeSelf?: boolean;
  json?: boolean;
}

const help = `
Corpus and queries are either jsonl, with one object per line that has _id (or id), text and optionally title (BEIR), or
tsv with the columns id, text and optionally title, with or without a header (ColBERT, DPR). A title is put before its text,
with a space between. Judgements are a tsv of query, document and score, with or without a header, or TREC's four columns; a
score above 0 means relevant.

The output has accuracy, precision and recall at 1, 3, 5 and 10, MRR@10, NDCG@10 and MAP@100 over the whole corpus.
Documents are ranked by the measure that the model names, or by --similarity; among equal similarities the smaller id comes
first. Queries without a relevant document are left out and counted. If the queries are also in the corpus with the same ids
(ArguAna, Quora), --exclude-self leaves each one out of its own ranking.

Example:
  $ likewise evaluate retrieval --model ./all-MiniLM-L6-v2 --corpus corpus.jsonl --queries queries.jsonl --qrels test.tsv`;

/** The command, for `likewise evaluate`. */
export function retrievalCommand(): Command {
  const command = new Command('retrieval').description(
    'Find documents for queries and measure how many are relevant.',
  );
  addRequiredOption(command, '--corpus <file>', 'documents: jsonl or tsv');
  addRequiredOption(command, '--queries <file>', 'queries: jsonl or tsv');
  addRequiredOption(command, '--qrels <file>', 'which document is relevant for which query: tsv or jsonl');
  return addSimilarityOption(addModelOptions(command))
    .option(
      '--corpus-columns <list>',
      'tsv: columns of id, text and optionally title, by name or number; by default from a known header, or 1,2 or 1,2,3',
      commaSeparated,
    )
    .option('--query-columns <list>', 'the same for the queries', commaSeparated)
    .option('--exclude-self', "leave the document with a query's own id out of its ranking")
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(retrieval);
}

async function retrieval(options: RetrievalFlags): Promise<void> {
  const [{ evaluateRetrieval }, { readIdentifiedTexts }, { readJudgements }] = await Promise.all([
    import('../../eval/retrieval.ts'),
    import('../../data/readers/read-identified-texts.ts'),
    import('../../data/readers/read-judgements.ts'),
  ]);
  const signal = interruptionSignal();
  const blank = new BlankLines();
  const { onBlank } = blank;
  const onNote = (note: string) => void process.stderr.write(`note: ${note}\n`);
  const reading = { signal, onBlank, onNote };
  const { corpusColumns, queryColumns } = options;
  const relevant = await readJudgements(options.qrels, reading);
  using encoder = await loadEncoder(options);
  const progress = new EncodingProgress(false);
  const encoding = {
    ...encodeOptions(options),
    signal,
    onProgress: progress.onProgress,
  };
  const result = await evaluateRetrieval(
    encoder,
    {
      queries: readIdentifiedTexts(options.queries, {
        ...reading,
        columns: queryColumns,
        columnsOption: '--query-columns',
      }),
      corpus: readIdentifiedTexts(options.corpus, {
        ...reading,
        columns: corpusColumns,
        columnsOption: '--corpus-columns',
      }),
      relevant,
    },
    { encoding, similarity: options.similarity, excludeSelf: options.excludeSelf },
  ).finally(() => progress.end());
  const { truncated } = progress;
  noteTruncated(truncated, encoder.maxLength);
  if (result.missing > 0) {
    process.stderr.write(
      `warning: ${formatCounted(result.missing, 'judgement names', 'judgements name')} documents that are not in the corpus; they count as not found\n`,
    );
  }
  if (result.self > 0 && !options.excludeSelf) {
    process.stderr.write(
      `note: ${formatCounted(result.self, 'query stands', 'queries stand')} in the corpus with the same id and text, and will ` +
        'find themselves there: --exclude-self leaves them out\n',
    );
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ...result, blank: blank.count, truncated })}\n`);
    return;
  }
  const left =
    result.skipped > 0 ? ` (${formatCount(result.skipped)} without a relevant document left out)` : '';
  const rows = [
    ...Object.entries(result.metrics).map(([name, value]) => [name, value.toFixed(6)]),
    ['ranked by', result.similarity],
    ['queries', `${formatCount(result.queries)}${left}`],
    ['documents', formatCount(result.documents)],
    ...(options.excludeSelf
      ? [['left out', `${formatCounted(result.self, 'document')}, each from its own query's ranking`]]
      : []),
    ...blank.rows(),
    ['seconds', result.seconds.toFixed(1)],
  ];
  process.stdout.write(`${rows.map(([name = '', value]) => `${name.padEnd(14)}${value}`).join('\n')}\n`);
}
