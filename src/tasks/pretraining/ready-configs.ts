// Configurations that are ready to use by name: published recipes, where they leave nothing open but model, data and output.
// Warm-ups are shares, those of the published numbers of steps, so that a shorter run has the same curve. Batches are what
// one machine takes: the published size of a step, where it is larger, is reached with accumulation.
//
// Figures from Devlin et al. 2018 (arXiv 1810.04805, appendix A.2; google-research/bert), Joshi et al. 2020 (SpanBERT: arXiv
// 1907.10529, section 4.3 and its published command), Liu et al. 2019 (RoBERTa: arXiv 1907.11692, table 9), Radford et al.
// 2018 (GPT), and Yang et al. 2019 (XLNet: arXiv 1906.08237, appendix A.4).

import type { PretrainingConfigInput } from './config.ts';

type Ready = Partial<PretrainingConfigInput>;

const task = 'pretraining';

// 256 sequences of 512 tokens, 1 M steps, warm-up 10 k; nine tenths at 128 tokens. The rate falls from the first step on, as
// google-research/bert counts it.
const bert: Ready = {
  task,
  examples: 'pairs',
  masking: { name: 'subword', share: 0.15 },
  objectives: { maskedWords: 1, nextSentence: 1 },
  phases: [
    { steps: 0.9, maxLength: 128, warmup: 0.01 },
    { steps: 0.1, maxLength: 512, warmup: 0.01 },
  ],
  maxSteps: 1_000_000,
  batchTokens: 4096,
  learningRate: 1e-4,
  schedule: 'bert',
  weightDecay: 0.01,
  optimizer: { convention: 'bert' },
  dropout: 0.1,
};

// 4096 tokens on each of 32 GPUs, 2.4 M steps, warm-up 10 k, polynomial decay to 1e-9; Adam with epsilon 1e-8, decay 0.01 as in the published command
// (0.1 in the paper's text), of all parameters, since fairseq leaves out neither biases nor norms.
const spanbert: Ready = {
  task,
  examples: 'single',
  masking: { name: 'geometric', share: 0.15, stopProbability: 0.2, maxSpanLength: 10 },
  objectives: { maskedWords: 1, spanBoundary: 1 },
  spanTargets: 15,
  maxLength: 512,
  batchTokens: 4096,
  learningRate: 1e-4,
  schedule: 'polynomial',
  endLearningRate: 1e-9,
  warmup: 0.004,
  weightDecay: 0.01,
  noDecay: [],
  dropout: 0.1,
};

/** The rows of SpanBERT's tables of ablations, all at 512 tokens. */
const pairsOf = (masking: Ready['masking'], more: Ready = {}): Ready => ({
  ...spanbert,
  examples: 'pairs',
  objectives: { maskedWords: 1, nextSentence: 1 },
  masking,
  ...more,
});
const geometric = spanbert.masking;

export const READY_CONFIGS: Readonly<Record<string, Ready>> = {
  bert,
  'bert-whole-word': { ...bert, masking: { name: 'whole-word', share: 0.15 } },
  spanbert,
  // Full sentences without pairs, new masks each epoch; 8 k sequences, 500 k steps, warm-up 24 k at most.
  roberta: {
    task,
    examples: 'single',
    longSentences: 'cut',
    masking: { name: 'subword', share: 0.15 },
    objectives: { maskedWords: 1 },
    maxLength: 512,
    batchTokens: 4096,
    learningRate: 6e-4,
    warmup: 0.048,
    weightDecay: 0.01,
    optimizer: { beta2: 0.98, epsilon: 1e-6 },
    maxGradientNorm: 0,
    dropout: 0.1,
  },
  // GPT's objective and optimizer over BERT's layers.
  causal: {
    task,
    examples: 'single',
    longSentences: 'cut',
    masking: 'none',
    objectives: { causalLanguage: 1 },
    maxLength: 512,
    batchTokens: 4096,
    learningRate: 2.5e-4,
    schedule: 'cosine',
    warmup: 0.02,
    weightDecay: 0.01,
    dropout: 0.1,
  },
  // Targets are a sixth of the tokens, K = 6.
  permutation: {
    task,
    examples: 'single',
    longSentences: 'cut',
    masking: 'permutation',
    objectives: { permutationLanguage: 1 },
    maxLength: 512,
    batchTokens: 4096,
    learningRate: 4e-4,
    warmup: 0.08,
    weightDecay: 0.01,
    optimizer: { epsilon: 1e-6 },
    dropout: 0.1,
  },
  // A published encoder on text of one's own (Gururangan et al. 2020, "Don't Stop Pretraining").
  'domain-adapt': {
    task,
    examples: 'single',
    longSentences: 'cut',
    masking: { name: 'subword', share: 0.15 },
    objectives: { maskedWords: 1 },
    maxLength: 128,
    batchTokens: 4096,
    learningRate: 1e-4,
    warmup: 0.06,
    weightDecay: 0.01,
    optimizer: { beta2: 0.98, epsilon: 1e-6 },
    dropout: 0.1,
  },
  // SpanBERT's table 6: schemes of masking, with pairs and next sentences.
  'spanbert-subword': pairsOf({ name: 'subword', share: 0.15 }),
  'spanbert-whole-word': pairsOf({ name: 'whole-word', share: 0.15 }),
  'spanbert-named-entity': pairsOf({ name: 'phrase', share: 0.15 }, { phrases: 'entities' }),
  'spanbert-noun-phrase': pairsOf({ name: 'phrase', share: 0.15 }, { phrases: 'noun-phrases' }),
  'spanbert-geometric': pairsOf(geometric),
  // Its table 7: spans in pairs with next sentences, in single sequences, and with the span boundary objective.
  'spanbert-2seq-nsp': pairsOf(geometric),
  'spanbert-1seq': { ...spanbert, objectives: { maskedWords: 1 } },
  'spanbert-1seq-sbo': spanbert,
};
