// `likewise vocab`: a tokenizer's vocabulary from texts, for a model that is to be trained from nothing.

import { Command, Option } from 'commander';
import type { TextFile } from '../../data/corpus/text-files.ts';
import { ArgumentError } from '../../errors.ts';
import type { WordCounter } from '../../tokenizer/training/word-counts.ts';
import { interruptionSignal } from '../interruption.ts';
import { positiveInteger } from '../options/model-options.ts';
import { addRequiredOption } from '../options/required-option.ts';
import { addTextInputOptions, type TextInputOptions } from '../options/text-input-options.ts';
import { BlankLines } from '../output/blank-lines.ts';
import { describeRest, ProgressLine } from '../output/progress.ts';
import { formatCount } from '../output/quantities.ts';

interface VocabOptions extends TextInputOptions {
  input: string[];
  output: string;
  size: number;
  type: 'wordpiece' | 'bpe';
  cased?: boolean;
  minFrequency: number;
  alphabet?: number;
  maxLength: number;
  overwrite?: boolean;
  json?: boolean;
}

const help = `
wordpiece: writes tokenizer.json, vocab.txt and tokenizer_config.json, as for BERT.
bpe:       writes tokenizer.json, vocab.json, merges.txt and tokenizer_config.json, as for RoBERTa. Byte-level BPE keeps case
           and accents and knows every character.
Hugging Face's tokenizers open both. The same texts give the same files, in whatever order they come. Past a million
different words the rarest are forgotten, and the summary says how many. There may be fewer tokens than --size if the texts
have no more frequent pieces. In folders, .txt and .jsonl files are read, also as .gz and .zst.

Examples:
  $ likewise vocab --input corpus.txt --output ./tokenizer --size 8000
  $ likewise vocab --input ./corpus --output ./tokenizer --size 30000 --type bpe`;

/** The command, for the program. */
export function vocabCommand(): Command {
  const command = new Command('vocab').description("Train a tokenizer's vocabulary on texts.");
  addRequiredOption(
    command,
    '--input <paths...>',
    'corpus: files (txt, jsonl, csv, tsv, also .gz and .zst), folders, patterns; - is stdin',
  );
  addRequiredOption(command, '--output <folder>', 'folder for the files');
  command
    .option('--size <tokens>', 'total number of tokens', positiveInteger, 30_000)
    .addOption(
      new Option('--type <type>', 'kind of vocabulary').choices(['wordpiece', 'bpe']).default('wordpiece'),
    );
  return addTextInputOptions(command)
    .option('--cased', 'wordpiece: keep case and accents')
    .option(
      '--min-frequency <count>',
      'join pieces that occur together at least this often',
      positiveInteger,
      2,
    )
    .option(
      '--alphabet <count>',
      'wordpiece: keep at most this many characters, the most frequent ones (default: 1000)',
      positiveInteger,
    )
    .option('--max-length <tokens>', "the tokenizer's maximum length", positiveInteger, 512)
    .option('--overwrite', 'replace existing files')
    .option('--json', 'print the summary as one JSON object')
    .addHelpText('after', help)
    .action(vocab);
}

async function vocab(options: VocabOptions): Promise<void> {
  const { type, overwrite = false, output, format, cased } = options;
  if (type === 'bpe' && cased === true)
    throw new ArgumentError('--cased is for wordpiece: bpe always keeps case');
  if (type === 'bpe' && options.alphabet !== undefined) {
    throw new ArgumentError('--alphabet is for wordpiece: the alphabet of bpe is the 256 bytes');
  }
  const [{ textFiles }, { WordCounter }, { inTurns }, { refuseOverwriting }] = await Promise.all([
    import('../../data/corpus/text-files.ts'),
    import('../../tokenizer/training/word-counts.ts'),
    import('../../tokenizer/training/in-turns.ts'),
    import('../../io/model-folder/tokenizer-files.ts'),
  ]);
  await refuseOverwriting(output, overwrite);
  const signal = interruptionSignal();
  const started = performance.now();
  const kind = type === 'bpe' ? 'byte-level' : cased === true ? 'bert-cased' : 'bert-uncased';
  const counter = await WordCounter.create(kind);
  const progress = new ProgressLine();
  const blank = new BlankLines();
  try {
    const files = await textFiles(options.input, format);
    const texts = await countWords(files, options, counter, blank, progress, signal);
    const words = await inTurns(counter.words(), {
      signal,
      onStep: (pieces) => progress.show(() => `${formatCount(pieces)} words split`),
    });
    const size = await trainAndWrite(words, options, progress, signal);
    progress.end();
    const { forgotten } = counter;
    const seconds = (performance.now() - started) / 1000;
    const summary = { size, texts, blank, words: words.size, forgotten, type, seconds, output };
    if (size < options.size) process.stderr.write(noteOnSize(size, options));
    report(summary, options.json ?? false);
  } finally {
    progress.end();
  }
}

