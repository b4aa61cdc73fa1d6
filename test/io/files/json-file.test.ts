// JSON files: what JSON.parse accepts we accept with the same value, and errors name file, line and column.

import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { FileError, FormatError } from '../../../src/errors.ts';
import { readJsonFile } from '../../../src/io/files/json-file.ts';
import { parseJsonText } from '../../../src/io/files/json-text.ts';
import { expectError } from '../../expect-error.ts';
import { seededRandom } from '../../seeded-random.ts';
import { scratchFolder } from '../../temporary-file.ts';

const folder = scratchFolder();

describe('readJsonFile', () => {
  it('tolerates a byte order mark', async () => {
    writeFileSync(join(folder, 'bom.json'), '\ufeff{"a": [1, "é"]}');
    expect(await readJsonFile(join(folder, 'bom.json'))).toEqual({ a: [1, 'é'] });
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['empty', '', /bad\.json' is not usable JSON at line 1, column 1: expected a value but the text ends/],
    ['missing comma', '{"a": 1\n "b": 2}', /line 2, column 2: expected ',' or '}'/],
    ['trailing comma', '[1, 2,]', /line 1, column 7: expected a value/],
    ['single quotes', "{'a': 1}", /column 2: expected a string in double quotes/],
    ['open string', '{"a": "b', /column 7: expected the closing quote/],
    ['newline in a string', '["a\n"]', /column 4: expected control characters/],
    ['bad escape', '["\\x"]', /column 3: expected an escape/],
    ['two values', '{} {}', /column 4: expected the end/],
    ['NaN', '[NaN]', /column 2: expected a value/],
    ['repeated key', '{"a": 1, "a": 2}', /column 10: the key "a" occurs twice/],
    ['deep', '['.repeat(100_000), /at most 64 levels/],
    ['invalid UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), /not valid UTF-8/],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), /not valid UTF-8/],
  ])('refuses JSON that is %s', async (_name, content, message) => {
    writeFileSync(join(folder, 'bad.json'), content);
    await expectError(readJsonFile(join(folder, 'bad.json')), FormatError, message);
  });

  it('refuses a file that is too large without reading it, folders and missing files', async () => {
    writeFileSync(join(folder, 'large.json'), '');
    truncateSync(join(folder, 'large.json'), 2 ** 40);
    await expectError(
      readJsonFile(join(folder, 'large.json')),
      FormatError,
      /1099511627776 bytes but at most 67108864/,
    );
    await expectError(readJsonFile(folder), FileError, /is a folder/);
    await expectError(readJsonFile(join(folder, 'none.json')), FileError, /ENOENT/);
  });
});

describe('parseJsonText', () => {
  it('agrees with JSON.parse on 20,000 mutated texts', () => {
    const random = seededRandom(7);
    const seedText = '{"a": [1, -2.5e3, true, null, {"b": "x\\u00e9\\n"}], "c": {}, "d": [], "e": 0.1}';
    const alphabet = '{}[]",:\\ue019-+.tfn \n';
    let valid = 0;
    for (let round = 0; round < 20_000; round++) {
      const units = [...seedText];
      for (let edits = Math.floor(random() * 3); edits > 0; edits--) {
        const character = alphabet.charAt(Math.floor(random() * alphabet.length));
        units.splice(
          Math.floor(random() * units.length),
          random() < 0.5 ? 1 : 0,
          ...(random() < 0.7 ? [character] : []),
        );
      }
      const text = units.join('');
      let expected: unknown;
      try {
        expected = { value: JSON.parse(text) };
      } catch {
        expected = 'refused';
      }
      let found: unknown;
      try {
        found = { value: parseJsonText(text, 'text') };
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        found = /occurs twice/.test(error.message) ? expected : 'refused';
      }
      expect(found, text).toEqual(expected);
      if (expected !== 'refused') valid += 1;
    }
    expect(valid).toBeGreaterThan(3000);
  });
});
