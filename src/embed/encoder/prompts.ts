// The prompt that is put before every text: given, one of the model's own by name, or the model's default.
import { ArgumentError } from '../../errors.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { EncodeOptions } from './encode-options.ts';

/** A model's own prompts. */
export interface Prompts {
  prompts: Readonly<Record<string, string>>;
  defaultPromptName?: string | undefined;
}

/** A prompt, and the tokens it takes at the start of every text, [CLS] included. */
export interface ChosenPrompt {
  prompt: string | undefined;
  promptTokens: number;
}

/** @throws ArgumentError for a name that the model does not have */
export async function choosePrompt(
  { prompts, defaultPromptName }: Prompts,
  tokenizer: Tokenizer,
  options: EncodeOptions,
): Promise<ChosenPrompt> {
  const name = options.promptName ?? defaultPromptName;
  let prompt = options.prompt;
  if (prompt === undefined && name !== undefined) {
    prompt = Object.hasOwn(prompts, name) ? prompts[name] : undefined;
    if (prompt === undefined) {
      const known = Object.keys(prompts).join(', ') || 'none';
      throw new ArgumentError(
        `expected promptName to be one of the model's prompts (${known}) but received "${name}"`,
      );
    }
  }
  if (prompt === undefined || prompt === '') return { prompt: undefined, promptTokens: 0 };
  return { prompt, promptTokens: await tokenizer.promptLength(prompt) };
}

/**
 * The options with the first of these prompts that the model has, and none where it has none of them, unless they choose
 * one themselves. The default prompt is that of `encode` alone.
 */
export function withPrompt(
  { prompts }: Prompts,
  names: readonly string[],
  options: EncodeOptions = {},
): EncodeOptions {
  if (options.prompt !== undefined || options.promptName !== undefined) return options;
  const promptName = names.find((name) => Object.hasOwn(prompts, name));
  return promptName === undefined ? { ...options, prompt: '' } : { ...options, promptName };
}
