// Configurations that are ready to use by name: published recipes, where they leave nothing open but model, data and
// output. Figures from Gao et al. 2021 (SimCSE: arXiv 2104.08821, its training scripts), Su 2021 (bojone/SimCSE), Reimers
// and Gurevych 2019 (arXiv 1908.10084), and sentence-transformers' training scripts (NLI v2, STS benchmark; what they leave
// to its `fit` is learning rate 2e-5 and weight decay 0.01). A model that names a pooling keeps it.

import type { OBJECTIVES, TrainConfigInput } from './config.ts';

type Ready = Partial<TrainConfigInput>;

/** One for each objective. */
export const READY_CONFIGS: Readonly<Record<string, Ready>> = {
  // One text per line; each is its own positive under another dropout mask.
  'simcse-unsupervised': {
    objective: { name: 'simcse-unsupervised', head: 'training' },
    defaultPooling: 'cls',
    batchSize: 64,
    learningRate: 3e-5,
    maxLength: 32,
    temperature: 0.05,
    dropout: 0.1,
  },
  // Pairs with a hard negative: anchor, positive, negative. The paper's code keeps the head at inference here, where its
  // figures on STS-B dev are 86.2 with it and 85.8 without. Here it is left out, as in the figures of docs/training.md and
  // those that they are compared with; objective.head=always keeps it, as a dense module after the pooling.
  'simcse-supervised': {
    objective: { name: 'simcse-supervised', head: 'training', hardNegativeWeight: 0 },
    defaultPooling: 'cls',
    batchSize: 64,
    learningRate: 5e-5,
    epochs: 3,
    maxLength: 32,
    temperature: 0.05,
    dropout: 0.1,
  },
  // One text per line; both twins are queries, 2N - 1 candidates each, scale 20; no head.
  'su-ntxent': {
    objective: { name: 'su-ntxent', head: 'none' },
    defaultPooling: 'cls',
    batchSize: 64,
    learningRate: 1e-5,
    maxLength: 64,
    temperature: 0.05,
    dropout: 0.3,
    attentionDropout: 0, // bert4keras leaves it there
  },
  // Pairs, or with `columns` texts with as many negatives as there are: anchor, positive, negatives; scale 20.
  'multiple-negatives': {
    objective: { name: 'multiple-negatives' },
    batchSize: 128,
    learningRate: 2e-5,
    weightDecay: 0.01,
    warmup: 0.1,
    maxLength: 75,
    temperature: 0.05,
    dropout: 0.1,
  },
  // Pairs with a score from -1 to 1, those of STS Benchmark divided by 5.
  'cosine-regression': {
    objective: { name: 'cosine-regression' },
    batchSize: 16,
    learningRate: 2e-5,
    weightDecay: 0.01,
    epochs: 4,
    warmup: 0.1,
    maxLength: 128,
    dropout: 0.1,
  },
  // anchor, positive, negative; Euclidean distance.
  triplet: {
    objective: { name: 'triplet', margin: 5 },
    batchSize: 16,
    learningRate: 2e-5,
    warmup: 0.1,
    maxLength: 128,
    dropout: 0.1,
  },
} satisfies Record<(typeof OBJECTIVES)[number], Ready>;