/** Reads all texts; how many there were. */
async function countWords(
  files: readonly TextFile[],
  { textField, header }: VocabOptions,
  counter: WordCounter,
  blank: BlankLines,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<number> {
  const { readTexts } = await import('../../data/readers/read-texts.ts');
  const total = files.reduce((sum, { bytes = Number.NaN }) => sum + bytes, 0);
  let texts = 0;
  let before = 0; // bytes of files that have been read
  for (const { path, format, bytes = 0 } of files) {
    let read = 0;
    const onBytes = (count: number) => {
      read = count;
    };
    const { onBlank } = blank;
    for await (const text of readTexts(path, { format, textField, header, signal, onBytes, onBlank })) {
      counter.add(text);
      texts += 1;
      if (texts % 256 === 0)
        progress.update({ texts, fraction: total > 0 ? (before + read) / total : undefined });
    }
    before += bytes;
  }
  return texts;
}

/** Trains, writes the files, and gives the number of tokens. */
async function trainAndWrite(
  words: ReadonlyMap<string, number>,
  options: VocabOptions,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<number> {
  const { size, minFrequency, maxLength, overwrite = false, output, alphabet: alphabetSize, cased } = options;
  const { writeByteLevelFiles, writeWordPieceFiles } = await import(
    '../../io/model-folder/tokenizer-files.ts'
  );
  const started = performance.now();
  const onStep = (tokens: number) => {
    const made = `${formatCount(tokens)} of ${formatCount(size)} tokens`;
    const seconds = (performance.now() - started) / 1000;
    progress.show(() => `${made}  at most ${describeRest(tokens / size, seconds)}`); // later ones are joined faster
  };
  const training = { size, minFrequency, signal, onStep };
  if (options.type === 'bpe') {
    const { trainByteLevel } = await import('../../tokenizer/training/byte-level-trainer.ts');
    const vocabulary = await trainByteLevel(words, training);
    await writeByteLevelFiles(output, vocabulary, { maxLength, overwrite });
    return vocabulary.tokens.length;
  }
  const { trainWordPiece } = await import('../../tokenizer/training/wordpiece-trainer.ts');
  const vocabulary = await trainWordPiece(
    words,
    alphabetSize === undefined ? training : { ...training, alphabetSize },
  );
  await writeWordPieceFiles(output, vocabulary, { lowerCase: cased !== true, maxLength, overwrite });
  return vocabulary.length;
}

interface VocabSummary {
  size: number;
  texts: number;
  blank: BlankLines;
  words: number;
  forgotten: number;
  type: string;
  seconds: number;
  output: string;
}

function noteOnSize(size: number, options: VocabOptions): string {
  return (
    `note: ${formatCount(size)} tokens are all that these texts give, of the ${formatCount(options.size)} asked for: no other ` +
    `pieces occur together ${formatCount(options.minFrequency)} times (--min-frequency), or every word is one token\n`
  );
}

function report(summary: VocabSummary, json: boolean): void {
  const { size, texts, blank, words, forgotten, seconds, output } = summary;
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...summary, blank: blank.count })}\n`);
    return;
  }
  const made = `${formatCount(size)} tokens from ${formatCount(words)} different words`;
  const rare = forgotten > 0 ? ` (${formatCount(forgotten)} rare ones were forgotten)` : '';
  const left = blank.count > 0 ? ` (${blank})` : '';
  process.stdout.write(
    `${made}${rare} of ${formatCount(texts)} texts in ${seconds.toFixed(1)} s${left}\n${output}\n`,
  );
}
