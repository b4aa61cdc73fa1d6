// A model folder's tokenizer, held against the encoder that its ids are for.
import { ModelError } from '../../errors.ts';
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import { Tokenizer } from '../../tokenizer/tokenizer.ts';

/**
 * @param maxLength tokens of a text at most
 * @throws ModelError when it has more tokens than the encoder; TokenizerError, FileError
 */
export async function loadTokenizer(
  { config, transformer }: Pick<ModelFolder, 'config' | 'transformer'>,
  maxLength: number,
): Promise<Tokenizer> {
  const tokenizer = await Tokenizer.load(transformer.path, { maxLength, lowerCase: transformer.lowerCase });
  if (tokenizer.vocabularySize <= config.vocabularySize) return tokenizer;
  throw new ModelError(
    `expected a tokenizer of at most ${config.vocabularySize} tokens, as config.json says, but it has ` +
      `${tokenizer.vocabularySize}: check that the tokenizer files belong to this model`,
  );
}
