// Where the words of Chinese text are, which is written without spaces between them: jieba's (an optional package), or those
// of Intl.Segmenter, which Node has.

import { importOptional } from '../../options/optional-package.ts';

/** `jieba` needs the package `@node-rs/jieba`; `intl` nothing. */
export type WordSegmentation = 'jieba' | 'intl';

/** The starts of a text's words in UTF-16 units, in order, the first one 0. */
export type WordSegmenter = (text: string) => Uint32Array;

/** A Chinese character, of which a word has one or several. */
export const HAN = /^\p{Script=Han}/u;

/** @throws {ArgumentError} jieba is not installed; the message says how it is */
export async function createWordSegmenter(segmentation: WordSegmentation): Promise<WordSegmenter> {
  if (segmentation === 'jieba') return jiebaSegmenter();
  const segmenter = new Intl.Segmenter('zh', { granularity: 'word' });
  return (text) => Uint32Array.from(segmenter.segment(text), ({ index }) => index);
}

interface Jieba {
  cut(text: string, hmm: boolean): string[];
}

async function jiebaSegmenter(): Promise<WordSegmenter> {
  const [library, dictionary] = (await importOptional(
    ['@node-rs/jieba', '@node-rs/jieba/dict.js'],
    'finding Chinese words by jieba',
    "choose 'intl'",
  )) as [{ Jieba: { withDict(dict: Uint8Array): Jieba } }, { dict: Uint8Array }];
  const jieba = library.Jieba.withDict(dictionary.dict);
  return (text) => {
    const words = jieba.cut(text.toWellFormed(), true);
    const starts = new Uint32Array(words.length);
    let at = 0;
    for (const [i, word] of words.entries()) {
      starts[i] = at;
      at += word.length;
    }
    return starts;
  };
}
