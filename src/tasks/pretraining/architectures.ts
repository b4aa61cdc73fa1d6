// What transformers calls a pretrained model: the class that opens its folder with all its heads.
import type { EncoderConfig, ModelType } from '../../nn/encoder/encoder-config.ts';

const PREFIXES: Record<ModelType, string> = {
  bert: 'Bert',
  roberta: 'Roberta',
  'xlm-roberta': 'XLMRoberta',
  electra: 'Electra',
};

/** @param nextSentence whether there is a head for it, which only BERT's family has a class for */
export function architectureOf({ modelType, causal }: EncoderConfig, nextSentence: boolean): string {
  if (causal === true) return modelType === 'bert' ? 'BertLMHeadModel' : `${PREFIXES[modelType]}ForCausalLM`;
  const head = nextSentence && modelType === 'bert' ? 'PreTraining' : 'MaskedLM';
  return `${PREFIXES[modelType]}For${head}`;
}
