// A model folder's tokenizer, held against the encoder that its ids are for.
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import { Tokenizer } from '../../tokenizer/tokenizer.ts';

/**
 * Loads it, and adds to the folder's notes what was passed over.
 * @param maxLength tokens of a text at most
 * @throws TokenizerError, FileError, ArgumentError
 */
export async function loadTokenizer(
  { path, config, transformer, notes }: Pick<ModelFolder, 'path' | 'config' | 'transformer' | 'notes'>,
  maxLength: number,
): Promise<Tokenizer> {
  const { path: folder, lowerCase, tokenizerSettings: settings } = transformer;
  const tableRows = config.vocabularySize;
  const tokenizer = await Tokenizer.load(folder, { maxLength, lowerCase, settings, tableRows });
  const found = [...tokenizer.notes];
  if (tokenizer.vocabularySize > tableRows) {
    found.push(
      `the tokenizer of '${path}' has ids up to ${tokenizer.vocabularySize - 1}, but the model's word table has ${tableRows} ` +
        'rows: a text that uses a higher id is an error',
    );
  }
  for (const note of found) if (!notes.includes(note)) notes.push(note);
  return tokenizer;
}
