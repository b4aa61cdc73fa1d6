// How transformers builds a tokenizer depends on its class: some classes take nothing but the vocabulary from
// tokenizer.json and build the rest anew from tokenizer_config.json, others take the file as it stands. The families here
// are recorded from transformers 5.24 in test/golden/tokenizers.json.

import { TokenizerError } from '../../errors.ts';

/** `file`: tokenizer.json as it stands; the others are built as the class of that name builds them. */
export type TokenizerFamily = 'bert' | 'roberta' | 'xlm-roberta' | 'file';

const names = (text: string) => text.trim().split(/\s+/);

/** Class names without `Tokenizer` and `TokenizerFast`. */
const FAMILIES: Readonly<Record<Exclude<TokenizerFamily, 'file'>, readonly string[]>> = {
  bert: names('Bert DistilBert Electra LayoutLM Lxmert MobileBert SqueezeBert'),
  roberta: names('Roberta Bart LED Longformer Mvp'),
  'xlm-roberta': names('XLMRoberta'),
};

/** The same of classes that build their tokenizer in a way of their own, some of them in Python alone; and whole names. */
const OTHERS = names(`
  Albert Barthez Bartpho BertGeneration BertJapanese BertTokenizerLegacy Bertweet BigBird BioGpt Blenderbot BlenderbotSmall
  ByT5 CLIP CTRL Camembert Canine Clvp CodeGen CodeLlama Cohere ConvBert Cpm CpmAnt DPRContextEncoder DPRQuestionEncoder
  DPRReader Deberta DebertaV2 Dia Esm Esmc FNet FSMT FastSpeech2Conformer Flaubert Funnel GPT2 GPTNeoX GPTNeoXJapanese GPTSw3
  Gemma Herbert Lasr LayoutLMv2 LayoutLMv3 LayoutXLM Llama Luke M2M100 MBart MBart50 MLuke MPNet Marian MarkupLM Mgpstr
  MistralCommonBackend MyT5 Nllb Nougat OpenAIGPT PLBart Parakeet Pegasus Perceiver Phobert Pop2Piano ProphetNet Qwen2 Qwen3_5
  Rag Reformer RemBert RoCBert RoFormer SeamlessM4T SentencePieceBackend Siglip Siglip2 Speech2Text SpeechT5 Splinter T5 Tapas
  Tipsv2 Udop VideoPrism Vits Wav2Vec2CTC Wav2Vec2PhonemeCTC Whisper XGLM XLM XLNet
`);

/** The class that transformers takes for a model type where the folder names none. */
const OF_MODEL_TYPES: Readonly<Record<string, TokenizerFamily>> = {
  bert: 'bert',
  electra: 'bert',
  roberta: 'roberta',
  'xlm-roberta': 'xlm-roberta',
};

/**
 * The family of a tokenizer class.
 * @param className `tokenizer_class` of tokenizer_config.json, or else of config.json
 * @param modelType `model_type` of config.json
 * @param source the file that names the class, for messages
 * @returns undefined when the folder says nothing: its files decide
 * @throws TokenizerError for a class that is built in a way of its own
 */
export function tokenizerFamily(
  className: string | undefined,
  modelType: string | undefined,
  source: string,
): TokenizerFamily | undefined {
  if (className === undefined) {
    return modelType !== undefined && Object.hasOwn(OF_MODEL_TYPES, modelType)
      ? OF_MODEL_TYPES[modelType]
      : undefined;
  }
  const name = className.replace(/Tokenizer(?:Fast)?$/, '');
  if (OTHERS.includes(name) || OTHERS.includes(className.replace(/Fast$/, ''))) {
    throw new TokenizerError(
      `'${source}' names the class ${className}, which builds its tokenizer in its own way; load it in Python with ` +
        'AutoTokenizer, wrap its backend_tokenizer in PreTrainedTokenizerFast and save that',
    );
  }
  const families = Object.entries(FAMILIES) as [TokenizerFamily, readonly string[]][];
  return families.find(([, known]) => known.includes(name))?.[0] ?? 'file';
}
