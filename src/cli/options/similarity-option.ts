// The option that says how vectors are compared, for every command that compares them.

import { type Command, Option } from 'commander';
import { SIMILARITY_FUNCTIONS, type SimilarityFunction } from '../../io/model-folder/similarity-function.ts';

/** The option as commander gives it. */
export interface SimilarityFlag {
  similarity?: SimilarityFunction;
}

/** Adds --similarity. */
export function addSimilarityOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--similarity <measure>',
      'how vectors are compared; by default the measure in config_sentence_transformers.json, or cosine',
    ).choices(SIMILARITY_FUNCTIONS),
  );
}
