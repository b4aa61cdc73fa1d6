// A vocabulary with capitals whose folder does not say `do_lower_case` is lower-cased, as by transformers, but not in silence.
import { expect, test } from 'vitest';
import { SentenceTokenizer } from '../../src/tokenizer/sentence-tokenizer.ts';
import { Tokenizer } from '../../src/tokenizer/tokenizer.ts';
import { scratchTrees } from '../temporary-file.ts';

const newTree = scratchTrees();
const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const folderOf = (words: readonly string[], config?: object) =>
  newTree({
    'vocab.txt': [...special, ...words].join('\n'),
    ...(config && { 'tokenizer_config.json': config }),
  });
const notesOf = async (folder: string) => [
  (await Tokenizer.load(folder, { maxLength: 16 })).notes,
  (await SentenceTokenizer.load(folder)).notes,
];

test('a cased vocabulary without do_lower_case is lower-cased with a note', async () => {
  const note = expect.stringMatching(/^texts are lower-cased.*vocab\.txt'.*"do_lower_case": false/);
  expect(await notesOf(await folderOf(['Paris', 'is', '##s']))).toEqual([[note], [note]]);
});

test('neither an uncased vocabulary nor one that says what it is gets a note', async () => {
  expect(await notesOf(await folderOf(['paris', 'is', '##s']))).toEqual([[], []]);
  for (const value of [true, false])
    expect(await notesOf(await folderOf(['Paris', 'is'], { do_lower_case: value }))).toEqual([[], []]);
});
