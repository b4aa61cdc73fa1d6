// `likewise vocab`: a tokenizer's vocabulary from a file of texts, for a model that is to be trained from nothing.

import { Command, Option } from 'commander';
import { interruptionSignal } from '../interruption.ts';
import { positiveInteger } from '../options/model-options.ts';
import { addRequiredOption } from '../options/required-option.ts';
import { addTextInputOptions, type TextInputOptions } from '../options/text-input-options.ts';
import { BlankLines } from '../output/blank-lines.ts';
import { formatCount } from '../output/quantities.ts';

interface VocabOptions extends TextInputOptions {
  input: string;
  output: string;
  size: number;
  type: 'wordpiece';
  cased?: boolean;
  minFrequency: number;
  alphabet: number;
  maxLength: number;
  overwrite?: boolean;
  json?: boolean;
}

const help = `
Writes tokenizer.json, vocab.txt and tokenizer_config.json, which Hugging Face's tokenizers open too. The same texts give
the same files, in whatever order. Fewer tokens than --size come out where the texts have no more frequent pieces.

Example:
  $ likewise vocab --input corpus.txt --output ./tokenizer --size 8000 --type wordpiece`;

/** The command, for the program. */
export function vocabCommand(): Command {
  const command = new Command('vocab').description("Train a tokenizer's vocabulary on a file of texts.");
  addRequiredOption(command, '--input <file>', 'corpus: txt, jsonl, csv or tsv; - is stdin');
  addRequiredOption(command, '--output <folder>', 'where the files are written');
  command
    .option('--size <tokens>', 'tokens in all', positiveInteger, 30_000)
    .addOption(new Option('--type <type>', 'kind of vocabulary').choices(['wordpiece']).default('wordpiece'));
  return addTextInputOptions(command)
    .option('--cased', 'keep case and accents')
    .option(
      '--min-frequency <count>',
      'join pieces that occur together at least so often',
      positiveInteger,
      2,
    )
    .option('--alphabet <count>', 'keep at most so many characters, the most frequent', positiveInteger, 1000)
    .option('--max-length <tokens>', "the tokenizer's maximum length", positiveInteger, 512)
    .option('--overwrite', 'replace files that are there')
    .option('--json', 'print the summary as one JSON object')
    .addHelpText('after', help)
    .action(vocab);
}

async function vocab(options: VocabOptions): Promise<void> {
  const { size, minFrequency, alphabet, maxLength, overwrite = false, output } = options;
  const [{ readTexts }, { WordCounter }, { trainWordPiece }, { refuseOverwriting, writeWordPieceFiles }] =
    await Promise.all([
      import('../../data/readers/read-texts.ts'),
      import('../../tokenizer/word-counts.ts'),
      import('../../tokenizer/wordpiece-trainer.ts'),
      import('../../io/model-folder/wordpiece-files.ts'),
    ]);
  await refuseOverwriting(output, overwrite);
  const signal = interruptionSignal();
  const started = performance.now();
  const lowerCase = options.cased !== true;
  const counter = await WordCounter.create({ lowerCase });
  const { format, textField, header } = options;
  const blank = new BlankLines();
  let texts = 0;
  for await (const text of readTexts(options.input, {
    format,
    textField,
    header,
    signal,
    onBlank: blank.onBlank,
  })) {
    counter.add(text);
    texts += 1;
  }
  const words = counter.words();
  signal.throwIfAborted();
  const vocabulary = trainWordPiece(words, { size, minFrequency, alphabetSize: alphabet });
  await writeWordPieceFiles(output, vocabulary, { lowerCase, maxLength, overwrite });
  const seconds = (performance.now() - started) / 1000;
  const summary = {
    size: vocabulary.length,
    texts,
    blank: blank.count,
    words: words.size,
    type: options.type,
    seconds,
    output,
  };
  if (vocabulary.length < size) {
    process.stderr.write(
      `note: ${formatCount(vocabulary.length)} tokens are all that these texts give, of the ${formatCount(size)} asked for: ` +
        `no other pieces occur together ${formatCount(minFrequency)} times (--min-frequency), or every word is one token\n`,
    );
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  const made = `${formatCount(vocabulary.length)} tokens from ${formatCount(words.size)} different words`;
  process.stdout.write(
    `${made} of ${formatCount(texts)} texts in ${seconds.toFixed(1)} s${blank.count > 0 ? ` (${blank})` : ''}\n${output}\n`,
  );
}
